"""AES and triple DES in cipher block chaining (RFC 4253 section 6.3), for old peers alone.

With encrypt-and-MAC an attacker who sees when and how a packet is refused learns plaintext
(CVE-2008-5161): packet_length is decrypted before anything is authentic.  So every failure
looks alike here: a packet of the largest size is read first, and the error is always that
of the MAC, as OpenSSH does it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

from ssh_transport.ciphers.with_mac import (
    EncryptThenMacOpener,
    EncryptThenMacSealer,
    MacOpener,
    MacSealer,
    required,
)
from ssh_transport.errors import MACFailed
from ssh_wire import ProtocolError

if TYPE_CHECKING:
    from ssh_transport.ciphers.base import Opener, Sealer
    from ssh_transport.ciphers.with_mac import BlockStream
    from ssh_transport.macs import Mac
    from ssh_wire.primitives import Buffer

__all__ = ["opener", "sealer"]

_DES_BLOCK = 8


def sealer(key: Buffer, iv: Buffer, mac: Mac | None) -> Sealer:
    """Return a sealer of the construction that the MAC asks for."""
    mac = required(mac)
    stream = _Chain(_cipher(key, iv).encryptor(), len(iv))
    return EncryptThenMacSealer(stream, mac) if mac.etm else MacSealer(stream, mac)


def opener(key: Buffer, iv: Buffer, mac: Mac | None, limit: int) -> Opener:
    """Return an opener of the construction that the MAC asks for."""
    mac = required(mac)
    stream = _Chain(_cipher(key, iv).decryptor(), len(iv))
    if mac.etm:
        return EncryptThenMacOpener(stream, mac, limit)
    return _QuietOpener(stream, mac, limit)


def _cipher(key: Buffer, iv: Buffer) -> Cipher[CBC]:
    # the initial vector is as long as a block
    algorithm = TripleDES(bytes(key)) if len(iv) == _DES_BLOCK else AES(key)
    return Cipher(algorithm, CBC(bytes(iv)))


class _Chain:
    """One direction; the last ciphertext block of a packet is the next one's vector."""

    __slots__ = ("_context", "block")

    def __init__(self, context: CipherContext, block: int) -> None:
        self.block: int = block
        self._context = context

    def update(self, data: Buffer, /) -> bytes:
        return self._context.update(data)

    def update_into(self, data: Buffer, out: memoryview, /) -> None:
        # the context's own wants room for a block more
        out[:] = self._context.update(data)


class _QuietOpener(MacOpener):
    """Opens packets, and tells no cause of a failure from another."""

    __slots__ = ("_failed", "_most")

    def __init__(self, stream: BlockStream, mac: Mac, limit: int) -> None:
        super().__init__(stream, mac, limit)
        self._failed = False
        self._most = 4 + limit + mac.size

    def open(self, source: memoryview, start: int, end: int, sequence: int) -> memoryview | None:
        """Return the body of the packet at `start`, or None when it is not complete."""
        if not self._failed:
            try:
                return super().open(source, start, end, sequence)
            except ProtocolError:
                self._failed = True
        stop = start + self._most
        if end < stop:
            return None
        self._mac.code(sequence, source[start:stop])  # as much work as the largest packet is
        raise MACFailed
