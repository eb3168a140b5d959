from __future__ import annotations

import asyncio
import os
import threading
from pathlib import Path
from typing import Any

import pytest

from ssh_sftp import (
    Attributes,
    OpenFlags,
    SFTPConnectionLost,
    SFTPNoSuchFile,
    SFTPPermissionDenied,
)
from ssh_sftp.aio import InThreads, Rooted, SFTPClient, SFTPServer
from ssh_sftp.server.filesystem import check_filesystem
from ssh_sftp.testing import memory_pipes


def descriptors() -> int:
    return len([*Path("/proc/self/fd").iterdir()])


class Slow(Rooted):
    """A file system that waits before each call with a path of this name."""

    def __init__(self, root: Path, method: str) -> None:
        super().__init__(root)
        self.held = threading.Event()
        self.go = threading.Event()
        original: Any = getattr(self, method)

        def slow(*args: object) -> object:
            self.held.set()
            self.go.wait(60)
            return original(*args)

        setattr(self, method, slow)


async def held(slow: Slow) -> None:
    assert await asyncio.to_thread(slow.held.wait, 60)


async def test_every_operation_is_that_of_the_inner_file_system(
    root: Path, tmp_path: Path
) -> None:
    files = InThreads(Rooted(root))
    check_filesystem(files)
    content = os.urandom(900_000)
    (tmp_path / "here").write_bytes(content)
    before = descriptors()
    near, far = memory_pipes()
    serving = asyncio.ensure_future(SFTPServer(far, files).serve())
    async with SFTPClient.from_pipe(near) as sftp:
        await sftp.put(str(tmp_path / "here"), "there")
        await sftp.get("there", str(tmp_path / "back"))
        await sftp.copy("there", "copy")
        await sftp.mkdir("d")
        await sftp.rename("copy", "d/copy")
        await sftp.symlink("there", "link")
        assert await sftp.readlink("link") == "there"
        await sftp.hardlink("there", "hard")
        await sftp.chmod("hard", 0o600)
        assert (await sftp.lstat("link")).permissions != (await sftp.stat("link")).permissions
        assert await sftp.realpath("d/..") == "/"
        assert (await sftp.statvfs("/")).block_size
        assert await sftp.owner_names([0], [0]) == ({}, {})
        assert sorted(await sftp.listdir("/")) == ["d", "hard", "link", "there"]
        await sftp.remove("hard")
        await sftp.remove("d/copy")
        await sftp.rmdir("d")
        with pytest.raises(SFTPNoSuchFile):
            await sftp.stat("d")
    await serving
    assert (tmp_path / "back").read_bytes() == content
    assert descriptors() <= before


async def test_blocked_disk_delays_no_other_session(root: Path) -> None:
    (root / "f").write_bytes(b"content")
    slow = Slow(root, "stat")
    pipes = memory_pipes(), memory_pipes()
    serving = [
        asyncio.ensure_future(SFTPServer(pipes[0][1], InThreads(slow)).serve()),
        asyncio.ensure_future(SFTPServer(pipes[1][1], Rooted(root)).serve()),
    ]
    async with (
        SFTPClient.from_pipe(pipes[0][0]) as one,
        SFTPClient.from_pipe(pipes[1][0]) as other,
    ):
        waiting = asyncio.ensure_future(one.stat("f"))
        await held(slow)
        assert (await other.stat("f")).size == 7
        assert not waiting.done()
        slow.go.set()
        assert (await waiting).size == 7
    await asyncio.gather(*serving)


@pytest.mark.row("F05")
@pytest.mark.parametrize("method", ["open", "opendir"])
async def test_what_is_opened_after_the_client_has_gone_is_closed(root: Path, method: str) -> None:
    (root / "f").write_bytes(b"content")
    slow = Slow(root, method)
    files = InThreads(slow)
    before = descriptors()
    near, far = memory_pipes()
    serving = asyncio.ensure_future(SFTPServer(far, files).serve())
    async with SFTPClient.from_pipe(near) as sftp:
        call: Any = sftp.read_bytes("f") if method == "open" else sftp.listdir("/")
        waiting = asyncio.ensure_future(call)
        await held(slow)
        far.close()
        with pytest.raises(SFTPConnectionLost):
            await waiting
    await serving
    slow.go.set()
    await asyncio.to_thread(files._pool.shutdown)
    assert descriptors() <= before


async def test_file_is_closed_after_the_calls_that_use_it(root: Path) -> None:
    (root / "f").write_bytes(b"content")
    order: list[str] = []
    go, started = threading.Event(), threading.Event()

    class File:
        def read(self, length: int, offset: int) -> bytes:
            del length, offset
            started.set()
            go.wait(60)
            order.append("read")
            return b""

        def close(self) -> None:
            order.append("close")

        def __getattr__(self, name: str) -> Any:
            return Attributes

    inner: Any = Rooted(root)

    def open_file(*_: object) -> File:
        return File()

    inner.open = open_file
    opened: Any = await InThreads(inner).open("f", OpenFlags.READ, Attributes())
    reading = asyncio.ensure_future(opened.read(1, 0))
    assert await asyncio.to_thread(started.wait, 60)
    reading.cancel()
    closing = asyncio.ensure_future(opened.close())
    await asyncio.sleep(0)
    go.set()
    await closing
    assert order == ["read", "close"]


async def test_rarer_operations_are_those_of_the_inner_file_system(root: Path) -> None:
    (root / "f").write_bytes(b"content")
    (root / "g").write_bytes(b"other")
    files = InThreads(Rooted(root))
    times = Attributes(atime=1, mtime=2)
    await files.setstat("f", times)
    await files.lsetstat("g", times)
    assert {(root / name).stat().st_mtime for name in "fg"} == {2}
    assert await files.home("") == "/"
    await files.replace("g", "f")
    assert (root / "f").read_bytes() == b"other"

    opened: Any = await files.open("f", OpenFlags.READ | OpenFlags.WRITE, Attributes())
    other: Any = await files.open("f", OpenFlags.READ, Attributes())
    assert opened.identity == other.identity
    await opened.setstat(Attributes(size=2))
    await opened.sync()
    assert (await opened.stat()).size == 2
    assert (await opened.statvfs()).block_size == (await files.statvfs("f")).block_size
    await opened.close()
    await other.close()
    assert not files.read_only
    assert InThreads(Rooted(root, read_only=True)).read_only


async def test_file_system_of_a_read_only_root_in_threads_refuses_changes(root: Path) -> None:
    near, far = memory_pipes()
    files = InThreads(Rooted(root, read_only=True))
    serving = asyncio.ensure_future(SFTPServer(far, files).serve())
    async with SFTPClient.from_pipe(near) as sftp:
        with pytest.raises(SFTPPermissionDenied):
            await sftp.mkdir("d")
    await serving
    assert not (root / "d").exists()
