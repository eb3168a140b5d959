from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric import ed448 as provider
from hypothesis import given, settings
from hypothesis import strategies as st

from ssh_keys import KeyFormatError, KeyPolicy, PrivateKey, PublicKey, Signature, load_private_key
from ssh_keys.families.edwards import ED448 as FAMILY
from ssh_keys.families.edwards import EdwardsPrivateKey, EdwardsPublicKey
from ssh_wire import UsageError
from ssh_wire.primitives import string

KIND = "ssh-ed448"
# RFC 8032 section 7.4, "Blank" and "1 octet"
SEED = bytes.fromhex(
    "6c82a562cb808d10d632be89c8513ebf6c929f34ddfa8c9f63c9960ef6e348a3"
    "528c8a3fcc2f044e39a3fc5b94492f8f032e7549a20098f95b"
)
POINT = bytes.fromhex(
    "5fd7449b59b461fd2ce787ec616ad46a1da1342485a70e1f8a0ea75d80e96778"
    "edf124769b46c7061bd6783df1e50f6cd1fa1abeafe8256180"
)
SIGNATURE = bytes.fromhex(
    "533a37f6bbe457251f023c0d88f976ae2dfb504a843e34d2074fd823d41a591f"
    "2b233f034f628281f2fd7a22ddd47d7828c59bd0a21bfd3980ff0d2028d4b18a"
    "9df63e006c5d1c2d345b925d8dc00b4104852db99ac5c7cdda8530a113a0f4db"
    "b61149f05a7363268c71d95808ff2e652600"
)
PRIME = 2**448 - 2**224 - 1
ORDER = 2**446 - 0x8335DC163BB124B65129C96FDE933D8D723A70AADC873D6D54A7BB0D


def section(point: bytes, secret: bytes) -> bytes:
    return string(KIND) + string(point) + string(secret)


def test_ed448_vector_of_rfc_8032_verifies() -> None:
    key, end = FAMILY.read_private(
        section(POINT, SEED + POINT) + b"more", 0, policy=KeyPolicy.DEFAULT
    )
    assert end == len(section(POINT, SEED + POINT))
    assert Signature.decode(key.sign(b"")).blob == SIGNATURE
    assert key.public_key.verify(b"", Signature(algorithm=KIND, blob=SIGNATURE).encode())


def test_ed448_key_is_converted_to_cryptography_and_back(keys: dict[str, PrivateKey]) -> None:
    key = keys[KIND]
    assert isinstance(key, EdwardsPrivateKey)
    assert isinstance(key.public_key, EdwardsPublicKey)
    assert key.public_key.bits == 448
    assert key.public_key.algorithms == (KIND,)
    public = key.public_key.to_cryptography()
    assert isinstance(public, provider.Ed448PublicKey)
    assert FAMILY.public_from_cryptography(public, policy=KeyPolicy.DEFAULT) == key.public_key
    assert FAMILY.public_from_cryptography(object(), policy=KeyPolicy.DEFAULT) is None
    assert FAMILY.private_from_cryptography(object(), policy=KeyPolicy.DEFAULT) is None
    found = FAMILY.private_from_cryptography(key.to_cryptography(), policy=KeyPolicy.DEFAULT)
    assert found is not None
    assert found.public_key == key.public_key


def test_ed448_key_of_another_size_is_not_generated() -> None:
    assert PrivateKey.generate("ed448", 448).public_key.kind == KIND
    with pytest.raises(UsageError, match="has 448 bits, not 256"):
        PrivateKey.generate("ed448", 256)


@pytest.mark.row("K01")
@pytest.mark.parametrize("size", [0, 32, 56, 58, 114])
def test_ed448_public_key_of_another_size_is_refused(size: int) -> None:
    with pytest.raises(KeyFormatError, match=f"57 bytes, not {size}"):
        PublicKey.from_blob(string(KIND) + string(bytes(size)))


@pytest.mark.row("K01")
@pytest.mark.parametrize("size", [0, 56, 57, 115])
def test_ed448_private_key_of_another_size_is_refused(size: int) -> None:
    secret = (SEED + POINT + b"\0")[:size]
    with pytest.raises(KeyFormatError, match=f"114 bytes, not {size}"):
        FAMILY.read_private(section(POINT, secret), 0, policy=KeyPolicy.DEFAULT)


@pytest.mark.row("K08")
@pytest.mark.parametrize(
    ("point", "secret"),
    [
        (POINT, SEED + bytes(57)),
        (POINT[::-1], SEED + POINT),
        (POINT, SEED[::-1] + POINT),
        (b"", SEED + POINT),
    ],
)
def test_ed448_private_key_of_another_public_key_is_refused(point: bytes, secret: bytes) -> None:
    with pytest.raises(KeyFormatError, match="differ"):
        FAMILY.read_private(section(point, secret), 0, policy=KeyPolicy.DEFAULT)


@pytest.mark.row("K01")
@pytest.mark.parametrize("sign", [0, 0x80])
@pytest.mark.parametrize("y", [0, 1, PRIME - 1, PRIME, PRIME + 1, 2**448, 2**455 - 1])
def test_ed448_point_of_small_order_is_refused(y: int, sign: int) -> None:
    point = bytearray(y.to_bytes(57, "little"))
    point[56] |= sign
    with pytest.raises(KeyFormatError, match="not a point that can sign"):
        PublicKey.from_blob(string(KIND) + string(point))


@pytest.mark.parametrize(
    "blob",
    [
        b"",
        SIGNATURE[:-1],
        SIGNATURE + b"\0",
        SIGNATURE[:57] + bytes(57),
        bytes(114),
        SIGNATURE[:-1] + b"\x80",
        # "S ... in the range 0 <= s < L": the same signature with S + L
        SIGNATURE[:57] + (int.from_bytes(SIGNATURE[57:], "little") + ORDER).to_bytes(57, "little"),
    ],
)
def test_ed448_signature_has_one_encoding(blob: bytes) -> None:
    public = PublicKey.from_blob(string(KIND) + string(POINT))
    assert public.verify_blob(b"", KIND, SIGNATURE)
    assert not public.verify_blob(b"", KIND, blob)
    assert not public.verify_blob(b"x", KIND, SIGNATURE)


@given(y=st.integers(2, PRIME - 2), blob=st.binary(min_size=114, max_size=114))
@settings(deadline=None, max_examples=50)
def test_ed448_point_verifies_no_random_signature(y: int, blob: bytes) -> None:
    public = PublicKey.from_blob(string(KIND) + string(y.to_bytes(57, "little")))
    assert not public.verify_blob(b"data", KIND, blob)


@pytest.mark.parametrize("passphrase", [None, "pass"])
def test_ed448_key_is_read_back_from_pem(
    passphrase: str | None, keys: dict[str, PrivateKey]
) -> None:
    text = keys[KIND].to_pem(passphrase)
    assert load_private_key(text, passphrase).public_key == keys[KIND].public_key
    with pytest.raises(UsageError, match="not saved as 'traditional'"):
        keys[KIND].to_pem(passphrase, form="traditional")


def test_ed448_seed_is_read_from_puttys_format() -> None:
    public = PublicKey.from_blob(string(KIND) + string(POINT))
    key, end = FAMILY.read_ppk(public, string(SEED) + b"padding")
    assert end == 61
    assert key.public_key == public
    assert key.ppk_fields().encode() == string(SEED)
    for secret in (SEED + b"\0", SEED[:-1], b""):
        with pytest.raises(KeyFormatError):
            FAMILY.read_ppk(public, string(secret))


def test_ed448_seed_that_ends_in_zeros_is_restored() -> None:
    seed = bytes(55) + b"\1\0"
    key = FAMILY.private_from_cryptography(
        provider.Ed448PrivateKey.from_private_bytes(seed), policy=KeyPolicy.DEFAULT
    )
    assert key is not None
    # PuTTY stores a number, without leading zeros, which in little-endian come last
    assert key.ppk_fields().encode() == string(seed[:56])
    assert (
        FAMILY.read_ppk(key.public_key, string(seed[:56]))[0].private_fields()
        == key.private_fields()
    )
