from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssh_transport.kex.base import secret_mpint, secret_string
from ssh_transport.keyexchange.derivation import KeySource, derive, exchange_hash, wipe
from ssh_transport.keyexchange.negotiation import DirectionAgreement
from ssh_wire.primitives import encode_mpint, string


@pytest.mark.parametrize("name", ["sha256", "sha384", "sha512"])
@pytest.mark.parametrize("size", [0, 4, 12, 16, 20, 32, 33, 64, 128, 200])
def test_keys_are_derived_as_section_7_2_says(name: str, size: int) -> None:
    k, h, session = b"\0\0\0\x01k", b"h" * 32, b"s" * 32
    expected = hashlib.new(name, k + h + b"C" + session).digest()
    while len(expected) < size:
        expected += hashlib.new(name, k + h + expected).digest()
    source = KeySource(name, bytearray(k), h, session)
    assert derive(source, b"C", size) == expected[:size]


def test_derived_keys_match_test_vector() -> None:
    source = KeySource("sha256", bytearray(b"\0\0\0\x02\x12\x34"), b"H" * 32, b"S" * 32)
    assert derive(source, b"A", 48).hex() == (
        "d2498a315e0c9538f8db26085d2b6ee4a84db50da577a23d602fd245274be758"
        "91d6db807e95a9aed8f9abbda0518e11"
    )


def test_exchange_hash_covers_strings_and_encoded_secret() -> None:
    strings = (b"V_C", b"V_S", b"I_C", b"I_S", b"K_S", b"Q_C", b"Q_S")
    secret = secret_mpint(b"\x80")
    expected = hashlib.sha512(b"".join(map(string, strings)) + b"\0\0\0\x02\0\x80").digest()
    assert exchange_hash("sha512", strings, secret) == expected


@given(st.binary(max_size=70))
def test_secret_is_encoded_as_mpint_of_its_bytes(secret: bytes) -> None:
    number = int.from_bytes(secret, "big")
    assert bytes(secret_mpint(secret)) == string(encode_mpint(number))
    assert bytes(secret_string(secret)) == string(secret)


def test_directions_have_their_own_keys() -> None:
    source = KeySource("sha256", bytearray(b"k"), b"h", b"s")
    agreed = DirectionAgreement("aes128-ctr", "hmac-sha2-256", "none")
    packet = bytes(12) + b"\0" * 20
    sealed = {side: source.sealer(side, agreed).seal(packet, 0) for side in ("client", "server")}
    assert sealed["client"] != sealed["server"]


def test_wipe_overwrites_secret_with_zeros() -> None:
    source = KeySource("sha256", bytearray(b"secret"), b"h", b"s")
    source.wipe()
    assert source.secret == bytes(6)
    buffer = bytearray(b"abcdef")
    wipe(memoryview(buffer)[2:4])
    assert buffer == b"ab\0\0ef"


def test_repr_of_key_source_hides_secret() -> None:
    source = KeySource("sha256", bytearray(b"secret"), b"hashed", b"session")
    assert repr(source) == "KeySource(hash_name='sha256')"
