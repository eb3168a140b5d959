"""The public key: what every family has in common, and how one is read from a blob.

A family (`ssh_keys.families`) adds how its fields are decoded, which sizes it has, and how one
signature is verified.  Families are known by name to `ssh_keys.kinds` alone.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar, Final, Literal, Protocol, Self, TypeAlias, cast

from ssh_keys import kinds
from ssh_keys.errors import KeyFormatError
from ssh_keys.policy import KeyPolicy
from ssh_keys.strict_base64 import to_base64
from ssh_wire import Record, WireError, lazy, lazy_attrs, record
from ssh_wire.primitives import read_text
from ssh_wire.text import printable

if TYPE_CHECKING:
    from collections.abc import Callable

    from ssh_keys.fido import FidoPolicy
    from ssh_wire.primitives import Buffer

__all__ = ["MAX_BLOB", "HashName", "PublicFamily", "PublicKey", "Signature", "public_family"]

MAX_BLOB: Final = 1 << 20
"""The largest key blob or key file that is read, in bytes."""

HashName: TypeAlias = Literal["md5", "sha1", "sha256", "sha384", "sha512"]
"""The hash of a fingerprint."""


@record
class Signature(Record):
    """A signature as it is sent (RFC 4253 section 6.6)."""

    algorithm: str
    blob: bytes


class PublicFamily(Protocol):
    """What a family offers to read the public keys of its kinds."""

    def public_from_blob(
        self, kind: str, blob: bytes, comment: str, *, policy: KeyPolicy
    ) -> PublicKey:
        """Read a blob of this kind; raise KeyFormatError or WireError where it is not one."""
        ...

    def end_of_public(self, data: bytes) -> int:
        """Return where the public key ends that `data` begins with (kind first).

        A certificate holds the fields of a key without their length.  Raise WireError where
        there is no such key.
        """
        ...


def public_family(kind: str) -> PublicFamily:
    """Return what the family of a kind offers for public keys.

    Raises:
        UnsupportedKey: the kind is refused or unknown.
    """
    return cast("PublicFamily", kinds.load_family(kind))


@lazy_attrs.frozen(kw_only=True, eq=False, repr=False)
class PublicKey(ABC):
    """A public key of any family; two are equal when their blobs are (RFC 4253 section 6.6).

    Attributes:
        kind: the key's type name, such as "ssh-ed25519".
        blob: the key as it is sent.
        comment: the text beside the key in its file; not part of equality.
    """

    kind: str
    blob: bytes
    comment: str = ""

    sha1_algorithms: ClassVar[tuple[str, ...]] = ()
    """Signature algorithms with SHA-1, used only when named."""

    @classmethod
    def from_blob(
        cls, blob: Buffer, comment: str = "", *, policy: KeyPolicy = KeyPolicy.DEFAULT
    ) -> PublicKey:
        """Read a public key blob.

        Args:
            blob: the key as it is sent.
            comment: the key's comment.
            policy: which keys are strong enough to be read.

        Raises:
            UnsupportedKey: its kind is refused or unknown.
            KeyFormatError: it is not one complete key within the limits.
        """
        if len(blob) > MAX_BLOB:
            problem = f"a key blob of {len(blob)} bytes is longer than {MAX_BLOB}"
            raise KeyFormatError(problem)
        try:
            kind, _ = read_text(blob, 0)
            return public_family(kind).public_from_blob(kind, bytes(blob), comment, policy=policy)
        except WireError as error:
            problem = f"not a public key: {error}"
            raise KeyFormatError(problem) from None

    @property
    @abstractmethod
    def bits(self) -> int:
        """The size of the key as `ssh-keygen -l` counts it."""

    @property
    @abstractmethod
    def algorithms(self) -> tuple[str, ...]:
        """The signature algorithms of this key, the preferred one first."""

    @abstractmethod
    def verify_blob(self, data: Buffer, algorithm: str, blob: bytes) -> bool:
        """Say whether the inner blob of a signature by one of this key's algorithms is right."""

    def verify(
        self,
        data: Buffer,
        signature: Buffer,
        algorithm: str | None = None,
        *,
        allow_sha1: bool = False,
        fido: FidoPolicy | None = None,
    ) -> bool:
        """Say whether `signature` is this key's signature of `data`.

        A malformed signature is a wrong one: the peer's data raises nothing.

        Args:
            data: what was signed.
            signature: the signature as it is sent, algorithm name first.
            algorithm: the algorithm that was negotiated; the signature must name it.
            allow_sha1: accept "ssh-rsa", which is RSA with SHA-1 (RFC 8332 retires it).
            fido: what the signature of a FIDO token must state; a touch when not given.
                Keys of other families ignore it.
        """
        del fido
        try:
            parsed = Signature.decode(signature)
        except WireError:
            return False
        name = parsed.algorithm
        if algorithm is not None and name != algorithm:
            return False
        allowed = self.algorithms + (self.sha1_algorithms if allow_sha1 else ())
        return name in allowed and self.verify_blob(data, name, parsed.blob)

    def fingerprint(self, hash_name: HashName = "sha256") -> str:
        """Return the fingerprint as `ssh-keygen -l` spells it.

        Args:
            hash_name: "sha256" and its like for unpadded base64, "md5" for the legacy
                hexadecimal form.
        """
        digest = _digest(hash_name, self.blob)
        if hash_name == "md5":
            return "MD5:" + digest.hex(":")
        return f"{hash_name.upper()}:{to_base64(digest).decode().rstrip('=')}"

    def to_openssh(self) -> str:
        """Return the key as one line of OpenSSH's format, without a newline.

        Control characters of the comment are escaped, so it is always one line.
        """
        encoded = to_base64(self.blob).decode()
        comment = printable(self.comment, len(self.comment))
        return f"{self.kind} {encoded} {comment}".rstrip(" ")

    def to_pem(self) -> str:
        """Return the key as PEM SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7).

        Raises:
            UsageError: `cryptography` has no class for keys of its kind.
        """
        encode: Callable[[PublicKey], str] = lazy.load("ssh_keys.formats.pem:encode_public")
        return encode(self)

    def to_rfc4716(self) -> str:
        """Return the key in the format of RFC 4716, which PuTTY and ssh.com read."""
        encode: Callable[[bytes, str], str] = lazy.load("ssh_keys.formats.rfc4716:encode")
        return encode(self.blob, self.comment)

    @abstractmethod
    def to_cryptography(self) -> object:
        """Return the key as an object of `cryptography`.

        Raises:
            UsageError: `cryptography` has no class for keys of its kind.
        """

    def with_comment(self, comment: str) -> Self:
        """Return the key with another comment."""
        return lazy_attrs.evolve(self, comment=comment)

    def __eq__(self, other: object) -> bool:
        return self.blob == other.blob if isinstance(other, PublicKey) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.blob)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.kind} {self.fingerprint()}>"


def _digest(hash_name: str, blob: bytes) -> bytes:
    if (
        hash_name == "sha256"
    ):  # for each login; the provider has loaded, hashlib takes a millisecond
        from cryptography.hazmat.primitives import hashes

        context = hashes.Hash(hashes.SHA256())
        context.update(blob)
        return context.finalize()
    import hashlib

    return hashlib.new(hash_name, blob, usedforsecurity=False).digest()
