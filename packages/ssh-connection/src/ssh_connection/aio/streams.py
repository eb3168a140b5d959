"""Byte streams over a channel, with exact back-pressure.

What a reader has not read yet is not granted again, so a slow reader stops its own
channel and nothing else.  No method removes bytes before it returns them: cancelling a
read loses nothing.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING

from ssh_connection.errors import ChannelClosed
from ssh_wire.primitives import Buffer

if TYPE_CHECKING:
    import re

    from ssh_connection.aio.channel import Channel
    from ssh_connection.expect import Expected

__all__ = ["ByteReader", "ByteStream", "ByteWriter"]


_KEPT = 2 * 1024 * 1024
"""Unread bytes behind which what no reader waits for is dropped."""
_CLOSE = 5.0
"""Seconds for what was written to leave, before a stream that is closed is cut."""


class ByteReader:
    """What the peer sends, to be read at one's own pace."""

    def __init__(self, consumed: Callable[[int], None]) -> None:
        self._chunks: deque[bytes | bytearray] = deque()
        self._start = 0  # of what is unread in the first chunk
        self._size = 0
        self._prepaid = 0  # unread bytes that the peer was granted again already
        self._eof = False
        self._error: Exception | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._consumed = consumed
        self._first: Callable[[memoryview], int] | None = None

    # ------------------------------------------------------------- reading

    async def read(self, n: int = -1) -> bytes:
        """Return up to `n` bytes as soon as there are any; b"" at the end.

        Args:
            n: the most bytes to return; -1 reads everything up to the end.

        Raises:
            ConnectionLost: the connection was lost before the end.
        """
        if n == 0:
            return b""
        if n > 0:
            await self._until(1)
            return self._take(min(n, self._size))
        parts: list[bytes] = []
        try:
            while await self._until(1):
                parts.append(self._take(self._size))
        except BaseException:
            self._put_back(parts)
            raise
        return b"".join(parts)

    async def readexactly(self, n: int) -> bytes:
        """Return exactly `n` bytes.

        Raises:
            asyncio.IncompleteReadError: the stream ended before; has what there was.
        """
        parts: list[bytes] = []
        size = 0
        try:
            while size < n and await self._until(1):
                parts.append(self._take(min(n - size, self._size)))
                size += len(parts[-1])
        except BaseException:
            self._put_back(parts)
            raise
        if size < n:
            raise asyncio.IncompleteReadError(b"".join(parts), n)
        return b"".join(parts)

    async def readuntil(self, separator: bytes = b"\n", limit: int = 1024 * 1024) -> bytes:
        """Return everything up to and with `separator`; at the end, what there is.

        Raises:
            asyncio.LimitOverrunError: `limit` bytes came without a separator; they stay unread.
        """
        searched = 0
        while True:
            start, joined = self._start, self._joined()
            found = joined.find(separator, start + max(0, searched - len(separator) + 1))
            if found >= 0:
                return self._take(found - start + len(separator))
            searched = self._size
            if searched >= limit:
                problem = f"no separator within {limit} bytes"
                raise asyncio.LimitOverrunError(problem, searched)
            self.prepay()
            if not await self._until(searched + 1):
                return self._take(self._size)

    async def readline(self) -> bytes:
        """Return a line with its newline; at the end, what there is."""
        return await self.readuntil(b"\n")

    async def expect(
        self,
        *patterns: bytes | re.Pattern[bytes],
        timeout: float | None = None,  # noqa: ASYNC109 (as expect has it)
    ) -> Expected[bytes]:
        """Wait for the first of some patterns, and read up to its end.

        What is not found is not read: whoever waits too long, or for what does not come, can
        read what came instead.

        Args:
            patterns: bytes, which stand for themselves, and compiled regular expressions; a
                regular expression that could match more still matches what has arrived.
            timeout: seconds to wait; None for as long as it takes.

        Raises:
            ExpectTimeout: none came in time; has what came instead.
            PatternNotFound: the stream ended without one; has what came instead.
            ConnectionLost: the connection was lost before one came.
            asyncio.LimitOverrunError: a MiB came without one.
        """
        from ssh_connection.aio.process.expect import expect  # rarely used

        return await expect(self, patterns, bytes, timeout)

    def peek(self) -> bytes:
        """Return what has arrived and is not read; it stays unread."""
        return bytes(memoryview(self._joined())[self._start :])

    async def wait_for_more(self) -> bool:
        """Wait until more arrives than is unread now; return False at a clean end.

        Raises:
            ConnectionLost: the connection was lost before.
        """
        self.prepay()
        return await self._until(self._size + 1)

    async def lines(self) -> AsyncIterator[bytes]:
        """Yield line after line, each with its newline, up to the end."""
        while line := await self.readline():
            yield line

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self.lines()

    @property
    def at_eof(self) -> bool:
        """Whether everything was read and nothing more will come."""
        return self._eof and not self._size

    def offer_first(self, take: Callable[[memoryview], int]) -> None:
        """Offer what arrives to a function first; what it does not take is there to be read.

        It spares the time until a reading task runs.  The function is not called while anything
        is unread, so that the order is kept.

        Args:
            take: returns how many bytes it took of a view that is valid during the call; it
                does not raise.
        """
        self._first = take

    # ------------------------------------------------------------- feeding

    def feed(self, data: memoryview) -> None:
        """Take what arrived."""
        if self._first is not None and not self._size:
            taken = self._first(data)
            self._consumed(taken)
            if taken == len(data):
                return
            data = data[taken:]
        self._chunks.append(bytes(data))
        self._size += len(data)
        self._wake()

    def feed_eof(self, error: Exception | None = None) -> None:
        """Nothing more will come: a clean end, or the error that ended it."""
        if not self._eof:
            self._eof, self._error = True, error
            self._wake()

    def feed_rest(self, data: memoryview) -> None:
        """Take more bytes, which wait for no reader; what is too much is dropped."""
        if self._size < _KEPT:
            self.feed(data)
            self.prepay()
        else:
            self._consumed(len(data))

    def prepay(self) -> None:
        """Grant the peer what is unread: what is behind its window could not arrive."""
        credit, self._prepaid = self._size - self._prepaid, self._size
        self._consumed(credit)

    def drop(self) -> None:
        """Drop what is unread, and what arrives from now on."""
        self._take(self._size)

    # ------------------------------------------------------------- inside

    async def _until(self, size: int) -> bool:
        """Wait until `size` bytes are there; return False at a clean end.

        Raises:
            Exception: what ended the stream, once everything before it was read.
        """
        while self._size < size:
            if self._eof:
                if self._error is not None:
                    raise self._error
                return False
            if self._waiter is not None:
                problem = "another task is reading from this stream"
                raise RuntimeError(problem)
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        return True

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _take(self, n: int) -> bytes:
        """Remove and return the first `n` bytes, and grant them to the peer again."""
        parts: list[bytes] = []
        left = n
        while left:
            parts.append(self._take_chunk(left))
            left -= len(parts[-1])
        prepaid = min(self._prepaid, n)
        self._prepaid -= prepaid
        self._size -= n
        self._consumed(n - prepaid)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _take_chunk(self, most: int) -> bytes:
        chunk, start = self._chunks[0], self._start
        piece = bytes(chunk[start : start + most])
        if start + len(piece) == len(chunk):
            self._chunks.popleft()
            self._start = 0
        elif isinstance(chunk, bytearray):
            del chunk[: start + len(piece)]
            self._start = 0
        else:
            self._start += len(piece)
        return piece

    def _put_back(self, parts: list[bytes]) -> None:
        # they were whole chunks: who takes a part of one has enough, and puts nothing back
        self._chunks.extendleft(reversed(parts))
        size = sum(map(len, parts))
        self._size += size
        self._prepaid += size

    def _joined(self) -> bytes | bytearray:
        """Return the chunks as one, whose unread part starts where the first one's did."""
        chunks = self._chunks
        if len(chunks) > 1:
            first = chunks.popleft()
            whole = first if isinstance(first, bytearray) else bytearray(first)
            for chunk in chunks:
                whole += chunk
            chunks.clear()
            chunks.append(whole)
        return chunks[0] if chunks else b""


class ByteWriter:
    """What the peer is to receive."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._room = asyncio.Event()
        self._room.set()
        self._error: Exception | None = None

    async def write(self, data: Buffer) -> None:
        """Send `data`; wait while the peer or the network is slower than we are.

        Cancelling the wait takes nothing back: the data is on its way.

        Raises:
            ChannelClosed: the channel is closed, or EOF was sent.
            ConnectionLost: the connection is lost.
        """
        self.put(data)
        await self.wait_for_room()

    def put(self, data: Buffer) -> None:
        """Send `data` without waiting; what cannot leave yet is kept.

        Raises:
            ChannelClosed: the channel is closed, or EOF was sent.
            ConnectionLost: the connection is lost.
        """
        if self._error is not None:
            raise self._error
        self._channel.write(data)

    @property
    def has_room(self) -> bool:
        """Whether `write` would not wait."""
        return self._room.is_set()

    async def wait_for_room(self) -> None:
        """Wait while the peer or the network is slower than we are.

        Raises:
            ChannelClosed: the channel is closed.
            ConnectionLost: the connection is lost.
        """
        await self._room.wait()
        if self._error is not None:
            raise self._error

    def write_eof(self) -> None:
        """Tell the peer that nothing more follows."""
        self._channel.write_eof()

    # ------------------------------------------------------------- the channel's side

    def pause(self) -> None:
        """Pause writing: too much is held back."""
        self._room.clear()

    def resume(self) -> None:
        """Resume writing: there is room again."""
        self._room.set()

    def fail(self, error: Exception | None) -> None:
        """Handle the end of the channel."""
        self._error = error or ChannelClosed("the channel is closed")
        self._room.set()


class ByteStream:
    """A two-way byte stream: a TCP connection that the peer made for us."""

    reader: ByteReader
    """What the other end sends."""
    writer: ByteWriter
    """What the other end is to receive."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self.reader = ByteReader(channel.consumed)
        self.writer = ByteWriter(channel)
        channel.connect(self, auto_adjust=False)

    async def read(self, n: int = -1) -> bytes:
        """Return up to `n` bytes, b"" at the end; -1 reads up to the end."""
        return await self.reader.read(n)

    async def write(self, data: Buffer) -> None:
        """Send `data`, waiting while there is no room."""
        await self.writer.write(data)

    def write_eof(self) -> None:
        """Tell the other end that nothing more follows."""
        self.writer.write_eof()

    async def close(self) -> None:
        """Close the stream behind all that was written, in bounded time."""
        closed = ChannelClosed("the stream is closed")
        self.reader.feed_eof(closed)
        try:
            await self._channel.finish(_CLOSE)
        finally:
            self.writer.fail(closed)

    def data_received(self, data: memoryview) -> None:
        """Take what arrived."""
        self.reader.feed(data)

    def eof_received(self) -> None:
        """Handle EOF: the other end sends no more."""
        self.reader.feed_eof()

    def pipe_closed(self, error: Exception | None) -> None:
        """Handle the end of the channel."""
        self.reader.feed_eof(error)
        self.writer.fail(error)

    def pause_writing(self) -> None:
        """Pause writing: too much is held back."""
        self.writer.pause()

    def resume_writing(self) -> None:
        """Resume writing: there is room again."""
        self.writer.resume()
