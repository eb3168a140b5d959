"""The operations of a client that are one request each, and listing."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import TypeAlias

from ssh_sftp.aio.client.session import ClientSession, unsupported
from ssh_sftp.aio.client.symlinks import SymLinks
from ssh_sftp.attributes import Attributes
from ssh_sftp.client.limits import ServerLimits
from ssh_sftp.client.listing import Listing
from ssh_sftp.client.replies import facts_of, names_of
from ssh_sftp.errors import (
    SFTPConnectionLost,
    SFTPError,
    SFTPNoSuchFile,
    SFTPTimeout,
    SFTPTransferError,
    SFTPUnsafeName,
)
from ssh_sftp.messages import (
    Attrs,
    Close,
    ExpandPath,
    ExtendedReply,
    Handle,
    HardLink,
    HomeDirectory,
    LSetStat,
    LStat,
    MkDir,
    NameEntry,
    OpenDir,
    PosixRename,
    ReadLink,
    RealPath,
    Remove,
    Rename,
    RmDir,
    SetStat,
    Stat,
    Status,
    StatVFS,
    StatVFSReply,
    UsersGroupsByID,
)
from ssh_sftp.names import directory_of, is_dot, is_plain, join
from ssh_wire import UsageError, lazy_attrs
from ssh_wire.text import printable

__all__ = ["DirEntry", "Operations", "PathLike", "path_text"]

PathLike: TypeAlias = str | bytes | os.PathLike[str] | os.PathLike[bytes]
"""A path on the server: text, a `RemotePath`, a `pathlib.PurePosixPath`, or its bytes."""


def path_text(path: PathLike) -> str:
    """Return the text of a path on the server.

    Raises:
        UsageError: it is not a path, or has a NUL character, for which OpenSSH ends the session.
    """
    text: object = os.fspath(path) if hasattr(path, "__fspath__") else path
    if isinstance(text, bytes):
        text = text.decode("utf-8", "surrogateescape")
    if not isinstance(text, str):
        problem = (
            f"a path on the server is text, bytes or a path object, not {type(text).__name__}"
        )
        raise UsageError(problem)
    if "\0" in text:
        problem = f"a path on the server cannot have a NUL character: {printable(text)}"
        raise UsageError(problem)
    return text


@lazy_attrs.frozen
class DirEntry:
    """A name in a directory of the server.

    Attributes:
        name: one plain component.
        path: the path of the directory joined with it.
        attributes: what the server reports; for a link, those of the link itself.
        longname: the line that the server would display for it, as `ls -l` does; unchanged, so
            escape it before it is printed (section 7).
    """

    name: str
    path: str
    attributes: Attributes
    longname: str = ""

    @property
    def is_dir(self) -> bool:
        """Return whether it is a directory."""
        return self.attributes.is_dir

    @property
    def is_file(self) -> bool:
        """Return whether it is a regular file."""
        return self.attributes.is_file

    @property
    def is_symlink(self) -> bool:
        """Return whether it is a symbolic link."""
        return self.attributes.is_symlink


class Operations:
    """Send requests about paths; the base of `SFTPClient`."""

    def __init__(self, session: ClientSession, peer_software: str = "") -> None:
        self._session = session
        self._peer_software = peer_software
        self._protocol = session.protocol
        self._symlinks = SymLinks(session, peer_software)

    # ------------------------------------------------------------------ the server

    @property
    def extensions(self) -> Mapping[str, bytes]:
        """The extensions that the server announced, with their data."""
        return self._protocol.extensions

    def supports(self, extension: str) -> bool:
        """Return whether the server announced an extension, in the version that is known here."""
        return self._protocol.supports(extension)

    async def limits(self) -> ServerLimits:
        """Return what the server takes (PROTOCOL section 4.8)."""
        await self._session.ready()
        return self._protocol.limits

    # ------------------------------------------------------------------ attributes

    async def stat(self, path: PathLike) -> Attributes:
        """Return the attributes of a path, links followed (section 6.8)."""
        text = path_text(path)
        request = Stat(id=self._protocol.next_id(), path=text)
        return (await self._session.call(request, Attrs, text)).attributes

    async def lstat(self, path: PathLike) -> Attributes:
        """Return the attributes of a path, of a link itself (section 6.8)."""
        text = path_text(path)
        request = LStat(id=self._protocol.next_id(), path=text)
        return (await self._session.call(request, Attrs, text)).attributes

    async def exists(self, path: PathLike) -> bool:
        """Return whether there is anything at a path, links followed."""
        try:
            await self.stat(path)
        except FileNotFoundError:
            return False
        return True

    async def is_dir(self, path: PathLike) -> bool:
        """Return whether a path is, or leads to, a directory; False if the server refuses STAT.

        If the server does not report the type of the file, OPENDIR finds it out.
        """
        text = path_text(path)
        try:
            return await self._opens_as_directory(text, await self._told(text))
        except SFTPNoSuchFile:
            return False

    async def is_file(self, path: PathLike) -> bool:
        """Return whether a path is, or leads to, a regular file; False if the server refuses STAT.

        If the server does not report the type of the file, all but a directory counts as a file.
        """
        text = path_text(path)
        try:
            found = await self.stat(text)
        except SFTPError:
            if self._session.closed:
                raise
            return False
        if found.has_type:
            return found.is_file
        return not await self._opens_as_directory(text, found)

    async def setstat(self, path: PathLike, attributes: Attributes) -> None:
        """Change the attributes that are given, links followed (section 6.9)."""
        text = path_text(path)
        request = SetStat(id=self._protocol.next_id(), path=text, attributes=attributes)
        await self._session.call(request, Status, text)

    async def lsetstat(self, path: PathLike, attributes: Attributes) -> None:
        """Change attributes of a link itself (PROTOCOL section 4.7)."""
        text = path_text(path)
        self._need("lsetstat@openssh.com", text)
        request = LSetStat(id=self._protocol.next_id(), path=text, attributes=attributes)
        await self._session.call(request, Status, text)

    async def chmod(self, path: PathLike, mode: int) -> None:
        """Change permissions."""
        await self.setstat(path, Attributes(permissions=mode))

    async def truncate(self, path: PathLike, size: int) -> None:
        """Make a file `size` bytes long."""
        await self.setstat(path, Attributes(size=size))

    async def statvfs(self, path: PathLike) -> StatVFSReply:
        """Return the facts of the file system that a path is on (PROTOCOL section 4.4)."""
        text = path_text(path)
        self._need("statvfs@openssh.com", text)
        request = StatVFS(id=self._protocol.next_id(), path=text)
        reply = await self._session.call(request, ExtendedReply, text)
        return facts_of(reply.details)

    async def owner_names(
        self, users: Sequence[int], groups: Sequence[int]
    ) -> tuple[dict[int, str], dict[int, str]]:
        """Return the server's names of users and of groups, by number (PROTOCOL section 4.12).

        A number without a name is left out.  The names are unchanged: escape them before they
        are printed.

        Raises:
            SFTPUnsupported: the server does not have users-groups-by-id@openssh.com.
        """
        self._need("users-groups-by-id@openssh.com", "")
        request = UsersGroupsByID(
            id=self._protocol.next_id(),
            users=b"".join(number.to_bytes(4, "big") for number in users),
            groups=b"".join(number.to_bytes(4, "big") for number in groups),
        )
        reply = await self._session.call(request, ExtendedReply, "")
        found = names_of(reply.details)
        return (
            {number: name for number, name in zip(users, found[0], strict=False) if name},
            {number: name for number, name in zip(groups, found[1], strict=False) if name},
        )

    # ------------------------------------------------------------------ names

    async def mkdir(self, path: PathLike, mode: int | None = None) -> None:
        """Make a directory (section 6.6)."""
        text = path_text(path)
        number = self._protocol.next_id()
        request = MkDir(id=number, path=text, attributes=Attributes(permissions=mode))
        await self._session.call(request, Status, text)

    async def makedirs(
        self, path: PathLike, mode: int | None = None, *, exist_ok: bool = False
    ) -> None:
        """Make a directory with the permissions `mode`, and the missing directories above it."""
        text = path_text(path)
        parent = directory_of(text)
        try:
            await self.mkdir(text, mode)
        except SFTPError as refusal:
            if self._session.closed:
                raise
            if exist_ok and await self.is_dir(text):
                return
            missing = isinstance(refusal, SFTPNoSuchFile) or await self._is_missing(parent)
            if parent in {"", "/"} or not missing:
                raise
        else:
            return
        await self.makedirs(parent, exist_ok=True)
        await self.mkdir(text, mode)

    async def rmdir(self, path: PathLike) -> None:
        """Remove an empty directory (section 6.6)."""
        text = path_text(path)
        await self._session.call(RmDir(id=self._protocol.next_id(), path=text), Status, text)

    async def remove(self, path: PathLike) -> None:
        """Remove a file (section 6.5)."""
        text = path_text(path)
        await self._session.call(Remove(id=self._protocol.next_id(), path=text), Status, text)

    async def rename(self, old: PathLike, new: PathLike) -> None:
        """Rename; fails where the new name exists (section 6.5)."""
        text = path_text(old)
        request = Rename(id=self._protocol.next_id(), old=text, new=path_text(new))
        await self._session.call(request, Status, text)

    async def posix_rename(self, old: PathLike, new: PathLike) -> None:
        """Rename, and replace a file that has the new name (PROTOCOL section 4.3)."""
        text = path_text(old)
        self._need("posix-rename@openssh.com", text)
        request = PosixRename(id=self._protocol.next_id(), old=text, new=path_text(new))
        await self._session.call(request, Status, text)

    async def readlink(self, path: PathLike) -> str:
        """Return the target of a symbolic link (section 6.10)."""
        text = path_text(path)
        return await self._session.one_name(ReadLink(id=self._protocol.next_id(), path=text), text)

    async def symlink(self, target: PathLike, link: PathLike) -> None:
        """Make `link` a symbolic link to `target` (section 6.10).

        Servers do not agree on which of the two is sent first (OpenSSH's PROTOCOL section 4.1).
        Where neither the server's name nor its extensions tell, the link is read back before
        success is reported; one that was made at the wrong path is removed and made again.

        Raises:
            SFTPError: the server refused, or it reported success and there is no such link.
        """
        await self._symlinks.make(path_text(target), path_text(link))

    async def hardlink(self, old: PathLike, new: PathLike) -> None:
        """Give a file another name (PROTOCOL section 4.5)."""
        text = path_text(old)
        self._need("hardlink@openssh.com", text)
        request = HardLink(id=self._protocol.next_id(), old=text, new=path_text(new))
        await self._session.call(request, Status, text)

    async def realpath(self, path: PathLike) -> str:
        """Return the canonical absolute form of a path (section 6.11)."""
        text = path_text(path)
        return await self._session.one_name(RealPath(id=self._protocol.next_id(), path=text), text)

    async def expand_path(self, path: PathLike) -> str:
        """Return the canonical form of a path that may begin with "~" (PROTOCOL 4.9)."""
        text = path_text(path)
        self._need("expand-path@openssh.com", text)
        return await self._session.one_name(
            ExpandPath(id=self._protocol.next_id(), path=text), text
        )

    async def home(self, user: str = "") -> str:
        """Return the home directory of a user, or of the own user (PROTOCOL section 4.11)."""
        if not user:  # OpenSSH's server refuses an empty name
            return await self.expand_path("~")
        self._need("home-directory", user)
        return await self._session.one_name(
            HomeDirectory(id=self._protocol.next_id(), user=user), user
        )

    # ------------------------------------------------------------------ listing

    async def listdir(self, path: PathLike = ".") -> list[str]:
        """Return the names in a directory, in the server's order."""
        return [entry.name async for entry in self.scandir(path)]

    async def scandir(self, path: PathLike = ".") -> AsyncIterator[DirEntry]:
        """Iterate over a directory as the server lists it, some names ahead (section 6.7).

        Raises:
            SFTPUnsafeName: a name in it is not a plain component.
        """
        text = path_text(path)
        queue: asyncio.Queue[tuple[NameEntry, ...] | Exception | None] = asyncio.Queue()
        listing = Listing(self._protocol, text, queue.put_nowait, queue.put_nowait)
        self._session.settle()  # a silence begins now, not at what was sent before
        listing.start()
        self._session.settle()
        try:
            count = 0
            while isinstance(batch := await queue.get(), tuple):
                listing.more()
                self._session.settle()
                for entry in batch:
                    if not is_dot(entry.filename):
                        count += 1
                        yield self._entry(text, entry, count)
            if batch is not None:
                raise batch
        finally:
            listing.stop()
            self._session.settle()

    def _entry(self, directory: str, entry: NameEntry, count: int) -> DirEntry:
        if not is_plain(entry.filename):
            raise SFTPUnsafeName(directory, entry.filename)
        most = self._session.options.max_entries
        if count > most:
            raise SFTPTransferError(directory, f"it lists more than {most} names")
        path = join(directory, entry.filename)
        return DirEntry(entry.filename, path, entry.attributes, entry.longname)

    async def _told(self, path: str) -> Attributes:
        """Return the attributes of a path; empty ones if the server refuses STAT."""
        try:
            return await self.stat(path)
        except (SFTPNoSuchFile, SFTPConnectionLost, SFTPTimeout):
            raise
        except SFTPError:
            if self._session.closed:
                raise
            return Attributes()

    async def _opens_as_directory(self, path: str, found: Attributes) -> bool:
        """Return whether a path whose type is not known can be opened as a directory."""
        if found.has_type:
            return found.is_dir
        try:
            request = OpenDir(id=self._protocol.next_id(), path=path)
            reply = await self._session.call(request, Handle, path)
            closing = Close(id=self._protocol.next_id(), handle=reply.handle)
            await self._session.call(closing, Status, path)
        except SFTPError:
            if self._session.closed:
                raise
            return False
        return True

    async def _is_missing(self, path: str) -> bool:
        """Return whether the server answers STAT with "no such file"."""
        try:
            await self.stat(path)
        except SFTPError as error:
            return isinstance(error, SFTPNoSuchFile)
        return False

    def _need(self, extension: str, path: str) -> None:
        if not self._protocol.supports(extension):
            raise unsupported(extension, path)
