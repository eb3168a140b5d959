"""Logging in at a server: time, attempts, and what leaves before the end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import attrs
import pytest

from programs import inject, pair, settle, until, upper
from ssh_auth import (
    Accept,
    AuthContext,
    AuthenticationFailed,
    KeyCredential,
    KeySigner,
    NoneCredential,
    PasswordCredential,
    Reject,
    Result,
)
from ssh_connection import ChannelOpenRefused
from ssh_connection.aio import ClientConnection, ServerAuthentication, SessionSettings, User
from ssh_connection.aio.testing import EndpointPair, server_settings
from ssh_keys import PrivateKey, PublicKey
from ssh_transport import ConnectionLost, PeerDisconnected, handlers
from ssh_transport.trace import MessageSent, Traced
from ssh_wire import DisconnectReason
from ssh_wire.messages import connection as m
from ssh_wire.messages.transport import ExtInfo

pytestmark = pytest.mark.usefixtures("reports")


async def refusal(client: ClientConnection, message: m.OpenHead) -> int:
    with pytest.raises(ChannelOpenRefused) as caught:
        await client._open(message)
    return caught.value.reason


def peer_error(client: ClientConnection) -> PeerDisconnected:
    lost = client._lost.result()
    error = lost if isinstance(lost, PeerDisconnected) else lost.__cause__
    assert isinstance(error, PeerDisconnected)
    return error


def other(kind: str) -> m.ChannelOpen:
    return m.ChannelOpen(kind=kind, sender=0, window=100, max_packet=0)


@pytest.mark.usefixtures("clock")
async def test_login_that_takes_too_long_is_ended() -> None:
    async def never(_context: AuthContext) -> Result:
        await asyncio.Event().wait()
        return Accept()

    ends = pair(authentication=ServerAuthentication(none=never), login_grace=3.0)
    with pytest.raises((ConnectionLost, PeerDisconnected), match="login took too long"):
        await ends.client.establish(ends.dial)
    await ends.server.wait_closed()
    assert ends.server.user is None


async def test_too_many_attempts_end_with_reason_14_behind_the_last_failure() -> None:
    asked: list[str] = []

    async def wrong(_context: AuthContext, password: str) -> Result:
        asked.append(password)
        return Reject()

    ends = pair(
        authentication=ServerAuthentication(password=wrong),
        client={"credentials": [PasswordCredential(str(each)) for each in range(20)]},
    )
    with pytest.raises((ConnectionLost, PeerDisconnected)) as caught:
        await ends.client.establish(ends.dial)
    error = caught.value
    cause = error if isinstance(error, PeerDisconnected) else error.__cause__
    assert isinstance(cause, PeerDisconnected)
    assert cause.code == DisconnectReason.NO_MORE_AUTH_METHODS_AVAILABLE
    assert asked == ["0", "1", "2", "3", "4", "5"]
    assert ends.client._login is not None
    # every failure but the last, which the disconnect stands for, was received
    assert len(ends.client._login._auth.attempts) == 5
    await ends.server.close()


async def test_messages_of_authentication_leave_before_the_disconnect() -> None:
    """The banner is queued by the request that also breaks a rule."""
    banners: list[str] = []
    ends = pair(
        authentication=ServerAuthentication(none=None, password=_reject, banner="hello"),
        client={"on_banner": banners.append, "credentials": [PasswordCredential("x")]},
    )
    connecting = asyncio.create_task(ends.client.establish(ends.dial))
    await until(lambda: ends.server._login is not None)
    await settle(10)
    inject(ends.client, b"\x32\0\0\0\x05other\0\0\0\x01x\0\0\0\x04none")
    with pytest.raises((ConnectionLost, PeerDisconnected)):
        await connecting
    assert banners == ["hello"]
    await ends.server.close()


async def _reject(_context: AuthContext, _password: str) -> Result:
    await settle(50)
    return Reject()


async def test_messages_wait_for_the_decision_about_their_client() -> None:
    gate = asyncio.Event()
    key = PrivateKey.generate("ed25519")

    async def slowly(_context: AuthContext, _key: PublicKey) -> Result:
        await gate.wait()
        return Accept()

    ends = pair(
        upper,
        authentication=ServerAuthentication(public_key=slowly),
        client={"credentials": [KeyCredential(KeySigner(key))]},
    )
    connecting = asyncio.create_task(ends.client.establish(ends.dial))
    await until(lambda: ends.server._login is not None and ends.server._login._auth.pending)
    gate.set()
    await connecting
    assert (await ends.client.run("x")).stdout == b"X"
    await ends.close()


async def test_decision_that_comes_after_the_end_is_ignored() -> None:
    gate = asyncio.Event()

    async def late(_context: AuthContext, _answers: Sequence[str] = ()) -> Result:
        try:
            await gate.wait()
        except asyncio.CancelledError:
            return Accept()
        return Accept()

    ends = pair(authentication=ServerAuthentication(none=late))
    connecting = asyncio.create_task(ends.client.establish(ends.dial))
    await settle(20)
    assert ends.link is not None
    ends.link.cut()
    with pytest.raises(ConnectionLost):
        await connecting
    await ends.server.wait_closed()
    assert ends.server.user is None


# ------------------------------------------------------------- a user's algorithms

RSA = PrivateKey.generate("rsa", 2048)
USUAL = ("rsa-sha2-512", "rsa-sha2-256")


def keyed(algorithms: Callable[[str], Sequence[str]] | None, sent: list[int]) -> EndpointPair:
    """A client that tries the method "none", then an RSA key; `sent` is what the server sends."""

    async def anybody(_context: AuthContext, _key: PublicKey) -> Result:
        return Accept()

    async def reject(_context: AuthContext) -> Result:
        return Reject()

    def trace(each: Traced) -> None:
        if isinstance(each, MessageSent):
            sent.append(each.number)

    transport = attrs.evolve(server_settings().transport, server_sig_algs=USUAL, trace=trace)
    return pair(
        authentication=ServerAuthentication(
            public_key=anybody, none=reject, algorithms=algorithms, banner="Hello"
        ),
        transport=transport,
        client={"credentials": [NoneCredential(), KeyCredential(KeySigner(RSA))]},
    )


async def test_algorithms_of_the_user_are_sent_before_the_first_answer() -> None:
    sent: list[int] = []
    asked: list[str] = []

    def algorithms(user: str) -> Sequence[str]:
        asked.append(user)
        return ["rsa-sha2-256"]

    async with keyed(algorithms, sent) as ends:
        assert ends.client._core.server_sig_algs == ("rsa-sha2-256",)
        assert ends.client.auth_attempts[-1].algorithm == "rsa-sha2-256"
        assert ends.server.user is not None
    assert asked == ["tester"]
    # SERVICE_ACCEPT, EXT_INFO, BANNER, FAILURE, SUCCESS; the first EXT_INFO was before them
    assert sent[sent.index(6) :][:5] == [6, 7, 53, 51, 52]
    assert sent.count(7) == 2


def _the_usual(_user: str) -> Sequence[str]:
    return USUAL[::-1]


@pytest.mark.parametrize("algorithms", [None, _the_usual])
async def test_ext_info_that_the_client_has_already_is_not_sent_again(
    algorithms: Callable[[str], Sequence[str]] | None,
) -> None:
    sent: list[int] = []
    async with keyed(algorithms, sent) as ends:
        assert ends.client.auth_attempts[-1].algorithm == "rsa-sha2-512"
    assert sent.count(7) == 1


async def test_client_without_ext_info_in_auth_is_sent_no_second_ext_info(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(handlers.EXT_INFO, "client", lambda _: ExtInfo(extensions=()))
    sent: list[int] = []
    with pytest.raises(AuthenticationFailed) as caught:
        async with keyed(lambda _user: ["rsa-sha2-256"], sent):
            pass
    assert caught.value.attempts[-1].algorithm == "rsa-sha2-512"
    assert sent.count(7) == 1


def _fails(user: str) -> Sequence[str]:
    raise LookupError(user)


def _text(_user: str) -> Sequence[str]:
    return "rsa-sha2-256"


def _two_in_one(_user: str) -> Sequence[str]:
    return ["rsa-sha2-512,rsa-sha2-256"]


@pytest.mark.parametrize("algorithms", [_fails, _text, _two_in_one])
async def test_algorithms_that_are_not_names_authenticate_no_client(
    algorithms: Callable[[str], Sequence[str]],
) -> None:
    with pytest.raises(AuthenticationFailed):
        async with keyed(algorithms, []):
            pass


# ------------------------------------------------------------- when failures are sent


@pytest.mark.row("A15")
async def test_failure_is_held_back_and_nothing_overtakes_it() -> None:
    """A clock of the test: what the delay is asked with is what the server has measured."""
    asked: list[tuple[str, bytes, float]] = []

    def delay(user: str, secret: bytes, elapsed: float) -> float:
        asked.append((user, secret, elapsed))
        return 0.02

    async def right(_context: AuthContext, password: str) -> Result:
        return Accept() if password == "right" else Reject()

    async with pair(
        authentication=ServerAuthentication(password=right),
        failure_delay=delay,
        client={"credentials": [PasswordCredential(word) for word in ("a", "b", "right")]},
    ) as ends:
        assert [attempt.outcome.name for attempt in ends.client.auth_attempts][-3:] == [
            "REJECTED",
            "REJECTED",
            "ACCEPTED",
        ]
    assert [user for user, _, _ in asked] == ["tester"] * 2
    assert len({secret for _, secret, _ in asked}) == 1
    assert all(elapsed >= 0 for _, _, elapsed in asked)


async def test_connection_that_ends_forgets_the_failure_that_is_held_back() -> None:
    held = asyncio.Event()

    def delay(_user: str, _secret: bytes, _elapsed: float) -> float:
        held.set()
        return 3600.0

    ends = pair(
        authentication=ServerAuthentication(password=_reject),
        failure_delay=delay,
        client={"credentials": [PasswordCredential("x")]},
    )
    connecting = asyncio.create_task(ends.client.establish(ends.dial))
    await held.wait()
    assert ends.server.failed_attempts == 1
    await ends.server.close()
    with pytest.raises((ConnectionLost, PeerDisconnected)):
        await connecting


# ------------------------------------------------------------- settings of one user


async def test_settings_of_a_user_are_those_that_the_function_returns() -> None:
    asked: list[User] = []

    def settings_for(user: User) -> SessionSettings | None:
        asked.append(user)
        return SessionSettings(shell=upper)

    async with pair(settings_for=settings_for) as ends:
        assert (await ends.client.run("x")).stdout == b"X"
    assert [user.name for user in asked] == ["tester"]


@pytest.mark.row("A14")
@pytest.mark.parametrize("answer", [True, {}, ServerAuthentication, LookupError()])
async def test_user_without_settings_is_disconnected_and_not_served(answer: object) -> None:
    def settings_for(_user: User) -> Any:
        if isinstance(answer, Exception):
            raise answer
        return answer

    ends = pair(settings_for=settings_for)
    with pytest.raises((ConnectionLost, PeerDisconnected)):
        async with ends:
            await ends.client.run("x")
    assert ends.server.user is None
