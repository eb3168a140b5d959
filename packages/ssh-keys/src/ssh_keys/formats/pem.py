"""Keys in PEM: PKCS#1 (RFC 8017), SEC1 (RFC 5915), PKCS#8 (RFC 5958), public keys.

`cryptography` decodes and encodes the structures.  Limits that it does not have are checked
before it is called: the length of the file, and the cost of its key derivation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

from cryptography.exceptions import InternalError, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import Encoding, PrivateFormat, PublicFormat

from ssh_keys import registry
from ssh_keys.errors import KeyDecryptError, KeyFormatError, UnsupportedKey
from ssh_keys.formats.der import check_cost
from ssh_keys.formats.key_text import open_block
from ssh_keys.policy import KeyPolicy
from ssh_keys.private import PassphraseNeeded
from ssh_wire import UsageError, lazy
from ssh_wire.text import raw

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes, PublicKeyTypes

    from ssh_keys.formats import pem_ciphers
    from ssh_keys.formats.key_text import Block
    from ssh_keys.private import PrivateKey
    from ssh_keys.public import PublicKey
else:
    pem_ciphers = lazy.module("ssh_keys.formats.pem_ciphers")

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
"""The largest structure that is read; an RSA key of 16384 bits has 9.3 KiB."""

_FORMS: Final = {
    "pkcs8": PrivateFormat.PKCS8,
    "traditional": PrivateFormat.TraditionalOpenSSL,
}


def decode_private(
    block: Block, passphrase: bytes | None = None, *, policy: KeyPolicy = KeyPolicy.DEFAULT
) -> PrivateKey:
    """Read a private key from its PEM armour.

    Raises:
        PassphraseNeeded: it is encrypted and no passphrase was given.
        KeyDecryptError: the passphrase is wrong.
        TooCostly: deriving the key would take too much time or memory.
        UnsupportedKey: its kind is refused.
        KeyFormatError: it is not one complete key within the limits, or its cipher is not
            supported.
    """
    content = open_block(block)
    _check_size(content.body)
    der, secret = content.body, None
    traditional = block.label != _ENCRYPTED and content.dek is not None
    if traditional or block.label == _ENCRYPTED:
        cipher = pem_ciphers.parse_dek_info(content.dek) if traditional and content.dek else None
        if cipher is None:
            pem_ciphers.check_algorithms(der)
            check_cost(der)
        if not passphrase:
            problem = "the key is encrypted: a passphrase is needed"
            raise PassphraseNeeded(problem)
        if cipher is None:
            secret = passphrase
        else:
            der = cipher.decrypt(der, passphrase)
    key = _load(der, secret, encrypted=traditional or secret is not None)
    for family in registry.portable_families():
        found = family.private_from_cryptography(key, policy=policy)
        if found is not None:
            return found
    raise _unsupported(key)


def _load(der: bytes, passphrase: bytes | None, *, encrypted: bool) -> PrivateKeyTypes:
    # messages of cryptography may quote the key: none is repeated
    try:
        # the family signs with the key; the primality tests would take up to a minute
        return serialization.load_der_private_key(
            der, passphrase, unsafe_skip_rsa_key_validation=True
        )
    except UnsupportedAlgorithm:
        problem = "not a supported private key: its algorithm or its curve is not known"
        raise KeyFormatError(problem) from None
    except (ValueError, TypeError, InternalError):
        # cryptography raises InternalError for an EdDSA key of another length
        if encrypted:
            problem = "the passphrase is wrong, or the file is damaged"
            raise KeyDecryptError(problem) from None
        problem = "not a private key: its structure is damaged, or not PKCS#8, PKCS#1 or SEC1"
        raise KeyFormatError(problem) from None


def decode_public(block: Block, *, policy: KeyPolicy = KeyPolicy.DEFAULT) -> PublicKey:
    """Read a public key from its PEM armour.

    Raises:
        UnsupportedKey: its kind is refused.
        KeyFormatError: it is not one complete key within the limits.
    """
    body = open_block(block).body
    _check_size(body)
    try:
        key = serialization.load_der_public_key(body)
    except (ValueError, TypeError, InternalError, UnsupportedAlgorithm) as error:
        problem = f"not a public key: {_first_line(error)}"
        raise KeyFormatError(problem) from None
    for family in registry.portable_families():
        found = family.public_from_cryptography(key, policy=policy)
        if found is not None:
            return found
    raise _unsupported(key)


def encode_private(key: PrivateKey, passphrase: bytes | str | None, form: str) -> bytes:
    """Return a private key as PEM.

    Raises:
        UsageError: the passphrase is empty, or PEM has no such form of the key.
    """
    secret = raw(passphrase) if isinstance(passphrase, str) else passphrase
    encryption: serialization.KeySerializationEncryption = serialization.NoEncryption()
    provider = cast("PrivateKeyTypes", key.to_cryptography())
    try:
        if secret is not None:
            encryption = serialization.BestAvailableEncryption(secret)
        return provider.private_bytes(Encoding.PEM, _FORMS[form], encryption)
    except (KeyError, ValueError) as error:
        problem = f"a key of kind {key.public_key.kind} is not saved as {form!r}: {error}"
        raise UsageError(problem) from None


def encode_public(key: PublicKey) -> str:
    """Return a public key as PEM SubjectPublicKeyInfo."""
    provider = cast("PublicKeyTypes", key.to_cryptography())
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
