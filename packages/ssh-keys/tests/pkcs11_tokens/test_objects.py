"""Points as libraries write them, and objects that are no key of SSH."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, cast

import pkcs11
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import dsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from pkcs11 import Attribute, AttributeTypeInvalid, KeyType, Object, ObjectClass

from ssh_keys import KeyPolicy, PrivateKey
from ssh_keys.pkcs11 import Token
from ssh_keys.pkcs11.objects import public_key_of
from ssh_wire.primitives import read_string

KEYS = {
    kind: PrivateKey.generate(kind, comment="").public_key
    for kind in ("ssh-ed25519", "ssh-ed448", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp521")
}
PARAMETERS = {
    "ssh-ed25519": (bytes.fromhex("06032b6570"), b"\x13\x0cedwards25519"),
    "ssh-ed448": (bytes.fromhex("06032b6571"), b"\x13\x0aedwards448"),
    "ecdsa-sha2-nistp256": (bytes.fromhex("06082a8648ce3d030107"),),
    "ecdsa-sha2-nistp521": (bytes.fromhex("06052b81040023"),),
}


class Found(dict[Any, Any]):
    """An object of a token."""

    object_class: object = None

    def __missing__(self, name: object) -> object:
        raise AttributeTypeInvalid(name)


def point_of(kind: str) -> bytes:
    blob = KEYS[kind].blob
    strings: list[bytes] = []
    pos = 0
    while pos < len(blob):
        value, pos = read_string(blob, pos)
        strings.append(value)
    return strings[-1]


def public_key(parameters: bytes, point: bytes) -> object:
    found = Found(
        {
            Attribute.KEY_TYPE: KeyType.EC,
            Attribute.EC_PARAMS: parameters,
            Attribute.EC_POINT: point,
        }
    )
    return public_key_of(cast("Object", found), policy=KeyPolicy.DEFAULT)


def der(tag: int, content: bytes) -> bytes:
    length = bytes([len(content)]) if len(content) < 128 else bytes([0x81, len(content)])
    return bytes([tag]) + length + content


@pytest.mark.parametrize("kind", KEYS)
def test_point_is_read_in_each_way_that_libraries_write_it(kind: str) -> None:
    point = point_of(kind)

    for parameters in PARAMETERS[kind]:
        for written in (point, der(4, point), der(3, b"\0" + point)):
            assert public_key(parameters, written) == KEYS[kind]


@pytest.mark.parametrize("kind", KEYS)
def test_point_of_another_size_is_no_key(kind: str) -> None:
    point = point_of(kind)
    parameters = PARAMETERS[kind][0]

    for written in (b"", point[:-1], point + b"\0", der(4, point) + b"\0", der(5, point)):
        assert public_key(parameters, written) is None


def test_small_rsa_key_is_left_out() -> None:
    found = Found(
        {
            Attribute.KEY_TYPE: KeyType.RSA,
            Attribute.MODULUS: (2**1023 + 1).to_bytes(128),
            Attribute.PUBLIC_EXPONENT: b"\x01\x00\x01",
        }
    )

    assert public_key_of(cast("Object", found), policy=KeyPolicy.DEFAULT) is None


def test_certificate_of_family_that_ssh_has_not_is_left_out() -> None:
    dsa_key = dsa.generate_private_key(1024)  # noqa: S505 (it is refused)
    name = x509.Name([])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(name, name, dsa_key.public_key(), 1, now, now)
    found = Found({Attribute.VALUE: builder.sign(dsa_key, SHA256()).public_bytes(Encoding.DER)})
    found.object_class = ObjectClass.CERTIFICATE

    assert public_key_of(cast("Object", found), policy=KeyPolicy.DEFAULT) is None


def test_object_without_what_its_kind_has_is_left_out() -> None:
    found = Found({Attribute.KEY_TYPE: KeyType.EC})

    assert public_key_of(cast("Object", found), policy=KeyPolicy.DEFAULT) is None


def test_key_without_label_and_id_is_listed() -> None:
    kind = "ssh-ed25519"
    found = Found(
        {
            Attribute.KEY_TYPE: KeyType.EC_EDWARDS,
            Attribute.EC_PARAMS: PARAMETERS[kind][0],
            Attribute.EC_POINT: point_of(kind),
        }
    )

    class Session:
        def get_objects(self, wanted: dict[Any, Any]) -> list[Found]:
            return [found] if wanted[Attribute.CLASS] == ObjectClass.PUBLIC_KEY else []

    class FakeToken:
        label = "a\x1bb\0 "

        def open(self) -> Session:
            return Session()

    token = Token(cast("pkcs11.Token", FakeToken()), policy=KeyPolicy.DEFAULT)
    (key,) = token.keys

    assert (key.public_key, key.comment, key.key_id) == (KEYS[kind], "", b"")
    assert token.label == "a\\x1bb"
