"""The stage before a channel: SOCKS over a socket and over a channel, in any pieces."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from programs import FORWARDING, pair, read_to_end, settle, until
from sockets import closed_port, connecting, listening
from ssh_connection import ConnectionLimits
from ssh_connection.addresses import TCPAddress
from ssh_connection.aio import Channel
from ssh_connection.aio.forward import stages
from ssh_connection.aio.forward.stages import ChannelTalk, fixed, socks
from ssh_connection.socks import SOCKSError
from ssh_connection.testing import Side
from ssh_wire import Message
from ssh_wire.messages import connection as m

pytestmark = pytest.mark.usefixtures("reports")

METHODS = b"\x05\x01\x00"
TO_DB = b"\x05\x01\x00\x03\x02db\x15\x38"
GRANTED = b"\x05\x00\x00\x01" + bytes(6)


def refused(code: int) -> bytes:
    return bytes((5, code, 0, 1)) + bytes(6)


def asked(port: int) -> bytes:
    return b"\x05\x01\x00\x01\x7f\x00\x00\x01" + port.to_bytes(2, "big")


class Asker:
    """A channel of the peer, which asks by SOCKS."""

    def __init__(self) -> None:
        self.side = Side(ConnectionLimits(window=100), accept=False)
        self.side.receive(m.SessionOpen(sender=7, window=1000, max_packet=1000))
        core = self.side.opens[0][1]
        self.channel = Channel(core)
        core.confirm(self.channel)
        self.talk = ChannelTalk(self.channel)
        self.side.wire.sent()

    def send(self, data: bytes) -> None:
        self.side.receive(m.ChannelData(recipient=0, data=data))

    def sent(self) -> list[Message]:
        return self.side.wire.sent()


class Noted:
    """Notes what a channel brings."""

    def __init__(self) -> None:
        self.events: list[bytes | str] = []

    def data_received(self, data: memoryview) -> None:
        self.events.append(bytes(data))

    def eof_received(self) -> None:
        self.events.append("eof")

    def pipe_closed(self, error: Exception | None) -> None:
        self.events.append(f"closed: {error}")

    def pause_writing(self) -> None:
        self.events.append("pause")

    def resume_writing(self) -> None:
        self.events.append("resume")


async def test_fixed_address_is_known_without_a_word() -> None:
    ends = Asker()
    wanted = await fixed(TCPAddress("db", 5432))(ends.talk)
    assert wanted.address == TCPAddress("db", 5432)
    assert (wanted.granted, wanted.refused(OSError())) == (b"", b"")
    assert ends.sent() == []


async def test_socks_over_a_channel_leaves_to_the_next_what_is_behind_the_request() -> None:
    ends = Asker()
    asking = asyncio.create_task(socks(ends.talk))
    for byte in METHODS:
        ends.send(bytes((byte,)))
        await settle(2)
    assert ends.sent() == [m.ChannelData(recipient=7, data=b"\x05\x00")]
    ends.send(TO_DB + b"first ")
    ends.send(b"second")
    wanted = await asking
    assert wanted.address == TCPAddress("db", 5432)
    assert wanted.granted == GRANTED
    assert wanted.refused(OSError()) == refused(4)
    ends.side.receive(m.ChannelEOF(recipient=0))
    receiver = Noted()
    ends.channel.connect(receiver)
    assert b"".join(each for each in receiver.events if isinstance(each, bytes)) == b"first second"
    assert receiver.events[-1] == "eof"


async def test_window_is_granted_for_all_that_was_read_exactly_once() -> None:
    ends = Asker()
    asking = asyncio.create_task(socks(ends.talk))
    ends.send(METHODS + TO_DB + b"behind" * 10)
    await asking
    ends.channel.connect(Noted())
    used = len(METHODS + TO_DB) + 60
    granted = [each for each in ends.sent() if isinstance(each, m.WindowAdjust)]
    assert sum(each.increment for each in granted) == used


@pytest.mark.parametrize("end", [m.ChannelEOF(recipient=0), m.ChannelClose(recipient=0)])
async def test_channel_that_ends_before_its_request_is_a_connection_error(end: Message) -> None:
    ends = Asker()
    asking = asyncio.create_task(socks(ends.talk))
    ends.send(METHODS)
    await settle(2)
    ends.side.receive(end)
    with pytest.raises(ConnectionError):
        await asking


async def test_request_that_cannot_be_read_is_answered_and_raised() -> None:
    ends = Asker()
    asking = asyncio.create_task(socks(ends.talk))
    ends.send(b"\x05\x01\x02")
    with pytest.raises(SOCKSError):
        await asking
    assert ends.sent() == [m.ChannelData(recipient=7, data=b"\x05\xff")]


async def test_reply_to_a_channel_that_is_closed_is_dropped() -> None:
    ends = Asker()
    ends.talk.pause_writing()
    ends.talk.resume_writing()
    ends.side.receive(m.ChannelClose(recipient=0))
    ends.sent()
    ends.talk.write(b"too late")
    assert ends.sent() == []


# ------------------------------------------------------------------ whole forwards


async def test_dynamic_forward_reaches_what_each_connection_asks_for() -> None:
    async with (
        listening() as target,
        pair(**FORWARDING) as ends,
        ends.client.forward_dynamic("127.0.0.1:0") as forward,
    ):
        for early in (b"", b"he"):
            async with connecting(forward.port) as (reader, writer):
                writer.write(METHODS)
                assert await reader.readexactly(2) == b"\x05\x00"
                writer.write(asked(target) + early)
                assert await reader.readexactly(10) == GRANTED
                writer.write(b"hello"[len(early) :])
                writer.write_eof()
                assert await reader.read() == b"HELLO"
        await until(lambda: not forward.connections)
        assert not ends.client._mux.channels


async def test_client_that_does_not_wait_for_replies_is_served_too() -> None:
    async with (
        listening() as target,
        pair(**FORWARDING) as ends,
        ends.client.forward_dynamic("127.0.0.1:0") as forward,
        connecting(forward.port) as (reader, writer),
    ):
        writer.write(METHODS + asked(target) + b"hello")
        writer.write_eof()
        assert await reader.read() == b"\x05\x00" + GRANTED + b"HELLO"


@pytest.mark.parametrize("allowed", [True, False])
async def test_failure_to_connect_is_the_reply_and_the_connection_ends(*, allowed: bool) -> None:
    options = FORWARDING if allowed else {}
    async with (
        pair(**options) as ends,
        ends.client.forward_dynamic("127.0.0.1:0") as forward,
        connecting(forward.port) as (reader, writer),
    ):
        writer.write(METHODS + asked(closed_port()))
        assert await reader.read() == b"\x05\x00" + refused(4 if allowed else 2)
        await until(lambda: not forward.connections)


@pytest.mark.parametrize("data", [b"", b"\x05", METHODS, b"GET / HTTP/1.1\r\n\r\n"])
async def test_connection_that_asks_for_nothing_is_closed(data: bytes) -> None:
    async with (
        pair(**FORWARDING) as ends,
        ends.client.forward_dynamic("127.0.0.1:0") as forward,
        connecting(forward.port) as (reader, writer),
    ):
        writer.write(data)
        writer.write_eof()
        answer = await reader.read()
        assert answer == (b"\x05\x00" if data == METHODS else b"")
        await until(lambda: not forward.connections)


@pytest.mark.row("X08")
@pytest.mark.parametrize("begun", [b"", b"\x05", METHODS, b"\x04\x01"])
async def test_connection_that_does_not_ask_in_time_is_closed(
    begun: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stages, "_ASKING", 0.01)
    async with (
        pair(forwarding=FORWARDING) as ends,
        ends.client.forward_dynamic("127.0.0.1:0") as forward,
        connecting(forward.port) as (reader, writer),
    ):
        writer.write(begun)
        assert await reader.read() in {b"", b"\x05\x00"}
        await forward.wait_idle()


async def test_dynamic_forward_that_is_left_closes_connections_that_ask() -> None:
    async with pair(**FORWARDING) as ends:
        async with ends.client.forward_dynamic("127.0.0.1:0") as forward:
            reader, writer = await asyncio.open_connection("127.0.0.1", forward.port)
            writer.write(METHODS)
            assert await reader.readexactly(2) == b"\x05\x00"
        await read_to_end(reader)
        writer.close()


async def test_remote_dynamic_forward_connects_from_the_clients_side() -> None:
    async with (
        listening() as target,
        pair(**FORWARDING) as ends,
        ends.client.forward_remote_dynamic("127.0.0.1:0") as forward,
    ):
        for early in (b"", b"he"):
            async with connecting(forward.port) as (reader, writer):
                writer.write(METHODS + asked(target) + early)
                assert await reader.readexactly(12) == b"\x05\x00" + GRANTED
                writer.write(b"hello"[len(early) :])
                writer.write_eof()
                assert await reader.read() == b"HELLO"
        await until(lambda: not forward.connections)
        await until(lambda: not ends.client._mux.channels)


@pytest.mark.parametrize(("answer", "code"), [(True, 5), (False, 2), ("yes", 2)])
async def test_remote_dynamic_forward_says_why_it_does_not_connect(answer: Any, code: int) -> None:
    def permitted(address: TCPAddress) -> bool:
        assert address.host == "127.0.0.1"
        return answer  # type: ignore[no-any-return]

    async with (
        pair(**FORWARDING) as ends,
        ends.client.forward_remote_dynamic("127.0.0.1:0", permitted) as forward,
        connecting(forward.port) as (reader, writer),
    ):
        writer.write(METHODS + asked(closed_port()))
        assert await reader.read() == b"\x05\x00" + refused(code)
        await until(lambda: not forward.connections)


@pytest.mark.parametrize("data", [METHODS, b"\x04", b"GET / HTTP/1.1\r\n\r\n"])
async def test_remote_connection_that_asks_for_nothing_is_closed(data: bytes) -> None:
    async with (
        pair(**FORWARDING) as ends,
        ends.client.forward_remote_dynamic("127.0.0.1:0") as forward,
        connecting(forward.port) as (reader, writer),
    ):
        writer.write(data)
        writer.write_eof()
        await reader.read()
        await until(lambda: not forward.connections)
        await until(lambda: not ends.client._mux.channels)


async def test_remote_dynamic_forward_that_is_left_closes_connections_that_ask() -> None:
    async with pair(**FORWARDING) as ends:
        async with ends.client.forward_remote_dynamic("127.0.0.1:0") as forward:
            reader, writer = await asyncio.open_connection("127.0.0.1", forward.port)
            writer.write(METHODS)
            assert await reader.readexactly(2) == b"\x05\x00"
        await read_to_end(reader)
        writer.close()
        await until(lambda: not ends.client._mux.channels)
