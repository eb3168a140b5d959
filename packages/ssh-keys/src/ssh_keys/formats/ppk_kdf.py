"""How PuTTY turns a passphrase into keys: SHA-1 in version 2 of its format, Argon2 in version 3.

A file says what memory and how many passes Argon2 takes, and a hostile one says a
terabyte; `Argon2.check` refuses before anything is paid.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final, NamedTuple

import attrs
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.kdf import argon2

from ssh_keys.errors import KeyFormatError, TooCostly

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "MAX_MEMORY",
    "MAX_PARALLELISM",
    "MAX_WORK",
    "Argon2",
    "Keys",
    "derive",
    "keys_of_none",
    "sha1",
]

MAX_MEMORY: Final = 1 << 18
"""The most memory that a passphrase may take, in KiB."""

MAX_WORK: Final = 1 << 21
"""The most memory that all passes together may write, in KiB: two seconds or so."""

MAX_PARALLELISM: Final = 16
"""The most lanes that a passphrase may take."""

_FLAVOURS: Final = frozenset({"Argon2id", "Argon2i", "Argon2d"})
_CIPHER_SIZE: Final = 32
_IV_SIZE: Final = 16
_MAC_SIZE: Final = 32
_SALT_SIZE: Final = 16
_SHA1_VERSION: Final = 2


class Keys(NamedTuple):
    """What a passphrase is turned into."""

    cipher: bytes
    iv: bytes
    mac: bytes


@attrs.frozen
class Argon2:
    """The cost of a passphrase in version 3.

    Attributes:
        flavour: "Argon2id", "Argon2i" or "Argon2d".
        memory: in KiB.
        passes: how often that memory is written.
        parallelism: in how many lanes.
        salt: random bytes.
    """

    flavour: str
    memory: int
    passes: int
    parallelism: int
    salt: bytes

    @classmethod
    def fresh(cls, random: Callable[[int], bytes]) -> Argon2:
        """Return the cost of a new file, which is PuTTY's own default."""
        return cls("Argon2id", 8192, 13, 1, random(_SALT_SIZE))

    def check(self) -> None:
        """Refuse a cost before it is paid.

        Raises:
            TooCostly: it is above the limits.
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
        """Pay the cost.

        Raises:
            KeyFormatError: Argon2 has no such cost, or `cryptography` has no Argon2.
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
    """Return the keys of a passphrase; without a cost, as version 2 makes them.

    Raises:
        KeyFormatError: Argon2 has no such cost, or `cryptography` has no Argon2.
    """
    if cost is not None:
        return cost.derive(passphrase)
    halves = (sha1(bytes([0, 0, 0, count]) + passphrase) for count in (0, 1))
    return Keys(b"".join(halves)[:_CIPHER_SIZE], bytes(_IV_SIZE), _mac_key_2(passphrase))


def keys_of_none(version: int) -> Keys:
    """Return the keys of a file that is not encrypted: one for the MAC, and everybody has it."""
    return Keys(b"", b"", _mac_key_2(b"") if version == _SHA1_VERSION else b"")


def sha1(data: bytes) -> bytes:
    """Return the hash that version 2 and the padding of both are made with."""
    return hashlib.sha1(data, usedforsecurity=False).digest()


def _mac_key_2(passphrase: bytes) -> bytes:
    return sha1(b"putty-private-key-file-mac-key" + passphrase)
