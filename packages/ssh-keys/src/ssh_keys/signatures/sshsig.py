"""Signatures of files and messages: SSHSIG (OpenSSH's PROTOCOL.sshsig), as `ssh-keygen -Y`.

    byte[6] "SSHSIG", uint32 1,
    string public key, string namespace, string reserved, string hash, string signature

The namespace says what the signature is for ("file", "git"), so that one which was made for
something else proves nothing.  What is signed is a hash of the message, so a message may be
of any length; the hash is made here, of bytes or of pieces that come one after the other.

Whether the key may sign for somebody is another question: `ssh_keys.trust.allowed_signers`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Final, Literal, Protocol, Self, TypeAlias

import attrs

from ssh_keys import kinds
from ssh_keys.certificates.certificate import Certificate
from ssh_keys.errors import KeyFormatError, SigningFailed
from ssh_keys.fido import NO_TOUCH, FidoPolicy
from ssh_keys.formats.armor import enclose, label_of, open_armor
from ssh_keys.lines import as_bytes
from ssh_keys.policy import KeyPolicy
from ssh_keys.public import PublicKey
from ssh_wire import Record, Text, UInt32, UsageError, WireError, record
from ssh_wire.primitives import Buffer, read_text
from ssh_wire.text import printable

__all__ = [
    "ARMOR_LABEL",
    "MAX_SIGNATURE",
    "HashName",
    "Message",
    "MessageSigner",
    "SSHSig",
    "SigningRequest",
    "sign",
]

HashName: TypeAlias = Literal["sha256", "sha512"]
Message: TypeAlias = Buffer | Iterable[Buffer]
"""What is signed: bytes, or pieces of bytes, such as a file that is read in blocks."""

ARMOR_LABEL: Final = "SSH SIGNATURE"
MAX_SIGNATURE: Final = 1 << 18
"""The largest signature that is looked at, in bytes."""

_PREAMBLE: Final = b"SSHSIG"
_VERSION: Final = 1
_HASHES: Final[dict[str, HashName]] = {"sha256": "sha256", "sha512": "sha512"}
_RSA: Final = {"sha256": "rsa-sha2-256", "sha512": "rsa-sha2-512"}


class MessageSigner(Protocol):
    """Something that signs with one key: a `PrivateKey`, or whatever asks an agent or a token."""

    @property
    def public_key(self) -> PublicKey:
        """The key whose signatures it makes."""
        ...

    def sign(self, data: bytes, algorithm: str, /) -> bytes:
        """Return the signature of `data` as it is sent, algorithm name first."""
        ...


@record
class _Blob(Record):
    """The signature as it is saved (section 2), behind its preamble."""

    version: UInt32
    public_key: bytes
    namespace: Text
    reserved: bytes = b""
    hash_name: str
    signature: bytes


@record
class _Signed(Record):
    """What the key signs (section 3), behind its preamble."""

    namespace: Text
    reserved: bytes = b""
    hash_name: str
    digest: bytes

    def data(self) -> bytes:
        return _PREAMBLE + self.encode()


@attrs.frozen(kw_only=True)
class SSHSig:
    """A signature with all that is needed to check it but the message.

    Attributes:
        public_key: the key that signed; with a certificate, the key that it certifies.
        certificate: the certificate that the signer showed, if any.
        namespace: what the signature is for.
        hash_name: what the message was hashed with.
        signature: the signature of the hash, as it is sent.
    """

    public_key: PublicKey
    certificate: Certificate | None = None
    namespace: str
    hash_name: HashName
    signature: bytes = attrs.field(repr=False)

    @classmethod
    def from_blob(cls, data: Buffer, *, policy: KeyPolicy = KeyPolicy.DEFAULT) -> Self:
        """Read a signature.

        Args:
            data: the signature, without its armour.
            policy: which keys are strong enough to be read.

        Raises:
            UnsupportedKey: its key is of a kind that is refused or unknown.
            KeyFormatError: it is not one whole signature of version 1.
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
            KeyFormatError: it is not one whole signature of version 1.
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
            problem = "the armour of the signature holds something else"
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
        """Say whether its key signed `message` for `namespace`; not whether it may.

        This is what `ssh-keygen -Y check-novalidate` checks.

        Args:
            message: the message, in one piece or in many.
            namespace: what the signature has to be for.
            fido: what the signature of a FIDO token must say.  When not given, a touch unless
                the certificate says "no-touch-required", and the user's PIN or finger where
                it says "verify-required"; `ssh-keygen` asks for neither.
        """
        if namespace != self.namespace:
            return False
        signed = _Signed(
            namespace=namespace,
            hash_name=self.hash_name,
            digest=_digest(message, self.hash_name),
        )
        # an RSA key verifies "ssh-rsa", which is SHA-1, only where it is asked to
        policy = fido or self._policy()
        return self.public_key.verify(signed.data(), self.signature, fido=policy)

    def _policy(self) -> FidoPolicy:
        if self.certificate is None:
            return FidoPolicy()
        return FidoPolicy(
            touch="no-touch-required" not in self.certificate.extensions,
            verification="verify-required" in self.certificate.critical_options,
        )


@attrs.frozen(kw_only=True)
class SigningRequest:
    """A signature that is yet to be made, for a key that is asked rather than held.

    Attributes:
        public_key: the key that shall sign.
        algorithm: how it shall sign.
        data: what it shall sign.
        certificate: the certificate that goes along, if any.
        namespace: what the signature is for.
        hash_name: what the message was hashed with.
    """

    public_key: PublicKey
    algorithm: str
    data: bytes = attrs.field(repr=False)
    certificate: Certificate | None
    namespace: str
    hash_name: HashName

    @classmethod
    def make(
        cls,
        key: PublicKey | Certificate,
        message: Message,
        namespace: str,
        hash_name: HashName = "sha512",
    ) -> Self:
        """Hash a message and say what is to be signed.

        Args:
            key: the key that shall sign, or its certificate, which then goes along.
            message: the message, in one piece or in many.
            namespace: what the signature is for.
            hash_name: what the message is hashed with.

        Raises:
            UsageError: the namespace is empty or holds a NUL, or there is no such hash.
        """
        # "The namespace value MUST NOT be the empty string"
        if not namespace or "\0" in namespace or hash_name not in _HASHES:
            problem = f"nothing is signed for {namespace!r} with {hash_name!r}"
            raise UsageError(problem)
        public = key if isinstance(key, PublicKey) else key.public_key
        signed = _Signed(
            namespace=namespace, hash_name=hash_name, digest=_digest(message, hash_name)
        )
        preferred = _RSA[hash_name]
        algorithms = public.algorithms
        return cls(
            public_key=public,
            algorithm=preferred if preferred in algorithms else algorithms[0],
            data=signed.data(),
            certificate=None if isinstance(key, PublicKey) else key,
            namespace=namespace,
            hash_name=hash_name,
        )

    def finish(self, signature: bytes) -> SSHSig:
        """Return the whole signature.

        Args:
            signature: the key's signature of `data`, as it is sent.

        Raises:
            SigningFailed: it is not the key's signature of `data`.
        """
        # whether a token's touch is needed is for whoever checks the signature to say
        if not self.public_key.verify(self.data, signature, fido=NO_TOUCH):
            problem = f"a signature of {self.public_key.fingerprint()} did not verify"
            raise SigningFailed(problem)
        return SSHSig(
            public_key=self.public_key,
            certificate=self.certificate,
            namespace=self.namespace,
            hash_name=self.hash_name,
            signature=signature,
        )


def sign(
    signer: MessageSigner,
    message: Message,
    namespace: str,
    *,
    hash_name: HashName = "sha512",
    certificate: Certificate | None = None,
) -> SSHSig:
    """Sign a message, as `ssh-keygen -Y sign` does.

    Args:
        signer: a private key, or what asks for its signature.
        message: the message, in one piece or in many.
        namespace: what the signature is for; "file" where nothing better is agreed on.
        hash_name: what the message is hashed with.
        certificate: a certificate of the key, which then stands in the signature.

    Raises:
        UsageError: the namespace is empty or holds a NUL, there is no such hash, or the
            certificate is another key's.
        SigningFailed: the signature did not verify.
    """
    key: PublicKey | Certificate = signer.public_key
    if certificate is not None:
        if certificate.public_key != key:
            problem = "the certificate is not one of the key that signs"
            raise UsageError(problem)
        key = certificate
    request = SigningRequest.make(key, message, namespace, hash_name)
    return request.finish(signer.sign(request.data, request.algorithm))


def _digest(message: Message, hash_name: HashName) -> bytes:
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
    # we choose otherwise than "should ignore": nothing that is not signed is let through
    if blob.reserved:
        problem = "the signature's reserved field is not empty"
        raise KeyFormatError(problem)


def _hash_name(name: str) -> HashName:
    known = _HASHES.get(name)
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
