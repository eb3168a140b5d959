"""What a user is authenticated with, in which order, and the error when nothing is enough."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import attrs
import pytest

from loopback_server import USER, USER_KEY, serving
from ssh_auth import (
    Accept,
    AuthAttempt,
    AuthContext,
    AuthCredential,
    AuthenticationFailed,
    InteractiveCredential,
    NoneCredential,
    Outcome,
    PasswordCredential,
    UnusableCredential,
)
from ssh_auth.testing import finish
from ssh_connection.aio import ServerAuthentication
from ssh_keys import PrivateKey, PublicKey
from ssh_keys.files import write_key_file, write_private_key
from ssh_stack import AuthorizedKeys, Passwords
from ssh_stack.client.credentials import credentials
from ssh_stack.client.options import ClientOptions
from ssh_stack.client.plan import Target, merge
from ssh_stack.config import HostConfig
from ssh_wire.messages.auth import Prompt

KEY = PrivateKey.generate("ed25519")


class Knows:
    """A user who knows everything, and notes what is asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def password(self, login: str, /) -> str | None:
        self.asked.append(f"password of {login}")
        return "right"

    async def new_password(self, login: str, prompt: str, /) -> str | None:
        self.asked.append(f"new password of {login}: {prompt}")
        return "new"

    async def passphrase(self, source: str, /) -> str | None:
        self.asked.append(f"passphrase of {source}")
        return "right"

    async def answers(
        self, login: str, name: str, instruction: str, prompts: Sequence[Prompt], /
    ) -> Sequence[str] | None:
        del login, name, instruction
        return ["" for _ in prompts]

    async def confirm_host_key(self, host: str, port: int, key: PublicKey, /) -> bool:
        del host, port, key
        return False


async def answer(_name: str, _text: str, prompts: Sequence[Prompt], /) -> Sequence[str]:
    return ["" for _ in prompts]


def found(plan: dict[str, Any] | None = None, **options: Any) -> tuple[AuthCredential, ...]:
    wanted: dict[str, Any] = {"keys": [KEY], "agent": None, **options}
    merged = merge(ClientOptions(**wanted), HostConfig(), Target(host="web", local_user="me"))
    identity = attrs.evolve(merged.identity, **(plan or {}))

    async def run() -> tuple[AuthCredential, ...]:
        async with AsyncExitStack() as stack:
            return await credentials(identity, stack, lambda: None, lambda: None)

    return finish(run())


def told(credentials: Sequence[AuthCredential]) -> list[str]:
    return [
        f"{each.method} {'cannot' if isinstance(each, UnusableCredential) else each.source}"
        for each in credentials
    ]


PLAIN = ["none ", "publickey memory"]


# ------------------------------------------------------------- the order


def test_methods_are_asked_for_first_unless_switched_off() -> None:
    first, _ = found()
    assert isinstance(first, NoneCredential)
    assert first.probe
    assert told(found(ask_methods_first=False)) == ["publickey memory"]


def test_password_is_tried_by_password_before_keyboard_interactive() -> None:
    assert told(found(password="x")) == [
        *PLAIN,
        "password caller",
        "keyboard-interactive caller's password",
    ]


def test_password_function_is_asked_three_times() -> None:
    async def ask() -> str:
        return "x"

    assert told(found(password=ask, interactive=answer)) == [
        *PLAIN,
        *["keyboard-interactive caller"] * 3,
        *["password caller"] * 3,
    ]


def test_prompter_is_asked_as_ssh_asks() -> None:
    assert told(found(prompter=Knows())) == [
        *PLAIN,
        *["keyboard-interactive prompt"] * 3,
        *["password prompt"] * 3,
    ]


def test_given_value_is_not_asked_of_prompter() -> None:
    assert "password prompt" not in told(found(prompter=Knows(), password="x"))
    assert "password prompt" not in told(found(prompter=Knows(), interactive=answer))


@pytest.mark.parametrize(
    ("methods", "expected"),
    [
        (
            ("password", "publickey"),
            ["none ", "password caller", "publickey memory"],
        ),
        (("keyboard-interactive",), ["none ", "keyboard-interactive caller's password"]),
        (("publickey", "gssapi-with-mic"), PLAIN),
        ((), ["none "]),
    ],
)
def test_methods_of_plan_order_and_restrict_credentials(
    methods: tuple[str, ...], expected: list[str]
) -> None:
    lines = told(found({"methods": methods}, password="x"))

    assert [line for line in lines if "cannot" not in line] == expected


def test_given_password_of_excluded_method_is_reported() -> None:
    *_, last = found({"methods": ("publickey",)}, password="x", interactive=answer)

    assert isinstance(last, UnusableCredential)
    unusable = told(found({"methods": ("publickey",)}, password="x", interactive=answer))[2:]
    assert sorted(unusable) == ["keyboard-interactive cannot", "password cannot"]
    assert "not among the methods that may be used" in last.problem


def test_batch_mode_asks_no_prompter_or_function() -> None:
    async def ask() -> str:
        raise AssertionError

    batch = {"batch": True}
    assert told(found(batch, prompter=Knows())) == PLAIN
    assert told(found(batch, password=ask, interactive=answer)) == [
        *PLAIN,
        "keyboard-interactive cannot",
        "password cannot",
    ]
    assert told(found(batch, password="x"))[2:] == [
        "password caller",
        "keyboard-interactive caller's password",
    ]


def test_new_password_is_asked_of_prompter_or_function() -> None:
    prompter = Knows()
    *_, asked = found(prompter=prompter)
    assert isinstance(asked, PasswordCredential)
    assert finish(asked.ask("Choose")) == "new"
    assert prompter.asked == ["new password of me@web: Choose"]

    async def change(prompt: str) -> str:
        return f"after {prompt}"

    given = found(password="x", change_password=change)[2]
    assert isinstance(given, PasswordCredential)
    assert finish(given.ask("Choose")) == "after Choose"
    batch = found({"batch": True}, password="x", change_password=change)[2]
    assert isinstance(batch, PasswordCredential)
    assert finish(batch.ask("Choose")) is None


def test_prompts_of_server_reach_prompter() -> None:
    dialogue = found(prompter=Knows())[2]
    assert isinstance(dialogue, InteractiveCredential)
    prompts = (Prompt(text="?", echo=True),)
    assert finish(dialogue.ask("", "", prompts)) == [""]


# ------------------------------------------------------------- at a server


async def failure(auth: Any, **options: Any) -> AuthenticationFailed:
    async with serving(auth=auth) as here:
        with pytest.raises(AuthenticationFailed) as caught:
            await here.connect(**options).open()
    return caught.value


async def test_unusable_keys_are_attempts_with_file_and_reason(
    tmp_path: Path,
) -> None:
    good, locked, shared, wrong = (tmp_path / name for name in ("id", "locked", "shared", "x.pub"))
    write_private_key(good, KEY)
    write_private_key(locked, PrivateKey.generate("ed25519"), "secret")
    write_private_key(shared, PrivateKey.generate("ed25519"))
    shared.chmod(0o644)
    write_key_file(wrong, PrivateKey.generate("ed25519").public_key.to_openssh().encode())
    write_key_file(tmp_path / "garbage", b"garbage")
    files = [tmp_path / "gone", locked, shared, wrong, tmp_path / "garbage", good]

    error = await failure(AuthorizedKeys([USER_KEY.public_key], users=[USER]), keys=files)

    assert [attempt.source for attempt in error.attempts] == [f"file {path}" for path in files]
    *unusable, rejected = error.attempts
    assert {attempt.outcome for attempt in unusable} == {Outcome.UNUSABLE}
    assert rejected.outcome is Outcome.REJECTED
    for attempt, words in zip(
        unusable,
        (
            "No such file",
            "no passphrase was given",
            "run: chmod 600",
            "it is a public key",
            "not a private key",
        ),
        strict=True,
    ):
        assert words in attempt.detail
        assert attempt.detail in str(error)
    assert str(error).startswith(f"authentication as '{USER}' at 127.0.0.1 failed: publickey (")
    assert str(error).endswith("; the server accepts publickey")


@pytest.mark.parametrize("hidden", [False, True])
async def test_wrong_passphrase_names_its_file(tmp_path: Path, *, hidden: bool) -> None:
    path = tmp_path / "id"
    content = USER_KEY.to_pem("right") if hidden else USER_KEY.to_openssh("right", rounds=1)
    write_key_file(path, content)
    auth = AuthorizedKeys([USER_KEY.public_key], users=[USER])

    error = await failure(auth, keys=[path], passphrase="mistaken")

    (attempt,) = error.attempts
    assert attempt.source == f"file {path}"
    assert attempt.outcome is (Outcome.UNUSABLE if hidden else Outcome.SIGNING_FAILED)
    assert attempt.detail == f"wrong passphrase for file {path}"
    assert "mistaken" not in str(error)


async def test_password_is_tried_after_unusable_key(tmp_path: Path) -> None:
    async with (
        serving(auth=Passwords({USER: "right"})) as here,
        here.connect(keys=[tmp_path / "gone"], password="right") as connection,
    ):
        assert [attempt.outcome for attempt in connection.auth_attempts] == [
            Outcome.UNUSABLE,
            Outcome.ACCEPTED,
        ]


async def test_error_without_credentials_says_there_were_none() -> None:
    error = await failure(Passwords({USER: "right"}), keys=None)

    assert error.attempts == ()
    assert str(error) == (
        f"authentication as '{USER}' at 127.0.0.1 failed: there was no key, password or other"
        " credential to try; the server accepts password"
    )


async def test_unsent_credentials_are_not_reported_as_rejected() -> None:
    error = await failure(Passwords({USER: "right"}), keys=[KEY], password=lambda: None)

    assert [attempt.outcome for attempt in error.attempts] == [
        Outcome.NOT_OFFERED,
        *[Outcome.DECLINED] * 3,
    ]
    assert "rejected" not in str(error)


async def admit(_context: AuthContext) -> Accept:
    return Accept()


def tried(attempts: Sequence[AuthAttempt]) -> list[tuple[str, Outcome]]:
    return [(attempt.method, attempt.outcome) for attempt in attempts]


async def test_server_without_authentication_accepts_client_with_keys() -> None:
    async with serving(auth=ServerAuthentication(none=admit)) as here:
        async with here.connect(keys=[KEY], password="x") as connection:
            assert tried(connection.auth_attempts) == [("none", Outcome.ACCEPTED)]

        with pytest.raises(AuthenticationFailed):
            await here.connect(keys=[KEY], ask_methods_first=False).open()
