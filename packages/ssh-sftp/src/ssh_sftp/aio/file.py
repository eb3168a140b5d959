"""A file on the server, open."""

from __future__ import annotations

import asyncio
import os
from types import TracebackType
from typing import Self

from ssh_sftp.aio.session import Session, unsupported
from ssh_sftp.attributes import Attributes
from ssh_sftp.download import outcome_error
from ssh_sftp.messages import (
    Attrs,
    Close,
    ExtendedReply,
    FSetStat,
    FStat,
    FStatVFS,
    FSync,
    Status,
    StatVFSReply,
    Write,
)
from ssh_sftp.numbers import OpenFlags, StatusCode
from ssh_sftp.readahead import ReadAhead
from ssh_wire import UsageError

__all__ = ["RemoteFile", "open_flags"]

_MODES = {
    "r": OpenFlags.READ,
    "w": OpenFlags.WRITE | OpenFlags.CREATE | OpenFlags.TRUNCATE,
    "a": OpenFlags.WRITE | OpenFlags.CREATE | OpenFlags.APPEND,
    "x": OpenFlags.WRITE | OpenFlags.CREATE | OpenFlags.EXCLUSIVE,
}


def open_flags(mode: str) -> OpenFlags:
    """Return the pflags of a mode as `open` has it; files are binary, with or without "b"."""
    letters = mode.replace("b", "", 1)
    kind, rest = letters[:1], letters[1:]
    if kind not in _MODES or rest not in {"", "+"}:
        problem = f"{mode!r} is no mode: it is one of r, w, a, x, with + to read and write"
        raise UsageError(problem)
    return _MODES[kind] | (OpenFlags.READ | OpenFlags.WRITE if rest else _MODES[kind])


class RemoteFile:
    """An open file with a position, and reads and writes at any offset.

    Reading in order asks ahead, so that each read finds its bytes there already.
    """

    def __init__(self, session: Session, handle: bytes, path: str, flags: OpenFlags) -> None:
        self._session = session
        self._requests = session.requests
        self._handle = handle
        self._path = path
        self._append = bool(flags & OpenFlags.APPEND)
        self._position = 0
        self._closed = False
        self._reading = asyncio.Lock()
        self._progress = asyncio.Event()
        self._ahead = ReadAhead(session.requests, handle, path, self._progress.set)

    @property
    def path(self) -> str:
        """The path that it was opened by."""
        return self._path

    @property
    def closed(self) -> bool:
        """Whether it is closed."""
        return self._closed

    # ------------------------------------------------------------------ at the position

    async def read(self, size: int = -1) -> bytes:
        """Read up to `size` bytes, or to the end; less only at the end of the file."""
        if size >= 0:
            data = await self._read(self._position, size)
            self._position += len(data)
            return data
        pieces: list[bytes] = []
        block = self._requests.read_block
        while data := await self.read(block):
            pieces.append(data)
        return b"".join(pieces)

    async def write(self, data: bytes | bytearray | memoryview) -> int:
        """Write at the position; return when the server has acknowledged all of it."""
        offset = (await self.stat()).size or 0 if self._append else self._position
        written = await self.write_at(data, offset)
        self._position = offset + written
        return written

    async def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move the position; return the new one."""
        if whence == os.SEEK_CUR:
            offset += self._position
        elif whence == os.SEEK_END:
            offset += (await self.stat()).size or 0
        if offset < 0:
            problem = "a position is not negative"
            raise UsageError(problem)
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
        await self._session.ready()
        self._ahead.forget()
        view = memoryview(data).cast("B")
        block = self._requests.write_block
        replies = [
            self._session.send(
                Write(
                    id=self._requests.next_id(),
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
        request = FStat(id=self._requests.next_id(), handle=self._handle)
        return (await self._session.call(request, Attrs, self._path)).attributes

    async def setstat(self, attributes: Attributes) -> None:
        """Change the attributes that are given (section 6.9)."""
        self._check_open()
        number = self._requests.next_id()
        request = FSetStat(id=number, handle=self._handle, attributes=attributes)
        await self._session.call(request, Status, self._path)

    async def truncate(self, size: int | None = None) -> None:
        """Make it `size` bytes long, or as long as the position is."""
        self._ahead.forget()
        await self.setstat(Attributes(size=self._position if size is None else size))

    async def fsync(self) -> None:
        """Put what was written to stable storage (PROTOCOL section 4.6)."""
        self._check_open()
        if not self._requests.supports("fsync@openssh.com"):
            raise unsupported("fsync@openssh.com", self._path)
        request = FSync(id=self._requests.next_id(), handle=self._handle)
        await self._session.call(request, Status, self._path)

    async def statvfs(self) -> StatVFSReply:
        """Return the facts of the file system that it is on (PROTOCOL section 4.4)."""
        self._check_open()
        if not self._requests.supports("fstatvfs@openssh.com"):
            raise unsupported("fstatvfs@openssh.com", self._path)
        request = FStatVFS(id=self._requests.next_id(), handle=self._handle)
        reply = await self._session.call(request, ExtendedReply, self._path)
        return StatVFSReply.decode(reply.details)

    async def close(self) -> None:
        """Close it.

        Raises:
            SFTPError: "even a close can fail": what was written may not be stored.
        """
        if not self._closed:
            self._closed = True
            request = Close(id=self._requests.next_id(), handle=self._handle)
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
            await self.close()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        """Return the next block of the file, of whatever size suits the server."""
        data = await self.read(self._requests.read_block)
        if not data:
            raise StopAsyncIteration
        return data

    def __repr__(self) -> str:
        state = "closed" if self._closed else "open"
        return f"<RemoteFile {self._path!r} {state}>"

    # ------------------------------------------------------------------ inside

    async def _read(self, offset: int, size: int) -> bytes:
        self._check_open()
        await self._session.ready()
        if size <= 0:
            return b""
        async with self._reading:  # what is read ahead is one reader's
            self._ahead.prepare(offset, size)
            while (data := self._ahead.take(offset, size)) is None:
                self._progress.clear()
                await self._progress.wait()
            return data

    def _check_open(self) -> None:
        if self._closed:
            problem = f"{self._path!r} is closed"
            raise UsageError(problem)
