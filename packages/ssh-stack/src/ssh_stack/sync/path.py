# Generated from the async classes by tools/generate_sync.py; not to be edited.
"""Paths on the server, with the manners of `pathlib`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from typing import Any, cast, overload

from ssh_sftp import Attributes, BinaryMode, TextMode
from ssh_sftp import aio as aio_ssh_sftp
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
    def parts(self) -> tuple[str, ...]:
        """The components."""
        return self._wrapped.parts

    @property
    def parent(self) -> RemotePath:
        """The path without its last component."""
        return RemotePath(self._portal, self._wrapped.parent)

    def __truediv__(self, other: str) -> RemotePath:
        return RemotePath(self._portal, self._wrapped.__truediv__(other))

    def joinpath(self, other: str) -> RemotePath:
        """Return this path joined with another."""
        return RemotePath(self._portal, self._wrapped.joinpath(other))

    def with_name(self, name: str) -> RemotePath:
        """Return the path with another last component."""
        return RemotePath(self._portal, self._wrapped.with_name(name))

    def __fspath__(self) -> str:
        return self._wrapped.__fspath__()

    def __str__(self) -> str:
        return self._wrapped.__str__()

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

    def resolve(self) -> RemotePath:
        """Return its canonical form."""
        return RemotePath(self._portal, self._portal.wait(self._wrapped.resolve))

    def readlink(self) -> RemotePath:
        """Return the target of the symbolic link."""
        return RemotePath(self._portal, self._portal.wait(self._wrapped.readlink))

    def iterdir(self) -> Iterator[RemotePath]:
        """Iterate over the paths in the directory."""
        return (
            RemotePath(self._portal, item) for item in self._portal.iterate(self._wrapped.iterdir)
        )

    def glob(self, pattern: str) -> Iterator[RemotePath]:
        """Iterate over the paths below that match; "**" matches any depth."""
        return (
            RemotePath(self._portal, item)
            for item in self._portal.iterate(self._wrapped.glob, pattern)
        )

    @overload
    def open(self, mode: BinaryMode = "rb") -> RemoteFile: ...

    @overload
    def open(
        self,
        mode: TextMode,
        *,
        encoding: str | None = None,
        errors: str | None = None,
        newline: str | None = None,
    ) -> RemoteTextFile: ...

    @overload
    def open(
        self,
        mode: str,
        *,
        encoding: str | None = None,
        errors: str | None = None,
        newline: str | None = None,
    ) -> RemoteFile | RemoteTextFile: ...

    def open(
        self,
        mode: str = "rb",
        *,
        encoding: str | None = None,
        errors: str | None = None,
        newline: str | None = None,
    ) -> RemoteFile | RemoteTextFile:
        """Open it, as `SFTPClient.open` does; the default mode is "rb"."""
        function = cast("Callable[..., Awaitable[Any]]", self._wrapped.open)
        opened = self._portal.wait(
            function, mode, encoding=encoding, errors=errors, newline=newline
        )
        if isinstance(opened, aio_ssh_sftp.RemoteTextFile):
            return RemoteTextFile(self._portal, opened)
        return RemoteFile(self._portal, opened)

    def read_bytes(self) -> bytes:
        """Return the content of the file."""
        return self._portal.wait(self._wrapped.read_bytes)

    def read_text(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        """Return the content of the file, as text."""
        return self._portal.wait(self._wrapped.read_text, encoding, errors)

    def write_bytes(self, data: bytes | bytearray | memoryview) -> int:
        """Write the file, in place; return how many bytes it has now."""
        return self._portal.wait(self._wrapped.write_bytes, data)

    def write_text(self, text: str, encoding: str = "utf-8") -> int:
        """Write the file as text; return how many bytes it has now."""
        return self._portal.wait(self._wrapped.write_text, text, encoding)

    def mkdir(self, *, parents: bool = False, exist_ok: bool = False) -> None:
        """Make the directory."""
        self._portal.wait(self._wrapped.mkdir, parents=parents, exist_ok=exist_ok)

    def rmdir(self) -> None:
        """Remove the empty directory."""
        self._portal.wait(self._wrapped.rmdir)

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

    def chmod(self, mode: int) -> None:
        """Change its permissions."""
        self._portal.wait(self._wrapped.chmod, mode)

    def relative_to(self, other: str | RemotePath) -> str:
        """Return the path relative to another, which it begins with."""
        return self._wrapped.relative_to(unwrap(other))
