"""AES in counter mode (RFC 4344 section 4) with a MAC."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR

from ssh_transport.ciphers.with_mac import (
    EncryptThenMacOpener,
    EncryptThenMacSealer,
    MacOpener,
    MacSealer,
    required,
)

if TYPE_CHECKING:
    from ssh_transport.ciphers.base import Opener, Sealer
    from ssh_transport.macs import Mac
    from ssh_wire.primitives import Buffer

__all__ = ["opener", "sealer"]


def sealer(key: Buffer, iv: Buffer, mac: Mac | None) -> Sealer:
    """Return a sealer of the construction that the MAC asks for."""
    mac = required(mac)
    stream = _Counter(key, iv)
    return EncryptThenMacSealer(stream, mac) if mac.etm else MacSealer(stream, mac)


def opener(key: Buffer, iv: Buffer, mac: Mac | None, limit: int) -> Opener:
    """Return an opener of the construction that the MAC asks for."""
    mac = required(mac)
    stream = _Counter(key, iv)
    if mac.etm:
        return EncryptThenMacOpener(stream, mac, limit)
    return MacOpener(stream, mac, limit)


class _Counter:
    """The key stream; counter mode decrypts as it encrypts."""

    __slots__ = ("block", "update", "update_into")

    def __init__(self, key: Buffer, iv: Buffer) -> None:
        context = Cipher(AES(key), CTR(bytes(iv))).encryptor()
        self.block: int = 16
        self.update = context.update
        self.update_into = context.update_into
