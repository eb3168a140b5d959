"""Descriptors read and written by the loop: order, back-pressure, ends."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Generator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ssh_stack.server.shell_streams import DescriptorReader, DescriptorWriter


class Taker:
    """Takes what a source reads."""

    def __init__(self) -> None:
        self.data = b""
        self.ended = 0
        self.took: Callable[[], None] = lambda: None

    def take(self, data: memoryview) -> None:
        assert not self.ended
        self.data += data
        self.took()

    def end(self) -> None:
        self.ended += 1


Pipe = tuple[int, int]


@pytest.fixture
def pipe() -> Generator[Pipe]:
    yield (ends := os.pipe())
    for end in ends:
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.close(end)


async def turns(count: int = 5) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


# ------------------------------------------------------------- sources


async def test_reader_reads_until_eof_once_resumed(pipe: Pipe) -> None:
    taker = Taker()
    source = DescriptorReader(pipe[0], taker.take, taker.end)
    os.write(pipe[1], b"one")
    await turns()
    assert taker.data == b""  # not before it is wanted

    source.resume()
    await turns()
    os.write(pipe[1], b"two")
    os.close(pipe[1])
    await turns()

    assert (taker.data, taker.ended) == (b"onetwo", 1)
    source.pause()
    source.resume()
    source.finish()
    source.close()
    assert taker.ended == 1


async def test_paused_reader_reads_nothing(pipe: Pipe) -> None:
    taker = Taker()
    source = DescriptorReader(pipe[0], taker.take, taker.end)
    source.resume()
    source.pause()
    os.write(pipe[1], b"later")
    os.close(pipe[1])
    await turns()
    assert taker.data == b""

    source.resume()
    await turns()
    assert (taker.data, taker.ended) == (b"later", 1)


async def test_reader_enlarges_buffer_for_bulk_data(pipe: Pipe) -> None:
    taker = Taker()
    source = DescriptorReader(pipe[0], taker.take, taker.end)
    source.resume()
    written = 0
    for size in (16384, 100_000, 200_000):
        written += os.write(pipe[1], b"x" * size)
        await turns()
    assert len(taker.data) == written == 316_384
    os.close(pipe[1])
    await turns()
    assert taker.ended == 1


async def test_finish_of_reader_takes_pending_data(pipe: Pipe) -> None:
    taker = Taker()
    source = DescriptorReader(pipe[0], taker.take, taker.end)
    source.resume()
    os.write(pipe[1], b"x" * 50_000)
    source.finish()
    assert (len(taker.data), taker.ended) == (50_000, 1)

    with pytest.raises(BrokenPipeError):
        os.write(pipe[1], b"nobody")
    os.close(pipe[1])


async def test_finish_of_reader_waits_while_paused(pipe: Pipe) -> None:
    taker = Taker()
    source = DescriptorReader(pipe[0], taker.take, taker.end)
    taker.took = source.pause
    os.write(pipe[1], b"x" * 50_000)
    source.resume()
    source.finish()
    assert (len(taker.data), taker.ended) == (16_384, 0)

    for _ in range(3):
        source.resume()
        await turns()
    assert (len(taker.data), taker.ended) == (50_000, 1)
    os.close(pipe[1])


async def test_finish_of_reader_is_bounded_for_endless_output(pipe: Pipe) -> None:
    taker = Taker()
    source = DescriptorReader(pipe[0], taker.take, taker.end)
    taker.took = lambda: os.close(os.dup(os.write(pipe[1], b"x" * 16_384) and pipe[1]))
    source.resume()
    os.write(pipe[1], b"x" * 16_384)
    source.finish()  # the pipe is filled as fast as it is read

    assert taker.ended == 1
    assert 1 << 20 <= len(taker.data) <= (1 << 20) + (1 << 18)
    os.close(pipe[1])


async def test_closed_reader_reports_nothing(pipe: Pipe) -> None:
    taker = Taker()
    source = DescriptorReader(pipe[0], taker.take, taker.end)
    source.resume()
    os.write(pipe[1], b"never read")
    source.close()
    await turns()

    assert (taker.data, taker.ended) == (b"", 0)
    os.close(pipe[1])


async def test_reader_may_be_closed_by_its_taker(pipe: Pipe) -> None:
    taker = Taker()
    source = DescriptorReader(pipe[0], taker.take, taker.end)
    taker.took = source.close
    source.resume()
    os.write(pipe[1], b"x" * 16_384)
    await turns()

    assert (len(taker.data), taker.ended) == (16_384, 0)
    os.close(pipe[1])


async def test_spurious_readiness_of_reader_is_ignored(pipe: Pipe) -> None:
    taker = Taker()
    source = DescriptorReader(pipe[0], taker.take, taker.end)
    source._readable()
    assert (taker.data, taker.ended) == (b"", 0)
    source.close()
    os.close(pipe[1])


# ------------------------------------------------------------- sinks


async def test_writer_writes_at_once_and_closes_at_eof(pipe: Pipe) -> None:
    taken: list[int] = []
    sink = DescriptorWriter(pipe[1], taken.append)
    sink.write(memoryview(b"one"))
    assert (os.read(pipe[0], 100), taken) == (b"one", [3])

    sink.write_eof()
    assert os.read(pipe[0], 100) == b""
    sink.write(memoryview(b"too late"))
    sink.close()
    assert sum(taken) == 3 + 8
    os.close(pipe[0])


@given(sizes=st.lists(st.integers(0, 200_000), max_size=8), eof=st.booleans())
@settings(max_examples=25, deadline=None)
def test_writer_writes_all_in_order_and_counts_once(sizes: list[int], eof: bool) -> None:
    asyncio.run(_write_all(sizes, eof=eof))


async def _write_all(sizes: list[int], *, eof: bool) -> None:
    reading, writing = os.pipe()
    taken = 0

    def count(size: int) -> None:
        nonlocal taken
        taken += size

    sink = DescriptorWriter(writing, count)
    expected, read = b"", b""
    for number, size in enumerate(sizes):
        data = bytearray([number % 256]) * size
        expected += data
        sink.write(memoryview(data))
        data[:] = bytes(size)  # the view is valid during the call alone
    if eof:
        sink.write_eof()
    os.set_blocking(reading, False)
    while len(read) < len(expected):
        assert taken <= len(read) + 262_144
        await turns(2)
        read += os.read(reading, 50_000)
    assert read == expected
    assert taken == len(expected)
    if eof:
        assert os.read(reading, 1) == b""
    sink.close()
    os.close(reading)


async def test_data_for_closed_pipe_counts_as_taken(pipe: Pipe) -> None:
    taken: list[int] = []
    sink = DescriptorWriter(pipe[1], taken.append)
    os.close(pipe[0])
    sink.write(memoryview(b"nobody"))
    sink.write(memoryview(b"either"))

    assert taken == [6, 6]


async def test_pending_data_counts_as_taken_when_pipe_closes(pipe: Pipe) -> None:
    taken: list[int] = []
    sink = DescriptorWriter(pipe[1], taken.append)
    sink.write(memoryview(bytes(100_000)))
    sink.write(memoryview(bytes(50_000)))
    os.close(pipe[0])
    await turns()

    assert sum(taken) == 150_000


async def test_closed_writer_drops_pending_data(pipe: Pipe) -> None:
    taken: list[int] = []
    sink = DescriptorWriter(pipe[1], taken.append)
    sink.write(memoryview(bytes(100_000)))
    sink.write_eof()
    sink.close()

    assert sum(taken) == 100_000
    os.close(pipe[0])
