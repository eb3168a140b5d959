"""OpenSSH's own format of private keys, openssh-key-v1 (OpenSSH's PROTOCOL.key).

    "openssh-key-v1" NUL
    string cipher, string kdf, string kdf options, uint32 1, string public key
    string private section, encrypted; then the cipher's tag, if it has one

    private section: uint32 check, uint32 check, the key's fields, string comment, 1 2 3 …

The check numbers are equal unless the passphrase is wrong.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Self

from ssh_keys import registry
from ssh_keys.errors import KeyDecryptError, KeyFormatError, TooCostly
from ssh_keys.formats.key_text import OPENSSH_LABEL, open_block
from ssh_keys.policy import KeyPolicy
from ssh_keys.private import PassphraseNeeded
from ssh_keys.public import PublicKey
from ssh_wire import Record, Rest, Text, UInt32, UsageError, WireError, lazy, lazy_attrs, record
from ssh_wire.primitives import read_text
from ssh_wire.text import raw

if TYPE_CHECKING:
    from collections.abc import Callable

    import bcrypt

    from ssh_keys.formats import openssh_ciphers
    from ssh_keys.formats.key_text import Block
    from ssh_keys.formats.openssh_ciphers import KeyCipher
    from ssh_keys.private import PrivateKey
else:  # most keys of programs are not encrypted
    bcrypt = lazy.module("bcrypt")
    openssh_ciphers = lazy.module("ssh_keys.formats.openssh_ciphers")

__all__ = ["MAX_ROUNDS", "decode_private", "encode_private"]

MAX_ROUNDS: Final = 2048
"""The most rounds of bcrypt that are computed for a file."""

_UNSUPPORTED: Final = frozenset(
    {"blowfish-cbc", "cast128-cbc", "arcfour", "arcfour128", "arcfour256", "none"}
)
"""Ciphers that OpenSSH once had.  An error names no other: the name may be a secret."""

_MAGIC: Final = b"openssh-key-v1\0"
_SALT_SIZE: Final = 16
_MAX_PADDING: Final = 255
_MIN_BLOCK: Final = 8


@record
class _Container(Record):
    """The file after the magic."""

    cipher: str
    kdf: str
    options: bytes
    count: UInt32
    public: bytes
    private: bytes = lazy_attrs.field(repr=False)
    tag: Rest


@record
class _Options(Record):
    """The options of the kdf "bcrypt"."""

    salt: bytes
    rounds: UInt32


@record
class _Checks(Record):
    """The start of the private section."""

    first: UInt32
    second: UInt32


@record
class _Comment(Record):
    """The private section after the fields of the key."""

    comment: Text
    padding: Rest


@lazy_attrs.frozen
class _Protection:
    """How a key is encrypted when it is written."""

    passphrase: bytes | None = lazy_attrs.field(repr=False)
    cipher: str
    rounds: int

    @classmethod
    def make(cls, passphrase: bytes | str | None, cipher: str, rounds: int) -> Self:
        """Check the arguments of a caller.

        Raises:
            UsageError: the passphrase is empty, or there is no such cipher or cost.
        """
        secret = raw(passphrase) if isinstance(passphrase, str) else passphrase
        if secret is not None and not secret:
            problem = "the passphrase is empty; give None for no encryption"
            raise UsageError(problem)
        if cipher not in openssh_ciphers.CIPHERS:
            problem = f"no cipher {cipher!r}; choose one of {', '.join(openssh_ciphers.CIPHERS)}"
            raise UsageError(problem)
        if not 1 <= rounds <= MAX_ROUNDS:
            problem = f"{rounds} rounds of bcrypt are outside 1 to {MAX_ROUNDS}"
            raise UsageError(problem)
        return cls(secret, cipher, rounds)


# ------------------------------------------------------------------------- reading


def decode_private(
    block: Block, passphrase: bytes | None = None, *, policy: KeyPolicy = KeyPolicy.DEFAULT
) -> PrivateKey:
    """Read a private key from its armour.

    Raises:
        PassphraseNeeded: it is encrypted and no passphrase was given.
        KeyDecryptError: the passphrase is wrong.
        TooCostly: to try the passphrase would take too much time.
        KeyFormatError: it is not one complete key within the limits.
    """
    try:
        return _decode(open_block(block).body, passphrase, policy=policy)
    except WireError as error:
        problem = f"not an OpenSSH private key: {error}"
        raise KeyFormatError(problem) from None


def _decode(body: bytes, passphrase: bytes | None, *, policy: KeyPolicy) -> PrivateKey:
    if not body.startswith(_MAGIC):
        problem = "not an OpenSSH private key: the magic is missing"
        raise KeyFormatError(problem)
    container = _Container.decode(body[len(_MAGIC) :])
    if container.count != 1:
        problem = "a file with several keys is not supported"
        raise KeyFormatError(problem)
    registry.named_family(read_text(container.public, 0)[0])
    public_key = PublicKey.from_blob(container.public, policy=policy)
    if container.cipher == "none":
        if container.kdf != "none" or container.options or container.tag:
            problem = "the file is not encrypted, but has a kdf or a tag"
            raise KeyFormatError(problem)
        plain, block, wrong = container.private, _MIN_BLOCK, KeyFormatError
    else:
        cipher = _cipher(container)
        if passphrase is None:
            problem = f"the key {public_key.fingerprint()} is encrypted: a passphrase is needed"
            raise PassphraseNeeded(problem, public_key)
        plain = _decrypt(container, cipher, passphrase)
        block, wrong = cipher.block_size, KeyDecryptError
    if len(plain) % block:
        problem = f"the private section is not a multiple of {block} bytes"
        raise KeyFormatError(problem)
    checks, pos = _Checks.read(plain, 0)
    if checks.first != checks.second:
        problem = "the passphrase is wrong" if wrong is KeyDecryptError else "the file is damaged"
        raise wrong(problem)
    return _read_section(plain, pos, public_key, policy=policy)


def _read_section(
    plain: bytes, pos: int, public_key: PublicKey, *, policy: KeyPolicy
) -> PrivateKey:
    kind, _ = read_text(plain, pos)
    key, pos = registry.named_family(kind).read_private(plain, pos, policy=policy)
    if key.public_key != public_key:
        problem = "the private key does not belong to the public key in the file"
        raise KeyFormatError(problem)
    ending, _ = _Comment.read(plain, pos)
    size = len(ending.padding)
    if size > _MAX_PADDING or ending.padding != bytes(range(1, size + 1)):
        problem = "the padding of the private section is wrong: the file is damaged"
        raise KeyFormatError(problem)
    return key.with_comment(ending.comment)


def _cipher(container: _Container) -> KeyCipher:
    """Check all that can be checked before the costly key derivation."""
    cipher = openssh_ciphers.CIPHERS.get(container.cipher)
    if cipher is None:
        name = container.cipher if container.cipher in _UNSUPPORTED else "an unknown cipher"
        problem = f"the key is encrypted with {name}, which is not supported"
        raise KeyFormatError(problem)
    if container.kdf != "bcrypt":
        problem = "the key is encrypted with an unknown key derivation"
        raise KeyFormatError(problem)
    if len(container.tag) != cipher.tag_size:
        problem = f"a tag of {len(container.tag)} bytes instead of {cipher.tag_size}"
        raise KeyFormatError(problem)
    if not container.private or len(container.private) % cipher.block_size:
        problem = f"the private section is not a multiple of {cipher.block_size} bytes"
        raise KeyFormatError(problem)
    options = _Options.decode(container.options)
    if options.rounds > MAX_ROUNDS:
        problem = f"the file asks for more than {MAX_ROUNDS} rounds of bcrypt"
        raise TooCostly(problem)
    if not options.salt or not options.rounds:
        problem = "the key derivation has no rounds or no salt"
        raise KeyFormatError(problem)
    return cipher


def _decrypt(container: _Container, cipher: KeyCipher, passphrase: bytes) -> bytes:
    if not passphrase:
        problem = "the passphrase is wrong: it is empty"
        raise KeyDecryptError(problem)
    options = _Options.decode(container.options)
    key, iv = _derive(cipher, passphrase, options.salt, options.rounds)
    return cipher.mode.decrypt(key, iv, container.private, container.tag)


def _derive(cipher: KeyCipher, passphrase: bytes, salt: bytes, rounds: int) -> tuple[bytes, bytes]:
    size = cipher.key_size + cipher.iv_size
    # bcrypt warns below 50 rounds; ssh-keygen writes 16, and 24 since 9.4
    derived = bcrypt.kdf(passphrase, salt, size, rounds, ignore_few_rounds=True)
    return derived[: cipher.key_size], derived[cipher.key_size :]


# ------------------------------------------------------------------------- writing


def encode_private(
    key: PrivateKey,
    passphrase: bytes | str | None,
    *,
    cipher: str,
    rounds: int,
    random: Callable[[int], bytes],
) -> bytes:
    """Return a private key in its armour, encrypted if there is a passphrase.

    Raises:
        UsageError: the passphrase is empty, or there is no such cipher or cost.
    """
    protection = _Protection.make(passphrase, cipher, rounds)
    return _encode(key, protection, random)


def _encode(key: PrivateKey, protection: _Protection, random: Callable[[int], bytes]) -> bytes:
    passphrase = protection.passphrase
    cipher = None if passphrase is None else openssh_ciphers.CIPHERS[protection.cipher]
    plain = _section(key, cipher.block_size if cipher else _MIN_BLOCK, random)
    name, kdf, options, tag = "none", "none", b"", b""
    if passphrase is not None and cipher is not None:
        salt = random(_SALT_SIZE)
        derived, iv = _derive(cipher, passphrase, salt, protection.rounds)
        plain, tag = cipher.mode.encrypt(derived, iv, plain)
        name, kdf = protection.cipher, "bcrypt"
        options = _Options(salt=salt, rounds=protection.rounds).encode()
    container = _Container(
        cipher=name,
        kdf=kdf,
        options=options,
        count=1,
        public=key.public_key.blob,
        private=plain,
        tag=tag,
    )
    from ssh_keys.formats.armor import enclose  # most programs write no key

    return enclose(OPENSSH_LABEL, _MAGIC + container.encode())


def _section(key: PrivateKey, block: int, random: Callable[[int], bytes]) -> bytes:
    check = int.from_bytes(random(4))
    plain = (
        _Checks(first=check, second=check).encode()
        + key.private_fields().encode()
        + _Comment(comment=key.comment, padding=b"").encode()
    )
    return plain + bytes(range(1, -len(plain) % block + 1))
