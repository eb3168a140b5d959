"""A file system in memory, for tests and for files that no disk is to see."""

from __future__ import annotations

import errno
import time
from collections.abc import Callable
from typing import Final

from ssh_sftp.aio.server.memory_nodes import Directory, File, Link, Node, Place, Store, fail, find
from ssh_sftp.attributes import Attributes
from ssh_sftp.messages import StatVFSReply
from ssh_sftp.numbers import OpenFlags
from ssh_sftp.server.virtual import EntriesDirectory, VirtualFileSystem

__all__ = ["InMemory"]

_BLOCK: Final = 4096
_ANY_MODE: Final = 0o7777
_CREATED: Final = 0o777


class InMemory(VirtualFileSystem):
    """Files, directories and links in memory.

    Sessions that are served the same object see the same files.  Permissions and owners are kept,
    and no client is refused by them.  What does not fit is refused as by a full disk (ENOSPC).

    Args:
        max_bytes: the most bytes of all files together; a hole in a file counts as what it hides.
        max_entries: the most files, directories and links.
        clock: gives the time in seconds since 1970.
    """

    def __init__(
        self,
        max_bytes: int = 256 * 1024 * 1024,
        max_entries: int = 100_000,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store = Store(max_bytes, max_entries, clock)
        self._root = Directory(0o755, self._store.now())

    @property
    def used_bytes(self) -> int:
        """The bytes of all files, those included that are open and have no name any more."""
        return self._store.size

    @property
    def used_entries(self) -> int:
        """How many files, directories and links there are."""
        return self._store.entries

    # ------------------------------------------------------------------ open

    def open(self, path: str, flags: OpenFlags, attributes: Attributes) -> _OpenFile:
        """Open or create a file."""
        exclusive = bool(flags & OpenFlags.EXCLUSIVE and flags & OpenFlags.CREATE)
        place = self._find(path, follow=not flags & OpenFlags.EXCLUSIVE)
        node = place.node
        if exclusive:
            place.require_free()
        if node is None:
            if not flags & OpenFlags.CREATE:
                fail(errno.ENOENT)
            node = File(_mode(attributes, 0o666), self._store.now())
            self._add(place, node)
        if not isinstance(node, File):
            fail(errno.EISDIR if isinstance(node, Directory) else errno.ELOOP)
        opened = _OpenFile(self._store, node, flags)
        if flags & OpenFlags.TRUNCATE:
            self._store.resize(node, 0)
        return opened

    def opendir(self, path: str) -> EntriesDirectory:
        """Open a directory for listing."""
        node = self._directory(path)
        return EntriesDirectory((name, each.attributes) for name, each in node.entries.items())

    # ------------------------------------------------------------------ attributes

    def stat(self, path: str) -> Attributes:
        """Return attributes, links followed."""
        return self._find(path, follow=True).existing().attributes

    def lstat(self, path: str) -> Attributes:
        """Return attributes, of a link itself."""
        return self._find(path, follow=False).existing().attributes

    def setstat(self, path: str, attributes: Attributes) -> None:
        """Change attributes, links followed."""
        self._store.change(self._find(path, follow=True).existing(), attributes)

    def lsetstat(self, path: str, attributes: Attributes) -> None:
        """Change attributes, of a link itself."""
        if attributes.size is not None:
            fail(errno.EINVAL)
        node = self._find(path, follow=False).existing()
        if attributes.permissions is not None and isinstance(node, Link):
            fail(errno.EOPNOTSUPP)
        self._store.change(node, attributes)

    def statvfs(self, path: str) -> StatVFSReply:
        """Return the statistics of the file system."""
        self._find(path, follow=True).existing()
        return self._store.facts()

    # ------------------------------------------------------------------ names

    def mkdir(self, path: str, attributes: Attributes) -> None:
        """Make a directory."""
        place = self._find(path, follow=False)
        place.require_free()
        self._add(place, Directory(_mode(attributes, _CREATED), self._store.now()))

    def rmdir(self, path: str) -> None:
        """Remove an empty directory."""
        place = self._find(path, follow=False)
        node = place.existing()
        if not isinstance(node, Directory):
            fail(errno.ENOTDIR)
        if not place.name:
            fail(errno.EBUSY)
        if node.entries:
            fail(errno.ENOTEMPTY)
        self._drop(place)

    def remove(self, path: str) -> None:
        """Remove a file, or a link."""
        place = self._find(path, follow=False)
        if isinstance(place.existing(), Directory):
            fail(errno.EISDIR)
        self._drop(place)

    def rename(self, old: str, new: str) -> None:
        """Rename; fail where the new name exists."""
        source, target = self._both(old, new)
        source.existing()
        target.require_free()
        self._move(source, target)

    def replace(self, old: str, new: str) -> None:
        """Rename, and replace what has the new name: a file a file, a directory an empty one."""
        source, target = self._both(old, new)
        if not source.name or not target.name:
            fail(errno.EBUSY)
        node, there = source.existing(), target.node
        if there is node:
            return
        if isinstance(there, Directory):
            if not isinstance(node, Directory):
                fail(errno.EISDIR)
            if there.entries:
                fail(errno.ENOTEMPTY)
        elif there is not None and isinstance(node, Directory):
            fail(errno.ENOTDIR)
        self._move(source, target)

    def readlink(self, path: str) -> str:
        """Return the target of a symbolic link."""
        node = self._find(path, follow=False).existing()
        return node.target if isinstance(node, Link) else fail(errno.EINVAL)

    def symlink(self, target: str, link: str) -> None:
        """Make a symbolic link; one that is absolute starts at the root of this file system."""
        place = self._find(link, follow=False)
        place.require_free()
        if not target:
            fail(errno.ENOENT)
        self._add(place, Link(target, self._store.now()))

    def hardlink(self, old: str, new: str) -> None:
        """Give a file another name."""
        source, target = self._both(old, new)
        node = source.existing()
        target.require_free()
        if isinstance(node, Directory):
            fail(errno.EPERM)
        node.names += 1
        self._enter(target, node)

    def realpath(self, path: str) -> str:
        """Return the canonical absolute form of a path; its last name may be missing."""
        return self._find(path, follow=True).path

    # ------------------------------------------------------------------ inside

    def _find(self, path: str, *, follow: bool) -> Place:
        return find(self._root, path, follow=follow)

    def _both(self, old: str, new: str) -> tuple[Place, Place]:
        return self._find(old, follow=False), self._find(new, follow=False)

    def _directory(self, path: str) -> Directory:
        node = self._find(path, follow=True).existing()
        return node if isinstance(node, Directory) else fail(errno.ENOTDIR)

    def _add(self, place: Place, node: Node) -> None:
        self._store.add(node)
        self._enter(place, node)

    def _enter(self, place: Place, node: Node) -> None:
        place.directory.entries[place.name] = node
        place.directory.mtime = self._store.now()

    def _drop(self, place: Place) -> None:
        node = place.directory.entries.pop(place.name)
        place.directory.mtime = self._store.now()
        self._store.unlink(node)

    def _move(self, source: Place, target: Place) -> None:
        node = source.existing()
        if not source.name or (isinstance(node, Directory) and node.holds(target.directory)):
            fail(errno.EINVAL)
        if target.node is not None:
            self._drop(target)
        del source.directory.entries[source.name]
        source.directory.mtime = self._store.now()
        self._enter(target, node)


class _OpenFile:
    """An open file; it can be read and written when it has no name any more."""

    def __init__(self, store: Store, node: File, flags: OpenFlags) -> None:
        self._store = store
        self._node = node
        self._writes = bool(flags & (OpenFlags.WRITE | OpenFlags.APPEND))
        self._reads = bool(flags & OpenFlags.READ) or not self._writes
        self._appends = bool(flags & OpenFlags.APPEND)
        node.opened += 1

    @property
    def identity(self) -> int:
        """What two handles of one file have in common."""
        return id(self._node)

    def read(self, length: int, offset: int) -> bytes:
        """Return up to `length` bytes from an offset."""
        if not self._reads:
            fail(errno.EBADF)
        return bytes(self._node.content[offset : offset + length])

    def write(self, data: memoryview, offset: int) -> None:
        """Write at an offset, or at the end where the file was opened for appending."""
        if not self._writes:
            fail(errno.EBADF)
        node = self._node
        start = node.size if self._appends else offset
        if data and start + len(data) > node.size:
            self._store.resize(node, start + len(data))
        node.content[start : start + len(data)] = data
        node.mtime = self._store.now()

    def stat(self) -> Attributes:
        """Return its attributes."""
        return self._node.attributes

    def setstat(self, attributes: Attributes) -> None:
        """Change the attributes that are given."""
        if attributes.size is not None and not self._writes:
            fail(errno.EINVAL)
        self._store.change(self._node, attributes)

    def sync(self) -> None:
        """Do nothing: there is no disk."""

    def statvfs(self) -> StatVFSReply:
        """Return the statistics of the file system."""
        return self._store.facts()

    def close(self) -> None:
        """Close it."""
        self._node.opened -= 1
        self._store.forget(self._node)


def _mode(attributes: Attributes, usual: int) -> int:
    given = attributes.permissions
    return usual & ~0o022 if given is None else given & _CREATED
