"""What the parsers of keys and trust files raise.

SSHError
├── KeyFormatError          not a key, or not one that the limits allow (a ValueError too)
│   ├── UnsupportedKey      a kind that is known by name and refused; says which and why
│   ├── CertificateRefused  a certificate that is not good for what it is used for
│   ├── UnprotectedKey      a private key in a file that others may read
│   ├── TooCostly           a file that wants more work for its passphrase than is allowed
│   └── KeyDecryptError     the passphrase is wrong
│       └── PassphraseNeeded    the key is encrypted and no passphrase was given
├── SignatureRefused        a signature that is not one of whom it has to be of
├── TokenNeeded             the key is in a FIDO token, which alone can sign
└── SigningFailed           a fresh signature did not verify; it was not handed out
"""

from __future__ import annotations

from shlex import quote
from typing import Final, Literal, TypeAlias

from ssh_wire import SSHError
from ssh_wire.text import printable

__all__ = [
    "CertificateRefused",
    "KeyDecryptError",
    "KeyFormatError",
    "Refusal",
    "SignatureRefused",
    "SigningFailed",
    "TokenNeeded",
    "TooCostly",
    "UnprotectedKey",
    "UnsupportedKey",
    "named",
]

_BASE64: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
_MAX_NAME: Final = 64
_MANY: Final = 12
"""The small letters and digits in a row that may be a part of a key."""
_FEW: Final = 6
"""The characters of base64 in a row that may be, if others than these are among them."""


Refusal: TypeAlias = Literal[
    "role",
    "not-yet-valid",
    "expired",
    "no-principals",
    "principal",
    "critical-option",
    "option-value",
    "ca-algorithm",
    "ca-token",
]
"""In which respect a certificate is not good."""


class KeyFormatError(SSHError, ValueError):
    """Bytes that are not a key, or a key outside the limits."""


class UnsupportedKey(KeyFormatError):
    """A key of a kind that is not handled: refused for good, or not supported yet.

    Attributes:
        kind: the name of the kind, as the key spells it.
    """

    def __init__(self, kind: str, reason: str) -> None:
        super().__init__(reason)
        self.kind = kind


class CertificateRefused(KeyFormatError):
    """A certificate that its authority signed, and that is not good for this use.

    Attributes:
        reason: in which respect it is not.
    """

    def __init__(self, reason: Refusal, message: str) -> None:
        super().__init__(message)
        self.reason: Refusal = reason


class UnprotectedKey(KeyFormatError):
    """A private key in a file that others than its owner may read or change.

    Attributes:
        path: the file.
        mode: its permissions.
    """

    def __init__(self, path: str, mode: int) -> None:
        self.path = path
        self.mode = mode
        problem = (
            f"others can read this private key file (permissions {mode:04o});"
            f" run: chmod 600 {quote(printable(path))}"
        )
        super().__init__(problem)


class TooCostly(KeyFormatError):
    """An encrypted key that asks for more time or memory than a passphrase may cost."""


class KeyDecryptError(KeyFormatError):
    """The passphrase does not open the key."""


class SignatureRefused(SSHError):
    """A signature of a message that is wrong, or made by a key that may not make it."""


class TokenNeeded(SSHError):
    """The private key is in a FIDO token; what is here is the handle that finds it."""


class SigningFailed(SSHError):
    """A fresh signature did not verify with its own public key, so it was not handed out."""


def named(text: bytes | str) -> str:
    """Return a name in quotes, with a space in front of it, for the end of a message.

    What may be a part of a private key that somebody put in the wrong place is left out.
    """
    shown = printable(text, _MAX_NAME)
    words = "".join(char if char in _BASE64 else " " for char in shown).split()
    return "" if any(map(_may_be_secret, words)) else f" '{shown}'"


def _may_be_secret(word: str) -> bool:
    if word.isdigit() or (word.isalpha() and word.islower()):
        return False
    return len(word) >= (_MANY if word.islower() else _FEW)
