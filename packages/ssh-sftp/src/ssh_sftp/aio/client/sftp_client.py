"""The SFTP client."""

from __future__ import annotations

import os
from pathlib import Path
from types import TracebackType
from typing import Self, overload

from ssh_sftp.aio.client.copying import copy_on_server
from ssh_sftp.aio.client.file import RemoteFile
from ssh_sftp.aio.client.operations import Operations, PathLike, path_text
from ssh_sftp.aio.client.path import RemotePath
from ssh_sftp.aio.client.session import ClientSession
from ssh_sftp.aio.client.text_file import RemoteTextFile
from ssh_sftp.aio.client.transfer import (
    Callbacks,
    OnError,
    Transfer,
    into_directory,
    is_directory,
    last_name,
)
from ssh_sftp.aio.streams import StreamPipe, StreamReader, StreamWriter
from ssh_sftp.attributes import Attributes
from ssh_sftp.client.limits import SFTPOptions
from ssh_sftp.client.modes import BinaryMode, TextMode, is_binary, open_flags
from ssh_sftp.client.protocol import Outcome
from ssh_sftp.client.scheduler import Found, Progress
from ssh_sftp.client.storage import MemorySink
from ssh_sftp.client.text_stream import check_text
from ssh_sftp.errors import (
    SFTPError,
    SFTPNoSuchFile,
    SFTPTransferError,
)
from ssh_sftp.messages import Close, Handle, Open, Status
from ssh_sftp.names import basename, directory_of, join
from ssh_sftp.numbers import OpenFlags
from ssh_sftp.pipe import Pipe
from ssh_sftp.results import Transferred
from ssh_wire import UsageError
from ssh_wire.aio import close_after

__all__ = ["SFTPClient"]


class SFTPClient(Operations):
    """A client session of SFTP version 3, over any byte stream.

        async with SFTPClient.from_streams(reader, writer) as sftp:
            await sftp.get("/srv/data", "data", recursive=True)

    Paths are text.  Bytes that are not UTF-8 become lone surrogates, as in Python's own file
    names.  Relative paths start in a directory that the server chooses, usually the home
    directory.
    """

    def __init__(
        self, pipe: Pipe, options: SFTPOptions | None = None, *, peer_software: str = ""
    ) -> None:
        super().__init__(ClientSession(pipe, options or SFTPOptions()), peer_software)
        self._running = False

    @classmethod
    def from_pipe(
        cls, pipe: Pipe, options: SFTPOptions | None = None, *, peer_software: str = ""
    ) -> Self:
        """Return a session over a pipe: an SSH channel, say.

        Args:
            pipe: the stream to the server.
            options: how the session behaves.
            peer_software: the server's identification string, where there is one: it tells in
                which order the server takes the paths of `symlink`.
        """
        return cls(pipe, options, peer_software=peer_software)

    @classmethod
    def from_streams(
        cls,
        reader: StreamReader,
        writer: StreamWriter,
        options: SFTPOptions | None = None,
        *,
        peer_software: str = "",
    ) -> Self:
        """Return a session over a reader and a writer: those of a process, say.

        The other arguments are those of `from_pipe`.
        """
        return cls(StreamPipe(reader, writer), options, peer_software=peer_software)

    async def start(self) -> None:
        """Exchange versions with the server; entering the context does it.

        Raises:
            SFTPProtocolError: the server speaks another version, or not SFTP.
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
        await close_after(error, self.close)

    # ------------------------------------------------------------------ files

    def path(self, path: PathLike = ".") -> RemotePath:
        """Return a path on the server, with the methods of `pathlib`."""
        return RemotePath(self, path_text(path))

    @overload
    async def open(
        self, path: PathLike, mode: BinaryMode = "rb", attributes: Attributes | None = None
    ) -> RemoteFile: ...

    @overload
    async def open(
        self,
        path: PathLike,
        mode: TextMode,
        attributes: Attributes | None = None,
        *,
        encoding: str | None = None,
        errors: str | None = None,
        newline: str | None = None,
    ) -> RemoteTextFile: ...

    @overload
    async def open(
        self,
        path: PathLike,
        mode: str,
        attributes: Attributes | None = None,
        *,
        encoding: str | None = None,
        errors: str | None = None,
        newline: str | None = None,
    ) -> RemoteFile | RemoteTextFile: ...

    async def open(
        self,
        path: PathLike,
        mode: str = "rb",
        attributes: Attributes | None = None,
        *,
        encoding: str | None = None,
        errors: str | None = None,
        newline: str | None = None,
    ) -> RemoteFile | RemoteTextFile:
        r"""Open a file; modes are those of the built-in `open`, with "rb" as the default.

        Args:
            path: the file.
            mode: "r", "w", "a" or "x", with "+" to read and write; with "b" a file of bytes, and
                a text file without.
            attributes: attributes of a file that is created.
            encoding: of a text file; by default UTF-8.
            errors: what is done with text that cannot be decoded or encoded: "strict" (the
                default), "replace", or any other of the handlers of `codecs`.
            newline: the line end of a text file, as the built-in `open` has it; what is written
                gets "\n" by default, for the server's own line end is not known.

        Raises:
            UsageError: the mode, encoding, error handler or line end does not exist.
            SFTPError: the server refused; `filename` is the path.
        """
        flags, text = open_flags(mode), path_text(path)
        told = (encoding, errors, newline)
        if is_binary(mode):
            if told != (None, None, None):
                problem = f"mode {mode!r} is binary: it has no encoding, errors or newline"
                raise UsageError(problem)
            return await self._open(text, mode, flags, attributes)
        text_options = (encoding or "utf-8", errors or "strict", newline)
        check_text(*text_options)
        return RemoteTextFile(await self._open(text, mode, flags, attributes), *text_options)

    async def _open(
        self, path: str, mode: str, flags: OpenFlags, attributes: Attributes | None
    ) -> RemoteFile:
        number = self._protocol.next_id()
        request = Open(
            id=number, path=path, flags=flags.value, attributes=attributes or Attributes()
        )
        try:
            reply = await self._session.call(request, Handle, path)
        except BaseException:
            self._close_late(number)
            raise
        return RemoteFile(self._session, reply.handle, path, flags, mode)

    def _close_late(self, number: int) -> None:
        """Close the handle of an open that was cancelled."""
        protocol = self._protocol

        def on_reply(outcome: Outcome) -> None:
            if isinstance(outcome, Handle):
                closing = Close(id=protocol.next_id(), handle=outcome.handle)
                protocol.submit(closing, Status, lambda _: None)
                protocol.wake(protocol.flush)

        protocol.replace(number, on_reply)

    async def read_bytes(self, path: PathLike) -> bytes:
        """Return the content of a file."""
        text = path_text(path)
        await self._session.ready()
        sink = MemorySink()
        found = await self._told(text)
        await Transfer(self._session).fetch_into(text, found.size, sink)
        return bytes(sink.data)

    async def write_bytes(self, path: PathLike, data: bytes | bytearray | memoryview) -> int:
        """Write a file, in place; return how many bytes it has now."""
        async with await self.open(path, "wb") as file:
            return await file.write(data)

    async def copy(self, old: PathLike, new: PathLike) -> None:
        """Copy a file on the server, which moves the bytes itself (PROTOCOL section 4.10).

        The copy gets the permissions of the file, without set-user-ID, set-group-ID and sticky.

        Raises:
            SFTPUnsupported: the server does not have copy-data.
            SFTPTransferError: it is not a regular file.
            SFTPError: the server refused; `filename` says which file.
        """
        source, target = path_text(old), path_text(new)
        self._need("copy-data", source)
        found = await self.stat(source)
        if found.has_type and not found.is_file:
            raise SFTPTransferError(source, "it is not a regular file")
        mode = 0o666 if found.mode is None else found.mode & 0o777
        await copy_on_server(self._session, source, target, mode)

    # ------------------------------------------------------------------ transfers

    async def get(
        self,
        remote: PathLike,
        local: str | os.PathLike[str] | None = None,
        *,
        recursive: bool = False,
        preserve: bool = False,
        on_error: OnError = "continue",
        progress: Progress | None = None,
        found: Found | None = None,
    ) -> Transferred:
        """Download a file, or with `recursive` the content of a directory.

        A file goes into `local` if that is a directory or ends in a slash; else it gets that name
        when it is complete.  A directory is copied to `local`; files that are there already stay.
        Missing local directories are made, those above `local` included.

        Args:
            remote: the file or directory on the server; links to it are followed.
            local: the destination; by default the same name in the current directory.
            recursive: transfer directories and everything in them except links.
            preserve: keep permissions (never set-user-ID, set-group-ID or sticky) and times.
            on_error: when a file of a tree cannot be read or written, "continue" with the others
                and raise `SFTPTransferErrors` at the end, or "stop" at once with the error.
            progress: called with the bytes of a file so far, its size if known, and its path.
            found: called before a file is transferred, with its path, and its size if known.

        Returns:
            The result: files, bytes, what was skipped, and how many sizes were checked.

        Raises:
            SFTPTransferErrors: some files of a tree failed; the others were transferred.
            SFTPError: the server refused; `filename` says which file.
            OSError: the local side failed; `filename` says which file.
            SFTPTransferError: a file arrived incomplete.
            SFTPUnsafeName: the server listed a name that leads out of the directory.
        """
        source = path_text(remote)
        await self._session.ready()
        found_there = await self._told(source)
        name = basename(source)
        target = Path(local if local is not None else name)
        transfer = Transfer(
            self._session,
            Callbacks(progress, found),
            preserve=preserve,
            on_error=on_error,
        )
        if found_there.is_dir or (
            recursive and await self._opens_as_directory(source, found_there)
        ):
            if not recursive:
                raise SFTPTransferError(source, "it is a directory")
            return await transfer.fetch_tree(source, target, found_there)
        if local is not None and os.fspath(local).endswith(os.sep):
            target /= name
        return await transfer.fetch_file(source, into_directory(target, name), found_there)

    async def put(
        self,
        local: str | os.PathLike[str],
        remote: PathLike | None = None,
        *,
        recursive: bool = False,
        preserve: bool = False,
        on_error: OnError = "continue",
        progress: Progress | None = None,
        found: Found | None = None,
    ) -> Transferred:
        """Upload a file, or with `recursive` the content of a directory.

        A file goes into `remote` if that is a directory; else it gets that name when the server
        has acknowledged all of it.  A directory is copied to `remote`; files that are there
        already stay.  The directory above `remote` has to exist.

        A server that refuses an optional step (the size check, permissions and times, fsync) still
        has the whole file: see `Transferred.refused`.

        Args:
            local: the file or directory; links to it are followed.
            remote: the destination; by default the same name in the directory that relative
                paths start from.
            recursive: transfer directories and everything in them except links.
            preserve: keep permissions (never set-user-ID, set-group-ID or sticky) and times.
            on_error: when a file of a tree cannot be read or written, "continue" with the others
                and raise `SFTPTransferErrors` at the end, or "stop" at once with the error.
            progress: called with the bytes of a file so far, its size, and its path.
            found: called before a file is transferred, with its path and its size.

        Returns:
            The result: files, bytes, what was skipped, and how many sizes were checked.

        Raises:
            SFTPTransferErrors: some files of a tree failed; the others were transferred.
            SFTPError: the server refused; `filename` says which file, or which directory is
                missing.
            OSError: the local side failed; `filename` says which file.
            SFTPTransferError: a file arrived incomplete.
        """
        source = Path(local)
        await self._session.ready()
        name = last_name(source)
        target = name if remote is None else path_text(remote)
        transfer = Transfer(
            self._session,
            Callbacks(progress, found),
            preserve=preserve,
            on_error=on_error,
        )
        if is_directory(source):
            if not recursive:
                raise SFTPTransferError(str(source), "it is a directory")
            try:
                return await transfer.send_tree(source, target)
            except SFTPError as error:
                raise await self._with_missing_directory(error, target) from error.__cause__
        target, atomic = await self._upload_path(target, name)
        try:
            return await transfer.send_file(source, target, atomic=atomic)
        except SFTPError as error:
            raise await self._with_missing_directory(error, target) from error.__cause__

    # ------------------------------------------------------------------ what is there

    async def _upload_path(self, target: str, name: str) -> tuple[str, bool]:
        """Return the path that an uploaded file gets, and whether it may be renamed to it."""
        present = await self._lstat_or_none(target)
        if present is not None and (
            present.is_dir or await self._opens_as_directory(target, present)
        ):
            target = join(target, name)
            present = await self._lstat_or_none(target)
        elif target.endswith("/"):
            await self._need_directory(target)
            target = join(target, name)
            present = None
        if present is not None and present.is_symlink:
            try:
                target = await self.realpath(target)
            except SFTPError:
                return target, False  # the server resolves links itself
            present = await self._lstat_or_none(target)
        replaceable = present is None or present.is_file or not present.has_type
        return target, replaceable

    async def _need_directory(self, path: str) -> None:
        """Raise an error if a directory is missing; if STAT is refused it may exist."""
        try:
            await self.stat(path)
        except SFTPNoSuchFile:
            raise _no_directory(path) from None
        except SFTPError:
            if self._session.closed:
                raise

    async def _with_missing_directory(self, error: SFTPError, path: str) -> SFTPError:
        """Return an error that names the missing directory, if the server only sent "failure"."""
        above = directory_of(path)
        if type(error) is SFTPError and above and not self._session.closed:
            try:
                await self.stat(above)
            except SFTPNoSuchFile:
                return _no_directory(above)
            except SFTPError:
                pass
        return error

    async def _lstat_or_none(self, path: str) -> Attributes | None:
        """Return the attributes at a path; a link is followed if it leads to a directory."""
        try:
            found = await self.lstat(path)
            if found.is_symlink and (await self.stat(path)).is_dir:
                return await self.stat(path)
        except SFTPError:
            return None
        return found


def _no_directory(path: str) -> SFTPNoSuchFile:
    return SFTPNoSuchFile("the directory does not exist", path)
