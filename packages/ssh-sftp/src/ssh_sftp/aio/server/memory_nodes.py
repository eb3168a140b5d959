"""What a file system in memory is made of, and how a path is found in it."""

from __future__ import annotations

import errno
import os
import stat
from collections import deque
from collections.abc import Callable
from typing import ClassVar, Final, NoReturn, TypeAlias

from ssh_sftp.attributes import Attributes
from ssh_sftp.messages import StatVFSReply
from ssh_sftp.names import MAX_NAME_BYTES
from ssh_wire import lazy_attrs

__all__ = ["Directory", "File", "Link", "Node", "Place", "Store", "fail", "find"]

_MOST_LINKS: Final = 40
_ANY_MODE: Final = 0o7777
_BLOCK: Final = 4096
_UINT32: Final = 0xFFFF_FFFF


def fail(code: int) -> NoReturn:
    """Raise the `OSError` of an errno."""
    raise OSError(code, os.strerror(code))


class _Node:
    """What a file, a directory and a link have in common.

    Attributes:
        mode: the permission bits; they are kept, and no client is refused by them.
        owner: the numbers of the owner and of the group.
        atime: when it was last read, as a client has set it; seconds since 1970.
        mtime: when it was last written.
        names: how many names it has.
    """

    TYPE: ClassVar[int]

    def __init__(self, mode: int, now: int) -> None:
        self.mode: int = mode
        self.owner: tuple[int, int] = (0, 0)
        self.atime: int = now
        self.mtime: int = now
        self.names: int = 0

    @property
    def size(self) -> int:
        """Its length in bytes."""
        return 0

    @property
    def attributes(self) -> Attributes:
        """Its attributes."""
        uid, gid = self.owner
        return Attributes(
            self.size,
            uid,
            gid,
            self.TYPE | self.mode,
            min(max(self.atime, 0), _UINT32),
            min(max(self.mtime, 0), _UINT32),
        )


class File(_Node):
    """A regular file."""

    TYPE: ClassVar[int] = stat.S_IFREG

    def __init__(self, mode: int, now: int) -> None:
        super().__init__(mode, now)
        self.content: bytearray = bytearray()
        self.opened: int = 0

    @property
    def size(self) -> int:
        """Its length in bytes."""
        return len(self.content)


class Directory(_Node):
    """A directory."""

    TYPE: ClassVar[int] = stat.S_IFDIR

    def __init__(self, mode: int, now: int) -> None:
        super().__init__(mode, now)
        self.entries: dict[str, Node] = {}

    def holds(self, other: Directory) -> bool:
        """Return whether another directory is this one, or below it."""
        waiting: list[Node] = [self]
        while waiting:
            node = waiting.pop()
            if node is other:
                return True
            if isinstance(node, Directory):
                waiting += node.entries.values()
        return False


class Link(_Node):
    """A symbolic link."""

    TYPE: ClassVar[int] = stat.S_IFLNK

    def __init__(self, target: str, now: int) -> None:
        super().__init__(0o777, now)
        self.target: str = target

    @property
    def size(self) -> int:
        """The length of its target in bytes."""
        return len(os.fsencode(self.target))


Node: TypeAlias = File | Directory | Link


class Store:
    """What the nodes of a file system take together, and how much they may.

    Args:
        max_bytes: the most bytes of all files.
        max_entries: the most nodes.
        clock: gives the time in seconds since 1970.

    Attributes:
        size: the bytes of all files.
        entries: how many nodes have a name.
    """

    def __init__(self, max_bytes: int, max_entries: int, clock: Callable[[], float]) -> None:
        self._max_bytes = max_bytes
        self._max_entries = max_entries
        self._clock = clock
        self.size: int = 0
        self.entries: int = 0

    def now(self) -> int:
        """Return the time in seconds since 1970."""
        return int(self._clock())

    def add(self, node: Node) -> None:
        """Count a new node, which gets its first name.

        Raises:
            OSError: there are too many.
        """
        if self.entries >= self._max_entries:
            fail(errno.ENOSPC)
        self.entries += 1
        node.names = 1

    def unlink(self, node: Node) -> None:
        """Take a name from a node, and free what has no other name and no open handle."""
        node.names -= 1
        if not node.names:
            self.entries -= 1
            self.forget(node)

    def forget(self, node: Node) -> None:
        """Free a file that has neither a name nor an open handle."""
        if isinstance(node, File) and not node.names and not node.opened:
            self.size -= node.size
            node.content.clear()

    def resize(self, file: File, size: int) -> None:
        """Cut a file, or make it longer with zeros.

        Raises:
            OSError: it does not fit.
        """
        more = size - file.size
        if more > self._max_bytes - self.size:
            fail(errno.ENOSPC)
        if more < 0:
            del file.content[size:]
        else:
            file.content.extend(bytes(more))
        self.size += more
        file.mtime = self.now()

    def change(self, node: Node, attributes: Attributes) -> None:
        """Change the attributes that are given.

        Raises:
            OSError: they have a size that does not fit, or the node is not a file.
        """
        if attributes.size is not None:
            if not isinstance(node, File):
                fail(errno.EISDIR)
            self.resize(node, attributes.size)
        if attributes.permissions is not None:
            node.mode = attributes.permissions & _ANY_MODE
        if attributes.uid is not None and attributes.gid is not None:
            node.owner = (attributes.uid, attributes.gid)
        if attributes.atime is not None and attributes.mtime is not None:
            node.atime, node.mtime = attributes.atime, attributes.mtime

    def facts(self) -> StatVFSReply:
        """Return what is there, and what still fits."""
        free = (self._max_bytes - self.size) // _BLOCK
        entries = self._max_entries - self.entries
        return StatVFSReply(
            block_size=_BLOCK,
            fragment_size=_BLOCK,
            blocks=self._max_bytes // _BLOCK,
            free_blocks=free,
            available_blocks=free,
            files=self._max_entries,
            free_files=entries,
            available_files=entries,
            filesystem_id=0,
            flags=0,
            max_name=MAX_NAME_BYTES,
        )


@lazy_attrs.frozen
class Place:
    """A name in a directory, where there may be nothing yet."""

    directory: Directory
    """The directory."""
    name: str
    """The name in it; "" for the root itself, which is its own directory."""
    trail: tuple[str, ...]
    """The names that lead to the directory from the root."""

    @property
    def node(self) -> Node | None:
        """What is there."""
        return self.directory.entries.get(self.name) if self.name else self.directory

    @property
    def path(self) -> str:
        """The path from the root."""
        return "/" + "/".join((*self.trail, self.name) if self.name else self.trail)

    def existing(self) -> Node:
        """Return what is there.

        Raises:
            FileNotFoundError: there is nothing.
        """
        return self.node or fail(errno.ENOENT)

    def require_free(self) -> None:
        """Check that something can be made there.

        Raises:
            FileExistsError: something is there.
        """
        if self.node is not None:
            fail(errno.EEXIST)


def find(root: Directory, path: str, *, follow: bool) -> Place:
    """Find a path; ".." stops at the root, as it does at "/".

    Args:
        root: where all paths start.
        path: the path; relative ones start at the root too.
        follow: whether a link at its end is followed.

    Raises:
        OSError: a component is missing or is not a directory, a name is too long, or there are
            too many links.
    """
    trail: list[tuple[str, Directory]] = []
    waiting = deque(_names(path))
    links = 0
    while waiting:
        name = waiting.popleft()
        here = trail[-1][1] if trail else root
        node = here.entries.get(name)
        if name == "..":
            del trail[-1:]
        elif isinstance(node, Link) and (follow or waiting):
            links += 1
            if links > _MOST_LINKS:
                fail(errno.ELOOP)
            if node.target.startswith("/"):
                trail.clear()
            waiting.extendleft(reversed(_names(node.target)))
        elif isinstance(node, Directory):
            trail.append((name, node))
        elif waiting:
            fail(errno.ENOENT if node is None else errno.ENOTDIR)
        else:
            return Place(here, name, tuple(each for each, _ in trail))
    if not trail:
        return Place(root, "", ())
    above = trail[-2][1] if trail[:-1] else root
    return Place(above, trail[-1][0], tuple(each for each, _ in trail[:-1]))


def _names(path: str) -> list[str]:
    names = [name for name in path.split("/") if name not in {"", "."}]
    if any(len(os.fsencode(name)) > MAX_NAME_BYTES for name in names):
        fail(errno.ENAMETOOLONG)
    return names
