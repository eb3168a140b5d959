"""What a file system of one's own is made of: a base class, a file and a directory.

A subclass of `VirtualFileSystem` has the methods for what it serves; the others refuse.
"""

from __future__ import annotations

import errno
import posixpath
import stat
from collections.abc import Iterable, Sequence

from ssh_sftp.attributes import Attributes
from ssh_sftp.messages import NameEntry, StatVFSReply
from ssh_sftp.numbers import OpenFlags
from ssh_sftp.server.filesystem import DirectoryHandle, FileHandle, MaybeLater

__all__ = ["BytesFile", "EntriesDirectory", "VirtualFileSystem", "canonical", "file_attributes"]


class VirtualFileSystem:
    """A file system that has nothing and refuses everything; subclass it.

    A method sees what the client sent: `canonical` makes an absolute path without ".." of it.

    Attributes:
        read_only: whether requests that change anything are refused before a method is called.
    """

    read_only: bool = False

    def open(self, path: str, flags: OpenFlags, attributes: Attributes) -> MaybeLater[FileHandle]:
        """Open or create a file."""
        raise NotImplementedError

    def opendir(self, path: str) -> MaybeLater[DirectoryHandle]:
        """Open a directory for listing."""
        raise NotImplementedError

    def stat(self, path: str) -> MaybeLater[Attributes]:
        """Return attributes, links followed."""
        raise NotImplementedError

    def lstat(self, path: str) -> MaybeLater[Attributes]:
        """Return attributes; as `stat`, where there are no links."""
        return self.stat(path)

    def setstat(self, path: str, attributes: Attributes) -> MaybeLater[None]:
        """Change attributes."""
        raise NotImplementedError

    def lsetstat(self, path: str, attributes: Attributes) -> MaybeLater[None]:
        """Change attributes of a link itself; as `setstat`, where there are no links."""
        return self.setstat(path, attributes)

    def mkdir(self, path: str, attributes: Attributes) -> MaybeLater[None]:
        """Make a directory."""
        raise NotImplementedError

    def rmdir(self, path: str) -> MaybeLater[None]:
        """Remove an empty directory."""
        raise NotImplementedError

    def remove(self, path: str) -> MaybeLater[None]:
        """Remove a file."""
        raise NotImplementedError

    def rename(self, old: str, new: str) -> MaybeLater[None]:
        """Rename; fail where the new name exists."""
        raise NotImplementedError

    def replace(self, old: str, new: str) -> MaybeLater[None]:
        """Rename, and replace a file that has the new name."""
        raise NotImplementedError

    def readlink(self, path: str) -> MaybeLater[str]:
        """Return the target of a symbolic link."""
        raise NotImplementedError

    def symlink(self, target: str, link: str) -> MaybeLater[None]:
        """Make a symbolic link."""
        raise NotImplementedError

    def hardlink(self, old: str, new: str) -> MaybeLater[None]:
        """Give a file another name."""
        raise NotImplementedError

    def realpath(self, path: str) -> MaybeLater[str]:
        """Return an absolute path without "." and "..", relative ones from "/"."""
        return canonical(path)

    def home(self, user: str) -> MaybeLater[str]:
        """Return "/", the home directory of the own user; others have none."""
        if user:
            raise FileNotFoundError(errno.ENOENT, "No such file or directory")
        return "/"

    def statvfs(self, path: str) -> MaybeLater[StatVFSReply]:
        """Return the statistics of the file system that a path is on."""
        raise NotImplementedError

    def owner_names(
        self, users: Sequence[int], groups: Sequence[int]
    ) -> MaybeLater[tuple[Sequence[str], Sequence[str]]]:
        """Return no names."""
        return [""] * len(users), [""] * len(groups)


class BytesFile:
    """An open file of given bytes, which can only be read."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def read(self, length: int, offset: int) -> bytes:
        """Return up to `length` bytes from an offset."""
        return self._content[offset : offset + length]

    def write(self, data: memoryview, offset: int) -> None:
        """Refuse."""
        del data, offset
        raise PermissionError(errno.EACCES, "Permission denied")

    def stat(self) -> Attributes:
        """Return the size, and the mode of a file that may be read."""
        return file_attributes(len(self._content))

    def setstat(self, attributes: Attributes) -> None:
        """Refuse."""
        del attributes
        raise PermissionError(errno.EACCES, "Permission denied")

    def sync(self) -> None:
        """Do nothing."""

    def statvfs(self) -> StatVFSReply:
        """Refuse."""
        raise NotImplementedError

    def close(self) -> None:
        """Do nothing."""


class EntriesDirectory:
    """An open directory with given entries.

    Args:
        entries: the name and the attributes of each.
    """

    def __init__(self, entries: Iterable[tuple[str, Attributes]]) -> None:
        self._entries = iter([*entries])

    def read(self, count: int) -> list[NameEntry]:
        """Return up to `count` more names."""
        found: list[NameEntry] = []
        for name, attributes in self._entries:
            line = f"{stat.filemode(attributes.permissions or 0)} {attributes.size or 0:>8} {name}"
            found.append(NameEntry(filename=name, longname=line, attributes=attributes))
            if len(found) == count:
                break
        return found

    def close(self) -> None:
        """Do nothing."""


def file_attributes(size: int | None = None) -> Attributes:
    """Return the attributes of a file of this size that may be read; of a directory if None."""
    mode = stat.S_IFDIR | 0o755 if size is None else stat.S_IFREG | 0o444
    return Attributes(size=size, permissions=mode)


def canonical(path: str) -> str:
    """Return an absolute path without "." and ".."."""
    return posixpath.normpath("/" + path.lstrip("/"))
