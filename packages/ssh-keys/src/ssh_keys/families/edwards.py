"""Ed25519 and Ed448 keys (RFC 8709, RFC 8032): one family for each of two Edwards curves.

public    string kind, string A
private   string kind, string A, string seed || A
signature string kind, string R || S

RFC 8709 has no private format.  That of Ed25519 is OpenSSH's (PROTOCOL.key); that of Ed448,
which OpenSSH has not, is PuTTY's and AsyncSSH's, after it.

`cryptography` signs and verifies.  PyNaCl verifies Ed25519 in 54 µs instead of 105 µs, a
hundredth of what a handshake takes, and its import costs 20 ms; so one library does all, and
whether a signature is good never depends on which of two was asked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final, TypeAlias

from cryptography.exceptions import InvalidSignature

from ssh_keys.errors import KeyFormatError
from ssh_keys.private import PrivateKey
from ssh_keys.public import PublicKey
from ssh_wire import Record, UsageError, lazy, lazy_attrs, record

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric import ed448, ed25519

    from ssh_keys.policy import KeyPolicy
    from ssh_keys.registry import PortableFamily
    from ssh_wire.primitives import Buffer

__all__ = ["ED448", "ED25519", "EdwardsPrivateKey", "EdwardsPublicKey"]

_Public: TypeAlias = "ed25519.Ed25519PublicKey | ed448.Ed448PublicKey"
_Private: TypeAlias = "ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey"


@lazy_attrs.frozen
class _Curve:
    """One curve of RFC 8032, with the classes of `cryptography` for it.

    Attributes:
        name: what people call it.
        kind: the name of its keys and of its signatures.
        bits: the size of a key as `ssh-keygen -l` counts it.
        size: the length of a point and of a seed, in bytes.
        prime: the prime of its field.
        small_order: y of the points of small order; anyone can sign for such a key.
    """

    name: str
    kind: str
    bits: int
    size: int
    prime: int
    small_order: frozenset[int]

    @property
    def public(self) -> type[_Public]:
        """The class of public keys."""
        found: type[_Public] = lazy.load(f"{self._module}:{self.name}PublicKey")
        return found

    @property
    def private(self) -> type[_Private]:
        """The class of private keys."""
        found: type[_Private] = lazy.load(f"{self._module}:{self.name}PrivateKey")
        return found

    @property
    def _module(self) -> str:
        return f"cryptography.hazmat.primitives.asymmetric.{self.name.lower()}"

    def holds(self, point: bytes) -> bool:
        """Say whether `point` encodes a y below the prime, and one that is not of small order."""
        sign = 1 << (8 * self.size - 1)
        y = int.from_bytes(point, "little") & ~sign
        return y < self.prime and y not in self.small_order


_P25519: Final = 2**255 - 19
_P448: Final = 2**448 - 2**224 - 1
_ORDER_8: Final = 0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826

_ED25519: Final = _Curve(
    "Ed25519",
    "ssh-ed25519",
    256,
    32,
    _P25519,
    frozenset({0, 1, _P25519 - 1, _ORDER_8, _P25519 - _ORDER_8}),
)
_ED448: Final = _Curve(
    "Ed448",
    "ssh-ed448",
    448,
    57,
    _P448,
    frozenset({0, 1, _P448 - 1}),
)


@record
class _PublicBlob(Record):
    """The public key blob (RFC 8709 section 4)."""

    kind: str
    point: bytes


@record
class _Section(Record):
    """The private key of openssh-key-v1."""

    kind: str
    point: bytes
    secret: bytes = lazy_attrs.field(repr=False)


@record
class _PPK(Record):
    """The private key in PuTTY's format: the seed as a little-endian number."""

    secret: bytes = lazy_attrs.field(repr=False)


@lazy_attrs.frozen(kw_only=True, eq=False, repr=False)
class EdwardsPublicKey(PublicKey):
    """An Ed25519 or Ed448 public key."""

    curve: _Curve
    point: bytes

    @property
    def bits(self) -> int:
        """The size of the curve: 256 or 448."""
        return self.curve.bits

    @property
    def algorithms(self) -> tuple[str, ...]:
        """Its one algorithm, named as the key is."""
        return (self.kind,)

    def verify_blob(self, data: Buffer, algorithm: str, blob: bytes) -> bool:
        """Check R || S (RFC 8709 section 6)."""
        del algorithm  # there is only one
        try:
            self.to_cryptography().verify(blob, data)
        except InvalidSignature:
            return False
        return len(blob) == 2 * self.curve.size

    def to_cryptography(self) -> _Public:
        """Return the key as an object of `cryptography`."""
        return self.curve.public.from_public_bytes(self.point)


@lazy_attrs.frozen(kw_only=True, eq=False, repr=False)
class EdwardsPrivateKey(PrivateKey):
    """An Ed25519 or Ed448 private key."""

    secret: _Private

    check_signatures: ClassVar[bool] = False

    def sign_blob(self, data: Buffer, algorithm: str) -> bytes:
        """Return R || S."""
        del algorithm  # there is only one
        return self.secret.sign(data)

    def private_fields(self) -> Record:
        """Return the fields as openssh-key-v1 has them."""
        point = self.secret.public_key().public_bytes_raw()
        secret = self.secret.private_bytes_raw() + point
        return _Section(kind=self.public_key.kind, point=point, secret=secret)

    def ppk_fields(self) -> Record:
        """Return the secret fields as PuTTY's format has them."""
        return _PPK(secret=self.secret.private_bytes_raw().rstrip(b"\0"))

    def to_cryptography(self) -> _Private:
        """Return the key as an object of `cryptography`."""
        return self.secret


@lazy_attrs.frozen
class _Edwards:
    """The family of one curve: its entry in the registry."""

    curve: _Curve

    def public_from_blob(
        self, kind: str, blob: bytes, comment: str, *, policy: KeyPolicy
    ) -> EdwardsPublicKey:
        del kind, policy  # there is one kind, and no key of it is weaker than another
        return self._public(_PublicBlob.decode(blob).point, blob, comment)

    def end_of_public(self, data: bytes) -> int:
        return _PublicBlob.read(data, 0)[1]

    def read_private(
        self, data: bytes, pos: int, *, policy: KeyPolicy
    ) -> tuple[EdwardsPrivateKey, int]:
        del policy
        section, end = _Section.read(data, pos)
        size = self.curve.size
        # "k": the seed, then the public key
        if len(section.secret) != 2 * size:
            raise self._wrong_size(2 * size, section.secret)
        key = self._from_seed(section.secret[:size])
        point = key.secret.public_key().public_bytes_raw()
        if not point == section.point == section.secret[size:]:
            raise self._differ()
        return key, end

    def read_ppk(self, public_key: PublicKey, data: bytes) -> tuple[EdwardsPrivateKey, int]:
        section, end = _PPK.read(data, 0)
        key = self._from_seed(section.secret.ljust(self.curve.size, b"\0"))
        if key.public_key != public_key:
            raise self._differ()
        return key, end

    def generate(self, kind: str, bits: int | None, comment: str) -> EdwardsPrivateKey:
        del kind  # there is only one
        if bits not in (None, self.curve.bits):
            problem = f"an {self.curve.name} key has {self.curve.bits} bits, not {bits}"
            raise UsageError(problem)
        return self._from_cryptography(self.curve.private.generate()).with_comment(comment)

    def public_from_cryptography(
        self, key: object, *, policy: KeyPolicy
    ) -> EdwardsPublicKey | None:
        del policy
        if not isinstance(key, self.curve.public):
            return None
        point = key.public_bytes_raw()
        return self._public(point, self._blob(point))

    def private_from_cryptography(
        self, key: object, *, policy: KeyPolicy
    ) -> EdwardsPrivateKey | None:
        del policy
        return self._from_cryptography(key) if isinstance(key, self.curve.private) else None

    def _public(self, point: bytes, blob: bytes, comment: str = "") -> EdwardsPublicKey:
        curve = self.curve
        # "k is the public key ... of length 32 octets", and of length 57 octets for Ed448
        if len(point) != curve.size:
            problem = f"an {curve.name} public key has {curve.size} bytes, not {len(point)}"
            raise KeyFormatError(problem)
        if not curve.holds(point):
            problem = f"the {curve.name} public key is not a point that can sign"
            raise KeyFormatError(problem)
        return EdwardsPublicKey(
            kind=curve.kind, blob=blob, comment=comment, curve=curve, point=point
        )

    def _blob(self, point: bytes) -> bytes:
        return _PublicBlob(kind=self.curve.kind, point=point).encode()

    def _from_seed(self, seed: bytes) -> EdwardsPrivateKey:
        if len(seed) != self.curve.size:
            raise self._wrong_size(self.curve.size, seed)
        return self._from_cryptography(self.curve.private.from_private_bytes(seed))

    def _from_cryptography(self, secret: _Private) -> EdwardsPrivateKey:
        point = secret.public_key().public_bytes_raw()
        return EdwardsPrivateKey(public_key=self._public(point, self._blob(point)), secret=secret)

    def _wrong_size(self, size: int, secret: bytes) -> KeyFormatError:
        return KeyFormatError(
            f"an {self.curve.name} private key has {size} bytes, not {len(secret)}"
        )

    def _differ(self) -> KeyFormatError:
        return KeyFormatError(f"the private and the public key of {self.curve.name} differ")


ED25519: Final[PortableFamily] = _Edwards(_ED25519)
ED448: Final[PortableFamily] = _Edwards(_ED448)
