"""An open file on the server: bytes, with the methods of `io.RawIOBase`."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable
from types import TracebackType
from typing import Self

from ssh_sftp.aio.client.session import ClientSession, unsupported
from ssh_sftp.attributes import Attributes
from ssh_sftp.client.download import outcome_error
from ssh_sftp.client.readahead import ReadAhead
from ssh_sftp.client.replies import facts_of
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
    Write,
)
from ssh_sftp.numbers import OpenFlags, StatusCode
from ssh_wire import UsageError
from ssh_wire.aio import close_after

__all__ = ["RemoteFile"]

_LINE_BLOCK = 32_768
_MOST_LINE_BLOCK = 8 * 1024 * 1024


class BadPosition(UsageError, OSError):
    """A position before the start of a file.

    It is also an `OSError`, as for Python's own files: `zipfile` relies on that.
    """


class RemoteFile:
    """An open file of bytes, with a position, and reads and writes at any offset.

    Sequential reads request blocks ahead.  Iteration yields lines, as for Python's own files:
    `async for line in file`.
    """

    def __init__(
        self, session: ClientSession, handle: bytes, path: str, flags: OpenFlags, mode: str = "rb"
    ) -> None:
        self._session = session
        self._protocol = session.protocol
        self._handle = handle
        self._path = path
        self._flags = flags
        self._mode = mode
        self._position = 0
        self._lines = b""  # read to find the end of a line, and not returned yet
        self._lines_at = 0
        self._closed = False
        self._reading = asyncio.Lock()
        self._progress = asyncio.Event()
        self._ahead = ReadAhead(session.protocol, handle, path, self._progress.set)

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
            pieces: list[bytes] = []
            block = self._protocol.read_block
            while data := await self.read(block):
                pieces.append(data)
            return b"".join(pieces)
        data = self._line_bytes(size)
        if len(data) < size:
            more = await self._read(self._position + len(data), size - len(data))
            data = data + more if data else more
        self._position += len(data)
        return data

    async def readinto(self, buffer: bytearray | memoryview) -> int:
        """Read into a buffer until it is full, or to the end; return how many bytes."""
        view = memoryview(buffer).cast("B")
        data = await self.read(len(view))
        view[: len(data)] = data
        return len(data)

    async def readline(self, size: int | None = -1) -> bytes:
        """Read a line with its newline, or `size` bytes of it; at the end, what is left."""
        limit = -1 if size is None else size
        block = _LINE_BLOCK
        while (line := self._line(limit)) is None:
            start = self._position + len(self._line_bytes(-1))
            more = await self._read(start, block)
            if not more:
                line = self._line_bytes(limit)
                self._position += len(line)
                return line
            self._lines, self._lines_at = self._line_bytes(-1) + more, self._position
            block = min(2 * block, _MOST_LINE_BLOCK)
        return line

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
        return None if self._closed else self._line(-1)

    async def write(self, data: bytes | bytearray | memoryview) -> int:
        """Write at the position; return when the server has acknowledged all of it."""
        offset = await self._end() if self._flags & OpenFlags.APPEND else self._position
        written = await self.write_at(data, offset)
        self._position = offset + written
        return written

    async def writelines(self, lines: Iterable[bytes | bytearray | memoryview]) -> None:
        """Write each of the lines; no newlines are added."""
        await self.write(b"".join(lines))

    async def flush(self) -> None:
        """Do nothing: the server has acknowledged data when `write` returns."""
        self._check_open()

    async def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move the position; return the new one."""
        self._check_open()
        if whence == os.SEEK_CUR:
            offset += self._position
        elif whence == os.SEEK_END:
            offset += (await self._told()).size or 0
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
        """Write at an offset; the position stays.  All blocks are sent before one is awaited."""
        self._check_open()
        if not self.writable():
            problem = f"{self._path} is open in mode {self._mode!r}, not for writing"
            raise UsageError(problem)
        if isinstance(data, str):
            problem = f"{self._path}: bytes are written here; open text files with mode 'w'"
            raise UsageError(problem)
        await self._session.ready()
        self._forget()
        view = memoryview(data).cast("B")
        block = self._protocol.write_block
        replies = [
            self._session.send(
                Write(
                    id=self._protocol.next_id(),
                    handle=self._handle,
                    offset=offset + start,
                    data=view[start : start + block],
                ),
                Status,
            )
            for start in range(0, len(view), block)
        ]
        failed: Exception | None = None
        for reply in replies:
            outcome = await reply
            if not (isinstance(outcome, Status) and outcome.code == StatusCode.OK):
                failed = failed or outcome_error(outcome, self._path)
        if failed is not None:
            raise failed
        return len(view)

    # ------------------------------------------------------------------ the file

    async def stat(self) -> Attributes:
        """Return its attributes (section 6.8)."""
        self._check_open()
        request = FStat(id=self._protocol.next_id(), handle=self._handle)
        return (await self._session.call(request, Attrs, self._path)).attributes

    async def setstat(self, attributes: Attributes) -> None:
        """Change the attributes that are given (section 6.9)."""
        self._check_open()
        number = self._protocol.next_id()
        request = FSetStat(id=number, handle=self._handle, attributes=attributes)
        await self._session.call(request, Status, self._path)

    async def truncate(self, size: int | None = None) -> int:
        """Make it `size` bytes long, or as long as the position is; return its size."""
        self._forget()
        length = self._position if size is None else size
        await self.setstat(Attributes(size=length))
        return length

    async def fsync(self) -> None:
        """Put what was written to stable storage (PROTOCOL section 4.6)."""
        self._check_open()
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
        """Close it.

        Raises:
            SFTPError: "even a close can fail": what was written may not be stored.
        """
        if not self._closed:
            self._closed = True
            request = Close(id=self._protocol.next_id(), handle=self._handle)
            await self._session.call(request, Status, self._path)

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

    def _line_bytes(self, size: int) -> bytes:
        """Return up to `size` bytes at the position that `readline` has read and not returned."""
        start = self._position - self._lines_at
        if not self._lines or not 0 <= start < len(self._lines):
            return b""
        return self._lines[start : start + size] if size >= 0 else self._lines[start:]

    def _line(self, limit: int) -> bytes | None:
        """Return the next line, or `limit` bytes of it, if they have been received; else None."""
        start = self._position - self._lines_at
        if not 0 <= start < len(self._lines):
            return b"" if limit == 0 else None
        stop = self._lines.find(b"\n", start) + 1
        if limit >= 0 and (stop == 0 or stop > start + limit):
            stop = start + limit
            if stop > len(self._lines):
                return None
        if stop == 0:
            return None
        self._position += stop - start
        return self._lines[start:stop]

    def _forget(self) -> None:
        """Discard what was read ahead, because the file is written to."""
        self._ahead.forget()
        self._lines = b""

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

    async def _read(self, offset: int, size: int) -> bytes:
        self._check_open()
        if not self.readable():
            problem = f"{self._path} is open in mode {self._mode!r}, not for reading"
            raise UsageError(problem)
        await self._session.ready()
        if size <= 0:
            return b""
        async with self._reading:  # data that was read ahead belongs to one reader
            self._ahead.prepare(offset, size)
            while (data := self._ahead.take(offset, size)) is None:
                self._progress.clear()
                await self._progress.wait()
            return data

    def _check_open(self) -> None:
        if self._closed:
            problem = f"{self._path!r} is closed"
            raise UsageError(problem)
