"""X25519 as `curve25519-sha256` and `curve25519-sha256@libssh.org` (RFC 8731)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

from ssh_transport.errors import KeyExchangeFailed
from ssh_transport.kex.base import secret_mpint

if TYPE_CHECKING:
    from ssh_transport.kex.base import Random

__all__ = ["KEY_SIZE", "Curve25519", "exchange", "generate"]

KEY_SIZE = 32


class Curve25519:
    """The method."""

    def start(self, random: Random) -> Curve25519Share:
        """Begin an exchange as the client."""
        return Curve25519Share(random)

    def answer(self, client_public: bytes, random: Random) -> tuple[bytes, bytearray]:
        """Return the server's share and the shared secret."""
        private = generate(random)
        secret = exchange(private, client_public)
        return private.public_key().public_bytes_raw(), secret_mpint(secret)


class Curve25519Share:
    """The client's half."""

    __slots__ = ("_private", "public")

    def __init__(self, random: Random) -> None:
        self._private = generate(random)
        self.public: bytes = self._private.public_key().public_bytes_raw()

    def finish(self, server_public: bytes) -> bytearray:
        """Return the shared secret."""
        return secret_mpint(exchange(self._private, server_public))


def generate(random: Random) -> X25519PrivateKey:
    """Make an ephemeral key."""
    return X25519PrivateKey.from_private_bytes(random(KEY_SIZE))


def exchange(private: X25519PrivateKey, public: bytes) -> bytes:
    """Return the shared secret of X25519.

    Raises:
        KeyExchangeFailed: `public` has another length, or is a point of low order.
    """
    # "Clients and servers MUST also abort if the length of the received public keys are
    # not the expected lengths."
    if len(public) != KEY_SIZE:
        problem = f"an X25519 share of {len(public)} bytes"
        raise KeyExchangeFailed(problem)
    try:
        return private.exchange(X25519PublicKey.from_public_bytes(public))
    except ValueError:
        # "MUST check whether the computed Diffie-Hellman shared secret is the all-zero
        # value and abort if so"
        problem = "an X25519 share of low order"
        raise KeyExchangeFailed(problem) from None
