"""How private keys in PEM are encrypted: OpenSSL's traditional format, and PKCS#8.

The traditional format (the headers Proc-Type and DEK-Info) hashes the passphrase once, with MD5
and the IV as salt, so a passphrase is cheap to guess.  It is read and never written.

An error names a cipher only if it is one of the names below: anything else may be part of a key.
"""

from __future__ import annotations

import binascii
import hashlib
from typing import TYPE_CHECKING, Final, NamedTuple

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.decrepit.ciphers import algorithms as decrepit
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from ssh_keys.errors import KeyDecryptError, KeyFormatError
from ssh_keys.formats.der import oids_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from cryptography.hazmat.primitives.ciphers import BlockCipherAlgorithm

__all__ = ["TraditionalCipher", "check_algorithms", "parse_dek_info"]

_SALT_SIZE: Final = 8
_UNNAMED: Final = "a cipher that is not known"
_ADVICE: Final = "give the key another passphrase with `ssh-keygen -p` or `openssl pkcs8 -topk8`"


class _Row(NamedTuple):
    """A cipher in CBC mode: the sizes of key and block in bytes, and its class."""

    key_size: int
    block_size: int
    algorithm: str
    repeated: int = 1


_TRADITIONAL: Final = {
    b"AES-128-CBC": _Row(16, 16, "AES"),
    b"AES-192-CBC": _Row(24, 16, "AES"),
    b"AES-256-CBC": _Row(32, 16, "AES"),
    b"DES-EDE3-CBC": _Row(24, 8, "TripleDES"),
    b"DES-CBC": _Row(8, 8, "TripleDES", repeated=3),
    b"CAMELLIA-128-CBC": _Row(16, 16, "Camellia"),
    b"CAMELLIA-192-CBC": _Row(24, 16, "Camellia"),
    b"CAMELLIA-256-CBC": _Row(32, 16, "Camellia"),
    b"SEED-CBC": _Row(16, 16, "SEED"),
    b"IDEA-CBC": _Row(16, 8, "IDEA"),
    b"BF-CBC": _Row(16, 8, "Blowfish"),
    b"CAST5-CBC": _Row(16, 8, "CAST5"),
    b"RC2-CBC": _Row(16, 8, "RC2"),
    b"SM4-CBC": _Row(16, 16, "SM4"),
}
"""The names in DEK-Info that are supported."""

_FAMILIES: Final = (
    *(f"{name}-{size}" for name in ("AES", "ARIA", "CAMELLIA") for size in (128, 192, 256)),
    *("DES", "DES-EDE", "DES-EDE3", "DESX", "IDEA", "SEED", "BF", "CAST5", "SM4"),
    *("RC2", "RC2-40", "RC2-64", "RC4", "RC4-40", "RC5"),
)
_MODES: Final = ("", "-CBC", "-ECB", "-CFB", "-CFB1", "-CFB8", "-OFB", "-CTR", "-GCM", "-CCM")
_NAMES: Final = frozenset(f"{name}{mode}" for name in _FAMILIES for mode in _MODES)

_SUPPORTED: Final = frozenset(
    {
        "1.2.840.113549.1.5.13",  # PBES2
        "1.2.840.113549.1.5.12",  # PBKDF2
        "1.3.6.1.4.1.11591.4.11",  # scrypt
        *(f"1.2.840.113549.2.{number}" for number in (7, 8, 9, 10, 11)),  # HMAC with SHA-1, SHA-2
        *(f"2.16.840.1.101.3.4.1.{number}" for number in (2, 22, 42)),  # AES in CBC mode
        "1.2.840.113549.3.7",  # triple DES in CBC mode
        "1.2.840.113549.3.2",  # RC2 in CBC mode
        "1.2.840.113549.1.5.3",  # MD5 and DES
        *(f"1.2.840.113549.1.12.1.{number}" for number in (1, 3, 6)),
    }
)
"""The algorithms of PKCS#5 (RFC 8018) and PKCS#12 (RFC 7292) that `cryptography` has."""

_UNSUPPORTED: Final = {
    "1.2.840.113549.1.5.1": "PBE-MD2-DES",
    "1.2.840.113549.1.5.4": "PBE-MD2-RC2-64",
    "1.2.840.113549.1.5.6": "PBE-MD5-RC2-64",
    "1.2.840.113549.1.5.10": "PBE-SHA1-DES",
    "1.2.840.113549.1.5.11": "PBE-SHA1-RC2-64",
    "1.2.840.113549.1.5.14": "PBMAC1",
    "1.2.840.113549.1.12.1.2": "PBE-SHA1-RC4-40",
    "1.2.840.113549.1.12.1.4": "PBE-SHA1-2DES",
    "1.2.840.113549.1.12.1.5": "PBE-SHA1-RC2-128",
    "1.2.840.113549.2.6": "HMAC-MD5",
    "1.2.840.113549.2.12": "HMAC-SHA512-224",
    "1.2.840.113549.2.13": "HMAC-SHA512-256",
    "1.2.840.113549.3.4": "RC4",
    "1.2.840.113549.3.9": "RC5-CBC",
    "1.3.14.3.2.7": "DES-CBC",
    "1.2.840.113533.7.66.10": "CAST5-CBC",
    "1.3.6.1.4.1.3029.1.2": "BF-CBC",
    "1.3.6.1.4.1.188.7.1.1.2": "IDEA-CBC",
    "1.2.410.200004.1.4": "SEED-CBC",
    "1.2.156.10197.1.104.2": "SM4-CBC",
    **{
        f"2.16.840.1.101.3.4.1.{base + at}": f"AES-{size}-{mode}"
        for base, size in ((0, 128), (20, 192), (40, 256))
        for at, mode in ((1, "ECB"), (3, "OFB"), (4, "CFB"), (6, "GCM"), (7, "CCM"))
    },
    **{
        f"1.2.392.200011.61.1.1.1.{at}": f"CAMELLIA-{size}-CBC"
        for at, size in ((2, 128), (3, 192), (4, 256))
    },
    **{
        f"1.2.410.200046.1.1.{at}": f"ARIA-{size}-CBC"
        for at, size in ((2, 128), (7, 192), (12, 256))
    },
}
"""The algorithms of PKCS#8 files that are not supported."""


class TraditionalCipher(NamedTuple):
    """The cipher and the IV of the header DEK-Info."""

    row: _Row
    iv: bytes

    def decrypt(self, sealed: bytes, passphrase: bytes) -> bytes:
        """Return the plaintext.

        Raises:
            KeyDecryptError: the passphrase is wrong.
            KeyFormatError: it is not whole blocks, or OpenSSL lacks the cipher.
        """
        row = self.row
        if not sealed or len(sealed) % row.block_size:
            problem = f"the encrypted key is not a multiple of {row.block_size} bytes"
            raise KeyFormatError(problem)
        key = _derive(passphrase, self.iv[:_SALT_SIZE], row.key_size) * row.repeated
        padded = _decrypt(row, key, self.iv, sealed)
        count = padded[-1]
        if not 1 <= count <= row.block_size or padded[-count:] != bytes([count]) * count:
            problem = "the passphrase is wrong, or the file is damaged"
            raise KeyDecryptError(problem)
        return padded[:-count]


def parse_dek_info(dek: bytes) -> TraditionalCipher:
    """Parse the value of DEK-Info.

    Raises:
        KeyFormatError: its cipher is not supported, or its IV is not one of that cipher.
    """
    name, _, digits = dek.partition(b",")
    row = _TRADITIONAL.get(name.strip().upper())
    if row is None:
        text = name.decode("latin-1").strip().upper()
        raise _unsupported(text if text in _NAMES else _UNNAMED)
    try:
        iv = binascii.unhexlify(digits.strip())
    except ValueError:
        iv = b""
    if len(iv) != row.block_size:
        problem = "the IV of the encrypted key is missing or damaged"
        raise KeyFormatError(problem) from None
    return TraditionalCipher(row, iv)


def check_algorithms(der: bytes) -> None:
    """Refuse an EncryptedPrivateKeyInfo (RFC 5958 section 3) with unsupported algorithms.

    Raises:
        KeyFormatError: an algorithm is not supported, or the structure is another one.
    """
    for oid in oids_of(der):
        if oid not in _SUPPORTED:
            raise _unsupported(_UNSUPPORTED.get(oid, _UNNAMED))


def _derive(passphrase: bytes, salt: bytes, size: int) -> bytes:
    """Derive a key as OpenSSL's EVP_BytesToKey does, with MD5 and one round."""
    derived = digest = b""
    while len(derived) < size:
        digest = hashlib.md5(digest + passphrase + salt, usedforsecurity=False).digest()
        derived += digest
    return derived[:size]


def _decrypt(row: _Row, key: bytes, iv: bytes, sealed: bytes) -> bytes:
    try:
        context = Cipher(_algorithm(row.algorithm)(key), modes.CBC(iv)).decryptor()
        return context.update(sealed) + context.finalize()
    except UnsupportedAlgorithm:
        raise _unsupported(row.algorithm) from None


def _algorithm(name: str) -> Callable[[bytes], BlockCipherAlgorithm]:
    found: Callable[[bytes], BlockCipherAlgorithm] | None = getattr(
        decrepit, name, None
    ) or getattr(algorithms, name, None)
    if found is None:
        raise _unsupported(name)
    return found


def _unsupported(name: str) -> KeyFormatError:
    return KeyFormatError(f"the key is encrypted with {name}, which is not supported; {_ADVICE}")
