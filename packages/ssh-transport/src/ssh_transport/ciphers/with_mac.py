"""A cipher with a MAC beside it, in the two ways of putting them together.

Encrypt-and-MAC (RFC 4253 section 6.4), where packet_length is encrypted and the MAC covers
the plaintext, and OpenSSH's encrypt-then-MAC (PROTOCOL section 1.5), where packet_length is
in the clear and the MAC covers the ciphertext.  One stream lives as long as the key: its
state runs on from packet to packet.
"""

from __future__ import annotations

from hmac import compare_digest
from typing import TYPE_CHECKING, Protocol

from ssh_transport.ciphers.base import LENGTH, PacketSealer, Plaintext, check_length
from ssh_transport.errors import MACFailed
from ssh_wire import UsageError

if TYPE_CHECKING:
    from ssh_transport.macs import Mac
    from ssh_wire.primitives import Buffer

__all__ = [
    "BlockStream",
    "EncryptThenMacOpener",
    "EncryptThenMacSealer",
    "MacOpener",
    "MacSealer",
    "required",
]


class BlockStream(Protocol):
    """Encrypts or decrypts one direction, whole blocks at a time."""

    block: int
    """Bytes of a block."""

    def update(self, data: Buffer, /) -> bytes:
        """Return the next bytes."""
        ...

    def update_into(self, data: Buffer, out: memoryview, /) -> object:
        """Write the next bytes into `out`, which has exactly their size."""
        ...


def required(mac: Mac | None) -> Mac:
    """Return the MAC that a cipher without authentication has to have."""
    if mac is None:
        problem = "a cipher that does not authenticate needs a MAC"
        raise UsageError(problem)
    return mac


class EncryptThenMacSealer(PacketSealer):
    """Seals packets: packet_length is in the clear, the MAC covers the ciphertext."""

    __slots__ = ("_mac", "_stream", "block", "clear", "trailer")

    def __init__(self, stream: BlockStream, mac: Mac) -> None:
        self.block: int = stream.block
        self.clear: int = 4
        self.trailer: int = mac.size
        self._stream = stream
        self._mac = mac

    def seal(self, packet: bytes, sequence: int) -> bytes:
        """Return the packet as it goes out."""
        sealed = packet[:4] + self._stream.update(packet[4:])
        return sealed + self._mac.code(sequence, sealed)

    def _seal_into(self, packet: bytes, sequence: int, out: memoryview) -> None:
        size = len(packet)
        out[:4] = packet[:4]
        self._stream.update_into(memoryview(packet)[4:], out[4:size])
        out[size:] = self._mac.code(sequence, out[:size])


class MacSealer(PacketSealer):
    """Seals packets: packet_length is encrypted, the MAC covers the plaintext."""

    __slots__ = ("_mac", "_stream", "block", "clear", "trailer")

    def __init__(self, stream: BlockStream, mac: Mac) -> None:
        self.block: int = stream.block
        self.clear: int = 0
        self.trailer: int = mac.size
        self._stream = stream
        self._mac = mac

    def seal(self, packet: bytes, sequence: int) -> bytes:
        """Return the packet as it goes out."""
        return self._stream.update(packet) + self._mac.code(sequence, packet)

    def _seal_into(self, packet: bytes, sequence: int, out: memoryview) -> None:
        size = len(packet)
        self._stream.update_into(packet, out[:size])
        out[size:] = self._mac.code(sequence, packet)


class EncryptThenMacOpener:
    """Opens packets of `EncryptThenMacSealer`."""

    __slots__ = ("_block", "_limit", "_mac", "_plain", "_stream", "consumed")

    def __init__(self, stream: BlockStream, mac: Mac, limit: int) -> None:
        self.consumed: int = 0
        self._block = stream.block
        self._stream = stream
        self._limit = limit
        self._mac = mac
        self._plain = Plaintext()

    def open(self, source: memoryview, start: int, end: int, sequence: int) -> memoryview | None:
        """Return the body of the packet at `start`, or None when it is not complete."""
        body = start + 4
        if body > end:
            return None
        (length,) = LENGTH.unpack_from(source, start)
        check_length(length, self._limit, self._block)
        tag = body + length
        stop = tag + self._mac.size
        if stop > end:
            return None
        if not compare_digest(self._mac.code(sequence, source[start:tag]), source[tag:stop]):
            raise MACFailed
        plain = self._plain.first(length)
        self._stream.update_into(source[body:tag], plain)
        self.consumed = stop - start
        return plain


class MacOpener:
    """Opens packets of `MacSealer`."""

    __slots__ = ("_block", "_head", "_limit", "_mac", "_plain", "_stream", "consumed")

    def __init__(self, stream: BlockStream, mac: Mac, limit: int) -> None:
        self.consumed: int = 0
        self._block = stream.block
        self._stream = stream
        self._head = b""  # the first block, decrypted ahead of the rest
        self._limit = limit
        self._mac = mac
        self._plain = Plaintext()

    def open(self, source: memoryview, start: int, end: int, sequence: int) -> memoryview | None:
        """Return the body of the packet at `start`, or None when it is not complete."""
        first = start + self._block
        if first > end:
            return None
        if not self._head:
            self._head = self._stream.update(source[start:first])
        (length,) = LENGTH.unpack_from(self._head)
        check_length(length, self._limit, self._block, 0)
        size = 4 + length
        tag = start + size
        stop = tag + self._mac.size
        if stop > end:
            return None
        packet = self._plain.first(size)
        packet[: self._block] = self._head
        self._head = b""
        self._stream.update_into(source[first:tag], packet[self._block :])
        if not compare_digest(self._mac.code(sequence, packet), source[tag:stop]):
            raise MACFailed
        self.consumed = stop - start
        return packet[4:]
