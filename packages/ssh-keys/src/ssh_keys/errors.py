"""What the parsers of keys and trust files raise.

SSHError
├── KeyFormatError          not a key, or outside the limits (a ValueError too)
│   ├── UnsupportedKey      a kind of key that is refused or unknown
│   ├── CertificateRefused  a certificate that is not valid for its use
│   ├── UnprotectedKey      a private key in a file that other users may read
│   ├── TooCostly           a key derivation that costs more than is allowed
│   └── KeyDecryptError     the passphrase is wrong
│       └── PassphraseNeeded    the key is encrypted and no passphrase was given (in `private`)
├── SignatureRefused        a signature that is wrong, or of a key that may not make it
├── TokenNeeded             the private key is in a FIDO token
└── SigningFailed           a fresh signature did not verify and was dropped
"""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

from ssh_wire import SSHError
from ssh_wire.text import printable

__all__ = [
    "CertificateRefused",
    "KeyDecryptError",
    "KeyFormatError",
    "PinNeeded",
    "Refusal",
    "SignatureRefused",
    "SigningFailed",
    "TokenFailed",
    "TokenNeeded",
    "TooCostly",
    "UnprotectedKey",
    "UnsupportedKey",
    "quoted_name",
]

_BASE64: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
_MAX_NAME: Final = 64
_MAX_LOWER: Final = 12
"""The length from which lower-case letters and digits in a row may be part of a key."""
_MAX_MIXED: Final = 6
"""The length from which other characters of base64 in a row may be."""


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
"""Why a certificate is refused."""


class KeyFormatError(SSHError, ValueError):
    """The data is not a key, or the key is outside the limits."""


class UnsupportedKey(KeyFormatError):
    """A key is of a kind that is refused or unknown.

    Attributes:
        kind: the name of the kind, as the key has it.
    """

    def __init__(self, kind: str, reason: str) -> None:
        super().__init__(reason)
        self.kind = kind


class CertificateRefused(KeyFormatError):
    """A certificate is signed by its authority, and not valid for this use.

    Attributes:
        reason: why it is refused.
    """

    def __init__(self, reason: Refusal, message: str) -> None:
        super().__init__(message)
        self.reason: Refusal = reason


class UnprotectedKey(KeyFormatError):
    """A private key is in a file that other users may read or change.

    Attributes:
        path: the file.
        mode: its permissions.
    """

    def __init__(self, path: str, mode: int) -> None:
        from shlex import quote

        self.path = path
        self.mode = mode
        problem = (
            f"others can read this private key file (permissions {mode:04o});"
            f" run: chmod 600 {quote(printable(path))}"
        )
        super().__init__(problem)


class TooCostly(KeyFormatError):
    """Deriving the key from the passphrase would take too much time or memory."""


class KeyDecryptError(KeyFormatError):
    """The passphrase is wrong."""


class SignatureRefused(SSHError):
    """A signature is wrong, or its key may not make it."""


class TokenNeeded(SSHError):
    """The private key is in a FIDO token, and only the token can sign."""


class TokenFailed(SSHError):
    """A PKCS#11 token, or the library of its maker, does not do what it was asked."""


class PinNeeded(TokenFailed):
    """A PKCS#11 token signs only after its user has logged in with a PIN."""


class SigningFailed(SSHError):
    """A fresh signature did not verify with its own public key, and was dropped."""


def quoted_name(text: bytes | str) -> str:
    """Return a space and a name in quotes, for the end of a message.

    The name is left out where it may be a part of a private key in the wrong place.
    """
    name = printable(text, _MAX_NAME)
    words = "".join(char if char in _BASE64 else " " for char in name).split()
    return "" if any(map(_may_be_secret, words)) else f" '{name}'"


def _may_be_secret(word: str) -> bool:
    if word.isdigit() or (word.isalpha() and word.islower()):
        return False
    return len(word) >= (_MAX_LOWER if word.islower() else _MAX_MIXED)
