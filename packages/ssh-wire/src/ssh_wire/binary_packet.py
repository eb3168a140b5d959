"""Binary packets before encryption (RFC 4253 section 6).

    uint32    packet_length  (of what follows)
    byte      padding_length
    byte[n1]  payload
    byte[n2]  random padding

It is what scanners, tests and dissectors need of the unencrypted phase; the transport takes its
padding from `packet_padding` under every cipher.
"""

from __future__ import annotations

from collections.abc import Callable
from struct import Struct

from ssh_wire.errors import WireError
from ssh_wire.numbers import MAX_PACKET_LENGTH
from ssh_wire.primitives import Buffer

__all__ = ["MIN_PADDING", "PacketReader", "pack_packet", "packet_padding", "unpack_packet"]

MIN_PADDING = 4
"""\"There MUST be at least four bytes of padding.\""""

_HEAD = Struct(">IB")
_LENGTH = Struct(">I")
_SMALLEST = 5  # padding_length and four bytes of padding: OpenSSH's bound


def packet_padding(size: int, block: int = 8) -> int:
    """Return the number of padding bytes that make `size` a multiple of `block`.

    Args:
        size: the bytes that count towards the alignment, without padding: payload and
            padding_length, and packet_length if the cipher covers it.
        block: the cipher's block size in bytes; less than 8 counts as 8.
    """
    padding = -size % max(block, 8)
    return padding if padding >= MIN_PADDING else padding + max(block, 8)


def pack_packet(payload: Buffer, random: Callable[[int], bytes], block: int = 8) -> bytes:
    """Return `payload` as an unencrypted packet, with padding from `random`."""
    padding = packet_padding(5 + len(payload), block)
    head = _HEAD.pack(1 + len(payload) + padding, padding)
    return b"".join((head, payload, random(padding)))


def unpack_packet(packet: Buffer) -> memoryview:
    """Return the payload of a complete unencrypted packet, as a view of it.

    Raises:
        WireError: its lengths contradict each other.
    """
    view = memoryview(packet)
    if len(view) < _HEAD.size:
        problem = "packet: shorter than its header"
        raise WireError(problem)
    length, padding = _HEAD.unpack_from(view)
    if length != len(view) - 4:
        problem = f"packet: packet_length is {length}, {len(view) - 4} bytes follow it"
        raise WireError(problem)
    if padding < MIN_PADDING or padding + 2 > length:
        problem = f"packet: padding_length {padding} in a packet of {length} bytes"
        raise WireError(problem)
    return view[5 : 4 + length - padding]


class PacketReader:
    """Splits a stream of bytes into unencrypted packets, and returns their payloads."""

    def __init__(self, limit: int = MAX_PACKET_LENGTH, block: int = 8) -> None:
        self._buffer = bytearray()
        self._start = 0
        self._limit = limit
        self._block = block

    def feed(self, data: Buffer) -> list[bytes]:
        """Take more of the stream; return the payloads that it completes.

        Raises:
            WireError: a packet_length or padding_length is out of bounds.  It is raised as
                soon as the length has arrived, before the packet has.
        """
        self.add(data)
        payloads: list[bytes] = []
        while (payload := self.take()) is not None:
            payloads.append(payload)
        return payloads

    def add(self, data: Buffer) -> None:
        """Take more of the stream, for `take` to return its packets."""
        del self._buffer[: self._start]
        self._start = 0
        self._buffer += data

    def take(self) -> bytes | None:
        """Return the payload of the next packet; None until it is complete.

        A reader that must stop after a certain packet (NEWKEYS: the rest is encrypted) takes
        packets one by one.

        Raises:
            WireError: a packet_length or padding_length is out of bounds.
        """
        if len(self._buffer) - self._start < _LENGTH.size:
            return None
        (length,) = _LENGTH.unpack_from(self._buffer, self._start)
        if not _SMALLEST <= length <= self._limit or (length + 4) % self._block:
            problem = f"packet: packet_length {length} is out of bounds"
            raise WireError(problem)
        end = self._start + 4 + length
        if end > len(self._buffer):
            return None
        payload = bytes(unpack_packet(self._buffer[self._start : end]))
        self._start = end
        return payload

    @property
    def rest(self) -> bytes:
        """The data after the packets that were taken."""
        return bytes(self._buffer[self._start :])
