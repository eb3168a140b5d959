"""AES in counter mode (RFC 4344 section 4) with a MAC.

Two constructions: encrypt-and-MAC (RFC 4253 section 6.4), where packet_length is encrypted
and the MAC covers the plaintext, and OpenSSH's encrypt-then-MAC (PROTOCOL section 1.5),
where packet_length is in the clear and the MAC covers the ciphertext.  One context lives
as long as the key: the counter runs on from packet to packet.
"""

from __future__ import annotations

from hmac import compare_digest
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR

from ssh_transport.ciphers.base import LENGTH, Opener, Plaintext, Sealer, check_length
from ssh_transport.errors import MACFailed
from ssh_wire import UsageError

if TYPE_CHECKING:
    from ssh_transport.macs import Mac
    from ssh_wire.primitives import Buffer

__all__ = ["opener", "sealer"]

_BLOCK = 16


def sealer(key: Buffer, iv: Buffer, mac: Mac | None) -> Sealer:
    """Return a sealer of the construction that the MAC asks for."""
    mac = _required(mac)
    context = _context(key, iv)
    return _EncryptThenMacSealer(context, mac) if mac.etm else _MacSealer(context, mac)


def opener(key: Buffer, iv: Buffer, mac: Mac | None, limit: int) -> Opener:
    """Return an opener of the construction that the MAC asks for."""
    mac = _required(mac)
    context = _context(key, iv)
    if mac.etm:
        return _EncryptThenMacOpener(context, mac, limit)
    return _MacOpener(context, mac, limit)


def _required(mac: Mac | None) -> Mac:
    if mac is None:
        problem = "a cipher in counter mode needs a MAC"
        raise UsageError(problem)
    return mac


def _context(key: Buffer, iv: Buffer) -> CipherContext:
    # counter mode decrypts as it encrypts
    return Cipher(AES(key), CTR(bytes(iv))).encryptor()


class _EncryptThenMacSealer:
    __slots__ = ("_context", "_mac", "block", "clear", "trailer")

    def __init__(self, context: CipherContext, mac: Mac) -> None:
        self.block: int = _BLOCK
        self.clear: int = 4
        self.trailer: int = mac.size
        self._context = context
        self._mac = mac

    def seal(self, packet: bytes, sequence: int) -> bytes:
        sealed = packet[:4] + self._context.update(packet[4:])
        return sealed + self._mac.code(sequence, sealed)

    def seal_into(self, packet: bytes, sequence: int, out: memoryview) -> None:
        size = len(packet)
        out[:4] = packet[:4]
        self._context.update_into(memoryview(packet)[4:], out[4:size])
        out[size:] = self._mac.code(sequence, out[:size])


class _MacSealer:
    __slots__ = ("_context", "_mac", "block", "clear", "trailer")

    def __init__(self, context: CipherContext, mac: Mac) -> None:
        self.block: int = _BLOCK
        self.clear: int = 0
        self.trailer: int = mac.size
        self._context = context
        self._mac = mac

    def seal(self, packet: bytes, sequence: int) -> bytes:
        return self._context.update(packet) + self._mac.code(sequence, packet)

    def seal_into(self, packet: bytes, sequence: int, out: memoryview) -> None:
        size = len(packet)
        self._context.update_into(packet, out[:size])
        out[size:] = self._mac.code(sequence, packet)


class _EncryptThenMacOpener:
    __slots__ = ("_context", "_limit", "_mac", "_plain", "consumed")

    def __init__(self, context: CipherContext, mac: Mac, limit: int) -> None:
        self.consumed: int = 0
        self._context = context
        self._limit = limit
        self._mac = mac
        self._plain = Plaintext()

    def open(self, source: memoryview, start: int, end: int, sequence: int) -> memoryview | None:
        body = start + 4
        if body > end:
            return None
        (length,) = LENGTH.unpack_from(source, start)
        check_length(length, self._limit, _BLOCK)
        tag = body + length
        stop = tag + self._mac.size
        if stop > end:
            return None
        if not compare_digest(self._mac.code(sequence, source[start:tag]), source[tag:stop]):
            raise MACFailed
        plain = self._plain.first(length)
        self._context.update_into(source[body:tag], plain)
        self.consumed = stop - start
        return plain


class _MacOpener:
    __slots__ = ("_context", "_head", "_limit", "_mac", "_plain", "consumed")

    def __init__(self, context: CipherContext, mac: Mac, limit: int) -> None:
        self.consumed: int = 0
        self._context = context
        self._head = b""  # the first block, decrypted ahead of the rest
        self._limit = limit
        self._mac = mac
        self._plain = Plaintext()

    def open(self, source: memoryview, start: int, end: int, sequence: int) -> memoryview | None:
        first = start + _BLOCK
        if first > end:
            return None
        if not self._head:
            self._head = self._context.update(source[start:first])
        (length,) = LENGTH.unpack_from(self._head)
        check_length(length, self._limit, _BLOCK, 0)
        size = 4 + length
        tag = start + size
        stop = tag + self._mac.size
        if stop > end:
            return None
        packet = self._plain.first(size)
        packet[:_BLOCK] = self._head
        self._head = b""
        self._context.update_into(source[first:tag], packet[_BLOCK:])
        if not compare_digest(self._mac.code(sequence, packet), source[tag:stop]):
            raise MACFailed
        self.consumed = stop - start
        return packet[4:]
