"""Signatures of files and messages: SSHSIG (OpenSSH's PROTOCOL.sshsig), as of `ssh-keygen -Y`.

    byte[6] "SSHSIG", uint32 1,
    string public key, string namespace, string reserved, string hash, string signature

The namespace is the purpose of the signature ("file", "git"): a signature for another purpose
proves nothing.  The key signs a hash of the message, so a message may be of any length; it is
given as bytes, or as pieces that follow each other.

`ssh_keys.trust.AllowedSigners` decides whether the key may sign for a principal.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Final, Literal, Self, TypeAlias

from ssh_keys import kinds
from ssh_keys.certificates.certificate import Certificate
from ssh_keys.errors import KeyFormatError
from ssh_keys.fido import FidoPolicy
from ssh_keys.formats.armor import enclose, label_of, open_armor
from ssh_keys.lines import as_bytes
from ssh_keys.policy import KeyPolicy
from ssh_keys.public import PublicKey
from ssh_wire import Record, Text, UInt32, WireError, lazy_attrs, record
from ssh_wire.primitives import Buffer, read_text
from ssh_wire.text import printable

__all__ = [
    "ARMOR_LABEL",
    "HASHES",
    "MAX_SIGNATURE",
    "HashName",
    "Message",
    "SSHSig",
    "SignedData",
    "digest_of",
]

HashName: TypeAlias = Literal["sha256", "sha512"]
Message: TypeAlias = Buffer | Iterable[Buffer]
"""A message: bytes, or pieces that follow each other, such as the blocks of a file."""

ARMOR_LABEL: Final = "SSH SIGNATURE"
MAX_SIGNATURE: Final = 1 << 18
"""The largest signature that is read, in bytes."""

_PREAMBLE: Final = b"SSHSIG"
_VERSION: Final = 1
HASHES: Final[dict[str, HashName]] = {"sha256": "sha256", "sha512": "sha512"}


@record
class _Blob(Record):
    """The signature as it is saved (section 2), after its preamble."""

    version: UInt32
    public_key: bytes
    namespace: Text
    reserved: bytes = b""
    hash_name: str
    signature: bytes


@record
class SignedData(Record):
    """The data that the key signs (section 3), after its preamble."""

    namespace: Text
    reserved: bytes = b""
    hash_name: str
    digest: bytes

    def data(self) -> bytes:
        """Return the data to sign."""
        return _PREAMBLE + self.encode()


@lazy_attrs.frozen(kw_only=True)
class SSHSig:
    """A signature, with all that verifies it except the message.

    Attributes:
        public_key: the key that signed; with a certificate, the key that it certifies.
        certificate: the certificate of the signer, if any.
        namespace: the purpose of the signature.
        hash_name: the hash of the message.
        signature: the signature of the hash, as it is sent.
    """

    public_key: PublicKey
    certificate: Certificate | None = None
    namespace: str
    hash_name: HashName
    signature: bytes = lazy_attrs.field(repr=False)

    @classmethod
    def from_blob(cls, data: Buffer, *, policy: KeyPolicy = KeyPolicy.DEFAULT) -> Self:
        """Read a signature.

        Args:
            data: the signature, without its armour.
            policy: which keys are strong enough to be read.

        Raises:
            UnsupportedKey: its key is of a kind that is refused or unknown.
            KeyFormatError: it is not one complete signature of version 1.
        """
        if len(data) > MAX_SIGNATURE:
            problem = f"a signature of {len(data)} bytes is longer than {MAX_SIGNATURE}"
            raise KeyFormatError(problem)
        raw = bytes(data)
        if not raw.startswith(_PREAMBLE):
            problem = "not an SSH signature: it does not begin with SSHSIG"
            raise KeyFormatError(problem)
        try:
            blob = _Blob.decode(raw[len(_PREAMBLE) :])
            _check_blob(blob)
            key, certificate = _key_of(blob.public_key, policy=policy)
        except WireError as error:
            problem = f"not an SSH signature: {error}"
            raise KeyFormatError(problem) from None
        return cls(
            public_key=key,
            certificate=certificate,
            namespace=blob.namespace,
            hash_name=_hash_name(blob.hash_name),
            signature=blob.signature,
        )

    @classmethod
    def from_armor(cls, text: str | bytes, *, policy: KeyPolicy = KeyPolicy.DEFAULT) -> Self:
        """Read a signature in its armour (section 1), as `ssh-keygen -Y sign` writes it.

        Args:
            text: the armour and nothing else.
            policy: which keys are strong enough to be read.

        Raises:
            UnsupportedKey: its key is of a kind that is refused or unknown.
            KeyFormatError: it is not one complete signature of version 1.
        """
        data = as_bytes(text)
        # "Files containing the signature MUST start with the header"
        if not data.startswith(b"-----BEGIN ") or label_of(data) != ARMOR_LABEL:
            problem = "not an SSH signature: it does not begin with its armour"
            raise KeyFormatError(problem)
        if len(data) > 2 * MAX_SIGNATURE:
            problem = f"{len(data)} bytes are too many for a signature"
            raise KeyFormatError(problem)
        armor = open_armor(data)
        if armor.headers or armor.rest.strip():
            problem = "the armour of the signature has other text"
            raise KeyFormatError(problem)
        return cls.from_blob(armor.body, policy=policy)

    def to_blob(self) -> bytes:
        """Return the signature without armour."""
        key = self.public_key if self.certificate is None else self.certificate
        blob = _Blob(
            version=_VERSION,
            public_key=key.blob,
            namespace=self.namespace,
            hash_name=self.hash_name,
            signature=self.signature,
        )
        return _PREAMBLE + blob.encode()

    def to_armor(self) -> bytes:
        """Return the signature in its armour, as `ssh-keygen -Y sign` writes it."""
        return enclose(ARMOR_LABEL, self.to_blob())

    def verify(self, message: Message, namespace: str, *, fido: FidoPolicy | None = None) -> bool:
        """Say whether its key signed `message` for `namespace`.

        It is the check of `ssh-keygen -Y check-novalidate`: the key may be anyone's.

        Args:
            message: the message, in one piece or in many.
            namespace: the purpose that the signature must have.
            fido: what the signature of a FIDO token must state.  When not given, a touch
                unless the certificate has "no-touch-required", and the user's PIN or
                fingerprint if it has "verify-required"; `ssh-keygen` requires neither.
        """
        if namespace != self.namespace:
            return False
        signed = SignedData(
            namespace=namespace,
            hash_name=self.hash_name,
            digest=digest_of(message, self.hash_name),
        )
        # an RSA key verifies "ssh-rsa", which is SHA-1, only with `allow_sha1`
        policy = fido or self._policy()
        return self.public_key.verify(signed.data(), self.signature, fido=policy)

    def _policy(self) -> FidoPolicy:
        if self.certificate is None:
            return FidoPolicy()
        return FidoPolicy(
            touch="no-touch-required" not in self.certificate.extensions,
            verification="verify-required" in self.certificate.critical_options,
        )


def digest_of(message: Message, hash_name: HashName) -> bytes:
    """Return the hash of a message."""
    digest = hashlib.new(hash_name)
    if isinstance(message, bytes | bytearray | memoryview):
        digest.update(message)
    else:
        for piece in message:
            digest.update(piece)
    return digest.digest()


def _check_blob(blob: _Blob) -> None:
    # "Verifiers MUST reject signatures with versions greater than those they support"
    if blob.version != _VERSION:
        problem = f"an SSH signature of version {blob.version} is not supported"
        raise KeyFormatError(problem)
    if not blob.namespace or "\0" in blob.namespace:
        problem = "the namespace of the signature is empty or holds a NUL"
        raise KeyFormatError(problem)
    # we choose otherwise than "should ignore": all that is accepted is signed
    if blob.reserved:
        problem = "the signature's reserved field is not empty"
        raise KeyFormatError(problem)


def _hash_name(name: str) -> HashName:
    known = HASHES.get(name)
    if known is None:
        problem = f"a signature of a hash by '{printable(name, 32)}' is not supported"
        raise KeyFormatError(problem)
    return known


def _key_of(blob: bytes, *, policy: KeyPolicy) -> tuple[PublicKey, Certificate | None]:
    kind, _ = read_text(blob, 0)
    if kinds.plain_kind(kind) is None:
        return PublicKey.from_blob(blob, policy=policy), None
    certificate = Certificate.from_blob(blob, policy=policy)
    return certificate.public_key, certificate
