"""No cipher: the packets before the first NEWKEYS (RFC 4253 section 6)."""

from __future__ import annotations

from ssh_transport.ciphers.base import LENGTH, PacketSealer, check_length

__all__ = ["PlainOpener", "PlainSealer"]

_BLOCK = 8


class PlainSealer(PacketSealer):
    """Sends packets as they are."""

    __slots__ = ("block", "clear", "trailer")

    def __init__(self) -> None:
        self.block: int = _BLOCK
        self.clear: int = 0
        self.trailer: int = 0

    def seal(self, packet: bytes, sequence: int) -> bytes:
        """Return the packet."""
        return packet

    def _seal_into(self, packet: bytes, sequence: int, out: memoryview) -> None:
        out[:] = packet


class PlainOpener:
    """Takes packets as they are."""

    __slots__ = ("_limit", "consumed")

    def __init__(self, limit: int) -> None:
        self.consumed: int = 0
        self._limit = limit

    def open(
        self,
        source: memoryview,
        start: int,
        end: int,
        sequence: int,
    ) -> memoryview | None:
        """Return the body of the packet at `start`, or None when it is not complete."""
        body = start + 4
        if body > end:
            return None
        (length,) = LENGTH.unpack_from(source, start)
        check_length(length, self._limit, _BLOCK, 0)
        stop = body + length
        if stop > end:
            return None
        self.consumed = stop - start
        return source[body:stop]
