"""What every cipher construction gives: a `Sealer`, an `Opener`, and shared checks.

A packet is `packet_length | padding_length | payload | padding` (RFC 4253 section 6); the
part that starts at padding_length is called its body here.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from struct import Struct
from typing import Protocol

from ssh_transport.macs import Mac
from ssh_wire import ProtocolError
from ssh_wire.primitives import Buffer

__all__ = [
    "LENGTH",
    "SEQUENCE_MASK",
    "Construction",
    "Opener",
    "PacketSealer",
    "Plaintext",
    "Sealer",
    "check_length",
]

LENGTH = Struct(">I")
SEQUENCE_MASK = 2**32 - 1
_SMALLEST = 5  # padding_length and four bytes of padding: OpenSSH's bound
_FIRST_ROOM = 1024


class Sealer(Protocol):
    """Encrypts and authenticates the packets of one direction under one key."""

    block: int
    """Packets are padded to a multiple of this."""

    clear: int
    """Bytes of packet_length that do not count towards that multiple: 0 or 4."""

    trailer: int
    """Bytes of the tag or MAC behind the packet."""

    def seal(self, packet: bytes, sequence: int) -> bytes:
        """Return the packet as it goes out."""
        ...

    def seal_run(
        self,
        head: bytes,
        payloads: Sequence[tuple[Buffer, ...]],
        padding: bytes,
        sequence: int,
        out: memoryview,
    ) -> None:
        """Write packets of one size as they go out, one behind the other.

        Args:
            head: packet_length and padding_length, the same for all.
            payloads: each in parts.
            padding: that of all packets, in equal shares.
            sequence: the sequence number of the first.
            out: takes them, and has exactly their size.
        """
        ...


class PacketSealer(ABC):
    """A `Sealer` to which the packets of a run are as many single ones."""

    __slots__ = ()

    @abstractmethod
    def _seal_into(self, packet: bytes, sequence: int, out: memoryview) -> None:
        """Write the packet as it goes out into `out`, which has exactly its size."""

    def seal_run(
        self,
        head: bytes,
        payloads: Sequence[tuple[Buffer, ...]],
        padding: bytes,
        sequence: int,
        out: memoryview,
    ) -> None:
        """Write packets of one size as they go out, one behind the other."""
        share, total = len(padding) // len(payloads), len(out) // len(payloads)
        for number, parts in enumerate(payloads):
            packet = b"".join((head, *parts, padding[number * share : (number + 1) * share]))
            place = out[number * total : (number + 1) * total]
            self._seal_into(packet, (sequence + number) & SEQUENCE_MASK, place)


class Opener(Protocol):
    """Checks and decrypts the packets of one direction under one key."""

    consumed: int
    """How many bytes the packet had that `open` returned last."""

    def open(self, source: memoryview, start: int, end: int, sequence: int) -> memoryview | None:
        """Return the body of the packet at `start`, or None when it is not complete.

        The body is a view of a buffer that the next call uses again.

        Raises:
            ProtocolError: packet_length is out of bounds; raised as soon as it is known.
            MACFailed: the packet is not authentic.
        """
        ...


class Construction(Protocol):
    """What the module of a cipher offers."""

    def sealer(self, key: Buffer, iv: Buffer, mac: Mac | None) -> Sealer:
        """Return a sealer; `key` and `iv` may be wiped afterwards."""
        ...

    def opener(self, key: Buffer, iv: Buffer, mac: Mac | None, limit: int) -> Opener:
        """Return an opener that accepts packet_length up to `limit`."""
        ...


class Plaintext:
    """The buffer that packets are decrypted into, reused from one to the next.

    It is not in the receive buffer: output that overlaps input at an offset would be
    wrong without an error.

    Attributes:
        room: how many bytes it has.
        view: all of it.
    """

    __slots__ = ("room", "view")

    def __init__(self) -> None:
        self.room: int = 0
        self.view: memoryview = memoryview(b"")

    def first(self, size: int) -> memoryview:
        """Return the first `size` bytes, growing the buffer where it is too small."""
        if size > self.room:
            self.room = max(size, 4 * self.room, _FIRST_ROOM)
            self.view = memoryview(bytearray(self.room))
        return self.view[:size]


def check_length(length: int, limit: int, block: int, clear: int = 4) -> None:
    """Refuse a packet_length that no packet has.

    Args:
        length: what the peer sent.
        limit: the largest that is accepted.
        block: what the size of a packet is a multiple of.
        clear: the bytes of packet_length that do not count towards that multiple.

    Raises:
        ProtocolError: it is out of bounds.
    """
    # "the total length of the packet MUST be a multiple of the cipher block size or 8,
    # whichever is larger"
    if not _SMALLEST <= length <= limit or (length + 4 - clear) % block:
        problem = f"packet_length {length} is out of bounds"
        raise ProtocolError(problem)
