"""The protocol of a file system that an SFTP server serves.

Methods raise `OSError`; its errno decides the status that the client gets, and where it has none,
its class (`FileNotFoundError`, `PermissionError`).  `NotImplementedError` means that the request
is not supported.  Anything else is a fault of the file system's code: the client gets "Failure",
and the exception is logged.

A method may answer at once, or later: it may be a coroutine function, or return another awaitable.
Methods are called in the order of the requests where these could touch the same file (section
6.1): calls with a path are made one at a time; reads of one handle may run together; handles do
not wait for each other.  Replies have the order of the requests.  While an answer is awaited,
other sessions are served; a method that blocks delays all of them: `InThreads` helps.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Sequence
from typing import Final, Protocol, TypeAlias, TypeVar

from ssh_sftp.attributes import Attributes
from ssh_sftp.messages import NameEntry, StatVFSReply
from ssh_sftp.numbers import OpenFlags
from ssh_wire import UsageError

__all__ = [
    "DirectoryHandle",
    "FileHandle",
    "FileSystem",
    "MaybeLater",
    "check_filesystem",
    "problem_with",
]

T = TypeVar("T")

MaybeLater: TypeAlias = Awaitable[T] | T
"""A value, or an awaitable of it."""


class FileHandle(Protocol):
    """An open file."""

    def read(self, length: int, offset: int) -> MaybeLater[bytes]:
        """Return up to `length` bytes from an offset, b"" at the end."""
        ...

    def write(self, data: memoryview, offset: int) -> MaybeLater[None]:
        """Write all of `data` at an offset.

        It is valid during the call, and for a coroutine function until that returns.
        """

    def stat(self) -> MaybeLater[Attributes]:
        """Return its attributes."""
        ...

    def setstat(self, attributes: Attributes) -> MaybeLater[None]:
        """Change the attributes that are given."""

    def sync(self) -> MaybeLater[None]:
        """Write buffered data to stable storage."""

    def statvfs(self) -> MaybeLater[StatVFSReply]:
        """Return the statistics of the file system that it is on."""
        ...

    def close(self) -> MaybeLater[None]:
        """Close it."""


class DirectoryHandle(Protocol):
    """An open directory."""

    def read(self, count: int) -> MaybeLater[Sequence[NameEntry]]:
        """Return up to `count` more names, [] at the end."""
        ...

    def close(self) -> MaybeLater[None]:
        """Close it."""


class FileSystem(Protocol):
    """Files by path.  A path is what the client sent, unchecked."""

    @property
    def read_only(self) -> bool:
        """Return whether requests that change anything are refused before a method is called."""
        ...

    def open(self, path: str, flags: OpenFlags, attributes: Attributes) -> MaybeLater[FileHandle]:
        """Open or create a file."""
        ...

    def opendir(self, path: str) -> MaybeLater[DirectoryHandle]:
        """Open a directory for listing."""
        ...

    def stat(self, path: str) -> MaybeLater[Attributes]:
        """Return attributes, links followed."""
        ...

    def lstat(self, path: str) -> MaybeLater[Attributes]:
        """Return attributes, of a link itself."""
        ...

    def setstat(self, path: str, attributes: Attributes) -> MaybeLater[None]:
        """Change attributes, links followed."""

    def lsetstat(self, path: str, attributes: Attributes) -> MaybeLater[None]:
        """Change attributes, of a link itself."""

    def mkdir(self, path: str, attributes: Attributes) -> MaybeLater[None]:
        """Make a directory."""

    def rmdir(self, path: str) -> MaybeLater[None]:
        """Remove an empty directory."""

    def remove(self, path: str) -> MaybeLater[None]:
        """Remove a file."""

    def rename(self, old: str, new: str) -> MaybeLater[None]:
        """Rename; fail where the new name exists."""

    def replace(self, old: str, new: str) -> MaybeLater[None]:
        """Rename, and replace a file that has the new name."""

    def readlink(self, path: str) -> MaybeLater[str]:
        """Return the target of a symbolic link."""
        ...

    def symlink(self, target: str, link: str) -> MaybeLater[None]:
        """Make a symbolic link."""

    def hardlink(self, old: str, new: str) -> MaybeLater[None]:
        """Give a file another name."""

    def realpath(self, path: str) -> MaybeLater[str]:
        """Return the canonical absolute form of a path."""
        ...

    def home(self, user: str) -> MaybeLater[str]:
        """Return the home directory of a user; of the own user if the name is empty."""
        ...

    def statvfs(self, path: str) -> MaybeLater[StatVFSReply]:
        """Return the statistics of the file system that a path is on."""
        ...

    def owner_names(
        self, users: Sequence[int], groups: Sequence[int]
    ) -> MaybeLater[tuple[Sequence[str], Sequence[str]]]:
        """Return a name for each number of a user and of a group, "" where there is none."""
        ...


_NO_METHODS: Final = frozenset({"read_only"})


def check_filesystem(filesystem: object) -> None:
    """Check a file system before it is served.

    A method may be missing: its requests are then not supported.

    Raises:
        UsageError: it is not a file system, or has something else where a method is expected.
    """
    names = _methods(FileSystem)
    if isinstance(filesystem, str | bytes) or hasattr(filesystem, "__fspath__"):
        problem = f"a path is not a FileSystem: Rooted({filesystem!r}) serves what is below it"
        raise UsageError(problem)
    if isinstance(filesystem, type):
        problem = f"{filesystem.__name__} is a class: serve an instance of it"
        raise UsageError(problem)
    if not any(hasattr(filesystem, name) for name in names):
        problem = f"{type(filesystem).__name__} is not a FileSystem: it has none of its methods"
        raise UsageError(problem)
    problem = _wrong_method(filesystem, [name for name in names if hasattr(filesystem, name)])
    if problem:
        raise UsageError(problem)


def problem_with(opened: object, protocol: type) -> str:
    """Return why an opened object cannot be used as a `FileHandle`, say; "" if it can."""
    names = _methods(protocol)
    for name in names:
        if not hasattr(opened, name):
            return f"{type(opened).__name__} is not a {protocol.__name__}: it has no {name}"
    return _wrong_method(opened, names)


def _methods(protocol: type) -> list[str]:
    return [n for n in vars(protocol) if not n.startswith("_") and n not in _NO_METHODS]


def _wrong_method(thing: object, names: list[str]) -> str:
    for name in names:
        method = getattr(thing, name)
        if not callable(method):
            return f"{type(thing).__name__}.{name} is not a method"
        if inspect.isasyncgenfunction(method):
            kind = type(thing).__name__
            return f"{kind}.{name} is an async generator, and its answer is awaited"
    return ""
