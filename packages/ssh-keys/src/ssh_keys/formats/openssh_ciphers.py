"""The ciphers that protect a private key in OpenSSH's format, as rows of a table.

A row has the length of the key and of the IV, the block to which the plaintext is padded, the
length of the tag after the ciphertext, and the mode.
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import (
    AEADDecryptionContext,
    AEADEncryptionContext,
    Cipher,
    modes,
)
from cryptography.hazmat.primitives.ciphers.algorithms import AES, ChaCha20
from cryptography.hazmat.primitives.poly1305 import Poly1305

from ssh_keys.errors import KeyDecryptError

if TYPE_CHECKING:
    from collections.abc import Callable

    from cryptography.hazmat.primitives.ciphers import CipherAlgorithm

__all__ = ["CIPHERS", "KeyCipher", "WrongTag"]


class WrongTag(KeyDecryptError):
    """The authentication tag is wrong: so is the passphrase."""


class _Mode(Protocol):
    """A mode of a cipher, in both directions."""

    def encrypt(self, key: bytes, iv: bytes, plain: bytes) -> tuple[bytes, bytes]:
        """Return the ciphertext and the tag."""
        ...

    def decrypt(self, key: bytes, iv: bytes, sealed: bytes, tag: bytes) -> bytes:
        """Return the plaintext; raise WrongTag if there is a tag and it is wrong."""
        ...


class KeyCipher(NamedTuple):
    """One row: sizes in bytes, and the mode."""

    key_size: int
    iv_size: int
    block_size: int
    tag_size: int
    mode: _Mode


class _Plain:
    """A mode without a tag: only the plaintext shows that a passphrase is wrong."""

    def __init__(
        self,
        algorithm: Callable[[bytes], CipherAlgorithm],
        mode: Callable[[bytes], modes.CTR | modes.CBC],
    ) -> None:
        self._algorithm = algorithm
        self._mode = mode

    def encrypt(self, key: bytes, iv: bytes, plain: bytes) -> tuple[bytes, bytes]:
        context = Cipher(self._algorithm(key), self._mode(iv)).encryptor()
        return context.update(plain) + context.finalize(), b""

    def decrypt(self, key: bytes, iv: bytes, sealed: bytes, tag: bytes) -> bytes:
        del tag  # always empty
        context = Cipher(self._algorithm(key), self._mode(iv)).decryptor()
        return context.update(sealed) + context.finalize()


class _GCM:
    """AES-GCM without associated data (RFC 5647)."""

    def encrypt(self, key: bytes, iv: bytes, plain: bytes) -> tuple[bytes, bytes]:
        context: AEADEncryptionContext = Cipher(AES(key), modes.GCM(iv)).encryptor()
        return context.update(plain) + context.finalize(), context.tag

    def decrypt(self, key: bytes, iv: bytes, sealed: bytes, tag: bytes) -> bytes:
        context: AEADDecryptionContext = Cipher(AES(key), modes.GCM(iv)).decryptor()
        try:
            return context.update(sealed) + context.finalize_with_tag(tag)
        except InvalidTag:
            raise _wrong_tag() from None


class _ChaChaPoly:
    """chacha20-poly1305@openssh.com (OpenSSH's PROTOCOL.chacha20poly1305).

    The first half of the key encrypts the payload, with sequence number 0.  The second half
    encrypts the length of a packet, which a file does not have.
    """

    def encrypt(self, key: bytes, iv: bytes, plain: bytes) -> tuple[bytes, bytes]:
        del iv  # always empty
        sealed = self._stream(key, 1, plain)
        return sealed, self._tag(key, sealed)

    def decrypt(self, key: bytes, iv: bytes, sealed: bytes, tag: bytes) -> bytes:
        del iv  # always empty
        if not hmac.compare_digest(self._tag(key, sealed), tag):
            raise _wrong_tag()
        return self._stream(key, 1, sealed)

    @staticmethod
    def _stream(key: bytes, counter: int, data: bytes) -> bytes:
        nonce = counter.to_bytes(8, "little") + bytes(8)
        return Cipher(ChaCha20(key[:32], nonce), None).encryptor().update(data)

    def _tag(self, key: bytes, sealed: bytes) -> bytes:
        return Poly1305.generate_tag(self._stream(key, 0, bytes(32)), sealed)


def _wrong_tag() -> WrongTag:
    return WrongTag("the passphrase is wrong")


_CTR: Final = _Plain(AES, modes.CTR)
_CBC: Final = _Plain(AES, modes.CBC)

CIPHERS: Final = {
    "aes256-ctr": KeyCipher(32, 16, 16, 0, _CTR),
    "aes192-ctr": KeyCipher(24, 16, 16, 0, _CTR),
    "aes128-ctr": KeyCipher(16, 16, 16, 0, _CTR),
    "aes256-cbc": KeyCipher(32, 16, 16, 0, _CBC),
    "aes192-cbc": KeyCipher(24, 16, 16, 0, _CBC),
    "aes128-cbc": KeyCipher(16, 16, 16, 0, _CBC),
    "3des-cbc": KeyCipher(24, 8, 8, 0, _Plain(TripleDES, modes.CBC)),
    "aes256-gcm@openssh.com": KeyCipher(32, 12, 16, 16, _GCM()),
    "aes128-gcm@openssh.com": KeyCipher(16, 12, 16, 16, _GCM()),
    "chacha20-poly1305@openssh.com": KeyCipher(64, 0, 8, 16, _ChaChaPoly()),
}
"""The ciphers with which OpenSSH writes private keys."""
