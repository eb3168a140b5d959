"""Ciphers: one file for a construction, one row of `CIPHERS` for a name.

    base          what a construction gives: Sealer and Opener; bounds of packet_length
    plain         no cipher, before the first NEWKEYS; no name, so never negotiated
    aes_gcm       RFC 5647 as OpenSSH names it
    chacha20      chacha20-poly1305@openssh.com
    maced         a cipher with a MAC before or after encryption
    aes_ctr       RFC 4344
    cbc           AES and triple DES as RFC 4253 has them, for old peers

A construction is imported when the first key for it is there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from ssh_transport.ciphers.base import Construction

__all__ = ["CIPHERS", "CipherSpec"]


def _aes_gcm() -> Construction:
    from ssh_transport.ciphers import aes_gcm  # loaded when first used

    return aes_gcm


def _chacha20() -> Construction:
    from ssh_transport.ciphers import chacha20  # loaded when first used

    return chacha20


def _aes_ctr() -> Construction:
    from ssh_transport.ciphers import aes_ctr  # loaded when first used

    return aes_ctr


def _cbc() -> Construction:
    from ssh_transport.ciphers import cbc  # loaded when first used

    return cbc


class CipherSpec(NamedTuple):
    """One row: the sizes that key derivation needs, and where the construction is."""

    key_size: int
    """Bytes of the key."""

    iv_size: int
    """Bytes of the initial vector."""

    aead: bool
    """Whether it authenticates by itself: then no MAC is negotiated."""

    load: Callable[[], Construction]
    """Import the construction."""


CIPHERS: dict[str, CipherSpec] = {
    "aes256-gcm@openssh.com": CipherSpec(32, 12, aead=True, load=_aes_gcm),
    "aes128-gcm@openssh.com": CipherSpec(16, 12, aead=True, load=_aes_gcm),
    "chacha20-poly1305@openssh.com": CipherSpec(64, 0, aead=True, load=_chacha20),
    "aes256-ctr": CipherSpec(32, 16, aead=False, load=_aes_ctr),
    "aes192-ctr": CipherSpec(24, 16, aead=False, load=_aes_ctr),
    "aes128-ctr": CipherSpec(16, 16, aead=False, load=_aes_ctr),
    "aes256-cbc": CipherSpec(32, 16, aead=False, load=_cbc),
    "aes192-cbc": CipherSpec(24, 16, aead=False, load=_cbc),
    "aes128-cbc": CipherSpec(16, 16, aead=False, load=_cbc),
    "3des-cbc": CipherSpec(24, 8, aead=False, load=_cbc),
}
"""Every cipher by its name on the wire."""
