"""The SFTP client."""

from __future__ import annotations

import hashlib
import posixpath
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self, overload

from ssh_sftp.aio.client.copying import copy_on_server
from ssh_sftp.aio.client.file import RemoteFile
from ssh_sftp.aio.client.operations import PathLike, path_text
from ssh_sftp.aio.client.path import RemotePath
from ssh_sftp.aio.client.session import ClientSession
from ssh_sftp.aio.client.text_file import RemoteTextFile
from ssh_sftp.aio.client.transfer import OnError, Transfer, callbacks_of
from ssh_sftp.aio.client.transfers import Transfers
from ssh_sftp.aio.streams import StreamPipe, StreamReader, StreamWriter
from ssh_sftp.attributes import Attributes
from ssh_sftp.client.limits import SFTPOptions, within_limit
from ssh_sftp.client.modes import BinaryMode, TextMode, is_binary, open_flags
from ssh_sftp.client.protocol import Outcome
from ssh_sftp.client.scheduler import Found, Progress
from ssh_sftp.client.selection import Select, everything
from ssh_sftp.client.storage import MemorySink
from ssh_sftp.client.text_stream import check_text
from ssh_sftp.errors import SFTPError, SFTPTransferError
from ssh_sftp.messages import Close, Handle, Open, Status
from ssh_sftp.names import basename
from ssh_sftp.numbers import OpenFlags
from ssh_sftp.pipe import Pipe
from ssh_sftp.results import Transferred
from ssh_wire import UsageError
from ssh_wire.aio import close_after
from ssh_wire.text import printable

__all__ = ["SFTPClient"]

_PIECE = 1024 * 1024


class SFTPClient(Transfers):
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
        options = within_limit(options or SFTPOptions())
        if options.limit is not None:
            from ssh_sftp.aio.limited_pipe import LimitedPipe  # only where it is asked for

            pipe = LimitedPipe(pipe, options.limit)
        super().__init__(ClientSession(pipe, options), peer_software)
        self._session.peer_software = peer_software
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

    def open_others_with(self, opener: Callable[[], Awaitable[SFTPClient]]) -> None:
        """Say how another session with the same server is opened: for `SFTPOptions(stripes=8)`.

        Args:
            opener: returns a session that has started; it is closed after its use.
        """

        async def open_session() -> ClientSession:
            return (await opener())._session  # noqa: SLF001 (of its own class)

        self._session.open_another = open_session

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
        self,
        path: PathLike,
        mode: BinaryMode = "rb",
        attributes: Attributes | None = None,
        *,
        buffering: int = -1,
    ) -> RemoteFile: ...

    @overload
    async def open(
        self,
        path: PathLike,
        mode: TextMode,
        attributes: Attributes | None = None,
        *,
        buffering: int = -1,
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
        buffering: int = -1,
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
        buffering: int = -1,
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
            buffering: 0 for a binary file whose `write` returns when the server has acknowledged
                it; by default writes are joined into blocks, and `flush` waits for the server.
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
        if buffering == 0 and not is_binary(mode):
            problem = f"mode {mode!r} is of text, which is buffered"
            raise UsageError(problem)
        told = (encoding, errors, newline)
        if is_binary(mode):
            if told != (None, None, None):
                problem = f"mode {mode!r} is binary: it has no encoding, errors or newline"
                raise UsageError(problem)
            return await self._open(text, mode, flags, attributes, buffered=buffering != 0)
        text_options = (encoding or "utf-8", errors or "strict", newline)
        check_text(*text_options)
        return RemoteTextFile(await self._open(text, mode, flags, attributes), *text_options)

    async def _open(
        self,
        path: str,
        mode: str,
        flags: OpenFlags,
        attributes: Attributes | None,
        *,
        buffered: bool = True,
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
        return RemoteFile(self._session, reply.handle, path, flags, mode=mode, buffered=buffered)

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

        If the server does not have copy-data, the file is read and written, in bounded memory.
        The copy gets the permissions of the file, without set-user-ID, set-group-ID and sticky.
        It is written in place: a copy that fails is incomplete.

        Raises:
            SFTPTransferError: it is not a regular file, both are the same file, or it became
                shorter meanwhile.
            SFTPError: the server refused; `filename` says which file.
        """
        source, target = path_text(old), path_text(new)
        found = await self.stat(source)
        if found.has_type and not found.is_file:
            raise SFTPTransferError(source, "it is not a regular file")
        if await self._is_same(source, target):  # opening the target would empty it
            raise SFTPTransferError(source, f"it is the same file as {printable(target)}")
        mode = 0o666 if found.mode is None else found.mode & 0o777
        if self.supports("copy-data"):
            await copy_on_server(self._session, source, target, mode)
        else:
            await self._copy_through(source, target, found.size, mode)

    async def _is_same(self, one: str, other: str) -> bool:
        try:
            return await self.realpath(one) == await self.realpath(other)
        except SFTPError:
            if self._session.closed:
                raise
            return posixpath.normpath(one) == posixpath.normpath(other)

    async def _copy_through(self, old: str, new: str, size: int | None, mode: int) -> None:
        copied = 0
        async with (
            await self.open(old) as source,
            await self.open(new, "wb", Attributes(permissions=mode)) as target,
        ):
            while data := await source.read(_PIECE):
                copied += await target.write(data)
        if size is not None and copied < size:
            raise SFTPTransferError(old, f"it ended after {copied} of {size} bytes")

    async def _hash_here(self, path: str, algorithm: str) -> bytes:
        made = hashlib.new(algorithm)
        async with await self.open(path) as file:
            while data := await file.read(_PIECE):
                made.update(data)
        return made.digest()

    async def copy_to(
        self,
        source: PathLike,
        other: SFTPClient,
        target: PathLike,
        *,
        recursive: bool = False,
        preserve: bool = False,
        select: Select | None = None,
        on_error: OnError = "continue",
        progress: Progress | None = None,
        found: Found | None = None,
    ) -> Transferred:
        """Copy a file, or with `recursive` a directory, of this server to another server.

        The bytes go through this process in blocks; no file is in memory as a whole, and none on
        a local disk.  A file goes into `target` if that is a directory; else it gets that name
        when all of it is there.  A directory is copied to `target`; files that are there stay.

        `SFTPOptions.atomic` and `fsync` are those of the other session; `resume` and `verify` do
        not apply.

        Args:
            source: the file or directory on this server; links to it are followed.
            other: the session with the other server.
            target: the destination there.
            recursive: copy directories and everything in them except links.
            preserve: keep permissions (never set-user-ID, set-group-ID or sticky) and times.
            select: returns whether an entry of a tree is copied: a `PathFilter`, say;
                by default each one.
            on_error: when a file of a tree fails, "continue" with the others and raise
                `SFTPTransferErrors` at the end, or "stop" at once with the error.
            progress: called with the bytes of a file so far, its size if known, and its path;
                or a `TransferProgress`.
            found: called before a file is copied, with its path, and its size if known.

        Raises:
            SFTPTransferErrors: some files of a tree failed; the others were copied.
            SFTPError: a server refused; `filename` says which file.
            SFTPTransferError: a file arrived incomplete, or it is a directory.
            SFTPUnsafeName: the server listed a name that leads out of the directory.
        """
        from ssh_sftp.aio.client.between import (  # only where it is needed
            CopyBetween,
            CopyManner,
        )
        from ssh_sftp.client.tree_scan import FoundTree  # the same

        old, new = path_text(source), path_text(target)
        await self._session.ready()
        await other._session.ready()
        there = await self._told(old)
        atomic = other._session.options.atomic
        if there.is_dir and not recursive:
            raise SFTPTransferError(old, "it is a directory")
        if not there.is_dir:
            new, replaceable = await other._upload_path(new, basename(old))
            atomic = atomic and replaceable
        manner = CopyManner(
            preserve=preserve,
            atomic=atomic,
            fsync=other._session.options.fsync,
            stop=on_error == "stop" or not there.is_dir,
            callbacks=callbacks_of(progress, found),
        )
        copying = CopyBetween((self, self._session), (other, other._session), manner)
        if there.is_dir:
            tree = FoundTree()
            scan = Transfer(self._session, on_error=on_error)
            copying.failed(await scan.scan(old, tree, select or everything))
            await copying.copy_tree(tree, old, new, there)
        else:
            copying.found(old, there.size)
            await copying.copy_file(old, new, there)
        return copying.result()
