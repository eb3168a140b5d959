"""A socket with the face of a channel."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

import pytest

from programs import Receiver, until
from ssh_connection.addresses import TCPAddress
from ssh_connection.aio import Channel
from ssh_connection.aio.control.dialled import dial_channel

pytestmark = pytest.mark.usefixtures("reports")

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@asynccontextmanager
async def dialled() -> AsyncGenerator[tuple[Channel, Streams]]:
    """A channel, and the streams at the other end of its socket."""
    accepted: asyncio.Future[Streams] = asyncio.get_running_loop().create_future()

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        accepted.set_result((reader, writer))

    async with await asyncio.start_server(take, "127.0.0.1", 0) as server:
        channel = await dial_channel(TCPAddress(*server.sockets[0].getsockname()))
        streams = await accepted
        try:
            yield channel, streams
        finally:
            channel.abort()
            streams[1].transport.abort()
            await until(lambda: channel.is_closed)


async def test_data_and_ends_go_both_ways() -> None:
    noted = Receiver()
    async with dialled() as (channel, (reader, writer)):
        channel.connect(noted)
        channel.write(b"there")
        channel.write_eof()
        writer.write(b"back")
        writer.write_eof()
        assert await reader.read() == b"there"
        await until(lambda: noted.events == ["eof"])
        assert noted.data == b"back"
        assert channel.core.eof_received
        channel.close()
        await until(lambda: channel.is_closed)
        assert (noted.events, noted.error) == (["eof", "closed"], None)


async def test_reader_that_is_slow_is_waited_for() -> None:
    noted = Receiver()
    async with dialled() as (channel, (reader, _)):
        channel.connect(noted)
        channel.write(bytes(20_000_000))
        channel.write_eof()
        assert noted.events == ["pause"]
        assert len(await reader.read(-1)) == 20_000_000
        await until(lambda: noted.events == ["pause", "resume"])


async def test_nothing_is_read_while_reading_is_paused() -> None:
    noted = Receiver()
    async with dialled() as (channel, (_, writer)):
        channel.connect(noted)
        channel.pause_reading()
        writer.write(b"later")
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert noted.data == b""
        channel.resume_reading()
        await until(lambda: noted.data == b"later")


async def test_reset_is_told_with_its_error() -> None:
    noted = Receiver()
    async with dialled() as (channel, (_, writer)):
        channel.connect(noted)
        channel.write(bytes(10_000_000))
        writer.transport.abort()
        await until(lambda: channel.is_closed)
    assert isinstance(noted.error, ConnectionError)


USES: tuple[Callable[[Channel], None], ...] = (
    lambda channel: channel.write(b"x"),
    lambda channel: channel.write_eof(),
    lambda channel: channel.close(),
    lambda channel: channel.abort(),
    lambda channel: channel.pause_reading(),
    lambda channel: channel.resume_reading(),
)


@pytest.mark.parametrize("use", USES)
async def test_channel_that_is_closed_does_nothing_more(use: Callable[[Channel], None]) -> None:
    async with dialled() as (channel, _):
        channel.abort()
        use(channel)  # about to be closed
        await until(lambda: channel.is_closed)
        use(channel)
        noted = Receiver()
        channel.connect(noted)
        assert isinstance(noted.error, ConnectionError)


async def test_what_arrives_before_there_is_a_receiver_is_not_read() -> None:
    async with dialled() as (channel, (_, writer)):
        writer.write(b"early")
        writer.write_eof()
        await asyncio.sleep(0)
        noted = Receiver()
        channel.connect(noted)
        await until(lambda: noted.events == ["eof"])
        assert noted.data == b"early"
