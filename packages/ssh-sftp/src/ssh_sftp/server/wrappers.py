"""File systems around another one that allow less: read-only, write-only, a drop box, a quota.

They are combined by putting one around the other.
"""

from __future__ import annotations

import errno
import stat
from collections.abc import Sequence
from typing import NoReturn, cast

from ssh_sftp.attributes import Attributes
from ssh_sftp.messages import StatVFSReply
from ssh_sftp.numbers import OpenFlags
from ssh_sftp.server.answers import value_of
from ssh_sftp.server.filesystem import DirectoryHandle, FileHandle, FileSystem, MaybeLater

__all__ = ["DropBox", "ReadOnly", "Wrapper", "WriteOnly"]


class Wrapper:
    """Everything that another file system does; subclasses change some of it.

    Args:
        inner: the other file system.
    """

    def __init__(self, inner: FileSystem) -> None:
        self.inner = inner

    @property
    def read_only(self) -> bool:
        """Whether requests that change anything are refused."""
        return bool(getattr(self.inner, "read_only", False))

    def open(self, path: str, flags: OpenFlags, attributes: Attributes) -> MaybeLater[FileHandle]:
        """Open or create a file."""
        return self.inner.open(path, flags, attributes)

    def opendir(self, path: str) -> MaybeLater[DirectoryHandle]:
        """Open a directory for listing."""
        return self.inner.opendir(path)

    def stat(self, path: str) -> MaybeLater[Attributes]:
        """Return attributes, links followed."""
        return self.inner.stat(path)

    def lstat(self, path: str) -> MaybeLater[Attributes]:
        """Return attributes, of a link itself."""
        return self.inner.lstat(path)

    def setstat(self, path: str, attributes: Attributes) -> MaybeLater[None]:
        """Change attributes, links followed."""
        return self.inner.setstat(path, attributes)

    def lsetstat(self, path: str, attributes: Attributes) -> MaybeLater[None]:
        """Change attributes, of a link itself."""
        return self.inner.lsetstat(path, attributes)

    def mkdir(self, path: str, attributes: Attributes) -> MaybeLater[None]:
        """Make a directory."""
        return self.inner.mkdir(path, attributes)

    def rmdir(self, path: str) -> MaybeLater[None]:
        """Remove an empty directory."""
        return self.inner.rmdir(path)

    def remove(self, path: str) -> MaybeLater[None]:
        """Remove a file."""
        return self.inner.remove(path)

    def rename(self, old: str, new: str) -> MaybeLater[None]:
        """Rename; fail where the new name exists."""
        return self.inner.rename(old, new)

    def replace(self, old: str, new: str) -> MaybeLater[None]:
        """Rename, and replace a file that has the new name."""
        return self.inner.replace(old, new)

    def readlink(self, path: str) -> MaybeLater[str]:
        """Return the target of a symbolic link."""
        return self.inner.readlink(path)

    def symlink(self, target: str, link: str) -> MaybeLater[None]:
        """Make a symbolic link."""
        return self.inner.symlink(target, link)

    def hardlink(self, old: str, new: str) -> MaybeLater[None]:
        """Give a file another name."""
        return self.inner.hardlink(old, new)

    def realpath(self, path: str) -> MaybeLater[str]:
        """Return the canonical absolute form of a path."""
        return self.inner.realpath(path)

    def home(self, user: str) -> MaybeLater[str]:
        """Return the home directory of a user."""
        return self.inner.home(user)

    def statvfs(self, path: str) -> MaybeLater[StatVFSReply]:
        """Return the statistics of the file system that a path is on."""
        return self.inner.statvfs(path)

    def owner_names(
        self, users: Sequence[int], groups: Sequence[int]
    ) -> MaybeLater[tuple[Sequence[str], Sequence[str]]]:
        """Return the names of users and groups."""
        return self.inner.owner_names(users, groups)


class ReadOnly(Wrapper):
    """A file system of which nothing can be changed."""

    @property
    def read_only(self) -> bool:
        """Return that requests that change anything are refused."""
        return True


class WriteOnly(Wrapper):
    """A file system whose contents cannot be read.

    Files cannot be opened for reading, directories not be listed, links not be read.  Attributes
    are told.
    """

    def open(self, path: str, flags: OpenFlags, attributes: Attributes) -> MaybeLater[FileHandle]:
        """Open a file for writing alone."""
        if flags & OpenFlags.READ or not flags & (OpenFlags.WRITE | OpenFlags.APPEND):
            _refuse()
        return self.inner.open(path, flags, attributes)

    def opendir(self, path: str) -> MaybeLater[DirectoryHandle]:
        """Refuse."""
        _refuse(path)

    def readlink(self, path: str) -> MaybeLater[str]:
        """Refuse."""
        _refuse(path)

    def hardlink(self, old: str, new: str) -> MaybeLater[None]:
        """Refuse."""
        _refuse(old, new)


class DropBox(WriteOnly):
    """A file system into which new files are put, and nothing else.

    A file that exists cannot be opened, changed, replaced, renamed or removed, nor can what the
    directories have be listed or asked for: only directories have attributes.  The attributes of
    a file can be set while it is open.
    """

    def open(self, path: str, flags: OpenFlags, attributes: Attributes) -> MaybeLater[FileHandle]:
        """Create a file."""
        if flags & OpenFlags.READ or not flags & OpenFlags.CREATE:
            _refuse()
        kept = OpenFlags.WRITE | OpenFlags.CREATE | OpenFlags.EXCLUSIVE
        return self.inner.open(path, kept | flags & OpenFlags.APPEND, attributes)

    async def stat(self, path: str) -> Attributes:
        """Return the attributes of a directory."""
        return _directory(await value_of(self.inner.stat(path)))

    async def lstat(self, path: str) -> Attributes:
        """Return the attributes of a directory."""
        return _directory(await value_of(self.inner.lstat(path)))

    def setstat(self, path: str, attributes: Attributes) -> MaybeLater[None]:
        """Refuse."""
        _refuse(path, attributes)

    def lsetstat(self, path: str, attributes: Attributes) -> MaybeLater[None]:
        """Refuse."""
        _refuse(path, attributes)

    def mkdir(self, path: str, attributes: Attributes) -> MaybeLater[None]:
        """Refuse."""
        _refuse(path, attributes)

    def rmdir(self, path: str) -> MaybeLater[None]:
        """Refuse."""
        _refuse(path)

    def remove(self, path: str) -> MaybeLater[None]:
        """Refuse."""
        _refuse(path)

    def rename(self, old: str, new: str) -> MaybeLater[None]:
        """Refuse."""
        _refuse(old, new)

    def replace(self, old: str, new: str) -> MaybeLater[None]:
        """Refuse."""
        _refuse(old, new)

    def symlink(self, target: str, link: str) -> MaybeLater[None]:
        """Refuse."""
        _refuse(target, link)


def _refuse(*_: object) -> NoReturn:
    raise PermissionError(errno.EACCES, "Permission denied")


def _directory(found: object) -> Attributes:
    attributes = cast("Attributes", found)
    if not stat.S_ISDIR(attributes.permissions or 0):
        raise FileNotFoundError(errno.ENOENT, "No such file or directory")
    return attributes
