"""The hybrid `mlkem768x25519-sha256` (draft-ietf-sshm-mlkem-hybrid-kex).

C_INIT    ML-KEM-768 public key (1184) | X25519 share (32)
S_REPLY   ML-KEM-768 ciphertext (1088) | X25519 share (32)
K         SHA-256(K_PQ | K_CL), which the exchange hash takes as a string
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric.mlkem import (
    MLKEM768PrivateKey,
    MLKEM768PublicKey,
)

from ssh_transport.errors import KeyExchangeFailed
from ssh_transport.kex.base import secret_string
from ssh_transport.kex.curve25519 import KEY_SIZE, exchange, generate

if TYPE_CHECKING:
    from ssh_transport.kex.base import Random

__all__ = ["MLKEM768X25519"]

_PUBLIC_SIZE = 1184
_CIPHERTEXT_SIZE = 1088
_SEED_SIZE = 64


class MLKEM768X25519:
    """The method."""

    def start(self, random: Random) -> HybridShare:
        """Begin an exchange as the client."""
        return HybridShare(random)

    def answer(self, client_public: bytes, random: Random) -> tuple[bytes, bytearray]:
        """Return the server's share and the shared secret.

        The encapsulation draws its randomness itself: `random` gives the X25519 key alone.
        """
        encoded, classical = _split(client_public, _PUBLIC_SIZE)
        try:
            # FIPS 203 section 7.2: the modulus check of the encapsulation key
            public = MLKEM768PublicKey.from_public_bytes(encoded)
            secret, ciphertext = public.encapsulate()
        except ValueError:
            problem = "an ML-KEM-768 public key that is not valid"
            raise KeyExchangeFailed(problem) from None
        private = generate(random)
        shared = _combine(secret, exchange(private, classical))
        return ciphertext + private.public_key().public_bytes_raw(), shared


class HybridShare:
    """The client's half."""

    __slots__ = ("_classical", "_kem", "public")

    def __init__(self, random: Random) -> None:
        self._kem = MLKEM768PrivateKey.from_seed_bytes(random(_SEED_SIZE))
        self._classical = generate(random)
        self.public: bytes = (
            self._kem.public_key().public_bytes_raw()
            + self._classical.public_key().public_bytes_raw()
        )

    def finish(self, server_public: bytes) -> bytearray:
        """Return the shared secret; a forged ciphertext gives a wrong one (FIPS 203)."""
        ciphertext, classical = _split(server_public, _CIPHERTEXT_SIZE)
        return _combine(self._kem.decapsulate(ciphertext), exchange(self._classical, classical))


def _split(share: bytes, size: int) -> tuple[bytes, bytes]:
    if len(share) != size + KEY_SIZE:
        problem = f"a hybrid share of {len(share)} bytes"
        raise KeyExchangeFailed(problem)
    return share[:size], share[size:]


def _combine(post_quantum: bytes, classical: bytes) -> bytearray:
    return secret_string(hashlib.sha256(post_quantum + classical).digest())
