"""A channel for asyncio: receivers, early data, requests, ends."""

from __future__ import annotations

import asyncio

import pytest

from programs import Receiver, settle
from ssh_connection import ChannelClosed, ChannelOpenRefused, ConnectionLimits
from ssh_connection.aio import Channel
from ssh_connection.testing import Side
from ssh_transport import ConnectionLost
from ssh_wire.messages import connection as m

pytestmark = pytest.mark.usefixtures("reports")

LIMITS = ConnectionLimits(window=100, write_buffer=10)


def opened(window: int = 100) -> tuple[Side, Channel]:
    side = Side(LIMITS)
    channel = Channel()
    channel.adopt(side.mux.open(m.SessionOpen(sender=0, window=100, max_packet=0), channel))
    side.receive(m.ChannelOpenConfirmation(recipient=0, sender=7, window=window, max_packet=100))
    side.wire.sent()
    return side, channel


def granted(side: Side) -> int:
    return sum(each.increment for each in side.wire.sent() if isinstance(each, m.WindowAdjust))


def data(count: int, kind: int = 0) -> m.ChannelData | m.ChannelExtendedData:
    if kind:
        return m.ChannelExtendedData(recipient=0, data_type=kind, data=bytes(count))
    return m.ChannelData(recipient=0, data=bytes(count))


async def test_unopened_channel_is_closing_and_refuses_writes() -> None:
    channel = Channel()
    assert channel.is_closing
    with pytest.raises(ChannelClosed, match="not open yet"):
        channel.write(b"x")
    channel.close()
    channel.abort()


async def test_early_data_is_kept_within_the_window_and_given_to_the_receiver() -> None:
    side, channel = opened()
    side.receive(data(60), data(40), m.ChannelEOF(recipient=0))
    assert side.wire.sent() == []
    receiver = Receiver()
    assert not channel.is_connected
    channel.connect(receiver)
    assert channel.is_connected
    assert receiver.data == bytes(100)
    assert receiver.events == ["eof"]


@pytest.mark.row("R04")
async def test_channel_of_the_peer_keeps_no_more_than_its_window() -> None:
    side = Side(LIMITS, accept=False)
    side.receive(m.SessionOpen(sender=7, window=1, max_packet=1))
    core = side.opens[0][1]
    core.confirm(Channel(core))
    side.wire.sent()
    side.receive(data(60), data(40))
    assert granted(side) == 0


async def test_early_data_is_granted_when_it_is_handed_over_or_when_it_is_consumed() -> None:
    side, channel = opened()
    side.receive(data(60))
    channel.connect(Receiver())
    assert granted(side) == 60

    side, channel = opened()
    side.receive(data(60))
    channel.connect(Receiver(), auto_adjust=False)
    assert granted(side) == 0
    channel.consumed(60)
    assert granted(side) == 60


@pytest.mark.row("C20")
@pytest.mark.parametrize("auto_adjust", [True, False])
async def test_window_of_standard_error_without_a_receiver_is_granted_again(
    *, auto_adjust: bool
) -> None:
    side, channel = opened()
    side.receive(data(30, kind=1))
    channel.connect(Receiver(), auto_adjust=auto_adjust)
    for _ in range(10):
        side.receive(data(50, kind=1))
    assert granted(side) == 530


async def test_receiver_that_is_connected_late_is_told_of_the_end() -> None:
    side, channel = opened()
    side.receive(data(5), m.ChannelClose(recipient=0))
    receiver = Receiver()
    channel.connect(receiver)
    assert (receiver.data, receiver.events) == (bytes(5), ["closed"])
    assert channel.is_closed
    assert channel.error is None


async def test_channel_pauses_and_resumes_both_ways() -> None:
    side, channel = opened(window=0)
    receiver = Receiver()
    channel.write(b"x")
    channel.core.handler.pause_writing()
    channel.core.handler.resume_writing()
    channel.connect(receiver)
    channel.write(bytes(20))
    side.receive(m.WindowAdjust(recipient=0, increment=100))
    assert receiver.events == ["pause", "resume"]
    side.wire.sent()
    channel.pause_reading()
    side.receive(data(60))
    assert granted(side) == 0
    channel.resume_reading()
    assert granted(side) == 60


async def test_requests_get_their_own_answers() -> None:
    side, channel = opened()
    asking = asyncio.create_task(channel.request(m.ShellRequest(recipient=0)))
    refused = channel.ask(m.ShellRequest(recipient=0))
    await settle(1)
    channel.notify(m.SignalRequest(recipient=0, name="INT"))
    side.receive(m.ChannelSuccess(recipient=0), m.ChannelFailure(recipient=0))
    assert {await asking, await refused} == {True, False}


@pytest.mark.row("C11")
async def test_late_answer_is_taken_by_its_own_request() -> None:
    side, channel = opened()
    given_up = asyncio.create_task(channel.request(m.ShellRequest(recipient=0)))
    await settle(1)
    given_up.cancel()
    asking = channel.ask(m.ShellRequest(recipient=0))
    await settle(1)
    side.receive(m.ChannelSuccess(recipient=0), m.ChannelFailure(recipient=0))
    assert await asking is False
    assert given_up.cancelled()


@pytest.mark.row("C07")
async def test_request_without_an_answer_fails_with_the_reason() -> None:
    side, channel = opened()
    asking = channel.ask(m.ShellRequest(recipient=0))
    given_up = channel.ask(m.ShellRequest(recipient=0))
    given_up.cancel()
    side.receive(m.ChannelClose(recipient=0))
    with pytest.raises(ChannelClosed, match="before the request was answered"):
        await asking
    with pytest.raises(ChannelClosed):
        channel.ask(m.ShellRequest(recipient=0))

    side, channel = opened()
    asking = channel.ask(m.ShellRequest(recipient=0))
    side.mux.connection_lost(ConnectionLost("gone"))
    with pytest.raises(ConnectionLost, match="gone"):
        await asking
    assert isinstance(channel.error, ConnectionLost)


@pytest.mark.row("C10")
async def test_requests_of_the_peer_are_refused_unless_somebody_takes_them() -> None:
    side, channel = opened()
    side.receive(m.ChannelRequest(recipient=0, kind="x@y", want_reply=True))
    side.receive(m.ChannelRequest(recipient=0, kind="x@y", want_reply=False))
    assert side.wire.sent() == [m.ChannelFailure(recipient=7)]
    channel.on_request = lambda _, reply: channel.core.grant(reply)
    side.receive(m.ChannelRequest(recipient=0, kind="x@y", want_reply=True))
    assert side.wire.sent() == [m.ChannelSuccess(recipient=7)]


async def test_wait_opened_raises_when_the_peer_refuses() -> None:
    side = Side()
    channel = Channel()
    channel.adopt(side.mux.open(m.SessionOpen(sender=0, window=1, max_packet=0), channel))
    waiting = asyncio.create_task(channel.wait_opened())
    await settle(1)
    side.receive(m.ChannelOpenFailure(recipient=0, reason=1))
    with pytest.raises(ChannelOpenRefused):
        await waiting


@pytest.mark.row("X08")
@pytest.mark.parametrize("answer", ["confirmed", "refused"])
async def test_channel_is_closed_when_its_opening_is_cancelled(answer: str) -> None:
    side = Side()
    channel = Channel()
    channel.adopt(side.mux.open(m.SessionOpen(sender=0, window=1, max_packet=0), channel))
    waiting = asyncio.create_task(channel.wait_opened())
    await settle(1)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    side.wire.sent()
    if answer == "confirmed":
        side.receive(m.ChannelOpenConfirmation(recipient=0, sender=7, window=1, max_packet=1))
        assert side.wire.sent() == [m.ChannelClose(recipient=7)]
        side.receive(m.ChannelClose(recipient=0))
    else:
        side.receive(m.ChannelOpenFailure(recipient=0, reason=1))
    assert not side.mux.channels


async def test_channel_is_closed_when_cancelled_as_its_confirmation_arrives() -> None:
    side, channel = opened()
    waiting = asyncio.create_task(channel.wait_opened())
    await settle(1)
    channel = Channel()
    channel.adopt(side.mux.open(m.SessionOpen(sender=0, window=1, max_packet=0), channel))
    waiting = asyncio.create_task(channel.wait_opened())
    await settle(1)
    side.receive(m.ChannelOpenConfirmation(recipient=1, sender=8, window=1, max_packet=1))
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    channel.opened()
    channel.open_failed(OSError())
    assert side.wire.sent()[-1] == m.ChannelClose(recipient=8)


async def test_callbacks_of_on_closed_are_called_once() -> None:
    side, channel = opened()
    received: list[str] = []
    channel.on_closed(lambda: received.append("first"))
    channel.on_closed(lambda: received.append("second"))
    waiting = asyncio.create_task(channel.wait_closed())
    await settle(1)
    side.receive(m.ChannelClose(recipient=0))
    channel.closed(None)
    assert received == ["first", "second"]
    await waiting


@pytest.mark.usefixtures("clock")
async def test_finishing_waits_for_the_data_and_then_no_longer() -> None:
    side, channel = opened(window=0)
    channel.write(b"data")
    finishing = asyncio.create_task(channel.finish(5))
    await settle(2)
    assert side.wire.sent() == []
    await finishing
    assert side.wire.sent() == [m.ChannelClose(recipient=7)]

    side, channel = opened()
    finishing = asyncio.create_task(channel.finish(5))
    await settle(2)
    side.receive(m.ChannelClose(recipient=0))
    await finishing
    assert channel.is_closed
