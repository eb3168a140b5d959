"""The SFTP client."""

from __future__ import annotations

import os
from pathlib import Path
from types import TracebackType
from typing import Self

from ssh_sftp.aio.file import RemoteFile, open_flags
from ssh_sftp.aio.operations import Operations, PathLike, path_text
from ssh_sftp.aio.path import RemotePath
from ssh_sftp.aio.session import Session
from ssh_sftp.aio.streams import Reader, StreamPipe, Writer
from ssh_sftp.aio.transfer import Transfer, into_directory, is_directory, last_name
from ssh_sftp.attributes import Attributes
from ssh_sftp.endpoints import MemorySink
from ssh_sftp.errors import SFTPError, SFTPNoSuchFile, SFTPTransferError
from ssh_sftp.limits import SFTPOptions
from ssh_sftp.messages import Close, Handle, Open, Status
from ssh_sftp.names import basename, join
from ssh_sftp.pipe import Pipe
from ssh_sftp.requests import Outcome
from ssh_sftp.scheduler import Progress, Transferred

__all__ = ["SFTPClient"]


class SFTPClient(Operations):
    """A client session of SFTP version 3, over any byte stream.

        async with SFTPClient.from_streams(reader, writer) as sftp:
            await sftp.get("/srv/data", "data", recursive=True)

    Paths are text; those that are no UTF-8 have lone surrogates, as Python's own file
    names do.  Relative ones start where the server puts them, mostly at home.
    """

    def __init__(self, pipe: Pipe, options: SFTPOptions | None = None) -> None:
        super().__init__(Session(pipe, options or SFTPOptions()))
        self._running = False

    @classmethod
    def from_pipe(cls, pipe: Pipe, options: SFTPOptions | None = None) -> Self:
        """Return a session over a pipe: an SSH channel, say."""
        return cls(pipe, options)

    @classmethod
    def from_streams(
        cls, reader: Reader, writer: Writer, options: SFTPOptions | None = None
    ) -> Self:
        """Return a session over a reader and a writer: those of a process, say."""
        return cls(StreamPipe(reader, writer), options)

    async def start(self) -> None:
        """Exchange versions with the server; entering the context does it.

        Raises:
            SFTPProtocolError: the server speaks another version, or no SFTP.
            SFTPConnectionLost: the stream ended.
        """
        if not self._running:
            self._running = True
            await self._session.start()

    async def close(self) -> None:
        """End the session."""
        await self._session.close()

    async def __aenter__(self) -> Self:
        try:
            await self.start()
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    # ------------------------------------------------------------------ files

    def path(self, path: PathLike = ".") -> RemotePath:
        """Return a path on the server, with the manners of `pathlib`."""
        return RemotePath(self, path_text(path))

    async def open(
        self, path: PathLike, mode: str = "rb", attributes: Attributes | None = None
    ) -> RemoteFile:
        """Open a file; modes are those of the built-in `open`, and files are binary.

        Args:
            path: the file.
            mode: "r", "w", "a" or "x", with "+" to read and write.
            attributes: attributes of a file that is created.
        """
        flags = open_flags(mode)
        text = path_text(path)
        number = self._requests.next_id()
        request = Open(
            id=number, path=text, flags=flags.value, attributes=attributes or Attributes()
        )
        try:
            reply = await self._session.call(request, Handle, text)
        except BaseException:
            self._close_late(number)
            raise
        return RemoteFile(self._session, reply.handle, text, flags)

    def _close_late(self, number: int) -> None:
        """Give back the handle of an open that nobody waits for any more."""
        requests = self._requests

        def on_reply(outcome: Outcome) -> None:
            if isinstance(outcome, Handle):
                closing = Close(id=requests.next_id(), handle=outcome.handle)
                requests.submit(closing, Status, lambda _: None)
                requests.wake(requests.flush)

        requests.replace(number, on_reply)

    async def read_bytes(self, path: PathLike) -> bytes:
        """Return what a file holds."""
        text = path_text(path)
        await self._session.ready()
        sink = MemorySink()
        size = (await self.stat(text)).size
        await Transfer(self._session, None, preserve=False).fetch_into(text, size, sink)
        return bytes(sink.data)

    async def write_bytes(self, path: PathLike, data: bytes | bytearray | memoryview) -> int:
        """Write a file, in place; return how many bytes it has now."""
        async with await self.open(path, "wb") as file:
            return await file.write(data)

    # ------------------------------------------------------------------ transfers

    async def get(
        self,
        remote: PathLike,
        local: str | os.PathLike[str] | None = None,
        *,
        recursive: bool = False,
        preserve: bool = False,
        progress: Progress | None = None,
    ) -> Transferred:
        """Download a file, or with `recursive` what is in a directory.

        A file goes into `local` where that is a directory, else it gets that name, when it
        is whole.  Of a directory, `local` becomes the counterpart; what is there stays.

        Args:
            remote: the file or directory on the server; links to it are followed.
            local: where to; by default the same name in the current directory.
            recursive: take directories, with all that is in them, links excepted.
            preserve: keep permissions (never set-user-ID and its kin) and times.
            progress: told of each file's bytes, of all its bytes if known, and its path.

        Raises:
            SFTPError: the server refused; `filename` says which file.
            OSError: the local side failed; `filename` says which file.
            SFTPTransferError: a file did not arrive whole.
            SFTPUnsafeName: the server listed a name that leads out of the directory.
        """
        source = path_text(remote)
        await self._session.ready()
        found = await self.stat(source)
        name = basename(source)
        target = Path(local if local is not None else name)
        transfer = Transfer(self._session, progress, preserve=preserve)
        if found.is_dir:
            if not recursive:
                raise SFTPTransferError(source, "it is a directory")
            return await transfer.fetch_tree(source, target, found)
        return await transfer.fetch_file(source, into_directory(target, name), found)

    async def put(
        self,
        local: str | os.PathLike[str],
        remote: PathLike | None = None,
        *,
        recursive: bool = False,
        preserve: bool = False,
        progress: Progress | None = None,
    ) -> Transferred:
        """Upload a file, or with `recursive` what is in a directory.

        A file goes into `remote` where that is a directory, else it gets that name, when
        the server has acknowledged all of it.  Of a directory, `remote` becomes the
        counterpart; what is there stays.

        Args:
            local: the file or directory; links to it are followed.
            remote: where to; by default the same name in the directory that relative
                paths start from.
            recursive: take directories, with all that is in them, links excepted.
            preserve: keep permissions (never set-user-ID and its kin) and times.
            progress: told of each file's bytes, of all its bytes, and its path.

        Raises:
            SFTPError: the server refused; `filename` says which file.
            OSError: the local side failed; `filename` says which file.
            SFTPTransferError: a file did not arrive whole.
        """
        source = Path(local)
        await self._session.ready()
        name = last_name(source)
        target = name if remote is None else path_text(remote)
        transfer = Transfer(self._session, progress, preserve=preserve)
        if is_directory(source):
            if not recursive:
                raise SFTPTransferError(str(source), "it is a directory")
            return await transfer.send_tree(source, target)
        present = await self._present(target)
        if present is not None and present.is_dir:
            target = join(target, name)
            present = await self._present(target)
        if present is not None and present.is_symlink:
            target = await self.realpath(target)
            present = await self._present(target)
        replaceable = present is None or present.is_file or present.permissions is None
        return await transfer.send_file(source, target, atomic=replaceable)

    async def _present(self, path: str) -> Attributes | None:
        """Return what is at a path: the directory that a link leads to, else the link."""
        try:
            found = await self.lstat(path)
            if found.is_symlink and (await self.stat(path)).is_dir:
                return await self.stat(path)
        except SFTPNoSuchFile:
            return None
        except SFTPError:
            return None
        return found
