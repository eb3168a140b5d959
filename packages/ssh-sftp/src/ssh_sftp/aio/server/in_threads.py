"""A file system that blocks, with its calls in threads: a slow disk delays no other session."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any, ParamSpec, TypeVar, cast

from ssh_sftp.attributes import Attributes
from ssh_sftp.messages import NameEntry, StatVFSReply
from ssh_sftp.numbers import OpenFlags
from ssh_sftp.server.filesystem import DirectoryHandle, FileHandle, FileSystem

__all__ = ["InThreads"]

P = ParamSpec("P")
T = TypeVar("T")


class InThreads:
    """Call the methods of a file system in threads.

        serve(sftp=InThreads(Rooted("/mnt/slow")))

    Each call costs about a tenth of a millisecond: a disk that answers at once is served faster
    without.  A file is closed when the calls that use it have ended, cancelled ones included.

    Args:
        inner: the file system; its methods answer at once, and may be called in several threads.
        threads: how many calls run at a time, those of all sessions together.
    """

    def __init__(self, inner: FileSystem, *, threads: int = 8) -> None:
        self._inner: Any = inner  # its methods give values, not awaitables
        self._pool = ThreadPoolExecutor(threads, "sftp-files")

    @property
    def read_only(self) -> bool:
        """Whether requests that change anything are refused."""
        return bool(getattr(self._inner, "read_only", False))

    async def open(self, path: str, flags: OpenFlags, attributes: Attributes) -> FileHandle:
        """Open or create a file."""
        opened = await self._opened(self._inner.open, path, flags, attributes)
        return _File(opened, self._pool)

    async def opendir(self, path: str) -> DirectoryHandle:
        """Open a directory for listing."""
        return _Directory(await self._opened(self._inner.opendir, path), self._pool)

    async def _opened(self, method: Callable[..., Any], *args: object) -> object:
        """Open something; close it if the wait was cancelled."""
        job = self._pool.submit(method, *args)
        try:
            return await asyncio.wrap_future(job)
        except asyncio.CancelledError:
            job.add_done_callback(_close_unwanted)
            raise

    async def _call(self, method: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        return await asyncio.wrap_future(self._pool.submit(method, *args, **kwargs))

    async def stat(self, path: str) -> Attributes:
        """Return attributes, links followed."""
        return cast("Attributes", await self._call(self._inner.stat, path))

    async def lstat(self, path: str) -> Attributes:
        """Return attributes, of a link itself."""
        return cast("Attributes", await self._call(self._inner.lstat, path))

    async def setstat(self, path: str, attributes: Attributes) -> None:
        """Change attributes, links followed."""
        await self._call(self._inner.setstat, path, attributes)

    async def lsetstat(self, path: str, attributes: Attributes) -> None:
        """Change attributes, of a link itself."""
        await self._call(self._inner.lsetstat, path, attributes)

    async def mkdir(self, path: str, attributes: Attributes) -> None:
        """Make a directory."""
        await self._call(self._inner.mkdir, path, attributes)

    async def rmdir(self, path: str) -> None:
        """Remove an empty directory."""
        await self._call(self._inner.rmdir, path)

    async def remove(self, path: str) -> None:
        """Remove a file."""
        await self._call(self._inner.remove, path)

    async def rename(self, old: str, new: str) -> None:
        """Rename; fail where the new name exists."""
        await self._call(self._inner.rename, old, new)

    async def replace(self, old: str, new: str) -> None:
        """Rename, and replace a file that has the new name."""
        await self._call(self._inner.replace, old, new)

    async def readlink(self, path: str) -> str:
        """Return the target of a symbolic link."""
        return cast("str", await self._call(self._inner.readlink, path))

    async def symlink(self, target: str, link: str) -> None:
        """Make a symbolic link."""
        await self._call(self._inner.symlink, target, link)

    async def hardlink(self, old: str, new: str) -> None:
        """Give a file another name."""
        await self._call(self._inner.hardlink, old, new)

    async def realpath(self, path: str) -> str:
        """Return the canonical absolute form of a path."""
        return cast("str", await self._call(self._inner.realpath, path))

    async def home(self, user: str) -> str:
        """Return the home directory of a user."""
        return cast("str", await self._call(self._inner.home, user))

    async def statvfs(self, path: str) -> StatVFSReply:
        """Return the statistics of the file system that a path is on."""
        return cast("StatVFSReply", await self._call(self._inner.statvfs, path))

    async def owner_names(
        self, users: Sequence[int], groups: Sequence[int]
    ) -> tuple[Sequence[str], Sequence[str]]:
        """Return the names of users and groups."""
        found = await self._call(self._inner.owner_names, users, groups)
        return cast("tuple[Sequence[str], Sequence[str]]", found)


class _Opened:
    """Something open, which is closed when no call uses it."""

    def __init__(self, inner: object, pool: ThreadPoolExecutor) -> None:
        self._inner: Any = inner
        self._pool = pool
        self._running: set[Future[Any]] = set()

    async def _call(self, method: Callable[..., Any], *args: object) -> object:
        job = self._pool.submit(method, *args)
        self._running.add(job)
        job.add_done_callback(self._running.discard)
        return await asyncio.wrap_future(job)

    async def close(self) -> None:
        """Close it."""
        # the pool begins them before this, so that they never wait for this thread
        await asyncio.wrap_future(self._pool.submit(self._close, [*self._running]))

    def _close(self, running: list[Future[Any]]) -> None:
        wait(running)
        self._inner.close()


class _File(_Opened):
    """An open file."""

    @property
    def identity(self) -> object:
        """What two handles of one file have in common, if that is known."""
        return getattr(self._inner, "identity", None)

    async def read(self, length: int, offset: int) -> bytes:
        """Read from an offset."""
        return cast("bytes", await self._call(self._inner.read, length, offset))

    async def write(self, data: memoryview, offset: int) -> None:
        """Write at an offset."""
        await self._call(self._inner.write, data, offset)

    async def stat(self) -> Attributes:
        """Return its attributes."""
        return cast("Attributes", await self._call(self._inner.stat))

    async def setstat(self, attributes: Attributes) -> None:
        """Change the attributes that are given."""
        await self._call(self._inner.setstat, attributes)

    async def sync(self) -> None:
        """Write buffered data to stable storage."""
        await self._call(self._inner.sync)

    async def statvfs(self) -> StatVFSReply:
        """Return the statistics of the file system that it is on."""
        return cast("StatVFSReply", await self._call(self._inner.statvfs))


class _Directory(_Opened):
    """An open directory."""

    async def read(self, count: int) -> Sequence[NameEntry]:
        """Return up to `count` more names."""
        return cast("Sequence[NameEntry]", await self._call(self._inner.read, count))


def _close_unwanted(job: Future[Any]) -> None:
    if not job.cancelled() and job.exception() is None:
        job.result().close()
