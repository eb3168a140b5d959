"""Keys of ML-DSA-44 and Ed25519 together: a forgery has to break both.

public    string "ssh-mldsa44-ed25519", string pk (1312 bytes of ML-DSA, 32 of Ed25519)
private   string "ssh-mldsa44-ed25519", string pk, string seeds (32 bytes of each)
signature string "ssh-mldsa44-ed25519", string sig (2420 bytes of ML-DSA, 64 of Ed25519)

draft-miller-sshm-mldsa44-ed25519-composite-sigs uses MLDSA44-Ed25519-SHA512 of
draft-ietf-lamps-pq-composite-sigs: both sign the same preparation of the data, and ML-DSA signs
it with the scheme's label as its context.

OpenSSH 10.4 and 10.5 have the name with "@openssh.com": another kind of key, with other
fingerprints.  10.6 has the name above alone.  The short name "mldsa44-ed25519" is that of the
draft, which every later version has.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar, Final, NoReturn, TypeVar

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ed25519, mldsa

from ssh_keys.errors import KeyFormatError, UnsupportedKey
from ssh_keys.policy import KeyPolicy
from ssh_keys.private import PrivateKey
from ssh_keys.public import PublicKey
from ssh_wire import Record, UsageError, lazy_attrs, record
from ssh_wire.primitives import string

if TYPE_CHECKING:
    from ssh_keys.registry import Family
    from ssh_wire.primitives import Buffer

__all__ = ["FAMILY", "MLDSAEd25519PrivateKey", "MLDSAEd25519PublicKey"]

T = TypeVar("T")

_SHORT: Final = "mldsa44-ed25519"
_BITS: Final = {
    # as `ssh-keygen -l` of the versions that have the name counts them
    "ssh-mldsa44-ed25519": 512,
    "ssh-mldsa44-ed25519@openssh.com": 256,
}
_KINDS: Final = {_SHORT: "ssh-mldsa44-ed25519", **{kind: kind for kind in _BITS}}

_MLDSA_SIZE: Final = 1312
_PUBLIC_SIZE: Final = _MLDSA_SIZE + 32
_SEED_SIZE: Final = 32
_MLDSA_SIGNATURE_SIZE: Final = 2420
_SIGNATURE_SIZE: Final = _MLDSA_SIGNATURE_SIZE + 64

_PREFIX: Final = b"CompositeAlgorithmSignatures2025"
_LABEL: Final = b"COMPSIG-MLDSA44-Ed25519-SHA512"


@record
class _Public(Record):
    """The public key blob."""

    kind: str
    points: bytes


@record
class _Section(Record):
    """The private key of openssh-key-v1."""

    kind: str
    points: bytes
    seeds: bytes = lazy_attrs.field(repr=False)


@lazy_attrs.frozen(kw_only=True, eq=False, repr=False)
class MLDSAEd25519PublicKey(PublicKey):
    """A public key of ML-DSA-44 and Ed25519."""

    points: bytes

    @property
    def bits(self) -> int:
        """The number that `ssh-keygen -l` prints, which has no meaning for ML-DSA."""
        return _BITS[self.kind]

    @property
    def algorithms(self) -> tuple[str, ...]:
        """Its one algorithm, named as the key is."""
        return (self.kind,)

    def verify_blob(self, data: Buffer, algorithm: str, blob: bytes) -> bool:
        """Check both signatures."""
        del algorithm  # there is only one
        if len(blob) != _SIGNATURE_SIZE:
            return False
        prepared = _prepare(data)
        try:
            _mldsa_public(self.points[:_MLDSA_SIZE]).verify(
                blob[:_MLDSA_SIGNATURE_SIZE], prepared, _LABEL
            )
            point = ed25519.Ed25519PublicKey.from_public_bytes(self.points[_MLDSA_SIZE:])
            point.verify(blob[_MLDSA_SIGNATURE_SIZE:], prepared)
        except InvalidSignature:
            return False
        return True

    def to_cryptography(self) -> NoReturn:
        """Raise UsageError: `cryptography` has no class for both together."""
        problem = f"a key of kind {self.kind} is saved in OpenSSH's format alone"
        raise UsageError(problem)


@lazy_attrs.frozen(kw_only=True, eq=False, repr=False)
class MLDSAEd25519PrivateKey(PrivateKey):
    """A private key of ML-DSA-44 and Ed25519."""

    mldsa: mldsa.MLDSA44PrivateKey
    ed25519: ed25519.Ed25519PrivateKey

    check_signatures: ClassVar[bool] = False

    def sign_blob(self, data: Buffer, algorithm: str) -> bytes:
        """Return both signatures, that of ML-DSA first."""
        del algorithm  # there is only one
        prepared = _prepare(data)
        return self.mldsa.sign(prepared, _LABEL) + self.ed25519.sign(prepared)

    def private_fields(self) -> Record:
        """Return the fields as openssh-key-v1 has them."""
        seeds = self.mldsa.private_bytes_raw() + self.ed25519.private_bytes_raw()
        kind = self.public_key.kind
        return _Section(kind=kind, points=_points(self.mldsa, self.ed25519), seeds=seeds)

    def to_cryptography(self) -> NoReturn:
        """Raise UsageError: `cryptography` has no class for both together."""
        problem = f"a key of kind {self.public_key.kind} is saved in OpenSSH's format alone"
        raise UsageError(problem)


class _MLDSAEd25519:
    """The family, as `ssh_keys.registry` knows it."""

    def public_from_blob(
        self, kind: str, blob: bytes, comment: str, *, policy: KeyPolicy
    ) -> MLDSAEd25519PublicKey:
        del kind, policy  # no key of it is weaker than another
        fields = _Public.decode(blob)
        return _public(fields.kind, fields.points, comment)

    def end_of_public(self, data: bytes) -> int:
        return _Public.read(data, 0)[1]

    def read_private(
        self, data: bytes, pos: int, *, policy: KeyPolicy
    ) -> tuple[MLDSAEd25519PrivateKey, int]:
        del policy
        section, end = _Section.read(data, pos)
        if len(section.seeds) != 2 * _SEED_SIZE:
            problem = f"an ML-DSA and Ed25519 private key has 64 bytes, not {len(section.seeds)}"
            raise KeyFormatError(problem)
        key = _from_seeds(section.kind, section.seeds)
        if key.private_fields() != section:
            problem = "the private and the public key of ML-DSA and Ed25519 differ"
            raise KeyFormatError(problem)
        return key, end

    def generate(self, kind: str, bits: int | None, comment: str) -> MLDSAEd25519PrivateKey:
        name = _KINDS[kind]
        if bits not in (None, _BITS[name]):
            problem = f"a key of kind {kind} has one size only, not {bits} bits"
            raise UsageError(problem)
        first = _with_mldsa(mldsa.MLDSA44PrivateKey.generate)
        return _from_cryptography(name, first, ed25519.Ed25519PrivateKey.generate()).with_comment(
            comment
        )


def _prepare(data: Buffer) -> bytes:
    """Return M', which both sign; the context of the application is empty."""
    return _PREFIX + _LABEL + b"\0" + hashlib.sha512(data).digest()


def _public(kind: str, points: bytes, comment: str = "") -> MLDSAEd25519PublicKey:
    if len(points) != _PUBLIC_SIZE:
        problem = f"an ML-DSA and Ed25519 key has {_PUBLIC_SIZE} bytes, not {len(points)}"
        raise KeyFormatError(problem)
    # every encoding of that size is a key of ML-DSA, but not of Ed25519
    PublicKey.from_blob(string("ssh-ed25519") + string(points[_MLDSA_SIZE:]))
    blob = _Public(kind=kind, points=points).encode()
    return MLDSAEd25519PublicKey(kind=kind, blob=blob, comment=comment, points=points)


def _from_seeds(kind: str, seeds: bytes) -> MLDSAEd25519PrivateKey:
    first = _with_mldsa(lambda: mldsa.MLDSA44PrivateKey.from_seed_bytes(seeds[:_SEED_SIZE]))
    second = ed25519.Ed25519PrivateKey.from_private_bytes(seeds[_SEED_SIZE:])
    return _from_cryptography(kind, first, second)


def _from_cryptography(
    kind: str, first: mldsa.MLDSA44PrivateKey, second: ed25519.Ed25519PrivateKey
) -> MLDSAEd25519PrivateKey:
    public_key = _public(kind, _points(first, second))
    return MLDSAEd25519PrivateKey(public_key=public_key, mldsa=first, ed25519=second)


def _points(first: mldsa.MLDSA44PrivateKey, second: ed25519.Ed25519PrivateKey) -> bytes:
    return first.public_key().public_bytes_raw() + second.public_key().public_bytes_raw()


def _mldsa_public(point: bytes) -> mldsa.MLDSA44PublicKey:
    return _with_mldsa(lambda: mldsa.MLDSA44PublicKey.from_public_bytes(point))


def _with_mldsa(make: Callable[[], T]) -> T:
    """Make an object of ML-DSA, which `cryptography` lacks where its OpenSSL does.

    Raises:
        UnsupportedKey: it does.
    """
    try:
        return make()
    except UnsupportedAlgorithm as error:
        raise UnsupportedKey(_SHORT, f"ML-DSA is missing from cryptography: {error}") from None


FAMILY: Final[Family] = _MLDSAEd25519()
