"""Put the segments of a TCP connection in order (RFC 9293 section 3.4).

Segments may be out of order, repeated, and overlapping; the first to come counts.  A segment that
was not captured leaves a gap: once more data waits for it than is kept, the direction ends with
`Gap`.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterator
from operator import itemgetter

from ssh_wire import lazy_attrs
from ssh_wire.dissect.conversation import Role
from ssh_wire.dissect.links import ACK, SYN, Address, Segment
from ssh_wire.errors import WireError

__all__ = ["Gap", "TCPConnection", "TCPConnections", "TCPStream"]

_MOST_WAITING_BYTES = 1_048_576
_MOST_WAITING = 1_024
_RANGE = 1 << 32


class Gap(WireError):
    """Bytes of a stream were not captured."""


class TCPStream:
    """One direction: takes segments, and returns their bytes in order."""

    def __init__(self) -> None:
        self._next: int | None = None
        self._waiting: list[tuple[int, bytes]] = []
        self._size = 0

    def feed(self, sequence: int, data: bytes, *, syn: bool) -> bytes:
        """Take a segment; return the bytes that are in order with it.

        Raises:
            Gap: more data waits for a missing segment than is kept.
        """
        if syn:
            sequence += 1  # SYN counts as one
        if self._next is None:
            self._next = sequence % _RANGE
        # its place in the stream; sequence numbers are modulo 2**32
        ahead = (sequence - self._next + _RANGE // 2) % _RANGE - _RANGE // 2
        if data:
            self._wait(self._next + ahead, data)
        return b"".join(self._in_order())

    def _wait(self, place: int, data: bytes) -> None:
        # by place alone: of two at the same place, the first to come is first
        insort(self._waiting, (place, data), key=itemgetter(0))
        self._size += len(data)

    def _in_order(self) -> Iterator[bytes]:
        """Yield the data that is next; keep the rest, within bounds."""
        position = self._next or 0
        while self._waiting and self._waiting[0][0] <= position:
            place, data = self._waiting.pop(0)
            self._size -= len(data)
            fresh = data[position - place :]
            position += len(fresh)
            yield fresh
        self._next = position
        if len(self._waiting) > _MOST_WAITING or self._size > _MOST_WAITING_BYTES:
            missing = self._waiting[0][0] - position
            self._waiting, self._size = [], 0
            problem = f"{missing} bytes were not captured"
            raise Gap(problem)


def _streams() -> dict[Role, TCPStream]:
    return {"client": TCPStream(), "server": TCPStream()}


@lazy_attrs.frozen(eq=False)
class TCPConnection:
    """One TCP connection.

    Attributes:
        client: the side that opened it; if that was not captured, the one with the higher port.
        server: the other side.
        opening: the sequence number of the SYN; None if it was not captured.
        streams: the two directions, by sender.
    """

    client: Address
    server: Address
    opening: int | None
    streams: dict[Role, TCPStream] = lazy_attrs.field(factory=_streams, repr=False)


class TCPConnections:
    """Finds the connection and the sender of each segment."""

    def __init__(self) -> None:
        self._known: dict[frozenset[Address], TCPConnection] = {}

    def find(self, segment: Segment) -> tuple[TCPConnection, Role]:
        """Return the connection of a segment, and its sender."""
        ends = frozenset({segment.source, segment.destination})
        known = self._known.get(ends)
        opening = segment.sequence if segment.flags & (SYN | ACK) == SYN else None
        # the same SYN is a retransmission; another one opens another connection
        if known is None or (opening is not None and known.opening != opening):
            known = self._known[ends] = _connection(segment, opening)
        return known, "client" if segment.source == known.client else "server"


def _connection(segment: Segment, opening: int | None) -> TCPConnection:
    source, destination = segment.source, segment.destination
    answers = bool(segment.flags & SYN) and opening is None
    lower = source.port < destination.port and opening is None
    if answers or lower:
        return TCPConnection(destination, source, opening)
    return TCPConnection(source, destination, opening)
