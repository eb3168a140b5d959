"""An open file on the server: bytes, with the methods of `io.RawIOBase`."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable
from contextlib import suppress
from types import TracebackType
from typing import Self

from ssh_sftp.aio.client.session import ClientSession, unsupported
from ssh_sftp.attributes import Attributes
from ssh_sftp.client.held import Held
from ssh_sftp.client.readahead import ReadAhead
from ssh_sftp.client.replies import facts_of
from ssh_sftp.client.writebehind import WriteBehind
from ssh_sftp.errors import SFTPError
from ssh_sftp.messages import (
    Attrs,
    Close,
    ExtendedReply,
    FSetStat,
    FStat,
    FStatVFS,
    FSync,
    Stat,
    Status,
    StatVFSReply,
)
from ssh_sftp.numbers import OpenFlags
from ssh_wire import UsageError
from ssh_wire.aio import close_after

__all__ = ["RemoteFile"]

_BLOCK = 32_768
_MOST_BLOCK = 8 * 1024 * 1024
_SMALL = 8_192
_SLICE = 1024 * 1024


class BadPosition(UsageError, OSError):
    """A position before the start of a file.

    It is also an `OSError`, as for Python's own files: `zipfile` relies on that.
    """


class RemoteFile:
    """An open file of bytes, with a position, and reads and writes at any offset.

    Sequential reads request blocks ahead.  Writes are joined into blocks, and sent without waiting
    for each of them: `flush` waits until the server has acknowledged them, `close` too.  An error
    of the server is raised by the next write, flush, or close.  Iteration yields lines, as for
    Python's own files: `async for line in file`.
    """

    def __init__(
        self,
        session: ClientSession,
        handle: bytes,
        path: str,
        flags: OpenFlags,
        *,
        mode: str = "rb",
        buffered: bool = True,
    ) -> None:
        self._session = session
        self._protocol = session.protocol
        self._handle = handle
        self._path = path
        self._flags = flags
        self._mode = mode
        self._position = 0
        self._buffered = buffered
        self._held = Held()
        self._closed = False
        self._reading = asyncio.Lock()
        self._progress = asyncio.Event()
        self._ahead = ReadAhead(session.protocol, handle, path, self._progress.set)
        self._written_to = 0
        self._behind = WriteBehind(session.protocol, handle, path, self._progress.set)

    @property
    def path(self) -> str:
        """The path that it was opened by."""
        return self._path

    @property
    def name(self) -> str:
        """The path that it was opened by, under the name that `io` has for it."""
        return self._path

    @property
    def mode(self) -> str:
        """The mode that it was opened in."""
        return self._mode

    @property
    def closed(self) -> bool:
        """Return whether it is closed."""
        return self._closed

    def readable(self) -> bool:
        """Return whether it was opened for reading."""
        return bool(self._flags & OpenFlags.READ)

    def writable(self) -> bool:
        """Return whether it was opened for writing."""
        return bool(self._flags & OpenFlags.WRITE)

    def seekable(self) -> bool:
        """Return whether it has a position that can be moved: always."""
        return True

    def isatty(self) -> bool:
        """Return whether it is a terminal: never."""
        return False

    # ------------------------------------------------------------------ at the position

    async def read(self, size: int | None = -1) -> bytes:
        """Read up to `size` bytes, or to the end; less only at the end of the file."""
        if size is None or size < 0:
            return await self._read_to_end()
        data = self._held.bytes_at(self._position, size)
        if len(data) < size or not size:
            await self._fill(self._position + len(data), size - len(data))
            data += self._held.bytes_at(self._position + len(data), size - len(data))
        self._position += len(data)
        return data

    async def read1(self, size: int | None = -1) -> bytes:
        """Read up to `size` bytes of what has been received; wait only if there is none."""
        most = _MOST_BLOCK if size is None or size < 0 else size
        data = self._held.bytes_at(self._position, most)
        return self._returned(data) if data else await self.read(min(most, _BLOCK))

    async def readinto(self, buffer: bytearray | memoryview) -> int:
        """Read into a buffer until it is full, or to the end; return how many bytes."""
        view = memoryview(buffer).cast("B")
        data = await self.read(len(view))
        view[: len(data)] = data
        return len(data)

    async def readline(self, size: int | None = -1) -> bytes:
        """Read a line with its newline, or `size` bytes of it; at the end, what is left."""
        limit = -1 if size is None else size
        block = _BLOCK
        while (line := self._held.line_at(self._position, limit)) is None:
            have = self._held.bytes_at(self._position)
            await self._fill(self._position + len(have), block)
            more = self._held.bytes_at(self._position + len(have))
            self._held.replace(have + more, self._position)
            if not more:
                return self._returned(self._held.bytes_at(self._position, limit))
            block = min(2 * block, _MOST_BLOCK)
        if not line:
            self._check_readable()
        return self._returned(line)

    async def readlines(self, hint: int | None = -1) -> list[bytes]:
        """Read lines to the end, or until they have `hint` bytes together."""
        lines: list[bytes] = []
        size = 0
        while line := await self.readline():
            lines.append(line)
            size += len(line)
            if hint is not None and 0 < hint <= size:
                break
        return lines

    def ready_line(self) -> bytes | None:
        """Return the next line if all of it has been received, else None."""
        line = None if self._closed else self._held.line_at(self._position, -1)
        return None if line is None else self._returned(line)

    def ready_bytes(self, size: int) -> bytes | None:
        """Return the next `size` bytes if all of them have been received, else None."""
        data = b"" if self._closed else self._held.bytes_at(self._position, size)
        return self._returned(data) if data and len(data) == size else None

    async def write(self, data: bytes | bytearray | memoryview) -> int:
        """Write at the position: all of it, in the end.

        What is less than a block waits for more, or for `flush`.  Without buffering, return when
        the server has acknowledged all of it.

        Raises:
            SFTPError: the server refused this write, or an earlier one.
        """
        view = self._view(data)
        await self._session.ready()
        if len(view) and (self._position != self._written_to or self._behind.idle):
            await self._start_writing()
        self._held.clear()
        for start in range(0, len(view), _SLICE):
            while self._behind.full:
                await self._wait()
            self._behind.check()
            self._session.settle()
            piece = view[start : start + _SLICE]
            self._behind.put(piece, self._position)
            self._position += len(piece)
            self._written_to = self._position
            self._session.settle()
        if not self._buffered:
            await self.flush()
        return len(view)

    def held_write(self, data: bytes | bytearray | memoryview) -> int | None:
        """Hold data that follows what is held and is not sent yet; return None if it must be.

        It is what `write` does, where that sends nothing.
        """
        view = memoryview(data).cast("B")
        if self._closed or not self._behind.hold(view, self._position):
            return None
        self._position += len(view)
        self._written_to = self._position
        return len(view)

    async def writelines(self, lines: Iterable[bytes | bytearray | memoryview]) -> None:
        """Write each of the lines; no newlines are added."""
        for line in lines:
            await self.write(line)

    async def flush(self) -> None:
        """Send what was written, and wait until the server has acknowledged it.

        Raises:
            SFTPError: the server refused a write.
        """
        self._check_open()
        if not self._behind.idle:
            self._behind.check()
            self._session.settle()
            self._behind.push()
            self._session.settle()
            while not self._behind.settled:
                await self._wait()
            self._behind.check()

    async def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move the position; return the new one."""
        self._check_open()
        if whence == os.SEEK_END:
            await self.flush()
            offset += (await self._told()).size or 0
        return self.move(offset, whence)

    def move(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move the position, from the start or from where it is, as `seek` does.

        Raises:
            UsageError: the position would be negative.
        """
        self._check_open()
        if whence == os.SEEK_CUR:
            offset += self._position
        elif whence not in {os.SEEK_SET, os.SEEK_END}:
            problem = f"whence is 0, 1 or 2, not {whence}"
            raise BadPosition(problem)
        if offset < 0:
            problem = "a position is not negative"
            raise BadPosition(problem)
        self._position = offset
        return offset

    def tell(self) -> int:
        """Return the position."""
        return self._position

    # ------------------------------------------------------------------ at an offset

    async def read_at(self, size: int, offset: int) -> bytes:
        """Read up to `size` bytes at an offset; the position stays."""
        return await self._read(offset, size)

    async def write_at(self, data: bytes | bytearray | memoryview, offset: int) -> int:
        """Write at an offset and wait for the server; the position stays.

        All blocks are sent before one is awaited.
        """
        view = self._view(data)
        await self._session.ready()
        await self.flush()
        self._forget()
        for start in range(0, len(view), _SLICE):
            while self._behind.full:
                await self._wait()
            self._session.settle()
            self._behind.put(view[start : start + _SLICE], offset + start)
        await self.flush()
        return len(view)

    # ------------------------------------------------------------------ the file

    async def stat(self) -> Attributes:
        """Return its attributes (section 6.8)."""
        await self.flush()
        request = FStat(id=self._protocol.next_id(), handle=self._handle)
        return (await self._session.call(request, Attrs, self._path)).attributes

    async def setstat(self, attributes: Attributes) -> None:
        """Change the attributes that are given (section 6.9)."""
        await self.flush()
        number = self._protocol.next_id()
        request = FSetStat(id=number, handle=self._handle, attributes=attributes)
        await self._session.call(request, Status, self._path)

    async def truncate(self, size: int | None = None) -> int:
        """Make it `size` bytes long, or as long as the position is; return its size."""
        await self.flush()
        self._forget()
        length = self._position if size is None else size
        await self.setstat(Attributes(size=length))
        return length

    async def fsync(self) -> None:
        """Put what was written to stable storage (PROTOCOL section 4.6)."""
        await self.flush()
        if not self._protocol.supports("fsync@openssh.com"):
            raise unsupported("fsync@openssh.com", self._path)
        request = FSync(id=self._protocol.next_id(), handle=self._handle)
        await self._session.call(request, Status, self._path)

    async def statvfs(self) -> StatVFSReply:
        """Return the facts of the file system that it is on (PROTOCOL section 4.4)."""
        self._check_open()
        if not self._protocol.supports("fstatvfs@openssh.com"):
            raise unsupported("fstatvfs@openssh.com", self._path)
        request = FStatVFS(id=self._protocol.next_id(), handle=self._handle)
        reply = await self._session.call(request, ExtendedReply, self._path)
        return facts_of(reply.details)

    async def close(self) -> None:
        """Send what was written, and close it.

        Raises:
            SFTPError: "even a close can fail": what was written may not be stored.
        """
        if self._closed:
            return
        try:
            await self.flush()
        except BaseException as error:
            await close_after(error, self._close)
            raise
        await self._close()

    async def _close(self) -> None:
        if not self._closed:
            self._closed = True
            request = Close(id=self._protocol.next_id(), handle=self._handle)
            await self._session.call(request, Status, self._path)

    async def abandon(self) -> None:
        """Close it and report no error: nothing refers to it any more."""
        with suppress(Exception):
            await self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None or not self._session.closed:
            await close_after(error, self.close)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        """Return the next line, with its newline."""
        line = await self.readline()
        if not line:
            raise StopAsyncIteration
        return line

    def __repr__(self) -> str:
        state = "closed" if self._closed else "open"
        return f"<RemoteFile {self._path!r} mode={self._mode!r} {state}>"

    # ------------------------------------------------------------------ inside

    def _returned(self, data: bytes) -> bytes:
        self._position += len(data)
        return data

    async def _read_to_end(self) -> bytes:
        pieces: list[bytes] = []
        while data := await self.read(_SLICE):
            pieces.append(data)
        return b"".join(pieces)

    async def _fill(self, offset: int, size: int) -> None:
        """Hold `size` bytes at an offset, fewer at the end, and what has arrived behind them."""
        least = max(size, _SMALL) if size else 0
        self._held.replace(await self._read(offset, least, _SLICE), offset)

    def _view(self, data: bytes | bytearray | memoryview) -> memoryview:
        """Return what is to be written, as bytes."""
        self._check_open()
        if not self.writable():
            problem = f"{self._path} is open in mode {self._mode!r}, not for writing"
            raise UsageError(problem)
        if isinstance(data, str):
            problem = f"{self._path}: bytes are written here; open text files with mode 'w'"
            raise UsageError(problem)
        return memoryview(data).cast("B")

    async def _start_writing(self) -> None:
        """Begin to write at another place than where the last write ended."""
        await self.flush()
        self._forget()
        if self._flags & OpenFlags.APPEND:
            self._position = await self._end()
        self._written_to = self._position

    async def _wait(self) -> None:
        """Wait until a reply has arrived."""
        self._progress.clear()
        await self._progress.wait()

    def _forget(self) -> None:
        """Discard what was read ahead, because the file is written to."""
        self._ahead.forget()
        self._held.clear()

    async def _told(self) -> Attributes:
        """Return its attributes; by its path if the server refuses FSTAT."""
        try:
            return await self.stat()
        except SFTPError:
            if self._session.closed:
                raise
            request = Stat(id=self._protocol.next_id(), path=self._path)
            return (await self._session.call(request, Attrs, self._path)).attributes

    async def _end(self) -> int:
        """Return the offset at which the server appends; it ignores the offset of a WRITE."""
        try:
            return (await self._told()).size or 0
        except SFTPError:
            if self._session.closed:
                raise
            return self._position

    async def _read(self, offset: int, size: int, most: int = 0) -> bytes:
        self._check_readable()
        await self._session.ready()
        if not self._behind.idle:
            await self.flush()
            self._forget()
        if size <= 0:
            return b""
        async with self._reading:  # data that was read ahead belongs to one reader
            self._session.settle()
            self._ahead.prepare(offset, size)
            self._session.settle()
            while (data := self._ahead.take(offset, size, most)) is None:
                await self._wait()
            return data

    def _check_readable(self) -> None:
        self._check_open()
        if not self.readable():
            problem = f"{self._path} is open in mode {self._mode!r}, not for reading"
            raise UsageError(problem)

    def _check_open(self) -> None:
        if self._closed:
            problem = f"{self._path!r} is closed"
            raise UsageError(problem)
