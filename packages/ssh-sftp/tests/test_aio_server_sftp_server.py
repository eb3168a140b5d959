from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from ssh_sftp import OpenFlags, SFTPProtocolError
from ssh_sftp import messages as m
from ssh_sftp.aio import Rooted, SFTPServer
from ssh_sftp.pipe import Buffer, PipeReceiver


class Manual:
    """A pipe that the test moves by hand."""

    def __init__(self) -> None:
        self.receiver: PipeReceiver | None = None
        self.written: list[bytes] = []
        self.reading = True
        self.closed = asyncio.Event()
        self.pause_after = 10**9

    def connect(self, receiver: PipeReceiver) -> None:
        self.receiver = receiver

    def write(self, *parts: Buffer) -> None:
        self.written.append(b"".join(parts))
        if sum(map(len, self.written)) > self.pause_after and self.receiver is not None:
            self.receiver.pause_writing()

    def write_eof(self) -> None: ...

    def close(self) -> None:
        self.closed.set()

    async def wait_closed(self) -> None:
        await self.closed.wait()

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True


async def begin(root: Path, frame: Any) -> tuple[Manual, PipeReceiver, asyncio.Task[None]]:
    pipe = Manual()
    serving = asyncio.ensure_future(SFTPServer(pipe, Rooted(root)).serve())
    await asyncio.sleep(0)
    assert pipe.receiver is not None
    pipe.receiver.data_received(memoryview(frame(m.Init(version=3))))
    pipe.written.clear()
    return pipe, pipe.receiver, serving


async def test_requests_that_arrive_together_are_answered_together(root: Path, frame: Any) -> None:
    pipe, receiver, serving = await begin(root, frame)
    requests = b"".join(frame(m.Stat(id=n, path="/")) for n in range(100))
    receiver.data_received(memoryview(requests))
    assert len(pipe.written) == 1
    receiver.eof_received()
    await serving


async def test_nothing_is_answered_while_the_pipe_is_full(root: Path, frame: Any) -> None:
    (root / "f").write_bytes(bytes(300_000))
    pipe, receiver, serving = await begin(root, frame)
    opening = frame(m.Open(id=1, path="f", flags=OpenFlags.READ.value))
    receiver.data_received(memoryview(opening))
    handle = m.Handle.decode(pipe.written.pop()[4:]).handle
    pipe.pause_after = 0
    reads = [frame(m.Read(id=n, handle=handle, offset=0, length=200_000)) for n in range(4)]
    receiver.data_received(memoryview(b"".join(reads)))
    assert len(pipe.written) == 1
    assert not pipe.reading
    receiver.resume_writing()
    assert len(pipe.written) == 2
    receiver.eof_received()
    pipe.pause_after = 10**9
    receiver.resume_writing()
    assert len(pipe.written) == 4
    await serving


@pytest.mark.row("F02")
async def test_protocol_error_of_the_client_ends_the_session(root: Path, frame: Any) -> None:
    pipe, receiver, serving = await begin(root, frame)
    receiver.data_received(memoryview(b"\xff\xff\xff\xff"))
    receiver.data_received(memoryview(b"ignored"))
    with pytest.raises(SFTPProtocolError):
        await serving

    assert pipe.closed.is_set()


async def test_protocol_error_in_held_data_ends_the_session(root: Path, frame: Any) -> None:
    _, receiver, serving = await begin(root, frame)
    receiver.pause_writing()
    receiver.data_received(memoryview(b"\xff\xff\xff\xff"))
    receiver.resume_writing()
    with pytest.raises(SFTPProtocolError):
        await serving


@pytest.mark.row("F05")
async def test_client_that_has_gone_leaves_no_open_handles(root: Path, frame: Any) -> None:
    (root / "f").touch()
    _, receiver, serving = await begin(root, frame)
    opening = frame(m.Open(id=1, path="f", flags=OpenFlags.READ.value))
    receiver.data_received(memoryview(opening))
    receiver.pipe_closed(OSError("gone"))
    await serving
