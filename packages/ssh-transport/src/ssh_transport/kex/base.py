"""What every key exchange method gives.

All methods here have one shape: a string of the client, a string of the server, and a
shared secret; the share of a finite field is the content of its mpint.  The secret K leaves
a method as it enters the exchange hash, so a method that hashes it as a string and one that
hashes it as an mpint look alike from outside.
"""

from __future__ import annotations

from collections.abc import Callable
from struct import Struct
from typing import Protocol, TypeAlias

__all__ = [
    "ClientShare",
    "DiffieHellman",
    "Half",
    "KeyAgreement",
    "Random",
    "secret_mpint",
    "secret_string",
]

Random: TypeAlias = Callable[[int], bytes]
"""Gives that many random bytes, as `os.urandom` does."""

_LENGTH = Struct(">I")


class ClientShare(Protocol):
    """The client's half of an exchange, made before the server's is known."""

    @property
    def public(self) -> bytes:
        """What the client sends."""
        ...

    def finish(self, server_public: bytes) -> bytearray:
        """Return the shared secret, encoded for the exchange hash.

        Raises:
            KeyExchangeFailed: the server's share is not valid.
        """
        ...


class KeyAgreement(Protocol):
    """A method."""

    def start(self, random: Random) -> ClientShare:
        """Begin an exchange as the client."""
        ...

    def answer(self, client_public: bytes, random: Random) -> tuple[bytes, bytearray]:
        """Return the server's share and the shared secret, encoded for the exchange hash.

        Raises:
            KeyExchangeFailed: the client's share is not valid.
        """
        ...


class Half(Protocol):
    """One side of a Diffie-Hellman exchange, in whatever group."""

    @property
    def public(self) -> bytes:
        """What this side sends."""
        ...

    def exchange(self, peer: bytes) -> bytes:
        """Return the shared secret, a big-endian number.

        Raises:
            KeyExchangeFailed: the peer's share is not valid.
        """
        ...


class DiffieHellman:
    """A method in which both sides do the same, and K is hashed as an mpint.

    Args:
        half: makes one side.
    """

    def __init__(self, half: Callable[[Random], Half]) -> None:
        self.half = half

    def start(self, random: Random) -> ClientShare:
        """Begin an exchange as the client."""
        return _DiffieHellmanShare(self.half(random))

    def answer(self, client_public: bytes, random: Random) -> tuple[bytes, bytearray]:
        """Return the server's share and the shared secret."""
        half = self.half(random)
        return half.public, secret_mpint(half.exchange(client_public))


class _DiffieHellmanShare:
    """The client's half."""

    __slots__ = ("_half", "public")

    def __init__(self, half: Half) -> None:
        self._half = half
        self.public: bytes = half.public

    def finish(self, server_public: bytes) -> bytearray:
        return secret_mpint(self._half.exchange(server_public))


def secret_mpint(secret: bytes) -> bytearray:
    """Encode a big-endian number as an mpint (RFC 4251 section 5), in a buffer to be wiped."""
    start = 0
    while start < len(secret) and not secret[start]:
        start += 1
    sign = b"\0" if start < len(secret) and secret[start] >> 7 else b""
    encoded = bytearray(_LENGTH.pack(len(secret) - start + len(sign)))
    encoded += sign
    encoded += memoryview(secret)[start:]
    return encoded


def secret_string(secret: bytes) -> bytearray:
    """Encode a string (RFC 4251 section 5), in a buffer to be wiped."""
    encoded = bytearray(_LENGTH.pack(len(secret)))
    encoded += secret
    return encoded
