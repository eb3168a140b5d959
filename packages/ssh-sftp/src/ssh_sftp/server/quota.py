"""A file system around another one, of which no more than a quota is used."""

from __future__ import annotations

import errno
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Final, cast

from ssh_sftp.attributes import Attributes
from ssh_sftp.messages import NameEntry, StatVFSReply
from ssh_sftp.names import join
from ssh_sftp.numbers import OpenFlags
from ssh_sftp.server.answers import Turn, value_of
from ssh_sftp.server.filesystem import DirectoryHandle, FileHandle, FileSystem, MaybeLater
from ssh_sftp.server.wrappers import Wrapper

__all__ = ["Quota"]

_BLOCK: Final = 4096
_LISTED: Final = 1000
_UNBOUNDED: Final = 2**53
_CHANGING: Final = OpenFlags.WRITE | OpenFlags.APPEND | OpenFlags.CREATE | OpenFlags.TRUNCATE


class Quota(Wrapper):
    """A file system of which so much may be used; more is refused as by a disk quota (EDQUOT).

    What is there already is counted when the first request changes something.  Sessions that
    share a quota are served one object of this class.  A new name for a file (a hard link) is
    refused, because its bytes would belong to two names.  What other programs change meanwhile is
    not seen: `measure` counts again.

    Args:
        inner: the other file system.
        max_bytes: the most bytes of all files together; None for no bound.
        max_entries: the most files, directories and links; None for no bound.
    """

    def __init__(
        self, inner: FileSystem, *, max_bytes: int | None = None, max_entries: int | None = None
    ) -> None:
        super().__init__(inner)
        self._usage = _Usage(max_bytes, max_entries)
        self._measured = False
        self._measuring = False

    @property
    def used_bytes(self) -> int:
        """The bytes that are used, and those that writes under way may add."""
        return self._usage.size

    @property
    def used_entries(self) -> int:
        """How many files, directories and links there are."""
        return self._usage.entries

    async def measure(self) -> None:
        """Count what is there; nothing should be changed meanwhile.

        Raises:
            OSError: a directory cannot be listed.
        """
        size = entries = 0
        waiting = ["/"]
        self._measuring = True
        try:
            while waiting:
                folder = waiting.pop()
                for entry in await self._listed(folder):
                    entries += 1
                    size += _size(entry.attributes)
                    if entry.attributes.is_dir:
                        waiting.append(join(folder, entry.filename))
        finally:
            self._measuring = False
        self._usage.size, self._usage.entries = size, entries
        self._measured = True

    # ------------------------------------------------------------------ files

    async def open(self, path: str, flags: OpenFlags, attributes: Attributes) -> FileHandle:
        """Open or create a file."""
        if not flags & _CHANGING:
            return cast("FileHandle", await value_of(self.inner.open(path, flags, attributes)))
        await self._ready()
        before = await self._found(path, follow=True)
        with self._usage.reserved(entries=int(before is None and bool(flags & OpenFlags.CREATE))):
            opened = await value_of(self.inner.open(path, flags, attributes))
        if before is not None and flags & OpenFlags.TRUNCATE:
            self._usage.size -= _size(before)
        return _CountedFile(self._usage, cast("FileHandle", opened), flags)

    async def setstat(self, path: str, attributes: Attributes) -> None:
        """Change attributes, links followed."""
        await self._ready()
        size = 0
        if attributes.size is not None:
            size = attributes.size - _size(await self._found(path, follow=True))
        with self._usage.reserved(size):
            await value_of(self.inner.setstat(path, attributes))

    # ------------------------------------------------------------------ names

    async def mkdir(self, path: str, attributes: Attributes) -> None:
        """Make a directory."""
        await self._ready()
        with self._usage.reserved(entries=1):
            await value_of(self.inner.mkdir(path, attributes))

    async def symlink(self, target: str, link: str) -> None:
        """Make a symbolic link."""
        await self._ready()
        with self._usage.reserved(entries=1):
            await value_of(self.inner.symlink(target, link))

    async def hardlink(self, old: str, new: str) -> None:
        """Refuse."""
        del old, new
        raise PermissionError(errno.EPERM, "Operation not permitted")

    async def rmdir(self, path: str) -> None:
        """Remove an empty directory."""
        await self._ready()
        with self._usage.reserved(entries=-1):
            await value_of(self.inner.rmdir(path))

    async def remove(self, path: str) -> None:
        """Remove a file."""
        await self._ready()
        with self._usage.reserved(-_size(await self._found(path)), entries=-1):
            await value_of(self.inner.remove(path))

    async def replace(self, old: str, new: str) -> None:
        """Rename, and replace a file that has the new name."""
        await self._ready()
        target = await self._found(new)
        await value_of(self.inner.replace(old, new))
        # where both are names of one file, or one name, both stay
        if target is not None and await self._found(old) is None:
            self._usage.entries -= 1
            self._usage.size -= _size(target)

    async def statvfs(self, path: str) -> StatVFSReply:
        """Return the statistics of the quota."""
        await self._ready()
        return self._usage.facts(await value_of(self.inner.statvfs(path)))

    # ------------------------------------------------------------------ counting

    async def _ready(self) -> None:
        while self._measuring:  # another session counts what is there
            await Turn()
        if not self._measured:
            await self.measure()

    async def _found(self, path: str, *, follow: bool = False) -> Attributes | None:
        look = self.inner.stat if follow else self.inner.lstat
        try:
            return cast("Attributes", await value_of(look(path)))
        except OSError:  # the request itself tells what is wrong
            return None

    async def _listed(self, path: str) -> list[NameEntry]:
        found: list[NameEntry] = []
        opened = cast("DirectoryHandle", await value_of(self.inner.opendir(path)))
        try:
            while entries := await value_of(opened.read(_LISTED)):
                found += cast("Sequence[NameEntry]", entries)
        finally:
            await value_of(opened.close())
        return [each for each in found if each.filename not in {".", ".."}]


class _Usage:
    """How much is used, and how much may be."""

    def __init__(self, max_bytes: int | None, max_entries: int | None) -> None:
        self._max_bytes = _UNBOUNDED if max_bytes is None else max_bytes
        self._max_entries = _UNBOUNDED if max_entries is None else max_entries
        self.size = 0
        self.entries = 0

    @contextmanager
    def reserved(self, size: int = 0, *, entries: int = 0) -> Generator[None]:
        """Count what a change takes before it is made, and what it gives back behind it.

        Raises:
            OSError: it does not fit.
        """
        more, less = (max(size, 0), max(entries, 0)), (min(size, 0), min(entries, 0))
        full = more[0] > self._max_bytes - self.size
        if (more[0] and full) or more[1] > self._max_entries - self.entries:
            raise OSError(errno.EDQUOT, "Disk quota exceeded")
        self._count(*more)
        try:
            yield
        except BaseException:
            self._count(-more[0], -more[1])
            raise
        self._count(*less)

    def facts(self, found: object) -> StatVFSReply:
        """Return statistics with what the quota leaves of them."""
        facts = cast("StatVFSReply", found)
        unit = facts.fragment_size or _BLOCK
        free = max(0, self._max_bytes - self.size) // unit
        entries = max(0, self._max_entries - self.entries)
        return facts.replace(
            blocks=min(facts.blocks, self._max_bytes // unit),
            free_blocks=min(facts.free_blocks, free),
            available_blocks=min(facts.available_blocks, free),
            files=min(facts.files, self._max_entries),
            free_files=min(facts.free_files, entries),
            available_files=min(facts.available_files, entries),
        )

    def _count(self, size: int, entries: int) -> None:
        self.size += size
        self.entries += entries


class _CountedFile:
    """An open file whose growth is counted."""

    def __init__(self, usage: _Usage, inner: FileHandle, flags: OpenFlags) -> None:
        self._usage = usage
        self._inner = inner
        self._appends = bool(flags & OpenFlags.APPEND)
        self.read = inner.read
        self.sync = inner.sync
        self.close = inner.close

    @property
    def identity(self) -> object:
        """What two handles of one file have in common, where the file system tells."""
        return getattr(self._inner, "identity", None)

    def stat(self) -> MaybeLater[Attributes]:
        """Return its attributes."""
        return self._inner.stat()

    async def write(self, data: memoryview, offset: int) -> None:
        """Write at an offset."""
        size = _size(await self._attributes())
        end = (size if self._appends else offset) + len(data)
        with self._usage.reserved(max(0, end - size) if data else 0):
            await value_of(self._inner.write(data, offset))

    async def setstat(self, attributes: Attributes) -> None:
        """Change the attributes that are given."""
        more = 0
        if attributes.size is not None:
            more = attributes.size - _size(await self._attributes())
        with self._usage.reserved(more):
            await value_of(self._inner.setstat(attributes))

    async def statvfs(self) -> StatVFSReply:
        """Return the statistics of the quota."""
        return self._usage.facts(await value_of(self._inner.statvfs()))

    async def _attributes(self) -> Attributes:
        return cast("Attributes", await value_of(self._inner.stat()))


def _size(found: Attributes | None) -> int:
    return (found.size or 0) if found is not None and found.is_file else 0
