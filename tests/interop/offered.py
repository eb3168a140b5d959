"""Which of our algorithms a peer has, and which pairs of cipher and MAC are tried."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ssh_transport.ciphers import CIPHERS
from ssh_transport.macs import MACS

if TYPE_CHECKING:
    from tests.interop.peers import Peer

__all__ = ["CIPHER_MACS", "has_kex"]

_ALL: Final = frozenset({"openssh-8.4", "openssh-9.2", "openssh-10.0", "openssh-10.6"})
# methods that not every version of OpenSSH has, with those that have it
_KEX_OF: Final = {
    "mlkem768x25519-sha256": {"openssh-10.0", "openssh-10.6"},
    "mlkem768nistp256-sha256": {"openssh-10.6"},
    "mlkem1024nistp384-sha384": set[str](),
    "curve448-sha512": set[str](),
    "diffie-hellman-group15-sha512": set[str](),
    "diffie-hellman-group17-sha512": set[str](),
}


def has_kex(peer: Peer, kex: str) -> bool:
    """Whether a peer has a method; a peer that has others than we know of fails the test."""
    found = kex in peer.algorithms.kex
    assert found is (peer.name in _KEX_OF.get(kex, _ALL)), (peer.name, kex, found)
    return found


_WITH_MAC = [name for name, spec in CIPHERS.items() if not spec.aead]
CIPHER_MACS: Final = [
    # every MAC with one cipher of each construction, and every cipher with two MACs
    *[(cipher, mac) for cipher in ("aes128-ctr", "aes256-cbc") for mac in MACS],
    *[
        (cipher, mac)
        for cipher in _WITH_MAC
        for mac in ("hmac-sha2-256", "hmac-sha2-512-etm@openssh.com")
        if cipher not in {"aes128-ctr", "aes256-cbc"}
    ],
]
"""Cipher and MAC, both by name."""
