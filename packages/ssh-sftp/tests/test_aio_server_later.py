"""A file system that answers later, served."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from ssh_sftp import Attributes, OpenFlags, SFTPConnectionLost, SFTPOptions, SFTPProtocolError
from ssh_sftp import messages as m
from ssh_sftp.aio import Rooted, SFTPClient, SFTPServer
from ssh_sftp.server.ordering import MOST_WAITING
from ssh_sftp.testing import memory_pipes
from ssh_wire import Message


class Gate:
    """Holds calls back until the test opens it."""

    def __init__(self) -> None:
        self.opened = asyncio.Event()
        self.held = asyncio.Event()
        self.calls: list[str] = []

    async def pass_(self, name: str) -> None:
        self.calls.append(name)
        self.held.set()
        await self.opened.wait()


class LaterFile:
    def __init__(self, inner: Any, gate: Gate) -> None:
        self.inner = inner
        self.gate = gate
        self.closed = False

    async def read(self, length: int, offset: int) -> bytes:
        await self.gate.pass_(f"read {offset}")
        return bytes(self.inner.read(length, offset))

    async def write(self, data: memoryview, offset: int) -> None:
        await self.gate.pass_(f"write {offset}")
        self.inner.write(data, offset)

    async def stat(self) -> Attributes:
        found: Attributes = self.inner.stat()
        return found

    async def close(self) -> None:
        self.closed = True
        self.inner.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


def later(root: Path, gate: Gate) -> Any:
    """A file system whose files answer when the gate is open."""
    filesystem: Any = Rooted(root)
    inner = Rooted(root)
    filesystem.files = []

    async def open_file(path: str, flags: OpenFlags, attributes: Attributes) -> LaterFile:
        filesystem.files.append(LaterFile(inner.open(path, flags, attributes), gate))
        made: LaterFile = filesystem.files[-1]
        return made

    filesystem.open = open_file
    return filesystem


@asynccontextmanager
async def served(filesystem: Any) -> AsyncGenerator[SFTPClient, None]:
    near, far = memory_pipes()
    serving = asyncio.ensure_future(SFTPServer(far, filesystem).serve())
    async with SFTPClient.from_pipe(near, SFTPOptions(timeout=60)) as client:
        yield client
    await serving


async def test_files_that_answer_later_have_the_bytes(root: Path, tmp_path: Path) -> None:
    gate = Gate()
    gate.opened.set()
    content = bytes(range(256)) * 8000
    (tmp_path / "here").write_bytes(content)
    async with served(later(root, gate)) as sftp:
        await sftp.put(str(tmp_path / "here"), "there")
        await sftp.get("there", str(tmp_path / "back"))
        await sftp.copy("there", "copy")
    assert (tmp_path / "back").read_bytes() == content
    assert (root / "copy").read_bytes() == content


async def test_slow_file_system_delays_no_other_session(root: Path) -> None:
    (root / "f").write_bytes(b"content")
    gate = Gate()
    async with served(later(root, gate)) as slow, served(Rooted(root)) as other:
        reading = asyncio.ensure_future(slow.read_bytes("f"))
        await gate.held.wait()
        assert await other.read_bytes("f") == b"content"
        assert not reading.done()
        gate.opened.set()
        assert await reading == b"content"


async def test_client_that_goes_while_answers_are_awaited_leaves_no_open_file(root: Path) -> None:
    (root / "f").write_bytes(b"content")
    gate = Gate()
    filesystem = later(root, gate)
    near, far = memory_pipes()
    serving = asyncio.ensure_future(SFTPServer(far, filesystem).serve())
    async with SFTPClient.from_pipe(near) as sftp:
        reading = asyncio.ensure_future(sftp.read_bytes("f"))
        await gate.held.wait()
        far.close()
        with pytest.raises(SFTPConnectionLost):
            await reading
    await serving

    assert [file.closed for file in filesystem.files] == [True]


class Talk:
    """A session by its bytes."""

    def __init__(self, filesystem: Any, frame: Any) -> None:
        self.near, self.far = memory_pipes()
        self.server = SFTPServer(self.far, filesystem)
        self.serving = asyncio.ensure_future(self.server.serve())
        self.frame = frame
        self.received = bytearray()
        self.near.connect(self)
        self.near.write(frame(m.Init(version=3)))

    def data_received(self, data: memoryview) -> None:
        self.received += data

    def eof_received(self) -> None: ...

    def pipe_closed(self, error: Exception | None) -> None: ...

    def pause_writing(self) -> None: ...

    def resume_writing(self) -> None: ...

    def send(self, *requests: Message) -> None:
        self.near.write(b"".join(map(self.frame, requests)))

    def replies(self) -> list[tuple[int, int]]:
        """The type and the number of each reply."""
        found: list[tuple[int, int]] = []
        data = bytes(self.received)
        while data:
            size = 4 + int.from_bytes(data[:4], "big")
            found.append((data[4], int.from_bytes(data[5:9], "big")))
            data = data[size:]
        return found[1:]  # without VERSION


async def rounds() -> None:
    """Let everything run that can."""
    for _ in range(30):
        await asyncio.sleep(0)


async def test_replies_have_the_order_of_the_requests(root: Path, frame: Any) -> None:
    (root / "f").write_bytes(b"content")
    gate = Gate()
    talk = Talk(later(root, gate), frame)
    talk.send(m.Open(id=1, path="f", flags=3))
    await rounds()
    handle = b"f" + bytes(7)
    talk.send(
        m.Read(id=2, handle=handle, offset=0, length=1),
        m.Read(id=3, handle=handle, offset=1, length=1),
        m.Write(id=4, handle=handle, offset=5, data=b"x"),
        m.Stat(id=5, path="f"),
    )
    talk.near.write(b"\0\0\0\5\x09\0\0\0\6")  # a SETSTAT without a path
    await rounds()
    assert gate.calls == ["read 0", "read 1"]  # together; the rest waits for them
    assert talk.replies() == [(102, 1)]
    gate.opened.set()
    await rounds()
    talk.near.write_eof()
    await talk.serving

    assert talk.replies() == [(102, 1), (103, 2), (103, 3), (101, 4), (105, 5), (101, 6)]
    assert (root / "f").read_bytes() == b"context"


async def test_requests_that_wait_are_bounded(root: Path, frame: Any) -> None:
    (root / "f").write_bytes(b"content")
    gate = Gate()
    talk = Talk(later(root, gate), frame)
    talk.send(m.Open(id=0, path="f", flags=1))
    await rounds()
    count = 5 * MOST_WAITING
    handle = b"f" + bytes(7)
    for number in range(1, count + 1):
        talk.send(m.Read(id=number, handle=handle, offset=0, length=1))
    await rounds()
    assert len(gate.calls) == MOST_WAITING
    gate.opened.set()
    talk.near.write_eof()
    await talk.serving

    assert [number for _, number in talk.replies()] == [*range(count + 1)]


@pytest.mark.parametrize("error", [OSError("x"), RuntimeError("x"), asyncio.CancelledError()])
async def test_what_a_later_answer_raises_is_its_status(
    root: Path, frame: Any, error: BaseException
) -> None:
    async def mkdir(*_: object) -> None:
        raise error

    filesystem: Any = Rooted(root)
    filesystem.mkdir = mkdir
    talk = Talk(filesystem, frame)
    talk.send(m.MkDir(id=1, path="d"), m.MkDir(id=2, path="d"))
    await rounds()
    talk.near.write_eof()
    await talk.serving

    assert talk.replies() == [(101, 1), (101, 2)]


async def test_protocol_error_behind_a_later_answer_ends_the_session(
    root: Path, frame: Any
) -> None:
    (root / "f").write_bytes(b"content")
    gate = Gate()
    talk = Talk(later(root, gate), frame)
    talk.send(m.Open(id=0, path="f", flags=1))
    await rounds()
    talk.send(
        m.Read(id=1, handle=b"f" + bytes(7), offset=0, length=1),
        m.Stat(id=2, path="f"),
        m.FStat(id=3, handle=bytes(300)),
    )
    await rounds()
    gate.opened.set()
    with pytest.raises(SFTPProtocolError, match="300 bytes"):
        await talk.serving
