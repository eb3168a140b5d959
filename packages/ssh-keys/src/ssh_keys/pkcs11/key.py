"""A private key in a token: how it is signed with (PKCS#11 3.1, sections 6.1 and 6.3)."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, ClassVar, Final, NoReturn, Protocol

from ssh_keys.private import PrivateKey
from ssh_wire import MPInt, Record, UsageError, lazy_attrs, record

if TYPE_CHECKING:
    from ssh_wire.primitives import Buffer

__all__ = ["SigningToken", "TokenPrivateKey"]

_DIGEST_INFO: Final = {
    # the hash, and what DigestInfo has before it (RFC 8017 section 9.2, note 1)
    "ssh-rsa": ("sha1", bytes.fromhex("3021300906052b0e03021a05000414")),
    "rsa-sha2-256": ("sha256", bytes.fromhex("3031300d060960864801650304020105000420")),
    "rsa-sha2-512": ("sha512", bytes.fromhex("3051300d060960864801650304020305000440")),
}
_ECDSA_HASHES: Final = {
    # RFC 5656 section 6.2.1
    "ecdsa-sha2-nistp256": "sha256",
    "ecdsa-sha2-nistp384": "sha384",
    "ecdsa-sha2-nistp521": "sha512",
}


class SigningToken(Protocol):
    """The token that a key is in."""

    @property
    def label(self) -> str:
        """Its name."""
        ...

    def sign(self, key_id: bytes, mechanism: str, data: bytes) -> bytes:
        """Sign with one of its private keys, by the name of a mechanism."""
        ...


@record
class _Signature(Record):
    """The inner signature blob of ECDSA (RFC 5656 section 3.1.2)."""

    r: MPInt
    s: MPInt


@lazy_attrs.frozen(kw_only=True, eq=False, repr=False)
class TokenPrivateKey(PrivateKey):
    """A private key whose secret is in a PKCS#11 token.

    Attributes:
        token: the token that signs.
        key_id: by which the token finds the key (CKA_ID).
    """

    token: SigningToken
    key_id: bytes

    waits: ClassVar[bool] = True

    def sign_blob(self, data: Buffer, algorithm: str) -> bytes:
        """Return the inner blob of a signature, which the token makes.

        Raises:
            PinNeeded: the user has not logged in to the token.
            TokenFailed: the token does not sign.
        """
        if algorithm in _DIGEST_INFO:
            name, head = _DIGEST_INFO[algorithm]
            return self._sign("RSA_PKCS", head + _digest(name, data))
        if algorithm in _ECDSA_HASHES:
            numbers = self._sign("ECDSA", _digest(_ECDSA_HASHES[algorithm], data))
            size = len(numbers) // 2
            r, s = (int.from_bytes(each) for each in (numbers[:size], numbers[size:]))
            return _Signature(r=r, s=s).encode()
        return self._sign("EDDSA", bytes(data))

    def _sign(self, mechanism: str, data: bytes) -> bytes:
        return self.token.sign(self.key_id, mechanism, data)

    def private_fields(self) -> NoReturn:
        """Raise UsageError: the secret stays in the token."""
        raise self._stays()

    def to_cryptography(self) -> NoReturn:
        """Raise UsageError: the secret stays in the token."""
        raise self._stays()

    def _stays(self) -> UsageError:
        key = self.public_key.fingerprint()
        return UsageError(f"the key {key} is in the PKCS#11 token '{self.token.label}' and stays")


def _digest(name: str, data: Buffer) -> bytes:
    return hashlib.new(name, data, usedforsecurity=name != "sha1").digest()
