"""The families of keys, and what each offers the rest of the package."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, cast

from ssh_keys.errors import UnsupportedKey
from ssh_keys.kinds import PORTABLE, is_known_kind, load_family, load_portable
from ssh_keys.policy import KeyPolicy
from ssh_keys.private import PrivateFamily
from ssh_keys.public import PublicFamily
from ssh_wire import lazy

if TYPE_CHECKING:
    from ssh_keys.private import PrivateKey
    from ssh_keys.public import PublicKey

__all__ = [
    "Family",
    "PortableFamily",
    "family",
    "named_family",
    "portable_families",
    "portable_family",
]


class Family(PublicFamily, PrivateFamily, Protocol):
    """What a file of `ssh_keys.families` offers."""


class PortableFamily(Family, Protocol):
    """What a family offers whose keys other programs know."""

    def read_ppk(self, public_key: PublicKey, data: bytes) -> tuple[PrivateKey, int]:
        """Read the secret fields of PuTTY's format; return the key and where they end.

        Raise WireError or KeyFormatError if they are not those of `public_key`.
        """
        ...

    def public_from_cryptography(self, key: object, *, policy: KeyPolicy) -> PublicKey | None:
        """Convert a public key object of `cryptography`; None if it is another family's."""
        ...

    def private_from_cryptography(self, key: object, *, policy: KeyPolicy) -> PrivateKey | None:
        """Convert a private key object of `cryptography`; None if it is another family's."""
        ...


def family(kind: str) -> Family:
    """Return the family of a kind.

    Raises:
        UnsupportedKey: the kind is refused or unknown.
    """
    return cast("Family", load_family(kind))


def named_family(kind: str) -> Family:
    """Return the family of a kind that was read from a secret file, where it may be anything.

    Raises:
        UnsupportedKey: the kind is refused; or it is unknown, and the error does not name it.
    """
    if is_known_kind(kind):
        return family(kind)
    unknown = "unknown"
    raise UnsupportedKey(unknown, "the private key is of a kind that is not known")


def portable_family(kind: str) -> PortableFamily | None:
    """Return the family of a kind if other programs know its keys, else None."""
    return cast("PortableFamily | None", load_portable(kind))


def portable_families() -> tuple[PortableFamily, ...]:
    """Return every family whose keys other programs know."""
    return tuple(cast("PortableFamily", lazy.load(reference)) for reference in PORTABLE)
