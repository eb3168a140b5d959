"""What every key exchange method gives.

All methods here have one shape: a string of the client, a string of the server, and a
shared secret; the share of a finite field is the content of its mpint.  The secret K leaves
a method as it enters the exchange hash, so a method that hashes it as a string and one that
hashes it as an mpint look alike from outside.
"""

from __future__ import annotations

from collections.abc import Callable
from struct import Struct
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.hashes import Hash

__all__ = [
    "ClientShare",
    "DHKeyPair",
    "DiffieHellman",
    "KeyAgreement",
    "Random",
    "new_hash",
    "secret_mpint",
    "secret_string",
]

Random: TypeAlias = Callable[[int], bytes]
"""Gives that many random bytes, as `os.urandom` does."""

_LENGTH = Struct(">I")
_HASHES: Final = {"sha1": "SHA1", "sha256": "SHA256", "sha384": "SHA384", "sha512": "SHA512"}
"""The hashes of methods, as `cryptography` names them."""


def new_hash(name: str) -> Hash:
    """Return the context of a method's hash, for one digest."""
    # it has loaded with the method; hashlib, which does the same, takes a millisecond
    from cryptography.hazmat.primitives import hashes

    algorithm: hashes.HashAlgorithm = getattr(hashes, _HASHES[name])()
    return hashes.Hash(algorithm)


class ClientShare(Protocol):
    """The client's key_pair of an exchange, made before the server's is known."""

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


class DHKeyPair(Protocol):
    """An ephemeral key pair of Diffie-Hellman, in whatever group."""

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
        key_pair: makes the key pair of one side.
    """

    def __init__(self, key_pair: Callable[[Random], DHKeyPair]) -> None:
        self.key_pair = key_pair

    def start(self, random: Random) -> ClientShare:
        """Begin an exchange as the client."""
        return _DiffieHellmanShare(self.key_pair(random))

    def answer(self, client_public: bytes, random: Random) -> tuple[bytes, bytearray]:
        """Return the server's share and the shared secret."""
        key_pair = self.key_pair(random)
        return key_pair.public, secret_mpint(key_pair.exchange(client_public))


class _DiffieHellmanShare:
    """The client's key_pair."""

    __slots__ = ("_key_pair", "public")

    def __init__(self, key_pair: DHKeyPair) -> None:
        self._key_pair = key_pair
        self.public: bytes = key_pair.public

    def finish(self, server_public: bytes) -> bytearray:
        return secret_mpint(self._key_pair.exchange(server_public))


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
