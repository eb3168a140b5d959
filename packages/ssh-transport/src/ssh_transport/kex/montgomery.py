"""X25519 and X448 as `curve25519-sha256` and `curve448-sha512` (RFC 8731)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptography.hazmat.backends import default_backend
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

from ssh_transport.errors import KeyExchangeFailed
from ssh_transport.kex.base import Random

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.x448 import X448PrivateKey

__all__ = ["X448", "X25519"]

default_backend()  # each key needs it: it loads with this module, and not in a handshake


class X25519:
    """One side over Curve25519."""

    __slots__ = ("_private", "public")

    size = 32
    """Bytes of a share."""

    def __init__(self, random: Random) -> None:
        self._private = X25519PrivateKey.from_private_bytes(random(self.size))
        self.public: bytes = self._private.public_key().public_bytes_raw()

    def exchange(self, peer: bytes) -> bytes:
        """Return the shared secret."""
        _check_size("X25519", peer, self.size)
        try:
            return self._private.exchange(X25519PublicKey.from_public_bytes(peer))
        except ValueError:
            raise _low_order("X25519") from None


class X448:
    """One side over Curve448."""

    __slots__ = ("_private", "public")

    size = 56
    """Bytes of a share."""

    def __init__(self, random: Random) -> None:
        from cryptography.hazmat.primitives.asymmetric.x448 import X448PrivateKey  # rarely used

        self._private: X448PrivateKey = X448PrivateKey.from_private_bytes(random(self.size))
        self.public: bytes = self._private.public_key().public_bytes_raw()

    def exchange(self, peer: bytes) -> bytes:
        """Return the shared secret."""
        from cryptography.hazmat.primitives.asymmetric.x448 import X448PublicKey

        _check_size("X448", peer, self.size)
        try:
            return self._private.exchange(X448PublicKey.from_public_bytes(peer))
        except ValueError:
            raise _low_order("X448") from None


def _check_size(name: str, share: bytes, size: int) -> None:
    # "Clients and servers MUST also abort if the length of the received public keys are
    # not the expected lengths."
    if len(share) != size:
        problem = f"an {name} share of {len(share)} bytes"
        raise KeyExchangeFailed(problem)


def _low_order(name: str) -> KeyExchangeFailed:
    # "MUST check whether the computed Diffie-Hellman shared secret is the all-zero value
    # and abort if so"
    return KeyExchangeFailed(f"an {name} share of low order")
