"""Length-prefixed frames: a uint32 length, then so many bytes.

The agent protocol (draft-miller-ssh-agent section 3) and SFTP (draft-ietf-secsh-filexfer-02
section 3) frame their messages in a byte stream like this.  A length is checked as soon as its
four bytes have arrived, so a peer cannot make the reader wait for, or keep, more than the limit.

A frame that arrives complete is passed on as a view of the data, uncopied.  A frame that arrives
in pieces is joined in a buffer that is used again: a frame of 255 KiB arrives in eight or nine
pieces, and joining them costs less than a system call for each (measured: 0.9 µs for 32 KiB
against 1.5 µs and more).
"""

from __future__ import annotations

from collections.abc import Callable
from struct import Struct

from ssh_wire.errors import EncodeError, WireError
from ssh_wire.primitives import Buffer

__all__ = ["LengthPrefixedReader", "with_length"]

_LENGTH = Struct(">I")
_SMALL_BUFFER = 4_096


def with_length(payload: Buffer, limit: int) -> bytes:
    """Return a payload with its length before it.

    Args:
        payload: the payload of the frame.
        limit: the most bytes of payload that the peer accepts.

    Raises:
        EncodeError: the payload is empty or longer than the limit.
    """
    size = len(payload)
    if not 0 < size <= limit:
        raise EncodeError("frame", f"{size} bytes; the limit is {limit}")
    return b"".join((_LENGTH.pack(size), payload))


class LengthPrefixedReader:
    """Passes the payload of each complete frame to a handler, as a view valid for the call.

    Attributes:
        paused: set it to stop after the current frame; data is kept until `resume`.
    """

    def __init__(self, handler: Callable[[memoryview], None], limit: int) -> None:
        self._handler = handler
        self._limit = limit
        self._buffer = memoryview(bytearray(_SMALL_BUFFER))
        self._have = 0
        self._need = _LENGTH.size
        self._held = bytearray()
        self.paused: bool = False

    @property
    def inside_frame(self) -> bool:
        """Whether a frame has arrived in part."""
        return self._have > 0 or bool(self._held)

    def feed(self, data: memoryview) -> None:
        """Take more of the stream.

        Raises:
            ProtocolError: the result of `refused`, for a frame that is empty or longer than the
                limit.  It is raised before any of it is kept.
        """
        if self.paused or self._held:
            self._held += data
            return
        pos, end = 0, len(data)
        while pos < end:
            if self._have or end - pos < _LENGTH.size:
                pos = self._collect(data, pos)
            else:
                (length,) = _LENGTH.unpack_from(data, pos)
                self._check(length)
                stop = pos + 4 + length
                if stop > end:
                    pos = self._collect(data, pos)
                    continue
                self._handler(data[pos + 4 : stop])
                pos = stop
            if self.paused:
                self._held += data[pos:]
                return

    def resume(self) -> None:
        """Continue after a pause, with the data that was kept."""
        self.paused = False
        held, self._held = self._held, bytearray()
        if held:
            self.feed(memoryview(held))

    def refused(self, length: int) -> Exception:
        """Return the error for a frame of that length; protocols override it."""
        return WireError(f"frame: its length is {length}, not 1 to {self._limit}")

    def _check(self, length: int) -> None:
        if not 1 <= length <= self._limit:
            raise self.refused(length)

    def _collect(self, data: memoryview, pos: int) -> int:
        """Add data to the frame that is being joined; return the position after it."""
        end = len(data)
        if self._have < _LENGTH.size:
            pos = self._copy(data, pos, min(_LENGTH.size, self._have + end - pos))
            if self._have < _LENGTH.size:
                return pos
            (length,) = _LENGTH.unpack_from(self._buffer)
            self._check(length)
            self._need = _LENGTH.size + length
            if self._need > len(self._buffer):
                self._grow()
        pos = self._copy(data, pos, min(self._need, self._have + end - pos))
        if self._have == self._need:
            self._have = 0
            self._handler(self._buffer[_LENGTH.size : self._need])
        return pos

    def _copy(self, data: memoryview, pos: int, have: int) -> int:
        size = have - self._have
        self._buffer[self._have : have] = data[pos : pos + size]
        self._have = have
        return pos + size

    def _grow(self) -> None:
        larger = memoryview(bytearray(_LENGTH.size + self._limit))
        larger[: self._have] = self._buffer[: self._have]
        self._buffer = larger
