"""Load keys of any format: detect the format, and let its module decode the key.

The data may be secret, also where a public key is wanted: no error quotes it, and no error has
a cause that does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ssh_keys import kinds
from ssh_keys.credential import credential_from_blob
from ssh_keys.errors import KeyFormatError
from ssh_keys.formats.key_text import LABELS, OPENSSH_LABEL, find_block, to_utf8
from ssh_keys.formats.public_line import parse_public_line
from ssh_keys.lines import checked_line, take_field
from ssh_keys.policy import KeyPolicy
from ssh_keys.public import MAX_BLOB
from ssh_keys.strict_base64 import from_base64
from ssh_wire import lazy
from ssh_wire.text import raw as as_written

if TYPE_CHECKING:
    from ssh_keys.credential import Credential
    from ssh_keys.formats import openssh, pem, ppk, rfc4716, sshcom
    from ssh_keys.formats.key_text import Block
    from ssh_keys.private import PrivateKey
else:
    openssh = lazy.module("ssh_keys.formats.openssh")
    pem = lazy.module("ssh_keys.formats.pem")
    ppk = lazy.module("ssh_keys.formats.ppk")
    rfc4716 = lazy.module("ssh_keys.formats.rfc4716")
    sshcom = lazy.module("ssh_keys.formats.sshcom")

__all__ = ["load_private_key", "load_public_key"]

_REFUSED: Final = ((b"SSH PRIVATE KEY FILE FORMAT 1.1", "keys of SSH's version 1"),)
_PPK: Final = b"PuTTY-User-Key-File-"
_RFC4716: Final = b"---- BEGIN SSH2 PUBLIC KEY"
_SSHCOM: Final = b"---- BEGIN SSH2 ENCRYPTED PRIVATE KEY"
_BLANK: Final = b" \t\r\n"
_QUOTES: Final = (b'"', b"'")
_PRIVATE: Final = frozenset(
    {
        OPENSSH_LABEL,
        "PRIVATE KEY",
        "ENCRYPTED PRIVATE KEY",
        "RSA PRIVATE KEY",
        "EC PRIVATE KEY",
        "DSA PRIVATE KEY",
    }
)
_PUBLIC: Final = frozenset({"PUBLIC KEY", "RSA PUBLIC KEY"})


def load_private_key(
    data: bytes | str,
    passphrase: bytes | str | None = None,
    *,
    comment: str = "",
    policy: KeyPolicy = KeyPolicy.DEFAULT,
) -> PrivateKey:
    """Read a private key in OpenSSH's or PuTTY's format or as PEM (PKCS#1, SEC1, PKCS#8).

    RSA keys of ssh.com are read too, where they are not encrypted.

    Args:
        data: the content of the key file.
        passphrase: ignored where the key is not encrypted.
        comment: the comment where the format has none.
        policy: which keys are strong enough to be read.

    Raises:
        PassphraseNeeded: the key is encrypted and no passphrase was given.
        KeyDecryptError: the passphrase is wrong.
        TooCostly: deriving the key would take too much time or memory.
        UnsupportedKey: its kind is refused or unknown.
        KeyFormatError: it is not one complete private key within the limits.
    """
    secret = as_written(passphrase) if isinstance(passphrase, str) else passphrase
    try:
        key = _read_private(_checked_text(data), secret, policy=policy)
    except KeyFormatError as error:
        error.__cause__ = error.__context__ = None
        raise
    return key if key.comment or not comment else key.with_comment(comment)


def _read_private(text: bytes, passphrase: bytes | None, *, policy: KeyPolicy) -> PrivateKey:
    if _unquoted(text).startswith(_PPK):
        return ppk.decode_private(_unquoted(text), passphrase, policy=policy)
    if _unquoted(text).startswith(_SSHCOM):
        return sshcom.decode_private(_unquoted(text), policy=policy)
    block = find_block(text, _PRIVATE)
    if block is None:
        problem = "not a private key"
        raise KeyFormatError(problem)
    if block.label == OPENSSH_LABEL:
        return openssh.decode_private(block, passphrase, policy=policy)
    if block.label not in _PRIVATE:
        raise _misplaced(block, "private")
    return pem.decode_private(block, passphrase, policy=policy)


def load_public_key(data: bytes | str, *, policy: KeyPolicy = KeyPolicy.DEFAULT) -> Credential:
    """Read a public key or a certificate.

    Both are read from OpenSSH's one line, from RFC 4716, and from the public part of PuTTY's
    private key format, which needs no passphrase; a key also from PEM (SubjectPublicKeyInfo
    or PKCS#1).

    Args:
        data: the line, or the content of the key file.
        policy: which keys are strong enough to be read.

    Raises:
        UnsupportedKey: its kind is refused or unknown.
        KeyFormatError: it is not one complete public key within the limits, or a certificate
            that its authority did not sign.
    """
    try:
        return _read_public(_checked_text(data), policy=policy)
    except KeyFormatError as error:
        error.__cause__ = error.__context__ = None
        raise


def _read_public(text: bytes, *, policy: KeyPolicy) -> Credential:
    text = _unquoted(text)
    if text.startswith(_SSHCOM):
        problem = "not a public key, but a private key of ssh.com"
        raise KeyFormatError(problem)
    block = find_block(text, _PUBLIC)
    if block is None or _is_line(text):
        return _read_unlabelled(text, policy=policy)
    if block.label not in _PUBLIC:
        raise _misplaced(block, "public")
    return pem.decode_public(block, policy=policy)


def _is_line(text: bytes) -> bool:
    """Say whether text begins with a public key on a line, whatever its comment is."""
    kind, _ = take_field(text)
    name = kind.decode("latin-1")
    return name in kinds.KINDS or kinds.plain_kind(name) is not None


def _misplaced(block: Block, wanted: str) -> KeyFormatError:
    """Return the error for a block of another kind, named if the kind is known."""
    if block.text is None:
        return KeyFormatError("the armour has no END line")
    name = f"'{block.label}'" if block.label in LABELS else "file of this kind"
    return KeyFormatError(f"a {name} is not a {wanted} key")


def _read_unlabelled(data: bytes, *, policy: KeyPolicy) -> Credential:
    if data.startswith(_PPK):
        return ppk.decode_public(data, policy=policy)
    if data.startswith(_RFC4716):
        blob, comment = rfc4716.decode(data)
        return credential_from_blob(blob, comment, policy=policy)
    kind, rest = take_field(data)
    declared = kind.decode("utf-8", "surrogateescape")
    if kinds.plain_kind(declared) is None:
        return parse_public_line(data, policy=policy)
    # a certificate may be longer than a line of a trust file: some hold whole policies
    encoded, text = take_field(rest)
    blob = from_base64(encoded, "the certificate")
    comment = checked_line(text).decode("utf-8", "surrogateescape")
    key = credential_from_blob(blob, comment, policy=policy)
    if key.kind != declared:
        problem = f"the line says {declared}, its key is {key.kind}"
        raise KeyFormatError(problem)
    return key


def _checked_text(data: bytes | str) -> bytes:
    """Return the data as UTF-8, if it is not too long and not of a format that is refused."""
    if len(data) > MAX_BLOB:
        problem = f"{len(data)} bytes are too many for a key; {MAX_BLOB} are allowed"
        raise KeyFormatError(problem)
    text = to_utf8(data)
    for start, what in _REFUSED:
        if text.startswith(start):
            problem = f"{what} are not read"
            raise KeyFormatError(problem)
    return text


def _unquoted(text: bytes) -> bytes:
    """Return text without blanks and without quotes around all of it."""
    text = text.strip(_BLANK)
    for quote in _QUOTES:
        if len(text) > 1 and text.startswith(quote) and text.endswith(quote):
            return text[1:-1].strip(_BLANK)
    return text
