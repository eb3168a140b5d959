"""How PuTTY's format derives keys: with SHA-1 in version 2, with Argon2 in version 3.

A file has the memory and the number of passes of Argon2, and a hostile file has a terabyte:
`Argon2.check` refuses it before anything is computed.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final, NamedTuple

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.kdf import argon2

from ssh_keys.errors import KeyFormatError, TooCostly
from ssh_wire import lazy_attrs

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "MAX_MEMORY",
    "MAX_PARALLELISM",
    "MAX_WORK",
    "Argon2",
    "Keys",
    "derive",
    "sha1",
    "unencrypted_keys",
]

MAX_MEMORY: Final = 1 << 18
"""The most memory of Argon2, in KiB."""

MAX_WORK: Final = 1 << 21
"""The most memory that all passes together may write, in KiB: about two seconds."""

MAX_PARALLELISM: Final = 16
"""The most lanes of Argon2."""

_FLAVOURS: Final = frozenset({"Argon2id", "Argon2i", "Argon2d"})
_CIPHER_SIZE: Final = 32
_IV_SIZE: Final = 16
_MAC_SIZE: Final = 32
_SALT_SIZE: Final = 16
_SHA1_VERSION: Final = 2


class Keys(NamedTuple):
    """The keys that are derived from a passphrase."""

    cipher: bytes
    iv: bytes
    mac: bytes


@lazy_attrs.frozen
class Argon2:
    """The parameters of the key derivation in version 3.

    Attributes:
        flavour: "Argon2id", "Argon2i" or "Argon2d".
        memory: in KiB.
        passes: the number of times that the memory is written.
        parallelism: the number of lanes.
        salt: random bytes.
    """

    flavour: str
    memory: int
    passes: int
    parallelism: int
    salt: bytes

    @classmethod
    def fresh(cls, random: Callable[[int], bytes]) -> Argon2:
        """Return PuTTY's default for new files."""
        return cls("Argon2id", 8192, 13, 1, random(_SALT_SIZE))

    def check(self) -> None:
        """Refuse parameters before they are used.

        Raises:
            TooCostly: they are above the limits.
            KeyFormatError: there is no such flavour.
        """
        if self.flavour not in _FLAVOURS:
            problem = "unknown key derivation"
            raise KeyFormatError(problem)
        if self.memory > MAX_MEMORY or self.memory * self.passes > MAX_WORK:
            problem = f"{self.passes} passes over {self.memory} KiB are too much work for a key"
            raise TooCostly(problem)
        if self.parallelism > MAX_PARALLELISM:
            problem = f"{self.parallelism} lanes are too many; {MAX_PARALLELISM} are allowed"
            raise TooCostly(problem)

    def derive(self, passphrase: bytes) -> Keys:
        """Derive the keys.

        Raises:
            KeyFormatError: Argon2 has no such parameters, or `cryptography` lacks Argon2.
        """
        flavours: dict[str, type[argon2.Argon2id | argon2.Argon2i | argon2.Argon2d]] = {
            "Argon2id": argon2.Argon2id,
            "Argon2i": argon2.Argon2i,
            "Argon2d": argon2.Argon2d,
        }
        try:
            derivation = flavours[self.flavour](
                salt=self.salt,
                length=_CIPHER_SIZE + _IV_SIZE + _MAC_SIZE,
                iterations=self.passes,
                lanes=self.parallelism,
                memory_cost=self.memory,
            )
        except (ValueError, UnsupportedAlgorithm):
            problem = "no such key derivation: it has numbers that Argon2 cannot have"
            raise KeyFormatError(problem) from None
        derived = derivation.derive(passphrase)
        end = _CIPHER_SIZE + _IV_SIZE
        return Keys(derived[:_CIPHER_SIZE], derived[_CIPHER_SIZE:end], derived[end:])


def derive(cost: Argon2 | None, passphrase: bytes) -> Keys:
    """Derive the keys of a passphrase; without `cost`, as version 2 does.

    Raises:
        KeyFormatError: Argon2 has no such parameters, or `cryptography` lacks Argon2.
    """
    if cost is not None:
        return cost.derive(passphrase)
    halves = (sha1(bytes([0, 0, 0, count]) + passphrase) for count in (0, 1))
    return Keys(b"".join(halves)[:_CIPHER_SIZE], bytes(_IV_SIZE), _mac_key_2(passphrase))


def unencrypted_keys(version: int) -> Keys:
    """Return the keys of a file that is not encrypted: that of its MAC is public."""
    return Keys(b"", b"", _mac_key_2(b"") if version == _SHA1_VERSION else b"")


def sha1(data: bytes) -> bytes:
    """Return the hash of version 2 and of the padding in both versions."""
    return hashlib.sha1(data, usedforsecurity=False).digest()


def _mac_key_2(passphrase: bytes) -> bytes:
    return sha1(b"putty-private-key-file-mac-key" + passphrase)
