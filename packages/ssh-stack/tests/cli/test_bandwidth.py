"""Streams with a bound on their rate."""

from __future__ import annotations

import asyncio
from pathlib import Path

from ssh_sftp.aio import Rooted, SFTPClient, SFTPServer
from ssh_sftp.testing import memory_pipes
from ssh_stack.cli.bandwidth import LimitedPipe

RATE = 200_000  # bytes a second
SIZE = 100_000


async def test_transfer_takes_as_long_as_its_rate_wants_and_loses_nothing(tmp_path: Path) -> None:
    data = bytes(range(250)) * (SIZE // 250)
    near, far = memory_pipes()
    serving = asyncio.ensure_future(SFTPServer(far, Rooted(tmp_path)).serve())
    loop = asyncio.get_running_loop()
    async with SFTPClient.from_pipe(LimitedPipe(near, RATE)) as sftp:
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
        self.calls: list[str] = []

    def data_received(self, data: memoryview) -> None:
        self.calls.append(f"data {len(data)}")

    def eof_received(self) -> None:
        self.calls.append("eof")

    def pipe_closed(self, error: Exception | None) -> None:
        self.calls.append(f"closed {error}")

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


async def test_reading_rests_and_goes_on_unless_it_is_paused_from_above() -> None:
    below, above = Sink(), Receiver()
    pipe = LimitedPipe(below, 1_000_000)
    pipe.connect(above)
    pipe.data_received(memoryview(bytes(1000)))
    assert (above.calls, below.calls) == (["data 1000"], ["pause"])
    while below.calls[-1] != "resume":
        await asyncio.wait_for(asyncio.sleep(0), 10)
    pipe.data_received(memoryview(bytes(10)))
    pipe.data_received(memoryview(bytes(10)))
    pipe.pause_reading()
    pipe.close()
    pipe.eof_received()
    pipe.pipe_closed(None)
    assert above.calls[-2:] == ["eof", "closed None"]
    assert below.calls[-1] == "close"
