from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from ssh_sftp import SFTPConnectionLost
from ssh_sftp.aio import Rooted, SFTPClient, SFTPServer, StreamPipe


class Reader:
    """Gives what the test feeds."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[bytes | Exception] = asyncio.Queue()

    async def read(self, n: int = -1, /) -> bytes:
        del n
        data = await self.queue.get()
        if isinstance(data, Exception):
            raise data
        return data


class Writer:
    """Hands what is written to a reader."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self.gate = asyncio.Event()
        self.gate.set()

    def write(self, data: bytes, /) -> None:
        self.reader.queue.put_nowait(data)

    async def drain(self) -> None:
        await self.gate.wait()

    def write_eof(self) -> None:
        self.reader.queue.put_nowait(b"")

    def close(self) -> None:
        self.reader.queue.put_nowait(b"")


async def test_session_over_streams_works(root: Path, tmp_path: Path) -> None:
    up, down = Reader(), Reader()
    server = SFTPServer(StreamPipe(up, Writer(down)), Rooted(root))
    serving = asyncio.ensure_future(server.serve())
    content = bytes(range(256)) * 30_000
    (tmp_path / "f").write_bytes(content)
    async with SFTPClient.from_streams(down, Writer(up)) as sftp:
        await sftp.put(tmp_path / "f", "f")
        await sftp.get("f", tmp_path / "g")
    await serving

    assert (tmp_path / "g").read_bytes() == content


async def test_reader_that_fails_ends_the_session(root: Path) -> None:
    up, down = Reader(), Reader()
    serving = asyncio.ensure_future(SFTPServer(StreamPipe(up, Writer(down)), Rooted(root)).serve())
    async with SFTPClient.from_streams(down, Writer(up)) as sftp:
        down.queue.put_nowait(ConnectionResetError("reset"))
        with pytest.raises(SFTPConnectionLost, match="reset"):
            await asyncio.gather(*(sftp.stat("/") for _ in range(3)))
    await serving


class Receiver:
    """Notes what a pipe tells."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.ended = asyncio.Event()

    def data_received(self, data: memoryview) -> None:
        self.told.append(bytes(data).decode())

    def eof_received(self) -> None:
        self.told.append("eof")
        self.ended.set()

    def pipe_closed(self, error: Exception | None) -> None:
        self.told.append(f"closed {error}")

    def pause_writing(self) -> None:
        self.told.append("pause")

    def resume_writing(self) -> None:
        self.told.append("resume")


async def test_writing_pauses_while_nothing_drains() -> None:
    reader, other = Reader(), Reader()
    writer = Writer(other)
    writer.gate.clear()
    pipe, receiver = StreamPipe(reader, writer), Receiver()
    pipe.connect(receiver)
    pipe.write(bytes(600_000))
    pipe.write(bytes(600_000), b"x")
    assert receiver.told == ["pause"]
    writer.gate.set()
    reader.queue.put_nowait(b"hello")
    reader.queue.put_nowait(b"")
    await receiver.ended.wait()
    assert receiver.told[0] == "pause"
    assert {"resume", "hello"} <= set(receiver.told)
    pipe.write_eof()
    pipe.close()
    await pipe.wait_closed()
    pipe.write(b"too late")

    assert receiver.told[-1] == "closed None"


async def test_paused_reading_delivers_nothing() -> None:
    reader = Reader()
    pipe, receiver = StreamPipe(reader, Writer(Reader())), Receiver()
    pipe.connect(receiver)
    pipe.pause_reading()
    reader.queue.put_nowait(b"1")
    reader.queue.put_nowait(b"2")
    for _ in range(5):
        await asyncio.sleep(0)
    assert "2" not in receiver.told
    pipe.resume_reading()
    for _ in range(5):
        await asyncio.sleep(0)
    assert receiver.told[-1] == "2"
    pipe.close()
    await pipe.wait_closed()
