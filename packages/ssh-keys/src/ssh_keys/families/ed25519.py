"""Ed25519 keys (RFC 8709, RFC 8032).

public    string "ssh-ed25519", string A (32 bytes)
private   string "ssh-ed25519", string A, string seed || A (64 bytes)
signature string "ssh-ed25519", string R || S (64 bytes)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final, Literal, Self

import attrs
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ed25519

from ssh_keys.errors import KeyFormatError
from ssh_keys.policy import KeyPolicy
from ssh_keys.private import PrivateKey
from ssh_keys.public import PublicKey
from ssh_wire import Record, UsageError, record

if TYPE_CHECKING:
    from ssh_keys.registry import PortableFamily
    from ssh_wire.primitives import Buffer

__all__ = ["FAMILY", "Ed25519PrivateKey", "Ed25519PublicKey"]

_KIND: Final = "ssh-ed25519"
_SIZE: Final = 32
_SIGNATURE_SIZE: Final = 64

_PRIME: Final = 2**255 - 19
_ORDER_8: Final = 0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826
_SMALL_ORDER: Final = frozenset({0, 1, _PRIME - 1, _ORDER_8, _PRIME - _ORDER_8})
"""y of the points whose order divides 8: anybody can sign for such a key."""


@record
class _Public(Record):
    """The public key blob (RFC 8709 section 4)."""

    kind: Literal["ssh-ed25519"] = attrs.field(default="ssh-ed25519", init=False)
    point: bytes


@record
class _Section(Record):
    """The private key of openssh-key-v1 (OpenSSH's PROTOCOL.key)."""

    kind: Literal["ssh-ed25519"] = attrs.field(default="ssh-ed25519", init=False)
    point: bytes
    secret: bytes = attrs.field(repr=False)


@record
class _PPK(Record):
    """The private key in PuTTY's format: the seed as a little-endian number."""

    secret: bytes = attrs.field(repr=False)


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Ed25519PublicKey(PublicKey):
    """An Ed25519 public key."""

    point: bytes

    @property
    def bits(self) -> int:
        """Always 256."""
        return 256

    @property
    def algorithms(self) -> tuple[str, ...]:
        """Its one algorithm."""
        return (_KIND,)

    def verify_blob(self, data: Buffer, algorithm: str, blob: bytes) -> bool:
        """Check R || S (RFC 8709 section 6)."""
        del algorithm  # there is only one
        return len(blob) == _SIGNATURE_SIZE and _verifier.verify(self.point, data, blob)

    def provider(self) -> ed25519.Ed25519PublicKey:
        """Return the key as the object of `cryptography` that holds it."""
        return ed25519.Ed25519PublicKey.from_public_bytes(self.point)


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Ed25519PrivateKey(PrivateKey):
    """An Ed25519 private key."""

    secret: ed25519.Ed25519PrivateKey

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

    def provider(self) -> ed25519.Ed25519PrivateKey:
        """Return the key as the object of `cryptography` that holds it."""
        return self.secret

    def with_comment(self, comment: str) -> Self:
        """Return the same key with another comment."""
        return attrs.evolve(self, public_key=self.public_key.with_comment(comment))


class _Verifier:
    """Checks signatures with the library that is cheaper by now.

    PyNaCl takes half the time of cryptography but costs an import that a client with one
    signature to check never earns back.  Both check the same equation on the keys that
    `public_from_blob` lets through.
    """

    WORTH_THE_IMPORT: Final = 256

    def __init__(self) -> None:
        self._count = 0

    def verify(self, point: bytes, data: Buffer, blob: bytes) -> bool:
        self._count += 1
        if self._count > self.WORTH_THE_IMPORT:
            return self._verify_fast(point, data, blob)
        try:
            ed25519.Ed25519PublicKey.from_public_bytes(point).verify(blob, data)
        except InvalidSignature:
            return False
        return True

    @staticmethod
    def _verify_fast(point: bytes, data: Buffer, blob: bytes) -> bool:
        from nacl.bindings import crypto_sign_open  # noqa: PLC0415 (15 ms, see the class)
        from nacl.exceptions import BadSignatureError  # noqa: PLC0415 (the same)

        try:
            crypto_sign_open(blob + bytes(data), point)
        except BadSignatureError:
            return False
        return True


class _Ed25519:
    """The family's entry in the registry."""

    def public_from_blob(
        self, kind: str, blob: bytes, comment: str, *, policy: KeyPolicy
    ) -> Ed25519PublicKey:
        del kind, policy  # there is one kind, and no key of it is weaker than another
        return _public(_Public.decode(blob).point, blob, comment)

    def end_of_public(self, data: bytes) -> int:
        return _Public.read(data, 0)[1]

    def read_private(
        self, data: bytes, pos: int, *, policy: KeyPolicy
    ) -> tuple[Ed25519PrivateKey, int]:
        del policy
        section, end = _Section.read(data, pos)
        # "k": the 32-byte seed with the 32-byte public key behind it
        if len(section.secret) != 2 * _SIZE:
            problem = f"an Ed25519 private key has 64 bytes, not {len(section.secret)}"
            raise KeyFormatError(problem)
        secret = ed25519.Ed25519PrivateKey.from_private_bytes(section.secret[:_SIZE])
        point = secret.public_key().public_bytes_raw()
        if not point == section.point == section.secret[_SIZE:]:
            raise _differ()
        return _adopt(secret), end

    def read_ppk(self, public_key: PublicKey, data: bytes) -> tuple[Ed25519PrivateKey, int]:
        section, end = _PPK.read(data, 0)
        seed = section.secret.ljust(_SIZE, b"\0")
        if len(seed) != _SIZE:
            problem = f"an Ed25519 private key has {_SIZE} bytes, not {len(seed)}"
            raise KeyFormatError(problem)
        key = _adopt(ed25519.Ed25519PrivateKey.from_private_bytes(seed))
        if key.public_key != public_key:
            raise _differ()
        return key, end

    def generate(self, kind: str, bits: int | None, comment: str) -> Ed25519PrivateKey:
        del kind  # there is only one
        if bits not in (None, 256):
            problem = f"an Ed25519 key has 256 bits, not {bits}"
            raise UsageError(problem)
        return _adopt(ed25519.Ed25519PrivateKey.generate()).with_comment(comment)

    def adopt_public(self, key: object, *, policy: KeyPolicy) -> Ed25519PublicKey | None:
        del policy
        if not isinstance(key, ed25519.Ed25519PublicKey):
            return None
        point = key.public_bytes_raw()
        return _public(point, _Public(point=point).encode())

    def adopt_private(self, key: object, *, policy: KeyPolicy) -> Ed25519PrivateKey | None:
        del policy
        return _adopt(key) if isinstance(key, ed25519.Ed25519PrivateKey) else None


def _public(point: bytes, blob: bytes, comment: str = "") -> Ed25519PublicKey:
    # "k is the public key ... of length 32 octets"; a point is 255 bits of y and a sign
    if len(point) != _SIZE:
        problem = f"an Ed25519 public key has {_SIZE} bytes, not {len(point)}"
        raise KeyFormatError(problem)
    y = int.from_bytes(point, "little") & ((1 << 255) - 1)
    if y >= _PRIME or y in _SMALL_ORDER:
        problem = "the Ed25519 public key is not a point that can sign"
        raise KeyFormatError(problem)
    return Ed25519PublicKey(kind=_KIND, blob=blob, comment=comment, point=point)


def _adopt(secret: ed25519.Ed25519PrivateKey) -> Ed25519PrivateKey:
    point = secret.public_key().public_bytes_raw()
    public_key = _public(point, _Public(point=point).encode())
    return Ed25519PrivateKey(public_key=public_key, secret=secret)


def _differ() -> KeyFormatError:
    return KeyFormatError("the private and the public half of the Ed25519 key differ")


_verifier = _Verifier()
FAMILY: Final[PortableFamily] = _Ed25519()
