"""The kinds of key by name: which are handled, by which family, and which are refused.

The table is the machine: a kind that is not in `_FAMILIES` does not exist.  To add a family,
write one file in `ssh_keys/families` and name its entry here.  A family's file is loaded when
its first key is met, so that a user of Ed25519 never pays for RSA.
"""

from __future__ import annotations

from functools import cache
from typing import Final

from ssh_keys.errors import UnsupportedKey
from ssh_wire import UsageError, lazy
from ssh_wire.text import printable

__all__ = [
    "KINDS",
    "PORTABLE",
    "certified_name",
    "is_known_kind",
    "is_security_key",
    "load_family",
    "load_family_to_generate",
    "load_portable",
    "plain_kind",
]

_ED25519: Final = "ssh_keys.families.edwards:ED25519"
_ECDSA: Final = "ssh_keys.families.ecdsa:FAMILY"
_RSA: Final = "ssh_keys.families.rsa:FAMILY"
_SK: Final = "ssh_keys.families.sk:FAMILY"
_ED448: Final = "ssh_keys.families.edwards:ED448"
_MLDSA: Final = "ssh_keys.families.mldsa:FAMILY"

_FAMILIES: Final = {
    "ssh-ed25519": _ED25519,
    "ecdsa-sha2-nistp256": _ECDSA,
    "ecdsa-sha2-nistp384": _ECDSA,
    "ecdsa-sha2-nistp521": _ECDSA,
    "ssh-rsa": _RSA,
    "sk-ssh-ed25519@openssh.com": _SK,
    "sk-ecdsa-sha2-nistp256@openssh.com": _SK,
    "ssh-ed448": _ED448,
    "ssh-mldsa44-ed25519": _MLDSA,
    "ssh-mldsa44-ed25519@openssh.com": _MLDSA,
}

_SHORT: Final = {
    "ed25519": _ED25519,
    "ecdsa": _ECDSA,
    "rsa": _RSA,
    "ed448": _ED448,
    "mldsa44-ed25519": _MLDSA,
}

PORTABLE: Final = (_ED25519, _ECDSA, _RSA, _ED448)
"""The families whose keys other programs know, in PEM and in PuTTY's format."""

KINDS: Final = tuple(_FAMILIES)
"""The kinds of key that are handled, in the order of preference."""

_VENDOR: Final = "@openssh.com"
_CERTIFIED: Final = {"ssh-mldsa44-ed25519": "ssh-mldsa44-ed25519-cert"}
"""The names of certificates that are not made by the rule."""

_REFUSED: Final = (
    # what the name contains, why it is refused
    ("ssh-dss", "DSA keys are refused"),
    ("-cert", "a certificate is not taken where a plain key is needed"),
)
_KNOWN_AND_REFUSED: Final = frozenset({"ssh-dss", "ssh-dss-cert-v01@openssh.com"})


def is_known_kind(kind: str) -> bool:
    """Say whether a kind is known by name, handled or refused."""
    return kind in _FAMILIES or kind in _KNOWN_AND_REFUSED or plain_kind(kind) is not None


def is_security_key(kind: str) -> bool:
    """Say whether the private keys of a kind are in FIDO tokens, "security keys" in OpenSSH."""
    return _FAMILIES.get(kind) == _SK


def certified_name(name: str) -> str:
    """Return the name of a kind of key, or of an algorithm, for a key that is certified."""
    return _CERTIFIED.get(name) or name.removesuffix(_VENDOR) + "-cert-v01" + _VENDOR


def plain_kind(name: str) -> str | None:
    """Return the kind of key that a kind of certificate holds; None for any other name."""
    return _plain_kinds().get(name)


@cache
def _plain_kinds() -> dict[str, str]:
    return {certified_name(kind): kind for kind in _FAMILIES}


def load_family(kind: str) -> object:
    """Return the family of a kind; `ssh_keys.registry` knows its interface.

    Raises:
        UnsupportedKey: the kind is refused or unknown.
    """
    reference = _FAMILIES.get(kind)
    if reference is None:
        raise UnsupportedKey(kind, _refusal(kind))
    return _load(reference)


def load_family_to_generate(kind: str) -> object:
    """Return the family that makes new keys of a kind, given its full or its short name.

    Raises:
        UsageError: there is no such kind.
    """
    reference = _SHORT.get(kind) or _FAMILIES.get(kind)
    if reference is None:
        problem = f"no key of kind {kind!r} can be made; choose one of {', '.join(_SHORT)}"
        raise UsageError(problem)
    return _load(reference)


def load_portable(kind: str) -> object | None:
    """Return the family of a kind if other programs know its keys, else None."""
    reference = _FAMILIES.get(kind)
    return _load(reference) if reference in PORTABLE else None


@cache
def _load(reference: str) -> object:
    family: object = lazy.load(reference)
    return family


def _refusal(kind: str) -> str:
    name = printable(kind, 80)
    for part, reason in _REFUSED:
        if part in kind:
            return f"{reason} ({name})"
    return f"unknown key type '{name}'"
