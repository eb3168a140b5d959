from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519 as provider
from hypothesis import given, settings
from hypothesis import strategies as st
from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey

from ssh_keys import KeyFormatError, KeyPolicy, PrivateKey, PublicKey, Signature
from ssh_keys.families.edwards import ED25519 as FAMILY
from ssh_wire.primitives import string

KIND = "ssh-ed25519"
# RFC 8032 section 7.1, test 2
SEED = bytes.fromhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb")
POINT = bytes.fromhex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c")
SIGNATURE = bytes.fromhex(
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
    "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
)
ORDER = 2**252 + 27742317777372353535851937790883648493


def section(point: bytes, secret: bytes) -> bytes:
    return string(KIND) + string(point) + string(secret)


def test_ed25519_vector_of_rfc_8032_verifies() -> None:
    key, end = FAMILY.read_private(
        section(POINT, SEED + POINT) + b"more", 0, policy=KeyPolicy.DEFAULT
    )
    assert end == len(section(POINT, SEED + POINT))
    assert Signature.decode(key.sign(b"\x72")).blob == SIGNATURE
    assert key.public_key.verify(b"\x72", Signature(algorithm=KIND, blob=SIGNATURE).encode())


@pytest.mark.row("K01")
@pytest.mark.parametrize("size", [0, 31, 33, 64])
def test_ed25519_public_key_of_another_size_is_refused(size: int) -> None:
    with pytest.raises(KeyFormatError, match=f"32 bytes, not {size}"):
        PublicKey.from_blob(string(KIND) + string(bytes(size)))


@pytest.mark.row("K01")
@pytest.mark.parametrize("size", [0, 32, 63, 65, 128])
def test_ed25519_private_key_of_another_size_is_refused(size: int) -> None:
    secret = (SEED + POINT + POINT + POINT)[:size]
    with pytest.raises(KeyFormatError, match=f"64 bytes, not {size}"):
        FAMILY.read_private(section(POINT, secret), 0, policy=KeyPolicy.DEFAULT)


@pytest.mark.row("K01")
@pytest.mark.parametrize(
    "kind", ["sk-ssh-ed25519@openssh.com", "ssh-ed25519-cert-v01@openssh.com"]
)
@pytest.mark.parametrize("size", [0, 31, 33, 64])
def test_variant_of_ed25519_is_refused_at_any_size(kind: str, size: int) -> None:
    with pytest.raises(KeyFormatError, match=r"32 bytes|is not taken"):
        PublicKey.from_blob(string(kind) + string(bytes(size)) + string(b"ssh:"))


@pytest.mark.row("K08")
@pytest.mark.parametrize(
    ("point", "secret"),
    [
        (POINT, SEED + bytes(32)),
        (POINT[::-1], SEED + POINT),
        (POINT, SEED[::-1] + POINT),
        (b"", SEED + POINT),
    ],
)
def test_ed25519_private_key_of_another_public_key_is_refused(point: bytes, secret: bytes) -> None:
    with pytest.raises(KeyFormatError, match="differ"):
        FAMILY.read_private(section(point, secret), 0, policy=KeyPolicy.DEFAULT)


SMALL = [
    bytes(32),
    (1).to_bytes(32, "little"),
    (2**255 - 20).to_bytes(32, "little"),
    bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"),
    bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
]


@pytest.mark.row("K01")
@pytest.mark.parametrize("sign", [0, 0x80])
@pytest.mark.parametrize("point", [*SMALL, (2**255 - 19).to_bytes(32, "little"), b"\xff" * 32])
def test_ed25519_point_of_small_order_is_refused(point: bytes, sign: int) -> None:
    point = point[:31] + bytes([point[31] | sign])
    with pytest.raises(KeyFormatError, match="not a point that can sign"):
        PublicKey.from_blob(string(KIND) + string(point))


def _verifies(public: PublicKey, data: bytes, blob: bytes) -> bool:
    """What we say of a signature, if PyNaCl says the same."""
    answer = public.verify_blob(data, KIND, blob)
    try:
        VerifyKey(public.blob[-32:]).verify(data, blob)
    except (BadSignatureError, ValueError):  # the second where it has no 64 bytes
        assert not answer
    else:
        assert answer
    return answer


def test_ed25519_signature_is_judged_as_libsodium_judges_it(ed25519: PrivateKey) -> None:
    public = ed25519.public_key
    blob = ed25519.sign_blob(b"data", KIND)
    assert _verifies(public, b"data", blob)
    assert not _verifies(public, b"Data", blob)
    assert not _verifies(public, b"data", blob[:63] + b"\xff")
    # "S ... in the range 0 <= s < L": the same signature with S + L
    s = int.from_bytes(blob[32:], "little") + ORDER
    assert not _verifies(public, b"data", blob[:32] + s.to_bytes(32, "little"))
    assert not _verifies(public, b"data", blob[:63])
    assert not _verifies(public, b"data", b"")


@given(y=st.integers(0, 2**255 - 20), blob=st.binary(min_size=64, max_size=64))
@settings(deadline=None, max_examples=50)
def test_ed25519_point_verifies_no_random_signature(y: int, blob: bytes) -> None:
    try:
        public = PublicKey.from_blob(string(KIND) + string(y.to_bytes(32, "little")))
    except KeyFormatError:
        return
    assert not _verifies(public, b"data", blob)


def test_ed25519_does_not_convert_other_objects() -> None:
    assert FAMILY.public_from_cryptography(object(), policy=KeyPolicy.DEFAULT) is None
    assert FAMILY.private_from_cryptography(object(), policy=KeyPolicy.DEFAULT) is None


def test_ed25519_key_is_converted_to_cryptography_and_back(ed25519: PrivateKey) -> None:
    public = ed25519.public_key.to_cryptography()
    assert isinstance(public, provider.Ed25519PublicKey)
    assert public.public_bytes_raw() == ed25519.public_key.blob[-32:]
    assert FAMILY.public_from_cryptography(public, policy=KeyPolicy.DEFAULT) == ed25519.public_key
