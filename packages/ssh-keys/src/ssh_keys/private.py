"""The private key: what every family has in common, and how a new one is made.

The secret numbers are in objects of `cryptography`; nothing here computes with them.  The
repr of a private key has its kind and fingerprint alone, and it cannot be copied or pickled.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar, Literal, NoReturn, Protocol, Self, SupportsIndex, cast

from ssh_keys import kinds
from ssh_keys.errors import KeyDecryptError, KeyFormatError, SigningFailed
from ssh_keys.policy import KeyPolicy
from ssh_keys.public import PublicKey, Signature
from ssh_wire import Record, UsageError, WireError, lazy, lazy_attrs
from ssh_wire.primitives import read_text

if TYPE_CHECKING:
    import secrets
    from collections.abc import Callable

    from ssh_wire.primitives import Buffer
else:
    secrets = lazy.module("secrets")

__all__ = ["PassphraseNeeded", "PrivateFamily", "PrivateKey"]


class PassphraseNeeded(KeyDecryptError):
    """The key is encrypted and no passphrase was given.

    Attributes:
        public_key: the public key where the format keeps it readable, else None.  A client may
            offer it to a server before it asks for the passphrase.
    """

    def __init__(self, message: str, public_key: PublicKey | None = None) -> None:
        super().__init__(message)
        self.public_key = public_key


class PrivateFamily(Protocol):
    """What a family offers to read and to make the private keys of its kinds."""

    def read_private(self, data: bytes, pos: int, *, policy: KeyPolicy) -> tuple[PrivateKey, int]:
        """Read the fields of a private key at `pos` (kind first); return it and the end."""
        ...

    def generate(self, kind: str, bits: int | None, comment: str) -> PrivateKey:
        """Make a key; raise UsageError where the family has no such kind or size."""
        ...


@lazy_attrs.frozen(kw_only=True, eq=False, repr=False)
class PrivateKey(ABC):
    """A private key of any family.

    Attributes:
        public_key: its public key, which has the comment.
    """

    public_key: PublicKey

    check_signatures: ClassVar[bool] = True
    """Whether a fresh signature is verified before it is returned."""

    waits: ClassVar[bool] = False
    """Whether `sign` waits for a token or a service: an event loop calls it in a thread."""

    @classmethod
    def generate(cls, kind: str, bits: int | None = None, comment: str = "") -> PrivateKey:
        """Make a new key.

        Args:
            kind: "ed25519", "ecdsa", "rsa", "ed448" or "mldsa44-ed25519", or a full name such
                as "ecdsa-sha2-nistp384".
            bits: for "ecdsa" 256, 384 or 521; for "rsa" 2048 to 16384 (3072 when not given).
            comment: the key's comment.

        Raises:
            UsageError: there is no such kind, or no such size of it.
        """
        family = cast("PrivateFamily", kinds.load_family_to_generate(kind))
        return family.generate(kind, bits, comment)

    @property
    def comment(self) -> str:
        """The comment of its public key."""
        return self.public_key.comment

    @abstractmethod
    def sign_blob(self, data: Buffer, algorithm: str) -> bytes:
        """Return the inner blob of a signature by one of this key's algorithms."""

    @abstractmethod
    def private_fields(self) -> Record:
        """Return the fields as openssh-key-v1 and the agent protocol have them."""

    @staticmethod
    def read_fields(
        data: bytes, pos: int = 0, *, policy: KeyPolicy = KeyPolicy.DEFAULT
    ) -> tuple[PrivateKey, int]:
        """Read the fields of `private_fields` at `pos`; return the key and where they end.

        Raises:
            UnsupportedKey: the kind is refused or unknown.
            KeyFormatError: these are not the fields of one valid key.
        """
        try:
            kind, _ = read_text(data, pos)
            named_family: Callable[[str], PrivateFamily] = lazy.load(
                "ssh_keys.registry:named_family"
            )
            return named_family(kind).read_private(data, pos, policy=policy)
        except WireError as error:
            problem = f"not the fields of a private key: {error}"
            raise KeyFormatError(problem) from None

    def ppk_fields(self) -> Record:
        """Return the secret fields as PuTTY's format has them.

        Raises:
            UsageError: PuTTY has no keys of this kind.
        """
        problem = f"PuTTY's format has no private keys of kind {self.public_key.kind}"
        raise UsageError(problem)

    @abstractmethod
    def to_cryptography(self) -> object:
        """Return the key as an object of `cryptography`.

        Raises:
            UsageError: `cryptography` has no class for keys of its kind.
        """

    def with_comment(self, comment: str) -> Self:
        """Return the key with another comment."""
        return lazy_attrs.evolve(self, public_key=self.public_key.with_comment(comment))

    def sign(self, data: Buffer, algorithm: str | None = None) -> bytes:
        """Sign `data`; return the signature as it is sent, algorithm name first.

        Args:
            data: what to sign.
            algorithm: one of the public key's `algorithms`; the first of them when not given.
                RSA signs with SHA-1 ("ssh-rsa") only when it is named here.

        Raises:
            UsageError: the key has no such algorithm.
            SigningFailed: the signature did not verify; it is dropped, because a faulty RSA
                signature can reveal the key.
            TokenNeeded: the key is in a FIDO token.
        """
        public = self.public_key
        name = public.algorithms[0] if algorithm is None else algorithm
        if name not in (*public.algorithms, *public.sha1_algorithms):
            problem = f"a key of kind {public.kind} does not sign with {name!r}"
            raise UsageError(problem)
        blob = self.sign_blob(data, name)
        if self.check_signatures and not public.verify_blob(data, name, blob):
            problem = f"a signature of {public.fingerprint()} did not verify and was dropped"
            raise SigningFailed(problem)
        return Signature(algorithm=name, blob=blob).encode()

    def to_openssh(
        self,
        passphrase: bytes | str | None = None,
        cipher: str = "aes256-ctr",
        rounds: int = 16,
        *,
        random: Callable[[int], bytes] | None = None,
    ) -> bytes:
        """Return the key in OpenSSH's own format, encrypted when a passphrase is given.

        Args:
            passphrase: what to encrypt the key with; None for no encryption.
            cipher: a cipher of OpenSSH, such as "aes256-ctr".
            rounds: the rounds of bcrypt, 1 to 2048: the cost of one guess at the passphrase.
            random: returns random bytes for the salt; the operating system's when not given.

        Raises:
            UsageError: the passphrase is empty, or there is no such cipher or cost.
        """
        encode: Callable[..., bytes] = lazy.load("ssh_keys.formats.openssh:encode_private")
        random = random or secrets.token_bytes
        return encode(self, passphrase, cipher=cipher, rounds=rounds, random=random)

    def to_pem(
        self,
        passphrase: bytes | str | None = None,
        *,
        form: Literal["pkcs8", "traditional"] = "pkcs8",
    ) -> bytes:
        """Return the key as PEM: PKCS#8 (RFC 5958), or PKCS#1 for RSA and SEC1 for ECDSA.

        Args:
            passphrase: what to encrypt the key with; None for no encryption.
            form: "traditional" for PKCS#1 and SEC1, which Ed25519 does not have.

        Raises:
            UsageError: the passphrase is empty, or PEM has no such form of the key.
        """
        encode: Callable[..., bytes] = lazy.load("ssh_keys.formats.pem:encode_private")
        return encode(self, passphrase, form)

    def to_ppk(
        self,
        passphrase: bytes | str | None = None,
        *,
        version: Literal[2, 3] = 3,
        random: Callable[[int], bytes] | None = None,
    ) -> bytes:
        """Return the key in PuTTY's format, encrypted when a passphrase is given.

        Args:
            passphrase: what to encrypt the key with; None for no encryption.
            version: 2 for a PuTTY older than 0.75; its passphrases are cheap to guess.
            random: returns random bytes for the salt; the operating system's when not given.

        Raises:
            UsageError: the passphrase is empty, there is no such version, or PuTTY has no
                keys of this kind.
        """
        encode: Callable[..., bytes] = lazy.load("ssh_keys.formats.ppk:encode_private")
        return encode(self, passphrase, version, random or secrets.token_bytes)

    def __reduce_ex__(self, protocol: SupportsIndex) -> NoReturn:
        problem = "a private key is neither copied nor pickled; save it with to_openssh()"
        raise TypeError(problem)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.public_key.kind} {self.public_key.fingerprint()}>"
