"""Which family a kind of key belongs to, and which kinds are refused.

The table is the machine: a kind that is not in `_FAMILIES` does not exist.  To add a
family, write one file in `ssh_keys/families` that ends with `FAMILY = ...`, and name it
here.  A family's file is loaded when its first key is met, so that an Ed25519 user never
pays for RSA.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Final, Protocol, cast

from ssh_keys.errors import UnsupportedKey
from ssh_wire import UsageError
from ssh_wire.text import printable

if TYPE_CHECKING:
    from ssh_keys.private import PrivateKey
    from ssh_keys.public import PublicKey

__all__ = [
    "KINDS",
    "Family",
    "PortableFamily",
    "certified_name",
    "family",
    "family_to_generate",
    "is_named",
    "is_security_key",
    "named_family",
    "plain_kind",
    "portable_families",
    "portable_family",
]

_FAMILIES: Final = {
    "ssh-ed25519": "ed25519",
    "ecdsa-sha2-nistp256": "ecdsa",
    "ecdsa-sha2-nistp384": "ecdsa",
    "ecdsa-sha2-nistp521": "ecdsa",
    "ssh-rsa": "rsa",
    "sk-ssh-ed25519@openssh.com": "sk",
    "sk-ecdsa-sha2-nistp256@openssh.com": "sk",
    "ssh-ed448": "ed448",
    "ssh-mldsa44-ed25519": "mldsa",
    "ssh-mldsa44-ed25519@openssh.com": "mldsa",
}

_SHORT: Final = {
    "ed25519": "ed25519",
    "ecdsa": "ecdsa",
    "rsa": "rsa",
    "ed448": "ed448",
    "mldsa44-ed25519": "mldsa",
}

_PORTABLE: Final = ("ed25519", "ecdsa", "rsa", "ed448")
"""The families whose keys other programs know, in PEM and in PuTTY's format."""

_VENDOR: Final = "@openssh.com"
_CERTIFIED: Final = {"ssh-mldsa44-ed25519": "ssh-mldsa44-ed25519-cert"}
"""The names of certificates that are not made by the rule."""

_REFUSED: Final = (
    # what the name contains, what is said of it
    ("ssh-dss", "DSA keys are refused"),
    ("-cert", "a certificate is no key: it is not taken where a plain key is needed"),
)

_NAMED: Final = frozenset({"ssh-dss", "ssh-dss-cert-v01@openssh.com"})
"""Kinds that are refused by their name."""

KINDS: Final = tuple(_FAMILIES)
"""The kinds of key that are handled, in the order of preference."""


class Family(Protocol):
    """What one file of `ssh_keys.families` offers the rest of the package."""

    def public_from_blob(self, kind: str, blob: bytes, comment: str, *, legacy: bool) -> PublicKey:
        """Read a blob of this kind; raise KeyFormatError or WireError where it is not one."""
        ...

    def end_of_public(self, data: bytes) -> int:
        """Return where the public key ends that `data` begins with (kind first).

        A certificate holds the fields of a key without saying how long they are.  Raise
        WireError where there is no such key.
        """
        ...

    def read_private(self, data: bytes, pos: int, *, legacy: bool) -> tuple[PrivateKey, int]:
        """Read the fields of a private key at `pos` (kind first); return it and the end."""
        ...

    def generate(self, kind: str, bits: int | None, comment: str) -> PrivateKey:
        """Make a key; raise UsageError where the family has no such kind or size."""
        ...


class PortableFamily(Family, Protocol):
    """What a family offers whose keys other programs know."""

    def read_ppk(self, public_key: PublicKey, data: bytes) -> tuple[PrivateKey, int]:
        """Read the secret fields of PuTTY's format; return the key and where they end.

        Raise WireError or KeyFormatError where they are not those of `public_key`.
        """
        ...

    def adopt_public(self, key: object, *, legacy: bool) -> PublicKey | None:
        """Take over a public key object of `cryptography`, or return None if not its own."""
        ...

    def adopt_private(self, key: object, *, legacy: bool) -> PrivateKey | None:
        """Take over a private key object of `cryptography`, or return None if not its own."""
        ...


def family(kind: str) -> Family:
    """Return the family of a kind.

    Raises:
        UnsupportedKey: the kind is refused, not supported yet, or unknown.
    """
    module = _FAMILIES.get(kind)
    if module is None:
        raise UnsupportedKey(kind, _refusal(kind))
    return _load(module)


def named_family(kind: str) -> Family:
    """Return the family of a kind that stands in a secret file, where it may be anything.

    Raises:
        UnsupportedKey: the kind is refused, or unknown and not named.
    """
    if is_named(kind):
        return family(kind)
    unknown = "unknown"
    raise UnsupportedKey(unknown, "the private key is of a kind that is not known")


def is_named(kind: str) -> bool:
    """Say whether a kind is known by name, handled or refused."""
    return kind in _FAMILIES or kind in _NAMED or plain_kind(kind) is not None


def is_security_key(kind: str) -> bool:
    """Say whether the private keys of a kind are in FIDO tokens."""
    return _FAMILIES.get(kind) == "sk"


def certified_name(name: str) -> str:
    """Return what a kind of key, or an algorithm, is called when the key is certified."""
    return _CERTIFIED.get(name) or name.removesuffix(_VENDOR) + "-cert-v01" + _VENDOR


def plain_kind(name: str) -> str | None:
    """Return the kind of key that a kind of certificate holds, or None if it is none."""
    return _plain_kinds().get(name)


@cache
def _plain_kinds() -> dict[str, str]:
    return {certified_name(kind): kind for kind in _FAMILIES}


def family_to_generate(kind: str) -> Family:
    """Return the family that makes new keys of a kind, given its full or its short name.

    Raises:
        UsageError: there is no such kind.
    """
    module = _SHORT.get(kind) or _FAMILIES.get(kind)
    if module is None:
        problem = f"no key of kind {kind!r} can be made; choose one of {', '.join(_SHORT)}"
        raise UsageError(problem)
    return _load(module)


def portable_family(kind: str) -> PortableFamily | None:
    """Return the family of a kind if other programs know its keys, else None."""
    module = _FAMILIES.get(kind)
    return _load_portable(module) if module in _PORTABLE else None


def portable_families() -> tuple[PortableFamily, ...]:
    """Return every family whose keys other programs know."""
    return tuple(map(_load_portable, _PORTABLE))


def _load_portable(module: str) -> PortableFamily:
    return cast("PortableFamily", _load(module))


@cache
def _load(module: str) -> Family:
    return cast("Family", import_module(f"ssh_keys.families.{module}").FAMILY)


def _refusal(kind: str) -> str:
    shown = printable(kind, 80)
    for part, reason in _REFUSED:
        if part in kind:
            return f"{reason} ({shown})"
    return f"unknown key type '{shown}'"
