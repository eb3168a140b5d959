"""Public keys and X.509 certificates of a token, as public keys (PKCS#11 3.1, section 4.2)."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Final, cast

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa

from ssh_keys import registry
from ssh_keys.errors import KeyFormatError

if TYPE_CHECKING:
    from pkcs11 import Object

    from ssh_keys.policy import KeyPolicy
    from ssh_keys.public import PublicKey

__all__ = ["public_key_of"]

_CURVES: Final[dict[bytes, ec.EllipticCurve]] = {
    # CKA_EC_PARAMS, the curve
    bytes.fromhex("06082a8648ce3d030107"): ec.SECP256R1(),
    bytes.fromhex("06052b81040022"): ec.SECP384R1(),
    bytes.fromhex("06052b81040023"): ec.SECP521R1(),
}
_ED25519: Final = (bytes.fromhex("06032b6570"), b"\x13\x0cedwards25519")
_ED448: Final = (bytes.fromhex("06032b6571"), b"\x13\x0aedwards448")
_OCTETS, _BITS = b"\x04", b"\x03"
_SHORT: Final = 128


def public_key_of(found: Object, *, policy: KeyPolicy) -> PublicKey | None:
    """Return the public key that an object of a token has; None where SSH knows no such key.

    Args:
        found: a public key, or an X.509 certificate.
        policy: which keys are strong enough to be used.
    """
    from pkcs11 import AttributeTypeInvalid

    # of another family, or not whole: the other keys of the token are of use
    odd = (ValueError, TypeError, UnsupportedAlgorithm, KeyFormatError, AttributeTypeInvalid)
    with suppress(*odd):
        key = _to_cryptography(found)
        for family in registry.portable_families():
            public_key = family.public_from_cryptography(key, policy=policy)
            if public_key is not None:
                return public_key
    return None


def _to_cryptography(found: Object) -> object:
    from pkcs11 import Attribute, KeyType, ObjectClass

    if found.object_class == ObjectClass.CERTIFICATE:
        data = cast("bytes", found[Attribute.VALUE])
        return x509.load_der_x509_certificate(data).public_key()
    kind = found[Attribute.KEY_TYPE]
    if kind == KeyType.RSA:
        n, e = found[Attribute.MODULUS], found[Attribute.PUBLIC_EXPONENT]
        numbers = (int.from_bytes(cast("bytes", each)) for each in (e, n))
        return rsa.RSAPublicNumbers(*numbers).public_key()
    parameters = cast("bytes", found[Attribute.EC_PARAMS])
    point = cast("bytes", found[Attribute.EC_POINT])
    if parameters in _ED25519:
        return ed25519.Ed25519PublicKey.from_public_bytes(_content(point, 32))
    if parameters in _ED448:
        return ed448.Ed448PublicKey.from_public_bytes(_content(point, 57))
    curve = _CURVES.get(parameters)
    if curve is None:
        problem = "a curve that SSH has no keys of"
        raise ValueError(problem)
    size = 1 + 2 * (-(-curve.key_size // 8))
    return ec.EllipticCurvePublicKey.from_encoded_point(curve, _content(point, size))


def _content(point: bytes, size: int) -> bytes:
    """Return a point without its DER header, which some libraries leave out.

    Raises:
        ValueError: it is of another size.
    """
    length = bytes([size]) if size < _SHORT else bytes([_SHORT + 1, size])
    bit_length = bytes([size + 1]) if size + 1 < _SHORT else bytes([_SHORT + 1, size + 1])
    for header in (b"", _OCTETS + length, _BITS + bit_length + b"\0"):
        if point.startswith(header) and len(point) == len(header) + size:
            return point[len(header) :]
    problem = f"a point of {len(point)} bytes"
    raise ValueError(problem)
