"""Ed448 keys (RFC 8709, RFC 8032).

public    string "ssh-ed448", string A (57 bytes)
private   string "ssh-ed448", string A, string seed || A (114 bytes)
signature string "ssh-ed448", string R || S (114 bytes)

RFC 8709 has no private format; this one is PuTTY's and AsyncSSH's, after that of Ed25519.
OpenSSH has no Ed448.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final, Literal, Self

import attrs
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ed448

from ssh_keys.errors import KeyFormatError
from ssh_keys.policy import KeyPolicy
from ssh_keys.private import PrivateKey
from ssh_keys.public import PublicKey
from ssh_wire import Record, UsageError, record

if TYPE_CHECKING:
    from ssh_keys.registry import PortableFamily
    from ssh_wire.primitives import Buffer

__all__ = ["FAMILY", "Ed448PrivateKey", "Ed448PublicKey"]

_KIND: Final = "ssh-ed448"
_SIZE: Final = 57
_SIGNATURE_SIZE: Final = 114
_BITS: Final = 448

_PRIME: Final = 2**448 - 2**224 - 1
_SMALL_ORDER: Final = frozenset({0, 1, _PRIME - 1})
"""y of the points whose order divides 4: anybody can sign for such a key."""


@record
class _Public(Record):
    """The public key blob (RFC 8709 section 4)."""

    kind: Literal["ssh-ed448"] = attrs.field(default="ssh-ed448", init=False)
    point: bytes


@record
class _Section(Record):
    """The private key in openssh-key-v1."""

    kind: Literal["ssh-ed448"] = attrs.field(default="ssh-ed448", init=False)
    point: bytes
    secret: bytes = attrs.field(repr=False)


@record
class _PPK(Record):
    """The private key in PuTTY's format: the seed as a little-endian number."""

    secret: bytes = attrs.field(repr=False)


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Ed448PublicKey(PublicKey):
    """An Ed448 public key."""

    point: bytes

    @property
    def bits(self) -> int:
        """Always 448."""
        return _BITS

    @property
    def algorithms(self) -> tuple[str, ...]:
        """Its one algorithm."""
        return (_KIND,)

    def verify_blob(self, data: Buffer, algorithm: str, blob: bytes) -> bool:
        """Check R || S (RFC 8709 section 6)."""
        del algorithm  # there is only one
        try:
            self.provider().verify(blob, data)
        except InvalidSignature:
            return False
        return len(blob) == _SIGNATURE_SIZE

    def provider(self) -> ed448.Ed448PublicKey:
        """Return the key as the object of `cryptography` that holds it."""
        return ed448.Ed448PublicKey.from_public_bytes(self.point)


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Ed448PrivateKey(PrivateKey):
    """An Ed448 private key."""

    secret: ed448.Ed448PrivateKey

    check_signatures: ClassVar[bool] = False

    def sign_blob(self, data: Buffer, algorithm: str) -> bytes:
        """Return R || S."""
        del algorithm  # there is only one
        return self.secret.sign(data)

    def section(self) -> Record:
        """Return the key's fields as openssh-key-v1 lists them."""
        point = self.secret.public_key().public_bytes_raw()
        return _Section(point=point, secret=self.secret.private_bytes_raw() + point)

    def ppk_section(self) -> Record:
        """Return the secret fields as PuTTY's format lists them."""
        return _PPK(secret=self.secret.private_bytes_raw().rstrip(b"\0"))

    def provider(self) -> ed448.Ed448PrivateKey:
        """Return the key as the object of `cryptography` that holds it."""
        return self.secret

    def with_comment(self, comment: str) -> Self:
        """Return the same key with another comment."""
        return attrs.evolve(self, public_key=self.public_key.with_comment(comment))


class _Ed448:
    """The family's entry in the registry."""

    def public_from_blob(
        self, kind: str, blob: bytes, comment: str, *, policy: KeyPolicy
    ) -> Ed448PublicKey:
        del kind, policy  # there is one kind, and no key of it is weaker than another
        return _public(_Public.decode(blob).point, blob, comment)

    def end_of_public(self, data: bytes) -> int:
        return _Public.read(data, 0)[1]

    def read_private(
        self, data: bytes, pos: int, *, policy: KeyPolicy
    ) -> tuple[Ed448PrivateKey, int]:
        del policy
        section, end = _Section.read(data, pos)
        key = _from_seed(section.secret[:_SIZE])
        point = key.secret.public_key().public_bytes_raw()
        if section.point != point or section.secret[_SIZE:] != point:
            raise _differ()
        return key, end

    def read_ppk(self, public_key: PublicKey, data: bytes) -> tuple[Ed448PrivateKey, int]:
        section, end = _PPK.read(data, 0)
        key = _from_seed(section.secret.ljust(_SIZE, b"\0"))
        if key.public_key != public_key:
            raise _differ()
        return key, end

    def generate(self, kind: str, bits: int | None, comment: str) -> Ed448PrivateKey:
        del kind  # there is only one
        if bits not in (None, _BITS):
            problem = f"an Ed448 key has {_BITS} bits, not {bits}"
            raise UsageError(problem)
        return _adopt(ed448.Ed448PrivateKey.generate()).with_comment(comment)

    def adopt_public(self, key: object, *, policy: KeyPolicy) -> Ed448PublicKey | None:
        del policy
        if not isinstance(key, ed448.Ed448PublicKey):
            return None
        point = key.public_bytes_raw()
        return _public(point, _Public(point=point).encode())

    def adopt_private(self, key: object, *, policy: KeyPolicy) -> Ed448PrivateKey | None:
        del policy
        return _adopt(key) if isinstance(key, ed448.Ed448PrivateKey) else None


def _public(point: bytes, blob: bytes, comment: str = "") -> Ed448PublicKey:
    # "k is the public key ... of length 57 octets": 448 bits of y, seven zeros and a sign
    if len(point) != _SIZE:
        problem = f"an Ed448 public key has {_SIZE} bytes, not {len(point)}"
        raise KeyFormatError(problem)
    y = int.from_bytes(point, "little") & ~(1 << (8 * _SIZE - 1))
    if y >= _PRIME or y in _SMALL_ORDER:
        problem = "the Ed448 public key is not a point that can sign"
        raise KeyFormatError(problem)
    return Ed448PublicKey(kind=_KIND, blob=blob, comment=comment, point=point)


def _from_seed(seed: bytes) -> Ed448PrivateKey:
    if len(seed) != _SIZE:
        problem = f"an Ed448 private key has {_SIZE} bytes, not {len(seed)}"
        raise KeyFormatError(problem)
    return _adopt(ed448.Ed448PrivateKey.from_private_bytes(seed))


def _adopt(secret: ed448.Ed448PrivateKey) -> Ed448PrivateKey:
    point = secret.public_key().public_bytes_raw()
    public_key = _public(point, _Public(point=point).encode())
    return Ed448PrivateKey(public_key=public_key, secret=secret)


def _differ() -> KeyFormatError:
    return KeyFormatError("the private and the public half of the Ed448 key differ")


FAMILY: Final[PortableFamily] = _Ed448()
