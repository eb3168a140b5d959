"""Byte streams: cancel-safe reads, exact windows, bounded closing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from programs import Anywhere, cat, inject, limited, pair, settle
from sockets import listening
from ssh_connection import ChannelClosed, ChannelType
from ssh_connection.aio import ByteReader, Session
from ssh_connection.channel import ChannelProtocol
from ssh_connection.handler import NullHandler
from ssh_transport import ConnectionLost
from ssh_wire.messages import connection as m

pytestmark = pytest.mark.usefixtures("reports")


class Fed:
    """A reader, and the window that it has granted."""

    def __init__(self, *chunks: bytes, end: bool = False) -> None:
        self.granted = 0
        self.reader = ByteReader(self._consumed)
        self.feed(*chunks)
        if end:
            self.reader.feed_eof()

    def feed(self, *chunks: bytes) -> None:
        for chunk in chunks:
            self.reader.feed(memoryview(chunk))

    def _consumed(self, count: int) -> None:
        assert count >= 0
        self.granted += count


async def test_read_returns_what_has_arrived_up_to_n() -> None:
    fed = Fed(b"abc", b"def")
    assert await fed.reader.read(0) == b""
    assert await fed.reader.read(4) == b"abcd"
    assert await fed.reader.read(100) == b"ef"
    assert fed.granted == 6


async def test_read_without_a_limit_ends_with_the_stream() -> None:
    fed = Fed(b"abc", b"def", end=True)
    assert not fed.reader.at_eof
    assert await fed.reader.read() == b"abcdef"
    assert await fed.reader.read() == b""
    assert await fed.reader.read(5) == b""
    assert fed.reader.at_eof


async def test_readexactly_returns_as_many_bytes_as_asked_for() -> None:
    fed = Fed(b"abc", b"def", end=True)
    assert await fed.reader.readexactly(0) == b""
    assert await fed.reader.readexactly(4) == b"abcd"
    with pytest.raises(asyncio.IncompleteReadError) as caught:
        await fed.reader.readexactly(3)
    assert (caught.value.partial, caught.value.expected) == (b"ef", 3)


async def test_readline_returns_lines_and_then_the_rest() -> None:
    fed = Fed(b"one\ntw", b"o\n\nrest", end=True)
    assert [line async for line in fed.reader] == [b"one\n", b"two\n", b"\n", b"rest"]
    assert fed.granted == 13


async def test_separator_is_found_across_chunks() -> None:
    fed = Fed(b"a\r", b"\nb\r\r", b"\n", b"c", end=True)
    read = fed.reader.readuntil
    assert [await read(b"\r\n") for _ in range(4)] == [b"a\r\n", b"b\r\r\n", b"c", b""]


async def test_line_beyond_the_limit_stays_unread() -> None:
    fed = Fed(b"x" * 10, b"y" * 10)
    with pytest.raises(asyncio.LimitOverrunError):
        await fed.reader.readuntil(limit=20)
    assert await fed.reader.read(100) == b"x" * 10 + b"y" * 10


async def test_separator_beyond_the_window_is_found() -> None:
    fed = Fed(b"x" * 10)
    task = asyncio.create_task(fed.reader.readline())
    await settle()
    assert fed.granted == 10
    fed.feed(b"y\n")
    assert await task == b"x" * 10 + b"y\n"
    assert fed.granted == 12


@pytest.mark.row("C21")
async def test_line_that_arrives_byte_by_byte_costs_linear_time() -> None:
    fed = Fed()
    task = asyncio.create_task(fed.reader.readline())
    for _ in range(50):
        fed.feed(*[b"x"] * 1000)
        await asyncio.sleep(0)
    fed.feed(b"\n")
    assert len(await task) == 50_001


@pytest.mark.row("R09")
@pytest.mark.row("X08")
@pytest.mark.parametrize("read", ["read", "readexactly", "readline", "readuntil"])
async def test_cancelled_read_loses_nothing(read: str) -> None:
    fed = Fed(b"..")
    await fed.reader.readexactly(1)

    async def reading() -> bytes:
        match read:
            case "read":
                return await fed.reader.read()
            case "readexactly":
                return await fed.reader.readexactly(10)
            case "readline":
                return await fed.reader.readline()
            case _:
                return await fed.reader.readuntil(b"\r\n")

    task = asyncio.create_task(reading())
    await asyncio.sleep(0)
    fed.feed(b"abc")
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    fed.reader.feed_eof()
    assert await fed.reader.read() == b".abc"
    assert fed.granted == 5


@pytest.mark.row("R09")
@given(
    st.lists(st.binary(min_size=1, max_size=20), min_size=1, max_size=8),
    st.lists(st.tuples(st.sampled_from("rxln"), st.integers(0, 12), st.booleans()), max_size=20),
)
def test_any_reads_cancelled_or_not_give_all_bytes_in_order(
    chunks: list[bytes], reads: list[tuple[str, int, bool]]
) -> None:
    async def run() -> None:
        fed = Fed()
        feeding = list(chunks)
        got = b""
        for kind, count, cancel in reads:
            reader = fed.reader
            calls: dict[str, Callable[[], Coroutine[Any, Any, bytes]]] = {
                "r": partial(reader.read, count),
                "x": partial(reader.readexactly, count),
                "l": reader.readline,
                "n": reader.read,
            }
            task = asyncio.create_task(calls[kind]())
            await asyncio.sleep(0)
            if feeding:
                fed.feed(feeding.pop(0))
                await asyncio.sleep(0)
            if cancel or not feeding:
                task.cancel()
            while not task.done() and feeding:
                fed.feed(feeding.pop(0))
                await asyncio.sleep(0)
            task.cancel()
            with suppress(asyncio.CancelledError):
                got += await task
        fed.feed(*feeding)
        fed.reader.feed_eof()
        got += await fed.reader.read()
        assert got == b"".join(chunks)
        assert fed.granted == len(got)

    asyncio.run(run())


async def test_error_is_raised_after_what_had_arrived() -> None:
    fed = Fed(b"abc")
    fed.reader.feed_eof(ConnectionLost("gone"))
    fed.reader.feed_eof()
    with pytest.raises(ConnectionLost):
        await fed.reader.read()
    assert await fed.reader.read(100) == b"abc"
    with pytest.raises(ConnectionLost):
        await fed.reader.readexactly(1)


async def test_data_is_offered_first_and_the_rest_is_read() -> None:
    fed, taken = Fed(), bytearray()

    def take(data: memoryview) -> int:
        taken.extend(data[:3])
        return min(3, len(data))

    fed.reader.offer_first(take)
    fed.feed(b"abc", b"defgh", b"ijk")

    assert bytes(taken) == b"abcdef"  # what comes behind unread data is not offered
    assert fed.granted == 6
    assert await fed.reader.read(100) == b"ghijk"
    fed.feed(b"xyz")
    assert bytes(taken) == b"abcdefxyz"
    assert fed.granted == 14
    fed.reader.feed_eof()
    assert await fed.reader.read(100) == b""


@given(st.lists(st.binary(min_size=1, max_size=9)), st.lists(st.integers(0, 9)))
def test_order_of_data_is_kept_whatever_the_first_function_takes(
    chunks: list[bytes], sizes: list[int]
) -> None:
    fed, found, wanted = Fed(), bytearray(), iter(sizes)

    def take(data: memoryview) -> int:
        size = min(next(wanted, 0), len(data))
        found.extend(data[:size])
        return size

    async def main() -> None:
        fed.reader.offer_first(take)
        for number, chunk in enumerate(chunks):
            fed.feed(chunk)
            if number % 2:
                found.extend(await _unread(fed.reader))
        fed.reader.feed_eof()
        found.extend(await fed.reader.read())

    asyncio.run(main())
    assert bytes(found) == b"".join(chunks)
    assert fed.granted == len(found)


async def _unread(reader: ByteReader) -> bytes:
    """Return what is unread, without waiting for more."""
    task = asyncio.ensure_future(reader.read(1000))
    await asyncio.sleep(0)
    if not task.done():
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        return b""
    return task.result()


async def test_second_reader_of_a_stream_is_refused() -> None:
    fed = Fed()
    first = asyncio.create_task(fed.reader.read(1))
    await asyncio.sleep(0)
    with pytest.raises(RuntimeError, match="another task"):
        await fed.reader.read(1)
    fed.feed(b"x")
    assert await first == b"x"


# ---------------------------------------------------------------- over a channel


async def test_write_waits_for_a_slow_reader_and_only_then() -> None:
    async with (
        pair(cat, client=limited(write_buffer=1000), **limited(window=1000)) as ends,
        ends.client.start("cat") as process,
    ):
        writing = asyncio.create_task(process.stdin.write(bytes(5000)))
        assert await process.stdout.readexactly(5000) == bytes(5000)
        await writing
        process.stdin.write_eof()
        assert await process.wait() == 0


@pytest.mark.row("R04")
async def test_stream_stops_while_it_is_not_read_and_goes_on() -> None:
    async with (
        pair(cat, client=limited(window=1000)) as ends,
        ends.client.start("cat") as process,
    ):
        await process.stdin.write(bytes(100_000))
        process.stdin.write_eof()
        await settle()
        assert process.stdout._size <= 1000
        assert len(await process.stdout.read()) == 100_000


async def test_write_fails_once_the_process_has_ended() -> None:
    async def first_line(session: Session) -> None:
        await session.stdin.readline()

    async with pair(first_line) as ends, ends.client.start("x") as process:
        await process.stdin.write(b"line\n")
        await process.wait_closed()
        with pytest.raises(ChannelClosed):
            await process.stdin.write(b"more")


async def test_write_that_waits_fails_when_the_connection_is_lost(reports: list[object]) -> None:
    async with (
        pair(lambda session: session.channel.wait_closed(), **limited(window=10)) as ends,
        ends.client.start("x") as process,
    ):
        ends.client._mux.limits = ends.server._mux.limits
        writing = asyncio.create_task(process.stdin.write(bytes(1_000_000)))
        await settle()
        assert not writing.done()
        assert ends.link is not None
        ends.link.cut()
        with pytest.raises(ConnectionLost):
            await writing
    assert not reports


async def test_tcp_stream_carries_data_both_ways_with_half_close() -> None:
    async with listening() as port, pair(forwarding=Anywhere()) as ends:
        stream = await ends.client.open_tcp("127.0.0.1", port)
        await stream.write(b"hello")
        stream.write_eof()
        assert await stream.read() == b"HELLO"
        await stream.close()
        with pytest.raises(ChannelClosed):
            await stream.write(b"x")
        assert stream._channel.is_closed


@pytest.mark.usefixtures("clock")
async def test_stream_close_is_bounded_when_the_peer_reads_nothing() -> None:
    async with pair() as ends:
        opening = asyncio.create_task(ends.client.open_tcp("host", 1))

        def confirm(_: object, core: ChannelProtocol) -> None:
            core.confirm(NullHandler(), window=10)
            core.auto_adjust = False

        ends.server.register(ChannelType(message=m.DirectTCPIPOpen, opened=confirm))
        stream = await opening
        await stream.write(bytes(100))
        started = asyncio.get_running_loop().time()
        reading = asyncio.create_task(stream.read())
        await stream.close()
        assert asyncio.get_running_loop().time() - started < 6
        with pytest.raises(ChannelClosed):
            await reading
        inject(ends.server, m.GlobalRequest(kind="x@y", want_reply=False))


async def test_tcp_stream_waits_for_a_slow_peer() -> None:
    gate = asyncio.Event()

    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await gate.wait()
        writer.write(str(len(await reader.read())).encode())

    small = {"window": 1000, "write_buffer": 1000}
    async with (
        listening(slow) as port,
        pair(forwarding=Anywhere(), client=limited(**small), **limited(**small)) as ends,
    ):
        stream = await ends.client.open_tcp("127.0.0.1", port)
        writing = asyncio.create_task(stream.write(bytes(20_000_000)))
        await settle(200)
        assert not writing.done()
        gate.set()
        await writing
        stream.write_eof()
        assert await stream.read() == b"20000000"
        await stream.close()
