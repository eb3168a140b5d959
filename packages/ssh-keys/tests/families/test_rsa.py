from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa as provider

from ssh_keys import KeyFormatError, KeyPolicy, PrivateKey, PublicKey, Signature, load_private_key
from ssh_keys.families.rsa import FAMILY, RSAPrivateKey, RSAPublicKey
from ssh_keys.formats.armor import enclose
from ssh_wire.primitives import encode_mpint, string

Program = Callable[..., bytes]

SHA256_INFO = bytes.fromhex("3031300d060960864801650304020105000420")


def mpint(value: int) -> bytes:
    return string(encode_mpint(value))


def blob_of(e: int, n: int) -> bytes:
    return string("ssh-rsa") + mpint(e) + mpint(n)


@pytest.mark.row("K02")
@pytest.mark.parametrize("bits", [2048, 2049, 4096, 16384])
def test_modulus_within_the_limits_is_accepted(bits: int) -> None:
    key = PublicKey.from_blob(blob_of(65537, (1 << (bits - 1)) + 1))
    assert key.bits == bits
    assert key.algorithms == ("rsa-sha2-512", "rsa-sha2-256")


@pytest.mark.row("K02")
@pytest.mark.parametrize("n", [0, 1, 3, (1 << 1023) + 1, (1 << 2047) - 1])
def test_modulus_that_is_too_short_is_refused(n: int) -> None:
    with pytest.raises(KeyFormatError, match="outside 2048 to 16384"):
        PublicKey.from_blob(blob_of(65537, n))


@pytest.mark.row("K02")
@pytest.mark.parametrize("bits", [16385, 65536])
def test_modulus_that_is_too_long_is_refused(bits: int) -> None:
    n = (1 << (bits - 1)) + 1
    size = n.to_bytes(bits // 8 + 1)
    with pytest.raises(KeyFormatError, match=r"outside|longer than"):
        PublicKey.from_blob(string("ssh-rsa") + mpint(65537) + string(size.lstrip(b"\0")))
    with pytest.raises(KeyFormatError, match="longer than"):
        PublicKey.from_blob(string("ssh-rsa") + mpint(65537) + string(b"\0" + b"\xff" * 2049))


@pytest.mark.row("K02")
def test_even_modulus_is_refused() -> None:
    with pytest.raises(KeyFormatError, match="even"):
        PublicKey.from_blob(blob_of(65537, 1 << 2047))


@pytest.mark.row("K02")
@pytest.mark.parametrize("e", [0, 1, 2, 4, 65536, 1 << 64, (1 << 64) + 1, (1 << 2000) + 1])
def test_exponent_that_is_even_or_out_of_range_is_refused(e: int) -> None:
    with pytest.raises(KeyFormatError, match="exponent"):
        PublicKey.from_blob(blob_of(e, (1 << 2047) + 1))


@pytest.mark.row("K02")
@pytest.mark.parametrize("e", [3, 5, 65537, (1 << 64) - 1])
def test_odd_exponent_is_accepted(e: int) -> None:
    assert PublicKey.from_blob(blob_of(e, (1 << 2047) + 1)).bits == 2048


@pytest.mark.row("K02")
def test_key_of_1024_bits_needs_the_legacy_policy() -> None:
    blob = blob_of(65537, (1 << 1023) + 1)
    assert PublicKey.from_blob(blob, policy=KeyPolicy.LEGACY).bits == 1024
    with pytest.raises(KeyFormatError, match="outside 1024 to"):
        PublicKey.from_blob(blob_of(65537, (1 << 1022) + 1), policy=KeyPolicy.LEGACY)


@pytest.mark.parametrize("algorithm", ["rsa-sha2-256", "rsa-sha2-512"])
def test_sha2_signature_verifies(rsa: PrivateKey, algorithm: str) -> None:
    signature = rsa.sign(b"data", algorithm)
    assert rsa.public_key.verify(b"data", signature)
    assert rsa.public_key.verify(b"data", signature, algorithm)
    other = "rsa-sha2-512" if algorithm == "rsa-sha2-256" else "rsa-sha2-256"
    assert not rsa.public_key.verify(b"data", signature, other)
    assert not rsa.public_key.verify(b"data", signature, "ssh-rsa", allow_sha1=True)
    renamed = Signature(algorithm=other, blob=Signature.decode(signature).blob).encode()
    assert not rsa.public_key.verify(b"data", renamed)


def test_sha1_signature_verifies_only_where_it_is_allowed(rsa: PrivateKey) -> None:
    signature = rsa.sign(b"data", "ssh-rsa")
    assert not rsa.public_key.verify(b"data", signature)
    assert not rsa.public_key.verify(b"data", signature, "ssh-rsa")
    assert rsa.public_key.verify(b"data", signature, allow_sha1=True)
    assert Signature.decode(rsa.sign(b"data")).algorithm == "rsa-sha2-512"
    blob = Signature.decode(signature).blob
    for name in ("rsa-sha2-256", "rsa-sha2-512"):
        forged = Signature(algorithm=name, blob=blob).encode()
        assert not rsa.public_key.verify(b"data", forged, allow_sha1=True)


def _raw(key: PrivateKey, encoded: bytes) -> bytes:
    """RSA of any encoding at all, as only the key's owner can compute it."""
    assert isinstance(key, RSAPrivateKey)
    numbers = key.secret.private_numbers()
    d, n = numbers.d, numbers.public_numbers.n
    return pow(int.from_bytes(encoded), d, n).to_bytes((n.bit_length() + 7) // 8)


@pytest.mark.row("K06")
def test_signature_has_one_encoding(rsa: PrivateKey) -> None:
    public = rsa.public_key
    info = SHA256_INFO + hashlib.sha256(b"data").digest()
    size = public.bits // 8
    right = b"\0\1" + b"\xff" * (size - len(info) - 3) + b"\0" + info
    assert public.verify_blob(b"data", "rsa-sha2-256", _raw(rsa, right))
    short = b"\xff" * 8
    for wrong in (
        b"\0\1" + short + b"\0" + info + bytes(size - len(info) - 11),  # garbage behind
        b"\0\1" + short + b"\0" + bytes(size - len(info) - 11) + info,  # garbage before
        b"\0\1\0" + bytes(size - len(info) - 3) + info,
        b"\0\2" + right[2:],
        b"\0\0" + right[2:],
        right.replace(bytes.fromhex("0500"), bytes.fromhex("0501")),  # parameters not NULL
        right[:-1] + bytes([right[-1] ^ 1]),
        right.replace(b"\xff\0\x30", b"\xff\xff\x30"),
        bytes(size),
        (1).to_bytes(size),
    ):
        assert len(wrong) == size
        assert not public.verify_blob(b"data", "rsa-sha2-256", _raw(rsa, wrong))


@pytest.mark.row("K06")
def test_forgery_with_exponent_3_is_wrong() -> None:
    key = FAMILY.private_from_cryptography(
        provider.generate_private_key(3, 2048), policy=KeyPolicy.DEFAULT
    )
    assert key is not None
    assert key.public_key.verify(b"data", key.sign(b"data"))
    info = SHA256_INFO + hashlib.sha256(b"data").digest()
    # a cube root of "short padding, digest, garbage" needs no private key
    prefix = b"\0\1" + b"\xff" * 8 + b"\0" + info
    target = int.from_bytes(prefix + b"\xff" * (256 - len(prefix)))
    low, high = 0, 1 << 700
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if middle**3 <= target else (low, middle - 1)
    assert (low**3).to_bytes(256).startswith(prefix)
    assert not key.public_key.verify_blob(b"data", "rsa-sha2-256", low.to_bytes(256))


@pytest.mark.row("K06")
def test_signature_without_its_leading_zeros_verifies(rsa: PrivateKey) -> None:
    public = rsa.public_key
    made = ((n.to_bytes(4), rsa.sign_blob(n.to_bytes(4), "rsa-sha2-256")) for n in range(10**5))
    data, blob = next(pair for pair in made if pair[1][0] == 0)  # one in 256
    assert public.verify_blob(data, "rsa-sha2-256", blob)
    assert public.verify_blob(data, "rsa-sha2-256", blob.lstrip(b"\0"))
    assert not public.verify_blob(data, "rsa-sha2-256", b"\0" + blob)
    assert not public.verify_blob(data, "rsa-sha2-256", blob + b"\0")
    assert not public.verify_blob(data, "rsa-sha2-256", blob[:-1])
    assert not public.verify_blob(data, "rsa-sha2-256", b"")


def test_signature_above_the_modulus_is_wrong(rsa: PrivateKey) -> None:
    assert not rsa.public_key.verify_blob(b"data", "rsa-sha2-256", b"\xff" * 256)


def test_numbers_of_no_key_verify_nothing() -> None:
    for n in ((1 << 2047) + 1, (1 << 2048) - 1, (1 << 16383) + 1):
        for e in (3, (1 << 64) - 1):
            public = PublicKey.from_blob(blob_of(e, n))
            for blob in (b"\1", b"\0" * (public.bits // 8)):
                assert not public.verify_blob(b"data", "rsa-sha2-256", blob)


@pytest.mark.row("K08")
@pytest.mark.parametrize("field", ["n", "e", "d", "iqmp", "p", "q"])
def test_private_key_with_contradicting_numbers_is_refused(field: str, rsa: PrivateKey) -> None:
    section = rsa.private_fields()
    fields = {name: getattr(section, name) for name in ("n", "e", "d", "iqmp", "p", "q")}
    value = fields[field]
    for wrong in (0, 1, 2, value + 2, value - 2, value >> 1, value * 2, (1 << 16383) + 1):
        body = b"".join(mpint(number) for number in {**fields, field: wrong}.values())
        with pytest.raises(KeyFormatError):
            FAMILY.read_private(string("ssh-rsa") + body, 0, policy=KeyPolicy.DEFAULT)


@pytest.mark.row("K08")
@pytest.mark.parametrize("field", ["n", "e", "d", "iqmp", "p", "q"])
def test_pem_with_contradicting_numbers_is_refused(field: str, rsa: PrivateKey) -> None:
    section = rsa.private_fields()
    fields = {name: getattr(section, name) for name in ("n", "e", "d", "iqmp", "p", "q")}
    for change in (2, -2, 1 << 100):
        n, e, d, iqmp, p, q = {**fields, field: fields[field] + change}.values()
        sequence = b"".join(map(der_integer, (0, n, e, d, p, q, d % (p - 1), d % (q - 1), iqmp)))
        body = b"\x30\x82" + len(sequence).to_bytes(2) + sequence
        with pytest.raises(KeyFormatError):
            load_private_key(enclose("RSA PRIVATE KEY", body))


def der_integer(value: int) -> bytes:
    content = value.to_bytes(value.bit_length() // 8 + 1)
    size = len(content)
    head = bytes([size]) if size < 128 else b"\x81" + bytes([size]) if size < 256 else b""
    return b"\x02" + (head or b"\x82" + size.to_bytes(2)) + content


def test_key_is_converted_to_cryptography_and_back(rsa: PrivateKey) -> None:
    assert isinstance(rsa, RSAPrivateKey)
    assert isinstance(rsa.public_key, RSAPublicKey)
    assert FAMILY.public_from_cryptography(object(), policy=KeyPolicy.DEFAULT) is None
    assert FAMILY.private_from_cryptography(object(), policy=KeyPolicy.DEFAULT) is None


@pytest.mark.parametrize("digest", ["sha256", "sha512"])
def test_signature_is_that_of_openssl(
    digest: str, rsa: PrivateKey, openssl: Program, tmp_path: Path
) -> None:
    path = tmp_path / "key"
    path.write_bytes(rsa.to_pem())
    theirs = openssl("dgst", f"-{digest}", "-sign", path, data=b"data")
    algorithm = f"rsa-sha2-{digest[3:]}"
    assert rsa.sign_blob(b"data", algorithm) == theirs
    assert rsa.public_key.verify_blob(b"data", algorithm, theirs)
