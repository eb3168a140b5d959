"""Streams with a bound on their rate."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from ssh_sftp import SFTPOptions
from ssh_sftp.aio import Rooted, SFTPClient, SFTPServer
from ssh_sftp.aio.limited_pipe import LimitedPipe
from ssh_sftp.testing import memory_pipes

RATE = 200_000  # bytes a second
SIZE = 100_000


async def test_transfer_takes_as_long_as_its_rate_wants_and_loses_nothing(tmp_path: Path) -> None:
    data = bytes(range(250)) * (SIZE // 250)
    near, far = memory_pipes()
    serving = asyncio.ensure_future(SFTPServer(far, Rooted(tmp_path)).serve())
    loop = asyncio.get_running_loop()
    async with SFTPClient.from_pipe(near, SFTPOptions(limit=RATE)) as sftp:
        begun = loop.time()
        await sftp.write_bytes("file", data)
        sent = loop.time()
        assert await sftp.read_bytes("file") == data
        read = loop.time()
    await serving
    assert (tmp_path / "file").read_bytes() == data
    least = 0.6 * SIZE / RATE  # the last piece is not waited for
    assert sent - begun > least
    assert read - sent > least


class Sink:
    """The stream below, and what went into it."""

    def __init__(self) -> None:
        self.sent = bytearray()
        self.calls: list[str] = []

    def connect(self, receiver: object) -> None:
        self.receiver = receiver

    def write(self, *parts: bytes | bytearray | memoryview) -> None:
        self.sent += b"".join(parts)

    def write_eof(self) -> None:
        self.calls.append("eof")

    def close(self) -> None:
        self.calls.append("close")

    async def wait_closed(self) -> None:
        pass

    def pause_reading(self) -> None:
        self.calls.append("pause")

    def resume_reading(self) -> None:
        self.calls.append("resume")


class Receiver:
    """The session above."""

    def __init__(self) -> None:
        self.done = asyncio.Event()
        self.closed = asyncio.Event()
        self.calls: list[str] = []

    def data_received(self, data: memoryview) -> None:
        self.calls.append(f"data {len(data)}")

    def eof_received(self) -> None:
        self.calls.append("eof")

    def pipe_closed(self, error: Exception | None) -> None:
        self.calls.append(f"closed {error}")
        self.closed.set()

    def pause_writing(self) -> None:
        self.calls.append("full")

    def resume_writing(self) -> None:
        self.calls.append("room")
        self.done.set()


async def test_writer_is_paused_while_much_waits_and_eof_comes_last() -> None:
    below, above = Sink(), Receiver()
    pipe = LimitedPipe(below, 40_000_000)
    pipe.connect(above)
    pipe.write(bytes(1_000_000))
    pipe.write(b"end")
    pipe.write_eof()
    assert above.calls == ["full"]
    assert below.calls == []
    await asyncio.wait_for(above.done.wait(), 10)
    while below.calls != ["eof"]:
        await asyncio.wait_for(asyncio.sleep(0), 10)
    assert bytes(below.sent) == bytes(1_000_000) + b"end"


async def test_data_waits_for_its_turn_and_the_end_comes_last() -> None:
    below, above = Sink(), Receiver()
    pipe = LimitedPipe(below, 100_000)
    pipe.connect(above)
    pipe.data_received(memoryview(bytes(15_000)))
    pipe.data_received(memoryview(bytes(5_000)))
    pipe.eof_received()
    pipe.pipe_closed(None)
    assert above.calls == ["data 10000"]  # a tenth of a second
    assert below.calls[0] == "pause"
    await asyncio.wait_for(above.closed.wait(), 10)
    assert above.calls == ["data 10000", "data 5000", "data 5000", "eof", "closed None"]


async def test_reader_that_pauses_gets_nothing_until_it_goes_on() -> None:
    below, above = Sink(), Receiver()
    pipe = LimitedPipe(below, 1_000_000)
    pipe.connect(above)
    pipe.pause_reading()
    pipe.data_received(memoryview(bytes(10)))
    assert above.calls == []
    pipe.resume_reading()
    assert above.calls == ["data 10"]
    assert below.calls[-1] == "resume"


async def test_close_drops_what_waits_and_passes_the_end_on() -> None:
    below, above = Sink(), Receiver()
    pipe = LimitedPipe(below, 1000)
    pipe.connect(above)
    pipe.data_received(memoryview(bytes(5_000)))
    pipe.write(bytes(5_000))
    pipe.close()
    pipe.pipe_closed(None)
    assert above.calls == ["data 512", "closed None"]
    assert below.calls[-1] == "close"


async def test_channel_that_delivers_at_once_is_limited_all_the_same() -> None:
    """The stream below has received all that it may before it is paused."""
    below, above = Sink(), Receiver()
    pipe = LimitedPipe(below, 200_000)
    pipe.connect(above)
    loop = asyncio.get_running_loop()
    begun = loop.time()
    for _ in range(4):
        pipe.data_received(memoryview(bytes(25_000)))
    pipe.pipe_closed(None)
    await asyncio.wait_for(above.closed.wait(), 10)
    assert loop.time() - begun > 0.35  # 100 kB at 200 kB/s, less the last piece


async def test_session_that_answers_behind_the_end_of_the_stream_sends_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What has arrived before the end is delivered after it, and asks for more."""

    def closed(*_: object) -> None:
        problem = "the channel is closed, not open"
        raise ConnectionError(problem)

    below, above = Sink(), Receiver()
    pipe = LimitedPipe(below, 100_000)
    pipe.connect(above)
    pipe.write(bytes(20_000))
    pipe.data_received(memoryview(bytes(15_000)))
    for name in ("write", "write_eof", "resume_reading"):
        monkeypatch.setattr(below, name, closed)
    pipe.pipe_closed(None)
    pipe.write(b"more")
    pipe.write_eof()
    pipe.pause_reading()
    pipe.resume_reading()
    await asyncio.wait_for(above.closed.wait(), 10)

    assert above.calls == ["data 10000", "data 5000", "closed None"]
    assert len(below.sent) == 10_000
