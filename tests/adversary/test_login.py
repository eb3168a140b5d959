"""No user is authenticated who was not accepted: the whole endpoint, hostile packets."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING

import pytest

from ssh_auth import Accept, Reject
from ssh_connection import hostkeys
from ssh_connection.aio import ServerConnection
from ssh_wire.messages import auth
from ssh_wire.messages.connection import ExecRequest, SessionOpen
from ssh_wire.messages.transport import Disconnect, Unimplemented
from tests.adversary.outcome import outcome
from tests.adversary.stages import STATES, Stage, stages
from tests.adversary.subject import RIGHT, SLOW, Subject, host_key
from tests.adversary.universal import Before, check_end, planted

if TYPE_CHECKING:
    from ssh_wire import Message

BEFORE = STATES["server"][: STATES["server"].index("open")]
SERVER = stages("server", strict=True)
PENDING = SERVER["auth-pending"]
OPEN = SessionOpen(sender=7, window=1000, max_packet=1000).encode()
ANNOUNCED = hostkeys.announcement([host_key().public_key]).encode()
EXEC = ExecRequest(recipient=0, want_reply=True, command=b"id").encode()


def run(work: Coroutine[None, None, None]) -> None:
    with planted():
        asyncio.run(work)


def password(word: str) -> bytes:
    return auth.PasswordRequest(user="tester", service="ssh-connection", password=word).encode()


def numbers(stage: Stage, subject: Subject) -> list[int]:
    """What it says, but for the announcement of its host keys."""
    return received(stage, subject.sent())


def received(stage: Stage, sent: bytes) -> list[int]:
    return [payload[0] for payload in stage.reader.receive(sent) if payload != ANNOUNCED]


@pytest.mark.row("A01")
@pytest.mark.parametrize("strict", [True, False])
@pytest.mark.parametrize("state", BEFORE)
def test_a01_command_before_authentication_never_runs(state: str, strict: bool) -> None:
    stage = stages("server", strict=strict)[state]

    async def work() -> None:
        subject = await stage.reach()
        before = Before.of(subject)
        await subject.feed(stage.writer.seal(OPEN, EXEC))
        if state == "auth-pending":
            assert not subject.core.closed  # success may be on its way
            assert subject.waiting
            subject.gate.set_result(Reject())
            await subject.settle()
        assert subject.core.closed
        assert subject.calls["shell"] == 0
        assert not subject.connection._mux.channels
        await check_end(subject, before, stage.reader.receive(subject.sent()))
        await subject.close()

    run(work())


@pytest.mark.row("A01")
def test_command_right_behind_the_accepted_request_is_not_lost() -> None:
    async def work() -> None:
        subject = await PENDING.reach()
        await subject.feed(PENDING.writer.seal(OPEN, EXEC))
        assert subject.sent() == b""
        subject.gate.set_result(Accept())
        await subject.settle()
        assert numbers(PENDING, subject)[:3] == [52, 91, 99]
        assert subject.calls["shell"] == 1
        await subject.close()

    run(work())


@pytest.mark.row("A02")
@pytest.mark.parametrize(
    "message",
    [
        auth.UserauthSuccess(),
        auth.UserauthFailure(methods=("password",), partial_success=True),
        auth.PublicKeyOk(algorithm="ssh-ed25519", key=b"key"),
        auth.InfoRequest(),
    ],
)
@pytest.mark.parametrize("state", [s for s in BEFORE if s.startswith(("auth", "serv"))])
def test_a02_what_a_server_says_lets_no_client_in(state: str, message: Message) -> None:
    run_outcome = outcome(SERVER[state], message.encode())
    assert asyncio.run(run_outcome) == "DISC(2)"


# ------------------------------------------------------------------- late answers


@pytest.mark.row("A13")
def test_a13_acceptance_of_an_abandoned_request_is_ignored() -> None:
    async def work() -> None:
        subject = await PENDING.reach()
        await subject.feed(PENDING.writer.seal(password("wrong")))
        assert numbers(PENDING, subject) == [51]
        subject.gate.set_result(Accept())
        await subject.settle()
        assert subject.sent() == b""
        assert subject.user is None
        first = len(PENDING.writer.seal(password("wrong")))
        await subject.feed(PENDING.writer.seal(password("wrong"), OPEN)[first:])
        assert subject.core.closed
        assert subject.calls["shell"] == 0
        await subject.close()

    run(work())


@pytest.mark.row("A13")
def test_a13_pipelined_requests_are_answered_in_order() -> None:
    async def work() -> None:
        subject = await SERVER["auth-idle"].reach()
        sent = SERVER["auth-idle"].writer.seal(
            password("1"), b"\xc8\0\0\0\0", password(RIGHT), b"\xc8\0\0\0\0"
        )
        for byte in range(len(sent)):  # so that each is decided on before the next is there
            await subject.feed(sent[byte : byte + 1])
        assert numbers(SERVER["auth-idle"], subject) == [51, 3, 52, 3]
        assert subject.user is not None
        await subject.close()

    run(work())


Ending = Callable[[Subject], "Coroutine[None, None, None]"]


async def by_peer(subject: Subject) -> None:
    await subject.feed(PENDING.writer.seal(Disconnect(code=11).encode()))


async def by_loss(subject: Subject) -> None:
    subject.stream.close()
    await subject.settle()


async def by_us(subject: Subject) -> None:
    await subject.act("close")


async def by_violation(subject: Subject) -> None:
    await subject.feed(PENDING.writer.seal(b"\x15"))


@pytest.mark.row("A13")
@pytest.mark.parametrize("ending", [by_peer, by_loss, by_us, by_violation])
def test_a13_acceptance_after_the_end_authenticates_no_user(ending: Ending) -> None:
    async def work() -> None:
        subject = await PENDING.reach()
        await ending(subject)
        assert numbers(PENDING, subject) in ([], [1])
        if not subject.gate.done():
            subject.gate.set_result(Accept())
        await subject.settle()
        assert subject.sent() == b""
        assert subject.user is None
        assert subject.loop_errors == []
        await subject.close()

    run(work())


# ------------------------------------------------------------------- what is not an answer


class Odd(BaseException):
    """An error that is not even an Exception."""


class Sneaky(Exception):
    """True, and equal to everything."""

    def __eq__(self, other: object) -> bool:
        return True

    def __bool__(self) -> bool:
        return True

    __hash__ = Exception.__hash__


@pytest.mark.row("A14")
@pytest.mark.parametrize("result", [None, 1, True, "False", b"", object(), Accept, Sneaky()])
def test_a14_value_that_is_not_an_accept_authenticates_no_user(
    result: object, caplog: pytest.LogCaptureFixture
) -> None:
    async def work() -> None:
        subject = await PENDING.reach()
        subject.gate.set_result(result)
        await subject.settle()
        assert numbers(PENDING, subject) == [51]
        assert subject.user is None
        await subject.close()

    asyncio.run(work())
    assert "authentication of tester" in caplog.text
    assert SLOW not in caplog.text


@pytest.mark.row("A14")
@pytest.mark.parametrize(
    "error",
    [ValueError("no"), Sneaky(), TimeoutError(), asyncio.CancelledError(), Odd(),
     BaseExceptionGroup("several", [Odd()])],
)  # fmt: skip
def test_a14_backend_that_raises_authenticates_no_user(
    error: BaseException, caplog: pytest.LogCaptureFixture
) -> None:
    async def work() -> None:
        subject = await PENDING.reach()
        subject.gate.set_exception(error)
        await subject.settle()
        sent = subject.sent()
        assert subject.user is None
        await subject.feed(PENDING.writer.seal(password(RIGHT)))  # and the connection goes on
        sent += subject.sent()
        assert received(PENDING, sent) == [51, 52]
        await subject.close()

    asyncio.run(work())
    assert "an authentication function failed" in caplog.text
    assert SLOW not in caplog.text


@pytest.mark.row("A14")
def test_a14_decision_that_never_comes_is_not_an_acceptance() -> None:
    async def work() -> None:
        subject = await PENDING.reach()
        before = Before.of(subject)
        assert isinstance(subject.connection, ServerConnection)
        subject.connection._grace_over()
        await subject.settle()
        await check_end(subject, before, PENDING.reader.receive(subject.sent()))
        assert subject.ends[0].reason == 11
        await subject.close()

    run(work())


def test_unknown_message_is_answered_with_its_own_number() -> None:
    async def work() -> None:
        subject = await SERVER["auth-idle"].reach()
        writer = SERVER["auth-idle"].writer
        await subject.feed(writer.seal(*[b"\xc8\0\0\0\0"] * 100))
        sent = SERVER["auth-idle"].reader.receive(subject.sent())
        assert sent == [Unimplemented(sequence=writer.sequence + n).encode() for n in range(100)]
        await subject.close()

    run(work())
