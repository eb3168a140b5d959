"""Local files and directories that are uploaded."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator

from ssh_sftp.attributes import Attributes
from ssh_sftp.client.extents import Range
from ssh_sftp.client.storage import FileKind, SourceEntry
from ssh_sftp.errors import SFTPTransferError

__all__ = ["LocalFile", "SourceFolder", "local_attributes", "pread_all"]


class LocalFile:
    """A local regular file, open for reading.

    Attributes:
        path: its path.
        attributes: size, permissions and times when it was opened.
        version: what tells this version of the file from another.
    """

    def __init__(self, path: str, *, follow: bool = False) -> None:
        flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK  # a FIFO must not stop the loop
        self._descriptor = os.open(path, flags if follow else flags | os.O_NOFOLLOW)
        found = os.fstat(self._descriptor)
        if not stat.S_ISREG(found.st_mode):
            self.close()
            raise SFTPTransferError(path, "it is not a regular file")
        self.path = path
        self.attributes: Attributes = local_attributes(found)
        self.version: str = _version(found)

    def read(self, length: int, offset: int) -> bytes:
        """Return `length` bytes from an offset, fewer only at the end."""
        return pread_all(self._descriptor, length, offset)

    def ranges(self) -> Iterator[Range]:
        """Return the ranges that hold data, as far as the file system knows them."""
        reached = 0
        while True:
            try:
                start = os.lseek(self._descriptor, reached, os.SEEK_DATA)
                reached = os.lseek(self._descriptor, start, os.SEEK_HOLE)
            except OSError as error:
                if error.errno != errno.ENXIO:  # this file system does not know them
                    yield reached, None
                return
            yield start, reached

    def is_unchanged(self) -> bool:
        """Return whether the file has the size and the time that it had when it was opened."""
        return _version(os.fstat(self._descriptor)) == self.version

    def close(self) -> None:
        """Close it."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


class SourceFolder:
    """A local directory that is being uploaded; links in it are not followed.

    Attributes:
        path: its path.

    Args:
        path: its path.
        sizes: report the size and time of each file before it is opened.
    """

    def __init__(self, path: str, *, sizes: bool = False) -> None:
        self.path = path
        self._sizes = sizes

    def enter(self) -> Attributes:
        """Return its permissions and times."""
        return local_attributes(os.stat(self.path))

    def entries(self) -> Iterator[SourceEntry]:
        """Return its entries, by name."""
        with os.scandir(self.path) as found:
            for entry in sorted(found, key=lambda item: item.name):
                yield _entry(entry, sizes=self._sizes)

    def file(self, name: str) -> Callable[[], LocalFile]:
        """Return a function that opens a file in it."""
        return lambda: LocalFile(os.path.join(self.path, name))

    def directory(self, name: str) -> SourceFolder:
        """Return a directory in it."""
        return SourceFolder(os.path.join(self.path, name), sizes=self._sizes)

    def release(self) -> None:
        """Do nothing: no descriptor is kept between two steps."""


def _entry(entry: os.DirEntry[str], *, sizes: bool) -> SourceEntry:
    try:
        if entry.is_symlink():
            reason = "it is a symbolic link"
            return SourceEntry(entry.name, FileKind.OTHER, entry.path, reason, is_link=True)
        if entry.is_dir(follow_symlinks=False):
            return SourceEntry(entry.name, FileKind.DIRECTORY, entry.path)
        if entry.is_file(follow_symlinks=False):
            size = mtime = None
            if sizes:
                found = entry.stat(follow_symlinks=False)
                size, mtime = found.st_size, _seconds(found.st_mtime)
            return SourceEntry(entry.name, FileKind.FILE, entry.path, size=size, mtime=mtime)
    except OSError as error:
        reason = error.strerror or "it cannot be looked at"
        return SourceEntry(entry.name, FileKind.UNKNOWN, entry.path, reason)
    return SourceEntry(entry.name, FileKind.OTHER, entry.path, "it is not a regular file")


def local_attributes(found: os.stat_result) -> Attributes:
    """Return what ATTRS can say of a local file."""
    return Attributes(
        size=found.st_size,
        permissions=found.st_mode,
        atime=_seconds(found.st_atime),
        mtime=_seconds(found.st_mtime),
    )


def _seconds(when: float) -> int:
    """Return a time as a uint32, as ATTRS has it."""
    return min(max(int(when), 0), 0xFFFF_FFFF)


def _version(found: os.stat_result) -> str:
    return f"{found.st_size} {found.st_mtime_ns}"


def pread_all(descriptor: int, length: int, offset: int) -> bytes:
    """Return `length` bytes from an offset, fewer only at the end."""
    data = os.pread(descriptor, length, offset)
    while len(data) < length:
        more = os.pread(descriptor, length - len(data), offset + len(data))
        if not more:
            break
        data += more
    return data
