from __future__ import annotations

from collections.abc import Sequence

import pytest

from ssh_auth import (
    AuthCredential,
    InteractiveCredential,
    KeyCredential,
    KeySigner,
    NoneCredential,
    PasswordCredential,
    password_answers,
)
from ssh_auth.testing import finish
from ssh_keys import CertificateSpec, PrivateKey, issue
from ssh_wire import UsageError
from ssh_wire.messages.auth import Prompt

HIDDEN = Prompt(text="Password: ", echo=False)
ECHOED = Prompt(text="Token: ", echo=True)


def test_each_credential_names_its_method_and_source(key: PrivateKey) -> None:
    named: list[tuple[AuthCredential, str, str]] = [
        (NoneCredential(), "none", ""),
        (KeyCredential(KeySigner(key, "file k")), "publickey", "file k"),
        (PasswordCredential("s3cret", source="argument"), "password", "argument"),
        (InteractiveCredential(password_answers("s3cret")), "keyboard-interactive", ""),
    ]
    for credential, method, source in named:
        assert (credential.method, credential.source) == (method, source)
        assert "s3cret" not in repr(credential)


def test_credentials_are_compared_by_identity() -> None:
    assert PasswordCredential("same") != PasswordCredential("same")


def test_password_is_given_or_asked_for() -> None:
    async def prompt() -> str | None:
        return "asked"

    assert finish(PasswordCredential("given").ask(None)) == "given"
    assert finish(PasswordCredential(prompt).ask(None)) == "asked"


def test_new_password_is_asked_for_with_the_servers_prompt() -> None:
    async def change(prompt: str) -> str | None:
        return prompt.upper()

    assert finish(PasswordCredential("old", change).ask("new?")) == "NEW?"
    assert finish(PasswordCredential("old").ask("new?")) is None


def test_password_that_is_not_text_is_refused() -> None:
    with pytest.raises(UsageError):
        PasswordCredential("\ud800")


@pytest.mark.parametrize(
    ("prompts", "answers"),
    [
        ((HIDDEN,), ("s3cret",)),
        ((), ()),
        ((ECHOED,), None),
        ((HIDDEN, HIDDEN), None),
    ],
)
def test_password_answers_a_single_hidden_prompt_alone(
    prompts: Sequence[Prompt], answers: Sequence[str] | None
) -> None:
    assert finish(password_answers("s3cret")("", "", prompts)) == answers


def test_password_answers_one_round_only() -> None:
    answer = password_answers("s3cret")

    assert finish(answer("", "", [HIDDEN])) == ("s3cret",)
    assert finish(answer("", "", [])) == ()
    assert finish(answer("", "", [HIDDEN])) is None


def test_certificate_of_another_key_than_the_signers_is_refused(
    key: PrivateKey, other: PrivateKey
) -> None:
    spec = CertificateSpec(role="user", key_id="me", principals=("me",))
    certificate = issue(other, key.public_key, spec=spec, random=bytes)

    assert KeyCredential(KeySigner(key), certificate=certificate).offered == certificate
    assert KeyCredential(KeySigner(key)).offered == key.public_key
    with pytest.raises(UsageError, match="of another key"):
        KeyCredential(KeySigner(other), certificate=certificate)


async def test_prompts_are_answered_by_plain_and_by_async_functions() -> None:
    def plain(name: str, instruction: str, prompts: Sequence[Prompt], /) -> Sequence[str]:
        return [f"{name}{instruction}{len(prompts)}"]

    async def later(name: str, instruction: str, prompts: Sequence[Prompt], /) -> Sequence[str]:
        return plain(name, instruction, prompts)

    for answer in (plain, later):
        asked = await InteractiveCredential(answer).ask("name", "text", [HIDDEN])
        assert asked == ["nametext1"]
