"""Keys in a PKCS#11 token log in, and the user is asked for the PIN once."""

from __future__ import annotations

import logging
import sys
from collections.abc import Generator
from typing import Any

import pytest

from loopback_server import USER, USER_KEY, serving
from ssh_auth import Signer
from ssh_keys import PinNeeded, PrivateKey, PublicKey, TokenFailed
from ssh_keys.pkcs11 import TokenPrivateKey, open_tokens
from ssh_stack import AuthenticationFailed, AuthorizedKeys
from ssh_stack.client import token_keys
from ssh_stack.client.plan.identity import IdentityPlan
from ssh_stack.client.token_keys import ThreadSigner
from tests.soft_token import PIN, generate, soft_token


class Prompter:
    """Answers with a PIN."""

    def __init__(self, *pins: str | None) -> None:
        self.pins = list(pins)
        self.asked: list[str] = []

    async def token_pin(self, label: str, /) -> str | None:
        self.asked.append(label)
        return self.pins.pop(0)

    async def nothing(self, *_asked: object) -> None:
        """Answer nothing."""

    password = new_password = passphrase = answers = nothing

    async def confirm_host_key(self, *_asked: object) -> bool:
        return False


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Generator[str]:
    """The path of a library, with a token of three keys."""
    with soft_token(tmp_path_factory.mktemp("softhsm")) as (path, token):
        with token.open(rw=True, user_pin=PIN) as session:
            for number, kind in enumerate(("rsa", "secp256r1", "ed25519")):
                generate(session, kind, bytes([number]), kind)
        yield path


def public_keys(library: str) -> list[PublicKey]:
    (token,) = open_tokens(library)
    with token:
        return [key.public_key for key in token.keys]


def serving_to(keys: list[PublicKey]) -> Any:
    return serving(auth=AuthorizedKeys(keys, users=[USER]))


async def log_in(here: Any, library: str, prompter: object = None, **options: Any) -> None:
    lines = (f"PKCS11Provider {library}",)
    given = {"keys": None, "prompter": prompter, "config_options": lines, **options}
    async with here.connect(**given):
        pass


@pytest.mark.parametrize("number", range(3))
async def test_key_of_each_kind_logs_in_with_pin(library: str, number: int) -> None:
    prompter = Prompter(PIN)
    async with serving_to([public_keys(library)[number]]) as here:
        await log_in(here, library, prompter)

    assert prompter.asked == ["test"]


async def test_refused_pin_is_not_asked_again(library: str) -> None:
    prompter = Prompter("9999")
    async with serving_to(public_keys(library)) as here:
        with pytest.raises(AuthenticationFailed) as caught:
            await log_in(here, library, prompter)

    assert prompter.asked == ["test"]
    assert "refuses the PIN" in str(caught.value)
    assert "9999" not in str(caught.value)


async def test_refused_pin_counts_for_every_key_of_token(library: str) -> None:
    prompter = Prompter("9999")
    plan = IdentityPlan(user="me", host="h", prompter=prompter)
    (token,) = open_tokens(library)
    with token:
        login = token_keys.TokenLogin(token, plan)
        for _ in range(2):
            with pytest.raises(TokenFailed, match="refuses the PIN"):
                await login.log_in()
    assert prompter.asked == ["test"]


async def test_user_is_asked_for_first_signature_alone(library: str) -> None:
    prompter = Prompter(PIN)
    plan = IdentityPlan(user="me", host="h", prompter=prompter)
    (token,) = open_tokens(library)
    with token:
        login = token_keys.TokenLogin(token, plan)
        for key in token.keys:
            signature = await ThreadSigner(key, "token", login).sign(
                b"data", key.public_key.algorithms[0]
            )
            assert key.public_key.verify(b"data", signature)
    assert prompter.asked == ["test"]


@pytest.mark.parametrize("prompter", [None, Prompter(None, None)])
async def test_missing_pin_is_reported(library: str, prompter: Prompter | None) -> None:
    async with serving_to(public_keys(library)) as here:
        with pytest.raises(AuthenticationFailed, match="needs its PIN, and was given none"):
            await log_in(here, library, prompter)


async def test_other_key_logs_in_where_token_cannot(library: str) -> None:
    async with serving() as here:
        await log_in(here, library, keys=[USER_KEY])
        await log_in(here, "/no/such/library.so", keys=[USER_KEY])


async def test_library_that_cannot_be_loaded_is_one_line(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.WARNING, "ssh_stack")
    async with serving() as here:
        with pytest.raises(AuthenticationFailed, match="cannot be loaded"):
            await log_in(here, "/no/such/library.so")

    (line,) = [each.getMessage() for each in caplog.records if "PKCS#11" in each.getMessage()]
    assert line.startswith("PKCS#11 library /no/such/library.so is not used: ")


async def test_missing_package_is_one_line(
    library: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "ssh_stack")
    monkeypatch.setitem(sys.modules, "pkcs11", None)
    async with serving() as here:
        await log_in(here, library, keys=[USER_KEY])

    lines = [each.getMessage() for each in caplog.records if "PKCS#11" in each.getMessage()]
    assert len(lines) == 1
    assert "pip install 'ssh-keys[pkcs11]'" in lines[0]


async def test_provider_of_none_loads_nothing(library: str) -> None:
    async with serving_to(public_keys(library)) as here:
        with pytest.raises(AuthenticationFailed):
            await log_in(here, "none", Prompter(PIN))


async def test_key_of_token_is_given_as_a_key(library: str) -> None:
    (token,) = open_tokens(library)
    with token:
        token.log_in(PIN)
        key = token.keys[2]
        async with serving_to([key.public_key]) as here, here.connect(keys=[key]):
            pass


async def test_key_of_token_is_that_of_a_host(library: str) -> None:
    (token,) = open_tokens(library)
    with token:
        token.log_in(PIN)
        key = token.keys[1]
        async with serving(host_keys=[key]) as here:
            known = f"[127.0.0.1]:{here.server.port} {key.public_key.to_openssh()}"
            async with here.connect(known_hosts=known.encode()) as connection:
                assert connection.host_key == key.public_key


async def test_signature_without_login_is_an_error_of_its_own(library: str) -> None:
    (token,) = open_tokens(library)
    with token:
        signer: Signer = ThreadSigner(token.keys[0])
        assert signer.source == "memory"
        assert "ThreadSigner(SHA256:" in repr(signer)
        with pytest.raises(PinNeeded):
            await signer.sign(b"data", signer.public_key.algorithms[0])


def test_token_that_was_pulled_out_closes_silently(
    library: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (token,) = open_tokens(library)
    with token, monkeypatch.context() as patch:

        def fail(_token: object) -> None:
            problem = "it is gone"
            raise TokenFailed(problem)

        patch.setattr(type(token), "close", fail)
        token_keys._close(token)


def test_keys_wait_only_where_they_are_in_a_token() -> None:
    assert TokenPrivateKey.waits
    assert not PrivateKey.waits
