"""A socket and a channel, joined: the odd orders of events."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from programs import settle
from ssh_connection import ConnectionLimits
from ssh_connection.aio import Channel
from ssh_connection.aio.forward.bridge import Bridge
from ssh_connection.testing import Side
from ssh_wire import Message
from ssh_wire.messages import connection as m

pytestmark = pytest.mark.usefixtures("reports")


class Socket(asyncio.Transport):
    """A socket that notes what is done to it."""

    def __init__(self, *, half_close: bool = True) -> None:
        super().__init__()
        self.done: list[str] = []
        self.sent = b""
        self.half_close = half_close
        self.closing = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.sent += data

    def can_write_eof(self) -> bool:
        return self.half_close

    def write_eof(self) -> None:
        self.done.append("eof")

    def is_closing(self) -> bool:
        return self.closing

    def close(self) -> None:
        self.closing = True
        self.done.append("close")

    def abort(self) -> None:
        self.closing = True
        self.done.append("abort")

    def pause_reading(self) -> None:
        self.done.append("pause")

    def resume_reading(self) -> None:
        self.done.append("resume")


CLOSE = m.ChannelClose(recipient=0)
EOF = m.ChannelEOF(recipient=0)


def opened(window: int = 100) -> tuple[Side, Channel]:
    """A channel that is open, and whose peer is the test."""
    side = Side(ConnectionLimits(window=100, write_buffer=10))
    channel = Channel()
    channel.adopt(side.mux.open(m.SessionOpen(sender=0, window=100, max_packet=0), channel))
    side.receive(m.ChannelOpenConfirmation(recipient=0, sender=7, window=window, max_packet=99))
    side.wire.sent()
    return side, channel


class Joined:
    """A bridge between a noted socket and a channel whose peer is the test."""

    def __init__(self, *, half_close: bool = True, window: int = 100) -> None:
        self.side, self.channel = opened(window)
        self.socket = Socket(half_close=half_close)
        self.bridge = Bridge()
        self.bridge.connection_made(self.socket)
        self.bridge.join(self.channel)
        assert self.socket.done == ["pause", "resume"]
        self.socket.done.clear()

    def receive(self, *messages: Message) -> None:
        self.side.receive(*messages)

    def sent(self) -> list[Message]:
        return self.side.wire.sent()

    async def over(self) -> None:
        async with asyncio.timeout(1):
            await self.bridge.wait_done()


async def test_bridge_carries_data_both_ways() -> None:
    ends = Joined()
    ends.bridge.data_received(b"out")
    ends.receive(m.ChannelData(recipient=0, data=b"in"))
    assert ends.sent() == [m.ChannelData(recipient=7, data=b"out")]
    assert ends.socket.sent == b"in"


async def test_socket_that_ends_first_waits_for_the_channels_end() -> None:
    ends = Joined()
    assert ends.bridge.eof_received() is True
    assert ends.sent() == [m.ChannelEOF(recipient=7)]
    ends.receive(EOF)
    assert ends.socket.done == ["close"]
    ends.bridge.connection_lost(None)
    assert ends.sent() == [m.ChannelClose(recipient=7)]
    ends.receive(CLOSE)
    await ends.over()


async def test_channel_that_ends_first_waits_for_the_sockets_end() -> None:
    ends = Joined()
    ends.receive(EOF)
    assert ends.socket.done == ["eof"]
    assert ends.bridge.eof_received() is False  # asyncio closes the socket
    ends.bridge.connection_lost(None)
    assert ends.sent() == [m.ChannelEOF(recipient=7), m.ChannelClose(recipient=7)]
    ends.receive(CLOSE)
    await ends.over()


async def test_socket_that_cannot_be_half_closed_stays_open() -> None:
    ends = Joined(half_close=False)
    ends.receive(EOF)
    assert ends.socket.done == []


async def test_socket_is_closed_when_the_channel_closes() -> None:
    ends = Joined()
    ends.receive(CLOSE)
    assert ends.socket.done == ["close"]
    ends.receive()
    ends.bridge.data_received(b"late")
    assert ends.bridge.eof_received() is True
    ends.bridge.connection_lost(None)
    await ends.over()


async def test_socket_is_reset_when_the_connection_is_lost() -> None:
    ends = Joined()
    ends.side.mux.connection_lost(OSError("gone"))
    assert ends.socket.done == ["abort"]
    ends.bridge.connection_lost(None)
    await ends.over()


async def test_channel_is_closed_at_once_when_the_socket_is_reset() -> None:
    ends = Joined(window=0)
    ends.bridge.data_received(b"held")
    ends.bridge.connection_lost(ConnectionResetError())
    assert ends.sent() == [m.ChannelClose(recipient=7)]
    ends.receive(CLOSE)
    await ends.over()


async def test_nothing_is_written_to_a_socket_that_closes() -> None:
    ends = Joined(window=0)
    ends.socket.closing = True
    ends.receive(m.ChannelData(recipient=0, data=b"late"), EOF)
    ends.bridge.data_received(bytes(20))
    ends.receive(m.WindowAdjust(recipient=0, increment=50))
    assert ends.socket.sent == b""
    assert ends.socket.done == []


async def test_bridge_applies_back_pressure_both_ways() -> None:
    ends = Joined(window=0)
    ends.bridge.data_received(bytes(20))
    assert ends.socket.done == ["pause"]
    ends.receive(m.WindowAdjust(recipient=0, increment=50))
    assert ends.socket.done == ["pause", "resume"]
    ends.sent()
    ends.bridge.pause_writing()
    ends.receive(m.ChannelData(recipient=0, data=bytes(80)))
    assert ends.sent() == []
    ends.bridge.resume_writing()
    assert ends.sent() == [m.WindowAdjust(recipient=7, increment=80)]


async def test_data_that_arrives_before_the_channel_is_sent_first() -> None:
    bridge, socket = Bridge(), Socket()
    bridge.connection_made(socket)
    bridge.data_received(b"early")  # as asyncio of Python 3.11.2 does in spite of the pause
    assert socket.done == ["pause", "resume", "pause"]  # it has to be told once more
    side, channel = opened()
    bridge.join(channel)
    bridge.data_received(b"late")
    assert side.wire.sent() == [
        m.ChannelData(recipient=7, data=b"early"),
        m.ChannelData(recipient=7, data=b"late"),
    ]


async def test_early_data_beyond_the_window_keeps_the_socket_paused() -> None:
    bridge, socket = Bridge(), Socket()
    bridge.connection_made(socket)
    bridge.data_received(bytes(30))
    side, channel = opened(window=0)
    bridge.join(channel)
    assert socket.done[-1] == "pause"
    side.receive(m.WindowAdjust(recipient=0, increment=50))
    assert socket.done[-1] == "resume"


async def test_end_of_the_socket_before_the_channel_is_told_behind_the_data() -> None:
    bridge, socket = Bridge(), Socket()
    bridge.connection_made(socket)
    bridge.data_received(b"all of it")
    assert bridge.eof_received() is True
    side, channel = opened()
    socket.done.clear()
    bridge.join(channel)
    assert side.wire.sent() == [
        m.ChannelData(recipient=7, data=b"all of it"),
        m.ChannelEOF(recipient=7),
    ]
    assert socket.done == []  # behind the end there is nothing to read
    side.receive(m.ChannelData(recipient=0, data=b"answer"), EOF)
    assert socket.sent == b"answer"
    assert socket.done == ["close"]


async def test_reading_is_not_begun_again_behind_the_end_of_the_socket() -> None:
    ends = Joined(window=0)
    ends.bridge.data_received(bytes(20))
    assert ends.bridge.eof_received() is True
    ends.receive(m.WindowAdjust(recipient=0, increment=50))
    assert ends.socket.done == ["pause"]


@given(
    before=st.lists(st.binary(min_size=1, max_size=30)),
    behind=st.lists(st.binary(min_size=1, max_size=30)),
    window=st.integers(0, 100),
    end=st.sampled_from(["never", "before", "behind"]),
)
def test_every_byte_of_the_socket_arrives_in_order(
    before: list[bytes], behind: list[bytes], window: int, end: str
) -> None:
    async def carried() -> tuple[bytes, list[Message]]:
        bridge = Bridge()
        bridge.connection_made(Socket())
        for data in before:
            bridge.data_received(data)
        if end == "before":
            bridge.eof_received()
        side, channel = opened(window)
        bridge.join(channel)
        for data in behind if end != "before" else []:
            bridge.data_received(data)
        if end == "behind":
            bridge.eof_received()
        side.receive(m.WindowAdjust(recipient=0, increment=100_000))
        sent = side.wire.sent()
        data = b"".join(bytes(each.data) for each in sent if isinstance(each, m.ChannelData))
        return data, sent

    data, sent = asyncio.run(carried())
    assert data == b"".join([*before, *(behind if end != "before" else [])])
    assert (m.ChannelEOF(recipient=7) in sent[-1:]) == (end != "never")


async def test_bridge_without_a_channel_keeps_what_the_socket_sends() -> None:
    bridge = Bridge()
    socket = Socket()
    bridge.connection_made(socket)
    bridge.pause_writing()
    bridge.resume_writing()
    bridge.data_received(b"x")
    assert bridge.eof_received() is True
    assert bridge.peer == ("127.0.0.1", 65535)
    waiting = asyncio.create_task(bridge.wait_done())
    bridge.connection_lost(None)
    await settle(2)
    assert waiting.done()
    bridge.abort()


async def test_channel_is_closed_when_its_socket_has_gone_before() -> None:
    side = Side()
    channel = Channel()
    channel.adopt(side.mux.open(m.SessionOpen(sender=0, window=1, max_packet=0), channel))
    side.receive(m.ChannelOpenConfirmation(recipient=0, sender=7, window=1, max_packet=1))
    side.wire.sent()
    bridge = Bridge()
    assert bridge.peer == ("127.0.0.1", 65535)
    bridge.connection_made(Socket())
    bridge.connection_lost(None)
    bridge.join(channel)
    assert side.wire.sent() == [m.ChannelClose(recipient=7)]
    await asyncio.wait_for(bridge.wait_done(), 1)
