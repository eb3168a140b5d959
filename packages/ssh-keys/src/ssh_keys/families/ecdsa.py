"""ECDSA keys on nistp256, nistp384 and nistp521 (RFC 5656 section 3).

public    string "ecdsa-sha2-[curve]", string [curve], string Q
private   string "ecdsa-sha2-[curve]", string [curve], string Q, mpint d
signature string "ecdsa-sha2-[curve]", string (mpint r, mpint s)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)

from ssh_keys.errors import KeyFormatError, UnsupportedKey
from ssh_keys.policy import KeyPolicy
from ssh_keys.private import PrivateKey
from ssh_keys.public import PublicKey
from ssh_wire import MPInt, Record, UsageError, WireError, lazy_attrs, record

if TYPE_CHECKING:
    from ssh_keys.registry import PortableFamily
    from ssh_wire.primitives import Buffer

__all__ = ["FAMILY", "ECDSAPrivateKey", "ECDSAPublicKey"]


@lazy_attrs.frozen
class _Curve:
    """One curve of RFC 5656 section 10.1 and the hash that section 6.2.1 pairs with it."""

    name: str
    bits: int
    curve: ec.EllipticCurve
    hash: hashes.HashAlgorithm
    prime: int
    b: int

    @property
    def kind(self) -> str:
        return f"ecdsa-sha2-{self.name}"

    def holds(self, point: bytes) -> bool:
        """Say whether `point` is an uncompressed point of the curve (SEC 1 section 2.3.4)."""
        size = (self.bits + 7) // 8
        if len(point) != 1 + 2 * size or point[0] != _UNCOMPRESSED:
            return False
        x = int.from_bytes(point[1 : 1 + size])
        y = int.from_bytes(point[1 + size :])
        # y² = x³ - 3x + b; the cofactor is 1, so every point on the curve is a key
        on_curve = (y * y - (x * x - 3) * x - self.b) % self.prime == 0
        return on_curve and x < self.prime and y < self.prime


_UNCOMPRESSED: Final = 4
_CURVES: Final = (
    _Curve(
        "nistp256",
        256,
        ec.SECP256R1(),
        hashes.SHA256(),
        2**256 - 2**224 + 2**192 + 2**96 - 1,
        0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B,
    ),
    _Curve(
        "nistp384",
        384,
        ec.SECP384R1(),
        hashes.SHA384(),
        2**384 - 2**128 - 2**96 + 2**32 - 1,
        0xB3312FA7E23EE7E4988E056BE3F82D19181D9C6EFE8141120314088F5013875AC656398D8A2ED19D2A85C8EDD3EC2AEF,
    ),
    _Curve(
        "nistp521",
        521,
        ec.SECP521R1(),
        hashes.SHA512(),
        2**521 - 1,
        0x0051953EB9618E1C9A1F929A21A0B68540EEA2DA725B99B315F3B8B489918EF109E156193951EC7E937B1652C0BD3BB1BF073573DF883D2C34F1EF451FD46B503F00,
    ),
)
_BY_KIND: Final = {curve.kind: curve for curve in _CURVES}
_BY_BITS: Final = {curve.bits: curve for curve in _CURVES}


@record
class _Public(Record):
    """The public key blob (RFC 5656 section 3.1)."""

    kind: str
    curve: str
    point: bytes


@record
class _Section(Record):
    """The private key of openssh-key-v1 (OpenSSH's PROTOCOL.key)."""

    kind: str
    curve: str
    point: bytes
    secret: MPInt = lazy_attrs.field(repr=False)


@record
class _PPK(Record):
    """The private key in PuTTY's format."""

    secret: MPInt = lazy_attrs.field(repr=False)


@record
class _Signature(Record):
    """The inner signature blob (RFC 5656 section 3.1.2)."""

    r: MPInt
    s: MPInt


@lazy_attrs.frozen(kw_only=True, eq=False, repr=False)
class ECDSAPublicKey(PublicKey):
    """An ECDSA public key."""

    curve: _Curve
    point: bytes

    @property
    def bits(self) -> int:
        """The size of the curve."""
        return self.curve.bits

    @property
    def algorithms(self) -> tuple[str, ...]:
        """Its one algorithm, named as the key is."""
        return (self.kind,)

    def verify_blob(self, data: Buffer, algorithm: str, blob: bytes) -> bool:
        """Check r and s (RFC 5656 section 3.1.2)."""
        del algorithm  # the curve has only one
        try:
            signature = _Signature.decode(blob)
            der = encode_dss_signature(signature.r, signature.s)
            self.to_cryptography().verify(der, data, ec.ECDSA(self.curve.hash))
        except (WireError, InvalidSignature):
            return False
        return True

    def to_cryptography(self) -> ec.EllipticCurvePublicKey:
        """Return the key as an object of `cryptography`."""
        return ec.EllipticCurvePublicKey.from_encoded_point(self.curve.curve, self.point)


@lazy_attrs.frozen(kw_only=True, eq=False, repr=False)
class ECDSAPrivateKey(PrivateKey):
    """An ECDSA private key."""

    curve: _Curve
    secret: ec.EllipticCurvePrivateKey

    def sign_blob(self, data: Buffer, algorithm: str) -> bytes:
        """Return r and s."""
        del algorithm  # the curve has only one
        r, s = decode_dss_signature(self.secret.sign(data, ec.ECDSA(self.curve.hash)))
        return _Signature(r=r, s=s).encode()

    def private_fields(self) -> Record:
        """Return the fields as openssh-key-v1 has them."""
        return _Section(
            kind=self.curve.kind,
            curve=self.curve.name,
            point=_encode_point(self.secret.public_key()),
            secret=self.secret.private_numbers().private_value,
        )

    def ppk_fields(self) -> Record:
        """Return the secret fields as PuTTY's format has them."""
        return _PPK(secret=self.secret.private_numbers().private_value)

    def to_cryptography(self) -> ec.EllipticCurvePrivateKey:
        """Return the key as an object of `cryptography`."""
        return self.secret


class _ECDSA:
    """The family, as `ssh_keys.registry` knows it."""

    def public_from_blob(
        self, kind: str, blob: bytes, comment: str, *, policy: KeyPolicy
    ) -> ECDSAPublicKey:
        del policy  # every curve is strong enough
        fields = _Public.decode(blob)
        return _public(_curve(kind, fields.curve), fields.point, blob, comment)

    def end_of_public(self, data: bytes) -> int:
        return _Public.read(data, 0)[1]

    def read_private(
        self, data: bytes, pos: int, *, policy: KeyPolicy
    ) -> tuple[ECDSAPrivateKey, int]:
        del policy
        section, end = _Section.read(data, pos)
        curve = _curve(section.kind, section.curve)
        return _from_secret(curve, section.secret, section.point), end

    def read_ppk(self, public_key: PublicKey, data: bytes) -> tuple[ECDSAPrivateKey, int]:
        fields = _Public.decode(public_key.blob)
        section, end = _PPK.read(data, 0)
        return _from_secret(_BY_KIND[fields.kind], section.secret, fields.point), end

    def generate(self, kind: str, bits: int | None, comment: str) -> ECDSAPrivateKey:
        named = _BY_KIND.get(kind)
        curve = named or _BY_BITS.get(bits or 256)
        if curve is None or bits not in (None, curve.bits):
            problem = f"an ECDSA key of kind {kind} has 256, 384 or 521 bits, not {bits}"
            raise UsageError(problem)
        return _from_cryptography(ec.generate_private_key(curve.curve)).with_comment(comment)

    def public_from_cryptography(self, key: object, *, policy: KeyPolicy) -> ECDSAPublicKey | None:
        del policy
        if not isinstance(key, ec.EllipticCurvePublicKey):
            return None
        return _public_from_cryptography(key)

    def private_from_cryptography(
        self, key: object, *, policy: KeyPolicy
    ) -> ECDSAPrivateKey | None:
        del policy
        return _from_cryptography(key) if isinstance(key, ec.EllipticCurvePrivateKey) else None


def _curve(kind: str, name: str) -> _Curve:
    curve = _BY_KIND[kind]
    if name != curve.name:
        problem = f"a key of kind {kind} names another curve"
        raise KeyFormatError(problem)
    return curve


def _public(curve: _Curve, point: bytes, blob: bytes, comment: str = "") -> ECDSAPublicKey:
    # "Q ... MUST be ... uncompressed", and a point of the curve
    if not curve.holds(point):
        problem = f"the ECDSA public key is not a point of {curve.name}"
        raise KeyFormatError(problem)
    return ECDSAPublicKey(kind=curve.kind, blob=blob, comment=comment, curve=curve, point=point)


def _encode_point(key: ec.EllipticCurvePublicKey) -> bytes:
    numbers = key.public_numbers()
    size = (key.curve.key_size + 7) // 8
    return bytes([_UNCOMPRESSED]) + numbers.x.to_bytes(size) + numbers.y.to_bytes(size)


def _from_secret(curve: _Curve, secret: int, point: bytes) -> ECDSAPrivateKey:
    try:
        key = _from_cryptography(ec.derive_private_key(secret, curve.curve))
    except ValueError:
        problem = "the ECDSA private key is not a number below the order of its curve"
        raise KeyFormatError(problem) from None
    if _encode_point(key.secret.public_key()) != point:
        problem = "the private and the public key of ECDSA differ"
        raise KeyFormatError(problem)
    return key


def _public_from_cryptography(key: ec.EllipticCurvePublicKey) -> ECDSAPublicKey:
    curve = next((curve for curve in _CURVES if curve.curve.name == key.curve.name), None)
    if curve is None:
        raise UnsupportedKey(key.curve.name, f"keys on the curve {key.curve.name} are refused")
    point = _encode_point(key)
    blob = _Public(kind=curve.kind, curve=curve.name, point=point).encode()
    return _public(curve, point, blob)


def _from_cryptography(secret: ec.EllipticCurvePrivateKey) -> ECDSAPrivateKey:
    public_key = _public_from_cryptography(secret.public_key())
    return ECDSAPrivateKey(public_key=public_key, curve=public_key.curve, secret=secret)


FAMILY: Final[PortableFamily] = _ECDSA()
