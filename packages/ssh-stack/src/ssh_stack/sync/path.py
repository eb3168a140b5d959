# Generated from the async classes by tools/generate_sync.py; not to be edited.
"""Paths on the server, with the manners of `pathlib`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from typing import Any, cast, overload

from ssh_sftp import Attributes, BinaryMode, TextMode
from ssh_sftp import aio as aio_ssh_sftp
from ssh_sftp.aio import PathLike
from ssh_stack.sync._blocking import Blocking, unwrap
from ssh_stack.sync.file import RemoteFile, RemoteTextFile

__all__ = ["RemotePath"]


class RemotePath(Blocking[aio_ssh_sftp.RemotePath]):
    """A path and the session that it is on."""

    @property
    def name(self) -> str:
        """The last component."""
        return self._wrapped.name

    @property
    def stem(self) -> str:
        """The last component without its suffix."""
        return self._wrapped.stem

    @property
    def suffix(self) -> str:
        """The ending of the last component, from its last dot."""
        return self._wrapped.suffix

    @property
    def suffixes(self) -> list[str]:
        """The endings of the last component, each from a dot on."""
        return self._wrapped.suffixes

    @property
    def anchor(self) -> str:
        """The slash that an absolute path begins with, else nothing."""
        return self._wrapped.anchor

    @property
    def parts(self) -> tuple[str, ...]:
        """The components."""
        return self._wrapped.parts

    @property
    def parent(self) -> RemotePath:
        """The path without its last component."""
        return RemotePath(self._portal, self._wrapped.parent)

    @property
    def parents(self) -> tuple[RemotePath, ...]:
        """The paths above it, the nearest first."""
        return tuple(RemotePath(self._portal, each) for each in self._wrapped.parents)

    def __truediv__(self, other: PathLike) -> RemotePath:
        return RemotePath(self._portal, self._wrapped.__truediv__(other))

    def __rtruediv__(self, other: PathLike) -> RemotePath:
        return RemotePath(self._portal, self._wrapped.__rtruediv__(other))

    def joinpath(self, *others: PathLike) -> RemotePath:
        """Return this path joined with others; an absolute one replaces what precedes it."""
        return RemotePath(self._portal, self._wrapped.joinpath(*others))

    def with_name(self, name: str) -> RemotePath:
        """Return the path with another last component."""
        return RemotePath(self._portal, self._wrapped.with_name(name))

    def with_stem(self, stem: str) -> RemotePath:
        """Return the path with another last component, but the same suffix."""
        return RemotePath(self._portal, self._wrapped.with_stem(stem))

    def with_suffix(self, suffix: str) -> RemotePath:
        """Return the path with another suffix, or without one."""
        return RemotePath(self._portal, self._wrapped.with_suffix(suffix))

    def with_segments(self, *segments: PathLike) -> RemotePath:
        """Return a path of the same session, made of segments."""
        return RemotePath(self._portal, self._wrapped.with_segments(*segments))

    def relative_to(self, other: PathLike) -> RemotePath:
        """Return the path relative to another, which it begins with.

        Raises:
            ValueError: it does not begin with it.
        """
        return RemotePath(self._portal, self._wrapped.relative_to(other))

    def is_relative_to(self, other: PathLike) -> bool:
        """Return whether it begins with another path."""
        return self._wrapped.is_relative_to(other)

    def is_absolute(self) -> bool:
        """Return whether it begins with a slash."""
        return self._wrapped.is_absolute()

    def match(self, pattern: str) -> bool:
        """Return whether it matches a pattern, from the right where that is relative."""
        return self._wrapped.match(pattern)

    def as_posix(self) -> str:
        """Return its text."""
        return self._wrapped.as_posix()

    def __fspath__(self) -> str:
        return self._wrapped.__fspath__()

    def __str__(self) -> str:
        return self._wrapped.__str__()

    def __lt__(self, other: RemotePath) -> bool:
        return self._wrapped.__lt__(unwrap(other))

    def stat(self) -> Attributes:
        """Return its attributes, links followed."""
        return self._portal.wait(self._wrapped.stat)

    def lstat(self) -> Attributes:
        """Return its attributes, of a link itself."""
        return self._portal.wait(self._wrapped.lstat)

    def exists(self) -> bool:
        """Return whether anything exists there, links followed."""
        return self._portal.wait(self._wrapped.exists)

    def is_dir(self) -> bool:
        """Return whether it is, or leads to, a directory."""
        return self._portal.wait(self._wrapped.is_dir)

    def is_file(self) -> bool:
        """Return whether it is, or leads to, a regular file."""
        return self._portal.wait(self._wrapped.is_file)

    def is_symlink(self) -> bool:
        """Return whether it is a symbolic link."""
        return self._portal.wait(self._wrapped.is_symlink)

    def samefile(self, other: PathLike) -> bool:
        """Return whether another path leads to the same place, by the canonical form of both."""
        return self._portal.wait(self._wrapped.samefile, other)

    def resolve(self) -> RemotePath:
        """Return its canonical form, links followed."""
        return RemotePath(self._portal, self._portal.wait(self._wrapped.resolve))

    def absolute(self) -> RemotePath:
        """Return it as an absolute path, links not followed."""
        return RemotePath(self._portal, self._portal.wait(self._wrapped.absolute))

    def expanduser(self) -> RemotePath:
        """Return it with "~" or "~user" at its start replaced by a home directory.

        Raises:
            SFTPUnsupported: the server does not have expand-path@openssh.com.
        """
        return RemotePath(self._portal, self._portal.wait(self._wrapped.expanduser))

    def owner(self) -> str:
        """Return the name of the user that owns it (PROTOCOL section 4.12).

        Raises:
            SFTPUnsupported: the server does not have users-groups-by-id@openssh.com.
            KeyError: the server does not know the user, or does not report it.
        """
        return self._portal.wait(self._wrapped.owner)

    def group(self) -> str:
        """Return the name of the group that owns it (PROTOCOL section 4.12).

        Raises:
            SFTPUnsupported: the server does not have users-groups-by-id@openssh.com.
            KeyError: the server does not know the group, or does not report it.
        """
        return self._portal.wait(self._wrapped.group)

    def readlink(self) -> RemotePath:
        """Return the target of the symbolic link."""
        return RemotePath(self._portal, self._portal.wait(self._wrapped.readlink))

    def iterdir(self) -> Iterator[RemotePath]:
        """Iterate over the paths in the directory."""
        return (
            RemotePath(self._portal, item) for item in self._portal.iterate(self._wrapped.iterdir)
        )

    def walk(self) -> Iterator[tuple[RemotePath, list[str], list[str]]]:
        """Iterate over the tree from the top: each directory, and the names in it.

        The first list has the directories, the second everything else; links are not followed.
        Take names out of the first list to leave them out.
        """
        return (
            (RemotePath(self._portal, item[0]), *item[1:])
            for item in self._portal.iterate(self._wrapped.walk)
        )

    def glob(self, pattern: str) -> Iterator[RemotePath]:
        """Iterate over the paths below that match, as `SFTPClient.glob` does.

        Raises:
            ValueError: the pattern is empty or absolute.
        """
        return (
            RemotePath(self._portal, item)
            for item in self._portal.iterate(self._wrapped.glob, pattern)
        )

    def rglob(self, pattern: str) -> Iterator[RemotePath]:
        """Iterate over the paths at any depth below that match."""
        return (
            RemotePath(self._portal, item)
            for item in self._portal.iterate(self._wrapped.rglob, pattern)
        )

    @overload
    def open(self, mode: BinaryMode = "rb", *, buffering: int = -1) -> RemoteFile: ...

    @overload
    def open(
        self,
        mode: TextMode,
        *,
        buffering: int = -1,
        encoding: str | None = None,
        errors: str | None = None,
        newline: str | None = None,
    ) -> RemoteTextFile: ...

    @overload
    def open(
        self,
        mode: str,
        *,
        buffering: int = -1,
        encoding: str | None = None,
        errors: str | None = None,
        newline: str | None = None,
    ) -> RemoteFile | RemoteTextFile: ...

    def open(
        self,
        mode: str = "rb",
        *,
        buffering: int = -1,
        encoding: str | None = None,
        errors: str | None = None,
        newline: str | None = None,
    ) -> RemoteFile | RemoteTextFile:
        """Open it, as `SFTPClient.open` does; the default mode is "rb"."""
        function = cast("Callable[..., Awaitable[Any]]", self._wrapped.open)
        opened = self._portal.wait(
            function, mode, buffering=buffering, encoding=encoding, errors=errors, newline=newline
        )
        if isinstance(opened, aio_ssh_sftp.RemoteTextFile):
            return RemoteTextFile(self._portal, opened)
        return RemoteFile(self._portal, opened)

    def read_bytes(self) -> bytes:
        """Return the content of the file."""
        return self._portal.wait(self._wrapped.read_bytes)

    def read_text(
        self, encoding: str = "utf-8", errors: str = "strict", newline: str | None = None
    ) -> str:
        """Return the content of the file, as text; line ends are translated as `open` does."""
        return self._portal.wait(self._wrapped.read_text, encoding, errors, newline)

    def write_bytes(self, data: bytes | bytearray | memoryview) -> int:
        """Write the file, in place; return how many bytes it has now."""
        return self._portal.wait(self._wrapped.write_bytes, data)

    def write_text(
        self,
        text: str,
        encoding: str = "utf-8",
        errors: str = "strict",
        newline: str | None = None,
    ) -> int:
        """Write the file as text; return how many bytes it has now."""
        return self._portal.wait(self._wrapped.write_text, text, encoding, errors, newline)

    def touch(self, mode: int = 438, *, exist_ok: bool = True) -> None:
        """Make an empty file; if it exists, set its times to now."""
        self._portal.wait(self._wrapped.touch, mode, exist_ok=exist_ok)

    def mkdir(
        self, mode: int | None = None, *, parents: bool = False, exist_ok: bool = False
    ) -> None:
        """Make the directory, and with `parents` those above it."""
        self._portal.wait(self._wrapped.mkdir, mode, parents=parents, exist_ok=exist_ok)

    def rmdir(self) -> None:
        """Remove the empty directory."""
        self._portal.wait(self._wrapped.rmdir)

    def rmtree(self, *, missing_ok: bool = False) -> None:
        """Remove the directory and everything in it, as `SFTPClient.rmtree` does."""
        self._portal.wait(self._wrapped.rmtree, missing_ok=missing_ok)

    def copy(self, target: str | RemotePath) -> RemotePath:
        """Copy the file on the server, as `SFTPClient.copy` does, and return the new path."""
        return RemotePath(self._portal, self._portal.wait(self._wrapped.copy, unwrap(target)))

    def unlink(self, *, missing_ok: bool = False) -> None:
        """Remove the file."""
        self._portal.wait(self._wrapped.unlink, missing_ok=missing_ok)

    def rename(self, target: str | RemotePath) -> RemotePath:
        """Rename, and return the new path; fail if the target exists."""
        return RemotePath(self._portal, self._portal.wait(self._wrapped.rename, unwrap(target)))

    def replace(self, target: str | RemotePath) -> RemotePath:
        """Rename, replace the target if it exists, and return the new path."""
        return RemotePath(self._portal, self._portal.wait(self._wrapped.replace, unwrap(target)))

    def symlink_to(self, target: str | RemotePath) -> None:
        """Make it a symbolic link to the target."""
        self._portal.wait(self._wrapped.symlink_to, unwrap(target))

    def hardlink_to(self, target: str | RemotePath) -> None:
        """Make it another name of the target."""
        self._portal.wait(self._wrapped.hardlink_to, unwrap(target))

    def chmod(self, mode: int) -> None:
        """Change its permissions."""
        self._portal.wait(self._wrapped.chmod, mode)
