"""ECDH over the NIST curves as `ecdh-sha2-nistp*` (RFC 5656 section 4)."""

from __future__ import annotations

from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ssh_transport.errors import KeyExchangeFailed
from ssh_transport.kex.base import Random

__all__ = ["CURVES", "NISTP256", "NISTP384", "NISTP521", "Curve", "CurveKeyPair"]


class Curve(NamedTuple):
    """One curve of SEC 2."""

    curve: ec.EllipticCurve
    """The curve as `cryptography` knows it."""

    order: int
    """The order of its base point."""

    @property
    def size(self) -> int:
        """Bytes of an uncompressed point."""
        return 1 + 2 * ((self.curve.key_size + 7) // 8)

    def key_pair(self, random: Random) -> CurveKeyPair:
        """Make an ephemeral key pair."""
        return CurveKeyPair(self, random)


NISTP256 = Curve(
    ec.SECP256R1(),
    0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
)
NISTP384 = Curve(
    ec.SECP384R1(),
    int(
        "ffffffffffffffffffffffffffffffffffffffffffffffff"
        "c7634d81f4372ddf581a0db248b0a77aecec196accc52973",
        16,
    ),
)
NISTP521 = Curve(
    ec.SECP521R1(),
    int(
        "01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa"
        "51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409",
        16,
    ),
)
_UNCOMPRESSED = 4  # the first byte of such a point (SEC 1 section 2.3.3)
CURVES = {"nistp256": NISTP256, "nistp384": NISTP384, "nistp521": NISTP521}


class CurveKeyPair:
    """An ephemeral key pair over a curve."""

    __slots__ = ("_curve", "_private", "public")

    def __init__(self, curve: Curve, random: Random) -> None:
        # 64 bits more than the order has: the bias that the reduction leaves is negligible
        # (FIPS 186-5 appendix A.2.1)
        wide = int.from_bytes(random((curve.order.bit_length() + 7) // 8 + 8), "big")
        self._curve = curve
        self._private = ec.derive_private_key(wide % (curve.order - 1) + 1, curve.curve)
        self.public: bytes = self._private.public_key().public_bytes(
            Encoding.X962, PublicFormat.UncompressedPoint
        )

    def exchange(self, peer: bytes) -> bytes:
        """Return the shared secret: the x-coordinate, as long as the field's elements."""
        return self._private.exchange(ec.ECDH(), _point(self._curve, peer))


def _point(curve: Curve, encoded: bytes) -> ec.EllipticCurvePublicKey:
    # "An elliptic curve public key ... MUST be validated"; compressed points are allowed
    # only where both sides know of it, which no one does
    if len(encoded) != curve.size or encoded[0] != _UNCOMPRESSED:
        problem = f"an ECDH share that is not an uncompressed point of {curve.curve.name}"
        raise KeyExchangeFailed(problem)
    try:
        return ec.EllipticCurvePublicKey.from_encoded_point(curve.curve, encoded)
    except ValueError:
        problem = f"an ECDH share that is not a point of {curve.curve.name}"
        raise KeyExchangeFailed(problem) from None
