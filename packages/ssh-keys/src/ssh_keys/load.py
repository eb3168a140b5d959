"""The front door of key data: look at how it begins, hand it to the format that it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ssh_keys import registry
from ssh_keys.armor import OPENSSH_LABEL, from_base64, label_of, open_armor
from ssh_keys.errors import KeyFormatError
from ssh_keys.lines import as_bytes, cut, parse_public_line, take_field
from ssh_keys.public import MAX_BLOB, PublicKey
from ssh_wire import WireError
from ssh_wire.primitives import read_text
from ssh_wire.text import raw as as_written

if TYPE_CHECKING:
    from ssh_keys.certificates import Certificate
    from ssh_keys.private import PrivateKey

__all__ = ["load_private_key", "load_public_key"]

_REFUSED: Final = (
    (b"---- BEGIN SSH2 ENCRYPTED PRIVATE KEY", "private keys in the format of ssh.com"),
    (b"SSH PRIVATE KEY FILE FORMAT 1.1", "keys of SSH's version 1"),
)
_PPK: Final = b"PuTTY-User-Key-File-"
_RFC4716: Final = b"---- BEGIN SSH2 PUBLIC KEY"
_PARAMETERS: Final = "EC PARAMETERS"
"""What `openssl ecparam -genkey` writes in front of a key that names its curve too."""


def load_private_key(
    data: bytes | str,
    passphrase: bytes | str | None = None,
    *,
    comment: str = "",
    legacy: bool = False,
) -> PrivateKey:
    """Read a private key in OpenSSH's or PuTTY's format or as PEM (PKCS#1, SEC1, PKCS#8).

    Args:
        data: the content of the key file.
        passphrase: what opens it; not looked at where the key is not encrypted.
        comment: the comment of a key that brings none.
        legacy: take RSA keys down to 1024 bits instead of 2048.

    Raises:
        PassphraseNeeded: the key is encrypted and no passphrase was given.
        KeyDecryptError: the passphrase is wrong.
        TooCostly: to try the passphrase would take too much time or memory.
        UnsupportedKey: its kind is refused or unknown.
        KeyFormatError: it is not one whole private key within the limits.
    """
    raw, label = _recognise(data)
    secret = as_written(passphrase) if isinstance(passphrase, str) else passphrase
    if label == OPENSSH_LABEL:
        from ssh_keys import openssh  # noqa: PLC0415 (ciphers and bcrypt load when needed)

        key = openssh.decode_private(raw, secret, legacy=legacy)
    elif raw.startswith(_PPK):
        from ssh_keys import ppk  # noqa: PLC0415 (loads with the first such file)

        key = ppk.decode_private(raw, secret, legacy=legacy)
    else:
        from ssh_keys import pem  # noqa: PLC0415 (serialization loads when a PEM is read)

        if label not in pem.PRIVATE_LABELS:
            problem = f"a '{label}' is not a private key" if label else "not a private key"
            raise KeyFormatError(problem)
        key = pem.decode_private(raw, label, secret, legacy=legacy)
    return key if key.comment or not comment else key.with_comment(comment)


def load_public_key(data: bytes | str, *, legacy: bool = False) -> PublicKey | Certificate:
    """Read a public key or a certificate.

    Either comes as OpenSSH's one line, in the frame of RFC 4716, or as the public part of
    a private key of PuTTY, which needs no passphrase; a key also comes as PEM
    (SubjectPublicKeyInfo or PKCS#1).

    Args:
        data: the line, or the content of the key file.
        legacy: take RSA keys down to 1024 bits instead of 2048.

    Raises:
        UnsupportedKey: its kind is refused or unknown.
        KeyFormatError: it is not one whole public key within the limits, or a certificate
            that its authority did not sign.
    """
    raw, label = _recognise(data)
    if label is None:
        return _read_unlabelled(raw, legacy=legacy)
    from ssh_keys import pem  # noqa: PLC0415 (serialization loads when a PEM is read)

    if label not in pem.PUBLIC_LABELS:
        problem = f"a '{label}' is not a public key"
        raise KeyFormatError(problem)
    return pem.decode_public(raw, legacy=legacy)


def _read_unlabelled(data: bytes, *, legacy: bool) -> PublicKey | Certificate:
    if data.startswith(_PPK):
        from ssh_keys import ppk  # noqa: PLC0415 (loads with the first such file)

        return ppk.decode_public(data, legacy=legacy)
    if data.startswith(_RFC4716):
        from ssh_keys import rfc4716  # noqa: PLC0415 (loads with the first such file)

        blob, comment = rfc4716.decode(data)
        return _read_blob(blob, comment, legacy=legacy)
    line = data.strip(b" \t\r\n")
    kind, rest = take_field(line)
    declared = kind.decode("utf-8", "surrogateescape")
    if registry.plain_kind(declared) is None:
        return parse_public_line(line, legacy=legacy)
    # a certificate may be longer than a line of a trust file: some hold whole policies
    encoded, behind = take_field(rest)
    blob = from_base64(encoded, "the certificate")
    comment = cut(behind).decode("utf-8", "surrogateescape")
    key = _read_blob(blob, comment, legacy=legacy)
    if key.kind != declared:
        problem = f"the line says {declared}, its key is {key.kind}"
        raise KeyFormatError(problem)
    return key


def _read_blob(blob: bytes, comment: str, *, legacy: bool) -> PublicKey | Certificate:
    try:
        kind, _ = read_text(blob, 0)
    except WireError as error:
        problem = f"not a public key: {error}"
        raise KeyFormatError(problem) from None
    if registry.plain_kind(kind) is None:
        return PublicKey.from_blob(blob, comment, legacy=legacy)
    from ssh_keys.certificates import Certificate  # noqa: PLC0415 (loads with the first one)

    return Certificate.from_blob(blob, comment, legacy=legacy)


def _recognise(data: bytes | str) -> tuple[bytes, str | None]:
    """Return the data as bytes, and the label of its armour where it has one."""
    raw = as_bytes(data)
    if len(raw) > MAX_BLOB:
        problem = f"{len(raw)} bytes are too many for a key; {MAX_BLOB} are allowed"
        raise KeyFormatError(problem)
    for start, what in _REFUSED:
        if raw.startswith(start):
            problem = f"{what} are not read"
            raise KeyFormatError(problem)
    label = label_of(raw)
    if label == _PARAMETERS:
        raw = open_armor(raw).rest
        label = label_of(raw)
    return raw, label
