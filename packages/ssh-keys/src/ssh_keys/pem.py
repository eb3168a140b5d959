"""Keys in PEM: PKCS#1 (RFC 8017), SEC1 (RFC 5915), PKCS#8 (RFC 5958), public keys.

`cryptography` reads and writes the structures.  What it does not bound is bounded here
before it is called: how long the file is, and how much work its passphrase costs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

from cryptography.exceptions import InternalError, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import Encoding, PrivateFormat, PublicFormat

from ssh_keys import registry
from ssh_keys.armor import open_armor
from ssh_keys.der import check_cost
from ssh_keys.errors import KeyDecryptError, KeyFormatError, PassphraseNeeded, UnsupportedKey
from ssh_wire import UsageError
from ssh_wire.text import raw

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes, PublicKeyTypes

    from ssh_keys.private import PrivateKey
    from ssh_keys.public import PublicKey

__all__ = [
    "PRIVATE_LABELS",
    "PUBLIC_LABELS",
    "decode_private",
    "decode_public",
    "encode_private",
    "encode_public",
]

_ENCRYPTED: Final = "ENCRYPTED PRIVATE KEY"

PRIVATE_LABELS: Final = frozenset(
    {"PRIVATE KEY", _ENCRYPTED, "RSA PRIVATE KEY", "EC PRIVATE KEY", "DSA PRIVATE KEY"}
)
PUBLIC_LABELS: Final = frozenset({"PUBLIC KEY", "RSA PUBLIC KEY"})

_MAX_DER: Final = 16_384
"""The largest structure that is looked at; an RSA key of 16384 bits has 9.3 KiB."""

_FORMS: Final = {
    "pkcs8": PrivateFormat.PKCS8,
    "traditional": PrivateFormat.TraditionalOpenSSL,
}


def decode_private(
    data: bytes, label: str, passphrase: bytes | None = None, *, legacy: bool = False
) -> PrivateKey:
    """Read a private key from its PEM armour.

    Raises:
        PassphraseNeeded: it is encrypted and no passphrase was given.
        KeyDecryptError: the passphrase is wrong.
        TooCostly: to try the passphrase would take too much time or memory.
        UnsupportedKey: it is a key of a family that is refused.
        KeyFormatError: it is not one whole key within the limits.
    """
    armor = open_armor(data)
    _check_size(armor.body)
    if label == _ENCRYPTED:
        check_cost(armor.body)
    encrypted = label == _ENCRYPTED or "Proc-Type" in armor.headers
    if encrypted and not passphrase:
        problem = "the key is encrypted: a passphrase is needed"
        raise PassphraseNeeded(problem)
    key = _load(armor.text, passphrase if encrypted else None)
    for family in registry.portable_families():
        adopted = family.adopt_private(key, legacy=legacy)
        if adopted is not None:
            return adopted
    raise _unsupported(key)


def _load(data: bytes, passphrase: bytes | None) -> PrivateKeyTypes:
    try:
        # the family tries the key; the primality tests would take up to a minute
        return serialization.load_pem_private_key(
            data, passphrase, unsafe_skip_rsa_key_validation=True
        )
    except UnsupportedAlgorithm as error:
        problem = f"not a supported private key: {error}"
        raise KeyFormatError(problem) from None
    except (ValueError, TypeError, InternalError) as error:
        # an InternalError is what cryptography makes of an EdDSA key of another length
        if passphrase is not None:
            problem = "the passphrase is wrong, or the file is damaged"
            raise KeyDecryptError(problem) from None
        problem = f"not a private key: {_first_line(error)}"
        raise KeyFormatError(problem) from None


def decode_public(data: bytes, *, legacy: bool = False) -> PublicKey:
    """Read a public key from its PEM armour.

    Raises:
        UnsupportedKey: it is a key of a family that is refused.
        KeyFormatError: it is not one whole key within the limits.
    """
    armor = open_armor(data)
    _check_size(armor.body)
    try:
        key = serialization.load_pem_public_key(armor.text)
    except (ValueError, TypeError, InternalError, UnsupportedAlgorithm) as error:
        problem = f"not a public key: {_first_line(error)}"
        raise KeyFormatError(problem) from None
    for family in registry.portable_families():
        adopted = family.adopt_public(key, legacy=legacy)
        if adopted is not None:
            return adopted
    raise _unsupported(key)


def encode_private(key: PrivateKey, passphrase: bytes | str | None, form: str) -> bytes:
    """Return a private key as PEM.

    Raises:
        UsageError: the passphrase is empty, or the key has no such form.
    """
    secret = raw(passphrase) if isinstance(passphrase, str) else passphrase
    encryption: serialization.KeySerializationEncryption = serialization.NoEncryption()
    provider = cast("PrivateKeyTypes", key.provider())
    try:
        if secret is not None:
            encryption = serialization.BestAvailableEncryption(secret)
        return provider.private_bytes(Encoding.PEM, _FORMS[form], encryption)
    except (KeyError, ValueError) as error:
        problem = f"a key of kind {key.public_key.kind} is not saved as {form!r}: {error}"
        raise UsageError(problem) from None


def encode_public(key: PublicKey) -> str:
    """Return a public key as PEM SubjectPublicKeyInfo."""
    provider = cast("PublicKeyTypes", key.provider())
    return provider.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]


def _check_size(body: bytes) -> None:
    if len(body) > _MAX_DER:
        problem = f"a PEM key of {len(body)} bytes is longer than {_MAX_DER}"
        raise KeyFormatError(problem)


def _unsupported(key: object) -> UnsupportedKey:
    kind = type(key).__name__.removesuffix("PrivateKey").removesuffix("PublicKey")
    reason = "DSA keys are refused" if kind == "DSA" else f"{kind} keys are not keys of SSH"
    return UnsupportedKey(kind, reason)
