"""The client's authentication, driven: every kind of credential, and what people are asked."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import Any

import pytest

from programs import pair, settle
from ssh_auth import (
    Accept,
    AuthContext,
    AuthCredential,
    AuthenticationFailed,
    AuthLimits,
    AuthProgress,
    InteractiveCredential,
    KeyCredential,
    KeySigner,
    Outcome,
    PasswordCredential,
    Reject,
    Result,
    UnusableCredential,
)
from ssh_connection.aio import ServerAuthentication
from ssh_keys import PrivateKey, PublicKey
from ssh_transport import ConnectionLost
from ssh_wire import SSHError
from ssh_wire.messages.auth import InfoRequest, Prompt

pytestmark = pytest.mark.usefixtures("reports")
KEY = PrivateKey.generate("ed25519")


async def right_password(context: AuthContext, password: str) -> Result:
    return Accept() if (context.user, password) == ("tester", "right") else Reject()


async def right_key(_context: AuthContext, key: PublicKey) -> Result:
    return Accept() if key == KEY.public_key else Reject()


async def dialogue(
    _context: AuthContext, turn: int, answers: Sequence[str]
) -> Result | InfoRequest:
    if turn == 0:
        prompts = (Prompt(text="Code: ", echo=True),)
        return InfoRequest(name="n", instruction="i", prompts=prompts)
    return Accept() if list(answers) == ["42"] else Reject()


async def test_password_authenticates_as_a_string_or_from_a_function() -> None:
    async def ask() -> str:
        return "right"

    for password in ("right", ask):
        async with pair(
            authentication=ServerAuthentication(password=right_password),
            client={"credentials": [PasswordCredential(password)]},
        ) as ends:
            assert ends.client.auth_attempts[-1].method == "password"


async def test_keys_are_tried_in_their_order() -> None:
    other = PrivateKey.generate("ed25519")
    async with pair(
        authentication=ServerAuthentication(public_key=right_key),
        client={"credentials": [KeyCredential(KeySigner(each)) for each in (other, KEY)]},
    ) as ends:
        assert len(ends.client.auth_attempts) == 2
        assert ends.server.user is not None
        assert ends.server.user.key == KEY.public_key


async def test_key_that_cannot_sign_is_skipped() -> None:
    class Broken(KeySigner):
        async def sign(self, data: bytes, algorithm: str) -> bytes:
            del data, algorithm
            problem = "the token was pulled out"
            raise SSHError(problem)

    async with pair(
        authentication=ServerAuthentication(public_key=right_key, password=right_password),
        client={"credentials": [KeyCredential(Broken(KEY)), PasswordCredential("right")]},
    ) as ends:
        assert [each.method for each in ends.client.auth_attempts] == ["publickey", "password"]


async def test_keyboard_interactive_dialogue_authenticates() -> None:
    async def answer(_name: str, _instruction: str, prompts: Sequence[Prompt]) -> list[str]:
        assert [prompt.text for prompt in prompts] == ["Code: "]
        return ["42"]

    async with pair(
        authentication=ServerAuthentication(interactive=dialogue),
        client={"credentials": [InteractiveCredential(answer)]},
    ) as ends:
        assert ends.client.auth_attempts[-1].method == "keyboard-interactive"


async def test_two_methods_in_sequence_authenticate() -> None:
    async with pair(
        authentication=ServerAuthentication(
            public_key=right_key,
            password=right_password,
            sequences=(("publickey", "password"),),
        ),
        client={"credentials": [KeyCredential(KeySigner(KEY)), PasswordCredential("right")]},
    ) as ends:
        assert len(ends.client.auth_attempts) == 2


async def test_banner_is_escaped_for_on_banner_and_otherwise_dropped() -> None:
    banners: list[str] = []
    authentication = ServerAuthentication(password=right_password, banner="be good\x07\n")
    credentials = [PasswordCredential("right")]
    async with pair(
        authentication=authentication,
        client={"credentials": credentials, "on_banner": banners.append},
    ):
        pass
    async with pair(authentication=authentication, client={"credentials": credentials}):
        pass
    assert len(banners) == 1
    assert banners[0].startswith("be good")
    assert "\x07" not in banners[0]


async def test_error_that_on_banner_raises_ends_the_connecting() -> None:
    def show(_text: str) -> None:
        problem = "mine"
        raise ValueError(problem)

    ends = pair(
        authentication=ServerAuthentication(password=right_password, banner="hello"),
        client={"credentials": [PasswordCredential("right")], "on_banner": show},
    )
    with pytest.raises(ValueError, match="mine"):
        await ends.client.establish(ends.dial)
    await ends.server.close()


async def test_login_without_a_sufficient_credential_fails() -> None:
    ends = pair(authentication=ServerAuthentication(password=right_password))
    with pytest.raises(AuthenticationFailed, match="tester") as caught:
        await ends.client.establish(ends.dial)
    assert caught.value.host == ends.client._settings.host
    await ends.server.close()


async def test_withheld_credential_is_reported_and_not_sent() -> None:
    """What is judged after the host key: a password is not for a server whose key has changed."""
    judged: list[AuthCredential] = []
    asked: list[str] = []

    def withhold(credential: AuthCredential) -> str:
        assert ends.client._core.host_key is not None  # it has been accepted
        judged.append(credential)
        return "the host key has changed" if credential.method == "password" else ""

    async def password(_context: AuthContext, given: str) -> Result:
        asked.append(given)
        return Accept()

    credentials = [PasswordCredential("right", source="caller"), KeyCredential(KeySigner(KEY))]
    ends = pair(
        authentication=ServerAuthentication(public_key=right_key, password=password),
        client={"credentials": credentials, "withhold": withhold},
    )
    async with ends:
        first, second = ends.client.auth_attempts
    assert (first.method, first.outcome, first.detail) == (
        "password",
        Outcome.UNUSABLE,
        "the host key has changed",
    )
    assert second.outcome is Outcome.ACCEPTED
    assert judged == credentials
    assert asked == []


async def test_login_stops_at_the_attempts_that_the_settings_allow() -> None:
    wrong = [PasswordCredential("wrong")] * 3
    ends = pair(
        authentication=ServerAuthentication(password=right_password),
        client={"credentials": wrong, "auth_limits": AuthLimits(client_attempts=2)},
    )
    with pytest.raises(AuthenticationFailed, match="2 attempts are enough"):
        await ends.client.establish(ends.dial)
    await ends.server.close()


async def test_key_signs_only_with_allowed_algorithms() -> None:
    rsa = PrivateKey.generate("rsa", 2048)

    async def any_key(_context: AuthContext, key: PublicKey) -> Result:
        return Accept() if key == rsa.public_key else Reject()

    async with pair(
        authentication=ServerAuthentication(public_key=any_key),
        client={
            "credentials": [KeyCredential(KeySigner(rsa))],
            "public_key_algorithms": ("ssh-ed25519", "rsa-sha2-256"),
        },
    ) as ends:
        assert ends.client.auth_attempts[-1].algorithm == "rsa-sha2-256"


@pytest.mark.parametrize("when", ["while it is asked", "before it answers"])
async def test_login_fails_when_the_connection_is_lost_while_the_user_is_asked(when: str) -> None:
    async def ask() -> str:
        assert ends.link is not None
        ends.link.cut()
        if when == "before it answers":
            await settle()
        return "right"

    ends = pair(
        authentication=ServerAuthentication(password=right_password),
        client={"credentials": [PasswordCredential(ask)]},
    )
    with pytest.raises(ConnectionLost):
        await ends.client.establish(ends.dial)
    await ends.server.close()


async def test_server_sig_algs_that_arrive_later_are_used_too() -> None:
    """A server may send a second EXT_INFO right before SUCCESS (RFC 8308 section 2.4)."""
    asked: list[Any] = []
    decided = asyncio.Event()

    async def password(_context: AuthContext, _password: str) -> Result:
        ends.server._core.send_payload(
            b"\x07\0\0\0\x01\0\0\0\x0fserver-sig-algs\0\0\0\x0bssh-ed25519"
        )
        decided.set()
        return Accept()

    ends = pair(
        authentication=ServerAuthentication(password=password),
        client={"credentials": [PasswordCredential("right")]},
    )
    async with ends:
        assert ends.client._login is not None
        asked.append(ends.client._login._auth.server_sig_algs)
    assert asked == [("ssh-ed25519",)]


class Turns:
    """A strategy that gives each credential once."""

    def __init__(self, *credentials: AuthCredential) -> None:
        self._left = list(credentials)

    def next_credential(self, _progress: AuthProgress, /) -> AuthCredential | None:
        return self._left.pop(0) if self._left else None


async def test_credential_of_a_strategy_is_judged_when_its_turn_comes() -> None:
    asked: list[str] = []

    async def password(_context: AuthContext, given: str) -> Result:
        asked.append(given)
        return Accept() if given == "right" else Reject()

    def withhold(credential: AuthCredential) -> str:
        return "" if credential is allowed else "the host key has changed"

    allowed = PasswordCredential("right")
    strategy = Turns(PasswordCredential("kept"), allowed)
    async with pair(
        authentication=ServerAuthentication(password=password),
        client={"credentials": strategy, "withhold": withhold},
    ) as ends:
        first, second = ends.client.auth_attempts

    assert (first.outcome, first.detail) == (Outcome.UNUSABLE, "the host key has changed")
    assert second.outcome is Outcome.ACCEPTED
    assert asked == ["right"]


def allow(_credential: AuthCredential) -> str:
    return ""


async def test_strategy_without_a_credential_left_fails() -> None:
    ends = pair(
        authentication=ServerAuthentication(password=right_password),
        client={"credentials": Turns(PasswordCredential("wrong")), "withhold": allow},
    )
    with pytest.raises(AuthenticationFailed):
        await ends.client.establish(ends.dial)
    await ends.server.close()


async def test_debug_log_has_the_credentials_and_what_came_of_them_without_secrets(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG, "ssh_connection")
    credentials = [
        UnusableCredential("publickey", "file /id", "it is damaged\x07"),
        KeyCredential(KeySigner(KEY)),
        PasswordCredential("wr0ng", source="caller"),
        PasswordCredential("right"),
    ]
    async with pair(
        authentication=ServerAuthentication(password=right_password),
        client={"credentials": credentials},
    ):
        pass
    told = [each.getMessage() for each in caplog.records]
    offers = [each for each in told if each.startswith("credential ")]
    assert offers[0] == "credential 1: publickey (file /id, it is damaged\\x07)"
    assert KEY.public_key.fingerprint() in offers[1]
    assert offers[2:] == ["credential 3: password (caller)", "credential 4: password"]
    results = [each for each in told if each.startswith("authentication by ")]
    assert any(each.endswith("; the server accepts password") for each in results)
    assert "wr0ng" not in caplog.text
    assert "right" not in caplog.text
