"""Post-quantum hybrids of ML-KEM and a classical curve (draft-ietf-sshm-mlkem-hybrid-kex).

C_INIT    ML-KEM public key | classical share
S_REPLY   ML-KEM ciphertext | classical share
K         HASH(K_PQ | K_CL), which the exchange hash takes as a string

K_CL is the shared secret of X25519, or the x-coordinate of the shared point.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from cryptography.hazmat.primitives.asymmetric.mlkem import (
    MLKEM768PrivateKey,
    MLKEM768PublicKey,
    MLKEM1024PrivateKey,
    MLKEM1024PublicKey,
)

from ssh_transport.errors import KeyExchangeFailed
from ssh_transport.kex.base import ClientShare, DHKeyPair, Random, new_hash, secret_string

__all__ = ["Hybrid", "load_hybrid"]

_SEED_SIZE = 64


class Kem(NamedTuple):
    """One parameter set of ML-KEM (FIPS 203)."""

    name: str
    """Its name."""

    private: type[MLKEM768PrivateKey | MLKEM1024PrivateKey]
    """Its private key."""

    public: type[MLKEM768PublicKey | MLKEM1024PublicKey]
    """Its public key."""

    public_size: int
    """Bytes of an encapsulation key."""

    ciphertext_size: int
    """Bytes of a ciphertext."""


_MLKEM768 = Kem("ML-KEM-768", MLKEM768PrivateKey, MLKEM768PublicKey, 1184, 1088)
_MLKEM1024 = Kem("ML-KEM-1024", MLKEM1024PrivateKey, MLKEM1024PublicKey, 1568, 1568)


class Hybrid(NamedTuple):
    """A method."""

    kem: Kem
    """The post-quantum key_pair."""

    key_pair: Callable[[Random], DHKeyPair]
    """Makes the classical key_pair."""

    classical_size: int
    """Bytes of a classical share."""

    hash_name: str
    """The hash that combines the two secrets."""

    def start(self, random: Random) -> ClientShare:
        """Begin an exchange as the client."""
        return HybridShare(self, random)

    def answer(self, client_public: bytes, random: Random) -> tuple[bytes, bytearray]:
        """Return the server's share and the shared secret.

        The encapsulation draws its randomness itself: `random` gives the classical key alone.
        """
        encoded, classical = self.split(client_public, self.kem.public_size)
        try:
            # FIPS 203 section 7.2: the modulus check of the encapsulation key
            secret, ciphertext = self.kem.public.from_public_bytes(encoded).encapsulate()
        except ValueError:
            problem = f"an {self.kem.name} public key that is not valid"
            raise KeyExchangeFailed(problem) from None
        key_pair = self.key_pair(random)
        return ciphertext + key_pair.public, self.combine(secret, key_pair.exchange(classical))

    def split(self, share: bytes, size: int) -> tuple[bytes, bytes]:
        """Cut a share into its post-quantum part, of `size` bytes, and its classical part."""
        if len(share) != size + self.classical_size:
            problem = f"a hybrid share of {len(share)} bytes"
            raise KeyExchangeFailed(problem)
        return share[:size], share[size:]

    def combine(self, post_quantum: bytes, classical: bytes) -> bytearray:
        """Return K."""
        context = new_hash(self.hash_name)
        context.update(post_quantum + classical)
        return secret_string(context.finalize())


def _x25519() -> tuple[Callable[[Random], DHKeyPair], int]:
    from ssh_transport.kex.montgomery import X25519

    return X25519, X25519.size


def _nist(name: str) -> Callable[[], tuple[Callable[[Random], DHKeyPair], int]]:
    def load() -> tuple[Callable[[Random], DHKeyPair], int]:
        from ssh_transport.kex.ecdh import CURVES

        return CURVES[name].key_pair, CURVES[name].size

    return load


_HYBRIDS: Final = {
    "mlkem768x25519": (_MLKEM768, _x25519, "sha256"),
    "mlkem768nistp256": (_MLKEM768, _nist("nistp256"), "sha256"),
    "mlkem1024nistp384": (_MLKEM1024, _nist("nistp384"), "sha384"),
}


def load_hybrid(name: str) -> Hybrid:
    """Return a method, given the names of its two parts; its curve is imported."""
    kem, load_curve, hash_name = _HYBRIDS[name]
    return Hybrid(kem, *load_curve(), hash_name)


class HybridShare:
    """The client's key_pair."""

    __slots__ = ("_kem", "_key_pair", "_method", "public")

    def __init__(self, method: Hybrid, random: Random) -> None:
        self._method = method
        self._kem = method.kem.private.from_seed_bytes(random(_SEED_SIZE))
        self._key_pair = method.key_pair(random)
        self.public: bytes = self._kem.public_key().public_bytes_raw() + self._key_pair.public

    def finish(self, server_public: bytes) -> bytearray:
        """Return the shared secret; a forged ciphertext gives a wrong one (FIPS 203)."""
        method = self._method
        ciphertext, classical = method.split(server_public, method.kem.ciphertext_size)
        secret = self._kem.decapsulate(ciphertext)
        return method.combine(secret, self._key_pair.exchange(classical))
