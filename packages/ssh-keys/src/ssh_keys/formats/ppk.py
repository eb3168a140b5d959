"""PuTTY's private key format, versions 2 and 3 (appendix C of PuTTY's manual).

    PuTTY-User-Key-File-3: ssh-ed25519
    Encryption: aes256-cbc
    Comment: a comment
    Public-Lines: 2
    base64 of the public key
    Key-Derivation: Argon2id
    Argon2-Memory: 8192
    Argon2-Passes: 13
    Argon2-Parallelism: 1
    Argon2-Salt: hex
    Private-Lines: 1
    base64 of the secret fields, encrypted
    Private-MAC: hex

The MAC is over all that matters of it, with the secret fields before encryption, so it tells
whether the passphrase is right.  Version 2 derives its keys with SHA-1 alone, so a passphrase is
cheap to guess: write it only for a PuTTY older than 0.75.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.algorithms import AES

from ssh_keys import certificates, kinds, registry
from ssh_keys.credential import plain_key
from ssh_keys.errors import KeyDecryptError, KeyFormatError
from ssh_keys.formats.openssh_ciphers import CIPHERS
from ssh_keys.formats.ppk_kdf import Argon2, derive, sha1, unencrypted_keys
from ssh_keys.formats.ppk_lines import PPKLines
from ssh_keys.policy import KeyPolicy
from ssh_keys.private import PassphraseNeeded
from ssh_keys.public import PublicKey
from ssh_keys.strict_base64 import to_base64
from ssh_wire import Record, Text, UsageError, WireError, lazy_attrs, record
from ssh_wire.primitives import read_text
from ssh_wire.text import printable, raw

if TYPE_CHECKING:
    from ssh_keys.credential import Credential
    from ssh_keys.private import PrivateKey

__all__ = ["BEGIN", "Version", "decode_private", "decode_public", "encode_private"]

BEGIN: Final = b"PuTTY-User-Key-File-"

_PLAIN: Final = "none"
_CIPHER: Final = "aes256-cbc"
_BLOCK: Final = 16
_WIDTH: Final = 64
Version: TypeAlias = Literal[2, 3]
_VERSIONS: Final[dict[bytes, Version]] = {BEGIN + b"2": 2, BEGIN + b"3": 3}
_VERSION_2: Final = 2


@record
class _MacInput(Record):
    """The input of the MAC; the secret fields have their padding."""

    algorithm: Text
    encryption: Text
    comment: Text
    public: bytes
    private: bytes = lazy_attrs.field(repr=False)


@lazy_attrs.frozen
class _File:
    """The content of a file."""

    version: Version
    algorithm: str
    encryption: str
    comment: str
    public: bytes
    cost: Argon2 | None
    private: bytes = lazy_attrs.field(repr=False)
    mac: bytes = lazy_attrs.field(repr=False)

    @property
    def hash(self) -> str:
        return "sha1" if self.version == _VERSION_2 else "sha256"

    def mac_of(self, plain: bytes, mac_key: bytes) -> bytes:
        """Return the MAC of the file with these secret fields."""
        authenticated = _MacInput(
            algorithm=self.algorithm,
            encryption=self.encryption,
            comment=self.comment,
            public=self.public,
            private=plain,
        )
        return hmac.digest(mac_key, authenticated.encode(), self.hash)


# ------------------------------------------------------------------------- reading


def decode_private(
    data: bytes, passphrase: bytes | None = None, *, policy: KeyPolicy = KeyPolicy.DEFAULT
) -> PrivateKey:
    """Read a private key; a certificate in the file is checked and dropped.

    Raises:
        PassphraseNeeded: it is encrypted and no passphrase was given.
        KeyDecryptError: the passphrase is wrong.
        TooCostly: deriving the key would take too much time or memory.
        UnsupportedKey: its kind is refused or unknown.
        KeyFormatError: it is not one complete key within the limits.
    """
    file = _parse(data)
    key = _read_public(file, policy=policy)
    public_key = plain_key(key)
    plain = _open(file, passphrase, public_key)
    family = registry.portable_family(public_key.kind)
    if family is None:
        problem = f"PuTTY's format has no private keys of kind {public_key.kind}"
        raise KeyFormatError(problem)
    try:
        private_key, end = family.read_ppk(public_key, plain)
    except WireError as error:
        problem = f"not a private key of PuTTY: {error}"
        raise KeyFormatError(problem) from None
    if len(plain) - end >= (1 if file.encryption == _PLAIN else _BLOCK):
        problem = f"{len(plain) - end} bytes follow the private key"
        raise KeyFormatError(problem)
    return private_key.with_comment(file.comment)


def decode_public(data: bytes, *, policy: KeyPolicy = KeyPolicy.DEFAULT) -> Credential:
    """Read the public key, which needs no passphrase, and which no MAC protects.

    Raises:
        UnsupportedKey: its kind is refused or unknown.
        KeyFormatError: it is not one complete file within the limits.
    """
    return _read_public(_parse(data), policy=policy)


def _read_public(file: _File, *, policy: KeyPolicy) -> Credential:
    key: Credential
    if kinds.plain_kind(file.algorithm) is None:
        registry.named_family(_kind_of(file.public))
        key = PublicKey.from_blob(file.public, file.comment, policy=policy)
    else:
        key = certificates.Certificate.from_blob(file.public, file.comment, policy=policy)
    if key.kind != file.algorithm:
        declared = "another kind"
        if kinds.is_known_kind(file.algorithm):
            declared = file.algorithm
        problem = f"the file says {declared}, its key is {key.kind}"
        raise KeyFormatError(problem)
    return key


def _kind_of(blob: bytes) -> str:
    try:
        return read_text(blob, 0)[0]
    except WireError as error:
        problem = f"not a public key: {error}"
        raise KeyFormatError(problem) from None


def _open(file: _File, passphrase: bytes | None, public_key: PublicKey) -> bytes:
    """Return the secret fields, with the MAC checked."""
    if file.encryption == _PLAIN:
        plain, keys = file.private, unencrypted_keys(file.version)
    elif passphrase is None:
        problem = f"the key {public_key.fingerprint()} is encrypted: a passphrase is needed"
        raise PassphraseNeeded(problem, public_key)
    else:
        if not file.private or len(file.private) % _BLOCK:
            problem = f"the private section is not a multiple of {_BLOCK} bytes"
            raise KeyFormatError(problem)
        keys = derive(file.cost, passphrase)
        context = Cipher(AES(keys.cipher), modes.CBC(keys.iv)).decryptor()
        plain = context.update(file.private) + context.finalize()
    if hmac.compare_digest(file.mac_of(plain, keys.mac), file.mac):
        return plain
    if file.encryption == _PLAIN:
        problem = "the MAC of the file is wrong: it was changed or damaged"
        raise KeyFormatError(problem)
    problem = "the passphrase is wrong, or the file was changed"
    raise KeyDecryptError(problem)


def _parse(data: bytes) -> _File:
    version = _VERSIONS.get(data[: len(BEGIN) + 1])
    if version is None:
        problem = "not a private key of PuTTY in version 2 or 3 of its format"
        raise KeyFormatError(problem)
    lines = PPKLines(data)
    algorithm = lines.value(f"{BEGIN.decode()}{version}")
    encryption = lines.value("Encryption")
    if encryption not in {_PLAIN, _CIPHER}:
        name = f" '{encryption}'" if encryption in CIPHERS else ""
        problem = f"unknown cipher{name}"
        raise KeyFormatError(problem)
    comment = lines.value("Comment")
    public = lines.block("Public-Lines")
    cost = None
    if version != _VERSION_2 and encryption != _PLAIN:
        cost = Argon2(
            lines.value("Key-Derivation"),
            lines.number("Argon2-Memory"),
            lines.number("Argon2-Passes"),
            lines.number("Argon2-Parallelism"),
            lines.hexadecimal("Argon2-Salt"),
        )
        cost.check()
    private = lines.block("Private-Lines")
    mac = lines.hexadecimal("Private-MAC")
    lines.end()
    return _File(version, algorithm, encryption, comment, public, cost, private, mac)


# ------------------------------------------------------------------------- writing


def encode_private(
    key: PrivateKey,
    passphrase: bytes | str | None,
    version: Version,
    random: Callable[[int], bytes],
) -> bytes:
    """Return a private key in PuTTY's format, encrypted if there is a passphrase.

    Raises:
        UsageError: the passphrase is empty, there is no such version, or PuTTY has no keys of
            this kind.
    """
    secret = raw(passphrase) if isinstance(passphrase, str) else passphrase
    if secret is not None and not secret:
        problem = "the passphrase is empty; give None for no encryption"
        raise UsageError(problem)
    if version not in _VERSIONS.values():
        problem = f"PuTTY's format has no version {version}; choose 2 or 3"
        raise UsageError(problem)
    plain = key.ppk_fields().encode()
    keys = unencrypted_keys(version)
    cost = None
    if secret is not None:
        cost = None if version == _VERSION_2 else Argon2.fresh(random)
        keys = derive(cost, secret)
        # as PuTTY pads: a hash of the fields reveals nothing
        plain += sha1(plain)[: -len(plain) % _BLOCK]
    public_key = key.public_key
    comment = printable(key.comment, len(key.comment))
    encryption = _PLAIN if secret is None else _CIPHER
    file = _File(version, public_key.kind, encryption, comment, public_key.blob, cost, b"", b"")
    private = plain
    if secret is not None:
        context = Cipher(AES(keys.cipher), modes.CBC(keys.iv)).encryptor()
        private = context.update(plain) + context.finalize()
    return _text(lazy_attrs.evolve(file, private=private, mac=file.mac_of(plain, keys.mac)))


def _text(file: _File) -> bytes:
    lines = [
        f"{BEGIN.decode()}{file.version}: {file.algorithm}",
        f"Encryption: {file.encryption}",
        f"Comment: {file.comment}",
        *_block("Public-Lines", file.public),
    ]
    if file.cost is not None:
        lines += [
            f"Key-Derivation: {file.cost.flavour}",
            f"Argon2-Memory: {file.cost.memory}",
            f"Argon2-Passes: {file.cost.passes}",
            f"Argon2-Parallelism: {file.cost.parallelism}",
            f"Argon2-Salt: {file.cost.salt.hex()}",
        ]
    lines += [*_block("Private-Lines", file.private), f"Private-MAC: {file.mac.hex()}", ""]
    return "\n".join(lines).encode()


def _block(name: str, data: bytes) -> list[str]:
    text = to_base64(data).decode()
    lines = [text[start : start + _WIDTH] for start in range(0, len(text), _WIDTH)]
    return [f"{name}: {len(lines)}", *lines]
