# Generated from the async classes by tools/generate_sync.py; not to be edited.
"""Byte streams over a channel."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property

from ssh_connection import Expected
from ssh_connection import aio as aio_ssh_connection
from ssh_stack.sync._blocking import Blocking
from ssh_wire.primitives import Buffer

__all__ = ["ByteReader", "ByteStream", "ByteWriter"]


class ByteReader(Blocking[aio_ssh_connection.ByteReader]):
    """What the peer sends, to be read at one's own pace."""

    def read(self, n: int = -1) -> bytes:
        """Return up to `n` bytes as soon as there are any; b"" at the end.

        Args:
            n: the most bytes to return; -1 reads everything up to the end.

        Raises:
            ConnectionLost: the connection was lost before the end.
        """
        return self._portal.wait(self._wrapped.read, n)

    def readexactly(self, n: int) -> bytes:
        """Return exactly `n` bytes.

        Raises:
            asyncio.IncompleteReadError: the stream ended before; has what there was.
        """
        return self._portal.wait(self._wrapped.readexactly, n)

    def readuntil(self, separator: bytes = b"\n", limit: int = 1024 * 1024) -> bytes:
        """Return everything up to and with `separator`; at the end, what there is.

        Raises:
            asyncio.LimitOverrunError: `limit` bytes came without a separator; they stay unread.
        """
        return self._portal.wait(self._wrapped.readuntil, separator, limit)

    def readline(self) -> bytes:
        """Return a line with its newline; at the end, what there is."""
        return self._portal.wait(self._wrapped.readline)

    def expect(
        self, *patterns: bytes | re.Pattern[bytes], timeout: float | None = None
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
        return self._portal.wait(self._wrapped.expect, *patterns, timeout=timeout)

    def lines(self) -> Iterator[bytes]:
        """Yield line after line, each with its newline, up to the end."""
        return self._portal.iterate(self._wrapped.lines)

    def __iter__(self) -> Iterator[bytes]:
        return self._portal.iterate(self._wrapped.__aiter__)

    @property
    def at_eof(self) -> bool:
        """Whether everything was read and nothing more will come."""
        return self._wrapped.at_eof


class ByteWriter(Blocking[aio_ssh_connection.ByteWriter]):
    """What the peer is to receive."""

    def write(self, data: Buffer) -> None:
        """Send `data`; wait while the peer or the network is slower than we are.

        Cancelling the wait takes nothing back: the data is on its way.

        Raises:
            ChannelClosed: the channel is closed, or EOF was sent.
            ConnectionLost: the connection is lost.
        """
        self._portal.wait(self._wrapped.write, data)

    def put(self, data: Buffer) -> None:
        """Send `data` without waiting; what cannot leave yet is kept.

        Raises:
            ChannelClosed: the channel is closed, or EOF was sent.
            ConnectionLost: the connection is lost.
        """
        self._portal.call(self._wrapped.put, data)

    def write_eof(self) -> None:
        """Tell the peer that nothing more follows."""
        self._portal.call(self._wrapped.write_eof)


class ByteStream(Blocking[aio_ssh_connection.ByteStream]):
    """A two-way byte stream: a TCP connection that the peer made for us."""

    @cached_property
    def reader(self) -> ByteReader:
        """What the other end sends."""
        return ByteReader(self._portal, self._wrapped.reader)

    @cached_property
    def writer(self) -> ByteWriter:
        """What the other end is to receive."""
        return ByteWriter(self._portal, self._wrapped.writer)

    def read(self, n: int = -1) -> bytes:
        """Return up to `n` bytes, b"" at the end; -1 reads up to the end."""
        return self._portal.wait(self._wrapped.read, n)

    def write(self, data: Buffer) -> None:
        """Send `data`, waiting while there is no room."""
        self._portal.wait(self._wrapped.write, data)

    def write_eof(self) -> None:
        """Tell the other end that nothing more follows."""
        self._portal.call(self._wrapped.write_eof)

    def close(self) -> None:
        """Close the stream behind all that was written, in bounded time."""
        self._portal.wait(self._wrapped.close)
