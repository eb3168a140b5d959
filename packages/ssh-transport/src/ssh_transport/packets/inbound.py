"""The inbound direction: one owned receive buffer, from which packets are opened.

The buffer is filled at its end, by the driver or by a copy, and read from its start.  It
starts small, because most connections are idle, and grows once a read fills it.  What is
left is moved to the front only when the free tail has become too small.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssh_transport.ciphers.base import SEQUENCE_MASK
from ssh_transport.ciphers.plain import PlainOpener
from ssh_wire import ProtocolError

if TYPE_CHECKING:
    from ssh_transport.ciphers.base import Opener
    from ssh_transport.packets.compression import CompressionCounts
    from ssh_wire.primitives import Buffer

__all__ = ["Inbound"]

_FIRST_CAPACITY = 4 * 1024
_CAPACITY = 512 * 1024
_TAIL = 128 * 1024
_MIN_PADDING = 4


class Inbound:
    """Takes bytes, gives payloads.

    Attributes:
        sequence: the sequence number of the next packet.
        octets: the bytes received under the present key.
        packets: the packets received under the present key.
    """

    __slots__ = (
        "_end",
        "_offered",
        "_opener",
        "_start",
        "_view",
        "_wraps",
        "octets",
        "packets",
        "sequence",
    )

    def __init__(self, limit: int) -> None:
        self._view = memoryview(bytearray(_FIRST_CAPACITY))
        self._start = 0
        self._end = 0
        self._offered = 0
        self._opener: Opener = PlainOpener(limit)
        self._wraps = False
        self.sequence: int = 0
        self.octets: int = 0
        self.packets: int = 0

    def get_buffer(self) -> memoryview:
        """Return the free tail of the buffer; empty while unread input fills it."""
        start, end = self._start, self._end
        capacity = len(self._view)
        if start == end:
            self._start = self._end = end = 0
        elif capacity - end < min(_TAIL, capacity // 2):
            end = self._compact()
        self._offered = len(self._view) - end
        return self._view[end:]

    def written(self, count: int) -> None:
        """Count bytes that were written into the tail."""
        self._end += count
        self.octets += count
        # a read that fills the tail says that more was there
        if count and count == self._offered and len(self._view) < _CAPACITY:
            self._grow(0)

    def append(self, data: Buffer) -> None:
        """Copy bytes behind what is there."""
        size = len(data)
        if size > len(self._view) - self._end and size > len(self._view) - self._compact():
            self._grow(self._end + size)
        self._view[self._end : self._end + size] = data
        self._end += size
        self.octets += size

    @property
    def pending(self) -> int:
        """How many bytes have arrived and are not read."""
        return self._end - self._start

    @property
    def unread(self) -> tuple[memoryview, int, int]:
        """The buffer, and where its unread part starts and ends."""
        return self._view, self._start, self._end

    def skip_to(self, position: int) -> None:
        """Count everything before `position` as read."""
        self._start = position

    def next(self) -> memoryview | None:
        """Open the next packet; return its payload, or None when it is not complete.

        The payload is a view that the next call overwrites.

        Raises:
            ProtocolError: the packet is malformed, or not authentic.
        """
        start = self._start
        if start == self._end:  # as after the last packet of most wake-ups
            return None
        opener = self._opener
        body = opener.open(self._view, start, self._end, self.sequence)
        if body is None:
            return None
        self._start = start + opener.consumed
        self.packets += 1
        self.sequence = sequence = (self.sequence + 1) & SEQUENCE_MASK
        size = len(body)
        padding = body[0]
        if padding < _MIN_PADDING or padding + 2 > size or not sequence:
            self._check(padding, size)
        return body[1 : size - padding]

    @property
    def compression_counts(self) -> CompressionCounts | None:
        """What was expanded; None where nothing is."""
        return None

    def switch(self, opener: Opener, *, reset: bool, compression: str = "none") -> None:  # noqa: ARG002
        """Use a new key from the next packet on (RFC 4253 section 7.3).

        Args:
            opener: the new key.
            reset: whether strict key exchange resets the sequence numbers.
            compression: what was negotiated; nothing else than "none" is here.
        """
        self._opener = opener
        self.octets = self._end - self._start  # what has arrived already has the new key
        self.packets = 0
        self._wraps = not reset
        if reset:
            self.sequence = 0

    def close(self) -> None:
        """Drop the key and everything unread."""
        self._opener = PlainOpener(0)
        self._view = memoryview(bytearray(1))
        self._start = self._end = 0

    def _check(self, padding: int, size: int) -> None:
        if padding < _MIN_PADDING or padding + 2 > size:
            # "There MUST be at least four bytes of padding", and no payload is empty
            problem = f"padding_length {padding} in a packet of {size} bytes"
            raise ProtocolError(problem)
        # in the first exchange a wrapped counter hides deleted packets; under strict key
        # exchange it would repeat a nonce
        if not self.sequence and not self._wraps:
            problem = "the sequence number wraps"
            raise ProtocolError(problem)

    def _compact(self) -> int:
        rest = self._end - self._start
        self._view[:rest] = self._view[self._start : self._end]
        self._start, self._end = 0, rest
        return rest

    def _grow(self, needed: int) -> None:
        grown = memoryview(bytearray(max(min(4 * len(self._view), _CAPACITY), needed)))
        rest = self._end - self._start
        grown[:rest] = self._view[self._start : self._end]
        self._view = grown
        self._start, self._end = 0, rest
