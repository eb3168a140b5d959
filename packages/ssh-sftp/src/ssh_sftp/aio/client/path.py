"""Paths on the server, with the methods of `pathlib`."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, overload

from ssh_sftp.aio.client.operations import PathLike, path_text
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
    def suffixes(self) -> list[str]:
        """The endings of the last component, each from a dot on."""
        return self._pure.suffixes

    @property
    def anchor(self) -> str:
        """The slash that an absolute path begins with, else nothing."""
        return self._pure.anchor

    @property
    def parts(self) -> tuple[str, ...]:
        """The components."""
        return self._pure.parts

    @property
    def parent(self) -> RemotePath:
        """The path without its last component."""
        return RemotePath(self._client, str(self._pure.parent))

    @property
    def parents(self) -> tuple[RemotePath, ...]:
        """The paths above it, the nearest first."""
        return tuple(self._of(each) for each in self._pure.parents)

    def __truediv__(self, other: PathLike) -> RemotePath:
        return self._of(self._pure / path_text(other))

    def __rtruediv__(self, other: PathLike) -> RemotePath:
        return self._of(path_text(other) / self._pure)

    def joinpath(self, *others: PathLike) -> RemotePath:
        """Return this path joined with others; an absolute one replaces what precedes it."""
        return self._of(self._pure.joinpath(*map(path_text, others)))

    def with_name(self, name: str) -> RemotePath:
        """Return the path with another last component."""
        return self._of(self._pure.with_name(name))

    def with_stem(self, stem: str) -> RemotePath:
        """Return the path with another last component, but the same suffix."""
        return self._of(self._pure.with_stem(stem))

    def with_suffix(self, suffix: str) -> RemotePath:
        """Return the path with another suffix, or without one."""
        return self._of(self._pure.with_suffix(suffix))

    def with_segments(self, *segments: PathLike) -> RemotePath:
        """Return a path of the same session, made of segments."""
        return self._of(PurePosixPath(*map(path_text, segments)))

    def relative_to(self, other: PathLike) -> RemotePath:
        """Return the path relative to another, which it begins with.

        Raises:
            ValueError: it does not begin with it.
        """
        return self._of(self._pure.relative_to(path_text(other)))

    def is_relative_to(self, other: PathLike) -> bool:
        """Return whether it begins with another path."""
        return self._pure.is_relative_to(path_text(other))

    def is_absolute(self) -> bool:
        """Return whether it begins with a slash."""
        return self._pure.is_absolute()

    def match(self, pattern: str) -> bool:
        """Return whether it matches a pattern, from the right where that is relative."""
        return self._pure.match(pattern)

    def as_posix(self) -> str:
        """Return its text."""
        return str(self._pure)

    def _of(self, pure: PurePosixPath) -> RemotePath:
        return RemotePath(self._client, str(pure))

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

    def __lt__(self, other: RemotePath) -> bool:
        return self._pure < PurePosixPath(path_text(other))

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

    async def samefile(self, other: PathLike) -> bool:
        """Return whether another path leads to the same place, by the canonical form of both."""
        return await self._client.realpath(self) == await self._client.realpath(other)

    async def resolve(self) -> RemotePath:
        """Return its canonical form, links followed."""
        return RemotePath(self._client, await self._client.realpath(self))

    async def absolute(self) -> RemotePath:
        """Return it as an absolute path, links not followed."""
        if self._pure.is_absolute():
            return self
        return RemotePath(self._client, await self._client.realpath(".")) / self

    async def expanduser(self) -> RemotePath:
        """Return it with "~" or "~user" at its start replaced by a home directory.

        Raises:
            SFTPUnsupported: the server does not have expand-path@openssh.com.
        """
        if not self.parts or not self.parts[0].startswith("~"):
            return self
        return RemotePath(self._client, await self._client.expand_path(self))

    async def owner(self) -> str:
        """Return the name of the user that owns it (PROTOCOL section 4.12).

        Raises:
            SFTPUnsupported: the server does not have users-groups-by-id@openssh.com.
            KeyError: the server does not know the user, or does not report it.
        """
        uid = (await self.stat()).uid
        if uid is None:
            raise KeyError(str(self))
        return (await self._client.owner_names([uid], []))[0][uid]

    async def group(self) -> str:
        """Return the name of the group that owns it (PROTOCOL section 4.12).

        Raises:
            SFTPUnsupported: the server does not have users-groups-by-id@openssh.com.
            KeyError: the server does not know the group, or does not report it.
        """
        gid = (await self.stat()).gid
        if gid is None:
            raise KeyError(str(self))
        return (await self._client.owner_names([], [gid]))[1][gid]

    async def readlink(self) -> RemotePath:
        """Return the target of the symbolic link."""
        return RemotePath(self._client, await self._client.readlink(self))

    async def iterdir(self) -> AsyncIterator[RemotePath]:
        """Iterate over the paths in the directory."""
        async for entry in self._client.scandir(self):
            yield self / entry.name

    async def walk(self) -> AsyncIterator[tuple[RemotePath, list[str], list[str]]]:
        """Iterate over the tree from the top: each directory, and the names in it.

        The first list has the directories, the second everything else; links are not followed.
        Take names out of the first list to leave them out.
        """
        async for top, directories, others in self._client.walk(self):
            names = [entry.name for entry in directories]
            yield RemotePath(self._client, top), names, [entry.name for entry in others]
            directories[:] = [entry for entry in directories if entry.name in names]

    async def glob(self, pattern: str) -> AsyncIterator[RemotePath]:
        """Iterate over the paths below that match, as `SFTPClient.glob` does.

        Raises:
            ValueError: the pattern is empty or absolute.
        """
        if pattern.startswith("/"):
            problem = f"{pattern!r} is not a relative pattern"
            raise ValueError(problem)
        root = "" if str(self) == "." else str(self)
        async for found in self._client.glob(pattern, root):
            yield RemotePath(self._client, found)

    async def rglob(self, pattern: str) -> AsyncIterator[RemotePath]:
        """Iterate over the paths at any depth below that match."""
        async for found in self.glob(f"**/{pattern.lstrip('/')}"):
            yield found

    # ------------------------------------------------------------------ content

    @overload
    async def open(self, mode: BinaryMode = "rb", *, buffering: int = -1) -> RemoteFile: ...

    @overload
    async def open(
        self,
        mode: TextMode,
        *,
        buffering: int = -1,
        encoding: str | None = None,
        errors: str | None = None,
        newline: str | None = None,
    ) -> RemoteTextFile: ...

    @overload
    async def open(
        self,
        mode: str,
        *,
        buffering: int = -1,
        encoding: str | None = None,
        errors: str | None = None,
        newline: str | None = None,
    ) -> RemoteFile | RemoteTextFile: ...

    async def open(
        self,
        mode: str = "rb",
        *,
        buffering: int = -1,
        encoding: str | None = None,
        errors: str | None = None,
        newline: str | None = None,
    ) -> RemoteFile | RemoteTextFile:
        """Open it, as `SFTPClient.open` does; the default mode is "rb"."""
        return await self._client.open(
            self, mode, buffering=buffering, encoding=encoding, errors=errors, newline=newline
        )

    async def read_bytes(self) -> bytes:
        """Return the content of the file."""
        return await self._client.read_bytes(self)

    async def read_text(
        self, encoding: str = "utf-8", errors: str = "strict", newline: str | None = None
    ) -> str:
        """Return the content of the file, as text; line ends are translated as `open` does."""
        data = io.BytesIO(await self.read_bytes())
        return io.TextIOWrapper(data, encoding, errors, newline).read()

    async def write_bytes(self, data: bytes | bytearray | memoryview) -> int:
        """Write the file, in place; return how many bytes it has now."""
        return await self._client.write_bytes(self, data)

    async def write_text(
        self,
        text: str,
        encoding: str = "utf-8",
        errors: str = "strict",
        newline: str | None = None,
    ) -> int:
        """Write the file as text; return how many bytes it has now."""
        lines = text.replace("\n", newline) if newline else text
        return await self.write_bytes(lines.encode(encoding, errors))

    # ------------------------------------------------------------------ changes

    async def touch(self, mode: int = 0o666, *, exist_ok: bool = True) -> None:
        """Make an empty file; if it exists, set its times to now."""
        await self._client.touch(self, mode, exist_ok=exist_ok)

    async def mkdir(
        self, mode: int | None = None, *, parents: bool = False, exist_ok: bool = False
    ) -> None:
        """Make the directory, and with `parents` those above it."""
        if parents:
            await self._client.makedirs(self, mode, exist_ok=exist_ok)
            return
        try:
            await self._client.mkdir(self, mode)
        except OSError:
            if not (exist_ok and await self.is_dir()):
                raise

    async def rmdir(self) -> None:
        """Remove the empty directory."""
        await self._client.rmdir(self)

    async def rmtree(self, *, missing_ok: bool = False) -> None:
        """Remove the directory and everything in it, as `SFTPClient.rmtree` does."""
        await self._client.rmtree(self, missing_ok=missing_ok)

    async def copy(self, target: str | RemotePath) -> RemotePath:
        """Copy the file on the server, as `SFTPClient.copy` does, and return the new path."""
        await self._client.copy(self, target)
        return RemotePath(self._client, str(target))

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

    async def hardlink_to(self, target: str | RemotePath) -> None:
        """Make it another name of the target."""
        await self._client.hardlink(target, self)

    async def chmod(self, mode: int) -> None:
        """Change its permissions."""
        await self._client.chmod(self, mode)
