"""chacha20-poly1305@openssh.com (OpenSSH's PROTOCOL.chacha20poly1305).

Two ChaCha20 keys, both with the sequence number as nonce: one encrypts packet_length, the
other gives the Poly1305 key in its block 0 and encrypts the packet from block 1 on.  Two
contexts live as long as the keys and get a new nonce for every packet.
"""

from __future__ import annotations

from hmac import compare_digest
from struct import Struct
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext
from cryptography.hazmat.primitives.ciphers.algorithms import ChaCha20
from cryptography.hazmat.primitives.poly1305 import Poly1305

from ssh_transport.ciphers.base import LENGTH, PacketSealer, Plaintext, check_length
from ssh_transport.errors import MACFailed

if TYPE_CHECKING:
    from ssh_transport.macs import Mac
    from ssh_wire.primitives import Buffer

__all__ = ["ChaChaOpener", "ChaChaSealer", "opener", "sealer"]

_BLOCK = 8
_TAG = 16
_NONCE = Struct(">QQ")  # the block counter, always 0 here, and the sequence number
_FIRST_BLOCK = bytes(64)  # block 0, of which 32 bytes are the Poly1305 key


def sealer(key: Buffer, iv: Buffer, mac: Mac | None) -> ChaChaSealer:
    """Return a sealer."""
    return ChaChaSealer(key)


def opener(key: Buffer, iv: Buffer, mac: Mac | None, limit: int) -> ChaChaOpener:
    """Return an opener."""
    return ChaChaOpener(key, limit)


def _context(key: Buffer) -> CipherContext:
    return Cipher(ChaCha20(key, bytes(16)), mode=None).encryptor()


class ChaChaSealer(PacketSealer):
    """Seals packets."""

    __slots__ = ("_length", "_main", "block", "clear", "trailer")

    def __init__(self, key: Buffer) -> None:
        self.block: int = _BLOCK
        self.clear: int = 4
        self.trailer: int = _TAG
        # "The first 256 bits constitute K_2 and the second 256 bits become K_1", where
        # K_1 encrypts packet_length
        self._main = _context(key[:32])
        self._length = _context(key[32:64])

    def seal(self, packet: bytes, sequence: int) -> bytes:
        """Return the packet as it goes out."""
        nonce = _NONCE.pack(0, sequence)
        self._length.reset_nonce(nonce)
        self._main.reset_nonce(nonce)
        poly_key = self._main.update(_FIRST_BLOCK)[:32]
        sealed = self._length.update(packet[:4]) + self._main.update(packet[4:])
        return sealed + Poly1305.generate_tag(poly_key, sealed)

    def _seal_into(self, packet: bytes, sequence: int, out: memoryview) -> None:
        nonce = _NONCE.pack(0, sequence)
        self._length.reset_nonce(nonce)
        self._main.reset_nonce(nonce)
        poly_key = self._main.update(_FIRST_BLOCK)[:32]
        size = len(packet)
        out[:4] = self._length.update(packet[:4])
        self._main.update_into(memoryview(packet)[4:], out[4:size])
        out[size:] = Poly1305.generate_tag(poly_key, out[:size])


class ChaChaOpener:
    """Opens packets into a reused buffer."""

    __slots__ = ("_known", "_length", "_limit", "_main", "_plain", "consumed")

    def __init__(self, key: Buffer, limit: int) -> None:
        self.consumed: int = 0
        self._main = _context(key[:32])
        self._length = _context(key[32:64])
        self._known = 0  # packet_length of a packet that is not complete yet
        self._limit = limit
        self._plain = Plaintext()

    def open(self, source: memoryview, start: int, end: int, sequence: int) -> memoryview | None:
        """Return the body of the packet at `start`, or None when it is not complete."""
        body = start + 4
        if body > end:
            return None
        nonce = _NONCE.pack(0, sequence)
        length = self._known or self._read_length(source[start:body], nonce)
        tag = body + length
        stop = tag + _TAG
        if stop > end:
            self._known = length
            return None
        self._known = 0
        self._main.reset_nonce(nonce)
        poly_key = self._main.update(_FIRST_BLOCK)[:32]
        # "the MAC is verified before any decryption of the packet"
        if not compare_digest(
            Poly1305.generate_tag(poly_key, source[start:tag]), source[tag:stop]
        ):
            raise MACFailed
        plain = self._plain.first(length)
        self._main.update_into(source[body:tag], plain)
        self.consumed = stop - start
        return plain

    def _read_length(self, sealed: memoryview, nonce: bytes) -> int:
        self._length.reset_nonce(nonce)
        (length,) = LENGTH.unpack(self._length.update(sealed))
        check_length(length, self._limit, _BLOCK)
        return int(length)
