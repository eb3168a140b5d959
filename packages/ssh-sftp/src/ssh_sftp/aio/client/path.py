"""Paths on the server, with the methods of `pathlib`."""

from __future__ import annotations

import fnmatch
import posixpath
from collections.abc import AsyncIterator
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, overload

from ssh_sftp.attributes import Attributes
from ssh_sftp.client.modes import BinaryMode, TextMode

if TYPE_CHECKING:
    from ssh_sftp.aio.client.file import RemoteFile
    from ssh_sftp.aio.client.sftp_client import SFTPClient
    from ssh_sftp.aio.client.text_file import RemoteTextFile

__all__ = ["RemotePath"]


class RemotePath:
    """A path and the session that it is on."""

    __slots__ = ("_client", "_pure")

    def __init__(self, client: SFTPClient, path: str) -> None:
        self._client = client
        self._pure = PurePosixPath(path)

    # ------------------------------------------------------------------ text

    @property
    def name(self) -> str:
        """The last component."""
        return self._pure.name

    @property
    def stem(self) -> str:
        """The last component without its suffix."""
        return self._pure.stem

    @property
    def suffix(self) -> str:
        """The ending of the last component, from its last dot."""
        return self._pure.suffix

    @property
    def parts(self) -> tuple[str, ...]:
        """The components."""
        return self._pure.parts

    @property
    def parent(self) -> RemotePath:
        """The path without its last component."""
        return RemotePath(self._client, str(self._pure.parent))

    def __truediv__(self, other: str) -> RemotePath:
        return RemotePath(self._client, str(self._pure / other))

    def joinpath(self, other: str) -> RemotePath:
        """Return this path joined with another."""
        return self / other

    def with_name(self, name: str) -> RemotePath:
        """Return the path with another last component."""
        return RemotePath(self._client, str(self._pure.with_name(name)))

    def __fspath__(self) -> str:
        return str(self._pure)

    def __str__(self) -> str:
        return str(self._pure)

    def __repr__(self) -> str:
        return f"RemotePath({str(self._pure)!r})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, RemotePath):
            return NotImplemented
        return self._client is other._client and self._pure == other._pure

    def __hash__(self) -> int:
        return hash((id(self._client), self._pure))

    # ------------------------------------------------------------------ questions

    async def stat(self) -> Attributes:
        """Return its attributes, links followed."""
        return await self._client.stat(self)

    async def lstat(self) -> Attributes:
        """Return its attributes, of a link itself."""
        return await self._client.lstat(self)

    async def exists(self) -> bool:
        """Return whether anything exists there, links followed."""
        return await self._client.exists(self)

    async def is_dir(self) -> bool:
        """Return whether it is, or leads to, a directory."""
        return await self._client.is_dir(self)

    async def is_file(self) -> bool:
        """Return whether it is, or leads to, a regular file."""
        return await self._client.is_file(self)

    async def is_symlink(self) -> bool:
        """Return whether it is a symbolic link."""
        try:
            return (await self.lstat()).is_symlink
        except FileNotFoundError:
            return False

    async def resolve(self) -> RemotePath:
        """Return its canonical form."""
        return RemotePath(self._client, await self._client.realpath(self))

    async def readlink(self) -> RemotePath:
        """Return the target of the symbolic link."""
        return RemotePath(self._client, await self._client.readlink(self))

    async def iterdir(self) -> AsyncIterator[RemotePath]:
        """Iterate over the paths in the directory."""
        async for entry in self._client.scandir(self):
            yield self / entry.name

    async def glob(self, pattern: str) -> AsyncIterator[RemotePath]:
        """Iterate over the paths below that match; "**" matches any depth."""
        if not pattern or pattern.startswith("/"):
            problem = f"{pattern!r} is not a relative pattern"
            raise ValueError(problem)
        first, _, rest = pattern.partition("/")
        matches = self._glob_deep(rest) if first == "**" else self._glob_here(first, rest)
        async for found in matches:
            yield found

    async def _glob_deep(self, rest: str) -> AsyncIterator[RemotePath]:
        async for top, _, _ in self._client.walk(self):
            here = RemotePath(self._client, top)
            if not rest:
                yield here
                continue
            async for found in here.glob(rest):
                yield found

    async def _glob_here(self, name: str, rest: str) -> AsyncIterator[RemotePath]:
        async for entry in self._client.scandir(self):
            if not fnmatch.fnmatchcase(entry.name, name):
                continue
            below = self / entry.name
            if not rest:
                yield below
            elif entry.is_dir or (entry.is_symlink and await below.is_dir()):
                async for found in below.glob(rest):
                    yield found

    # ------------------------------------------------------------------ content

    @overload
    async def open(self, mode: BinaryMode = "rb") -> RemoteFile: ...

    @overload
    async def open(
        self,
        mode: TextMode,
        *,
        encoding: str | None = None,
        errors: str | None = None,
        newline: str | None = None,
    ) -> RemoteTextFile: ...

    @overload
    async def open(
        self,
        mode: str,
        *,
        encoding: str | None = None,
        errors: str | None = None,
        newline: str | None = None,
    ) -> RemoteFile | RemoteTextFile: ...

    async def open(
        self,
        mode: str = "rb",
        *,
        encoding: str | None = None,
        errors: str | None = None,
        newline: str | None = None,
    ) -> RemoteFile | RemoteTextFile:
        """Open it, as `SFTPClient.open` does; the default mode is "rb"."""
        return await self._client.open(
            self, mode, encoding=encoding, errors=errors, newline=newline
        )

    async def read_bytes(self) -> bytes:
        """Return the content of the file."""
        return await self._client.read_bytes(self)

    async def read_text(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        """Return the content of the file, as text."""
        return (await self.read_bytes()).decode(encoding, errors)

    async def write_bytes(self, data: bytes | bytearray | memoryview) -> int:
        """Write the file, in place; return how many bytes it has now."""
        return await self._client.write_bytes(self, data)

    async def write_text(self, text: str, encoding: str = "utf-8") -> int:
        """Write the file as text; return how many bytes it has now."""
        return await self.write_bytes(text.encode(encoding))

    # ------------------------------------------------------------------ changes

    async def mkdir(self, *, parents: bool = False, exist_ok: bool = False) -> None:
        """Make the directory."""
        if parents:
            await self._client.makedirs(self, exist_ok=exist_ok)
            return
        try:
            await self._client.mkdir(self)
        except OSError:
            if not (exist_ok and await self.is_dir()):
                raise

    async def rmdir(self) -> None:
        """Remove the empty directory."""
        await self._client.rmdir(self)

    async def unlink(self, *, missing_ok: bool = False) -> None:
        """Remove the file."""
        try:
            await self._client.remove(self)
        except FileNotFoundError:
            if not missing_ok:
                raise

    async def rename(self, target: str | RemotePath) -> RemotePath:
        """Rename, and return the new path; fail if the target exists."""
        await self._client.rename(self, target)
        return RemotePath(self._client, str(target))

    async def replace(self, target: str | RemotePath) -> RemotePath:
        """Rename, replace the target if it exists, and return the new path."""
        await self._client.posix_rename(self, target)
        return RemotePath(self._client, str(target))

    async def symlink_to(self, target: str | RemotePath) -> None:
        """Make it a symbolic link to the target."""
        await self._client.symlink(target, self)

    async def chmod(self, mode: int) -> None:
        """Change its permissions."""
        await self._client.chmod(self, mode)

    def relative_to(self, other: str | RemotePath) -> str:
        """Return the path relative to another, which it begins with."""
        return posixpath.relpath(str(self), str(other))
