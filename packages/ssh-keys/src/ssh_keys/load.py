"""The front door of key data: look at how it begins, hand it to the format that it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ssh_keys import registry
from ssh_keys.armor import OPENSSH_LABEL, from_base64, label_of, open_armor
from ssh_keys.errors import KeyFormatError
from ssh_keys.lines import as_bytes, cut, parse_public_line, take_field
from ssh_keys.public import MAX_BLOB, PublicKey
from ssh_wire.text import raw as as_written

if TYPE_CHECKING:
    from ssh_keys.certificates import Certificate
    from ssh_keys.private import PrivateKey

__all__ = ["load_private_key", "load_public_key"]

_NOT_YET: Final = (
    (b"PuTTY-User-Key-File-", "PuTTY's key format is not supported yet"),
    (b"---- BEGIN SSH2 ", "the key format of RFC 4716 is not supported yet"),
)
_PARAMETERS: Final = "EC PARAMETERS"
"""What `openssl ecparam -genkey` writes in front of a key that names its curve too."""


def load_private_key(
    data: bytes | str,
    passphrase: bytes | str | None = None,
    *,
    comment: str = "",
    legacy: bool = False,
) -> PrivateKey:
    """Read a private key in OpenSSH's format or as PEM (PKCS#1, SEC1, PKCS#8).

    Args:
        data: the content of the key file.
        passphrase: what opens it; not looked at where the key is not encrypted.
        comment: the comment of a key that brings none.
        legacy: take RSA keys down to 1024 bits instead of 2048.

    Raises:
        PassphraseNeeded: the key is encrypted and no passphrase was given.
        KeyDecryptError: the passphrase is wrong.
        UnsupportedKey: its kind or format is refused, or not supported yet.
        KeyFormatError: it is not one whole private key within the limits.
    """
    raw, label = _recognise(data)
    secret = as_written(passphrase) if isinstance(passphrase, str) else passphrase
    if label == OPENSSH_LABEL:
        from ssh_keys import openssh  # noqa: PLC0415 (ciphers and bcrypt load when needed)

        key = openssh.decode_private(raw, secret, legacy=legacy)
    else:
        from ssh_keys import pem  # noqa: PLC0415 (serialization loads when a PEM is read)

        if label not in pem.PRIVATE_LABELS:
            problem = f"a '{label}' is not a private key" if label else "not a private key"
            raise KeyFormatError(problem)
        key = pem.decode_private(raw, label, secret, legacy=legacy)
    return key if key.comment or not comment else key.with_comment(comment)


def load_public_key(data: bytes | str, *, legacy: bool = False) -> PublicKey | Certificate:
    """Read a public key or a certificate.

    A key comes as OpenSSH's one line or as PEM (SubjectPublicKeyInfo or PKCS#1), a
    certificate as OpenSSH's one line.

    Args:
        data: the line, or the content of the key file.
        legacy: take RSA keys down to 1024 bits instead of 2048.

    Raises:
        UnsupportedKey: its kind or format is refused, or not supported yet.
        KeyFormatError: it is not one whole public key within the limits, or a certificate
            that its authority did not sign.
    """
    raw, label = _recognise(data)
    if label is None:
        return _read_line(raw.strip(b" \t\r\n"), legacy=legacy)
    from ssh_keys import pem  # noqa: PLC0415 (serialization loads when a PEM is read)

    if label not in pem.PUBLIC_LABELS:
        problem = f"a '{label}' is not a public key"
        raise KeyFormatError(problem)
    return pem.decode_public(raw, legacy=legacy)


def _read_line(line: bytes, *, legacy: bool) -> PublicKey | Certificate:
    kind, rest = take_field(cut(line))
    declared = kind.decode("utf-8", "surrogateescape")
    if registry.plain_kind(declared) is None:
        return parse_public_line(line, legacy=legacy)
    from ssh_keys.certificates import Certificate  # noqa: PLC0415 (loads with the first one)

    encoded, comment = take_field(rest)
    blob = from_base64(encoded, "the certificate")
    text = comment.decode("utf-8", "surrogateescape")
    certificate = Certificate.from_blob(blob, text, legacy=legacy)
    if certificate.kind != declared:
        problem = f"the line says {declared}, its certificate is {certificate.kind}"
        raise KeyFormatError(problem)
    return certificate


def _recognise(data: bytes | str) -> tuple[bytes, str | None]:
    """Return the data as bytes, and the label of its armour where it has one."""
    raw = as_bytes(data)
    if len(raw) > MAX_BLOB:
        problem = f"{len(raw)} bytes are too many for a key; {MAX_BLOB} are allowed"
        raise KeyFormatError(problem)
    for start, problem in _NOT_YET:
        if raw.startswith(start):
            raise KeyFormatError(problem)
    label = label_of(raw)
    if label == _PARAMETERS:
        raw = open_armor(raw).rest
        label = label_of(raw)
    return raw, label
