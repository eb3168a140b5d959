from __future__ import annotations

import hashlib
import subprocess
import sys
from os import urandom

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ssh_transport.errors import KeyExchangeFailed
from ssh_transport.kex import METHODS
from ssh_transport.kex.ecdh import NISTP256, NISTP384, NISTP521, Curve
from ssh_wire import DisconnectReason

CURVES = {
    "ecdh-sha2-nistp256": NISTP256,
    "ecdh-sha2-nistp384": NISTP384,
    "ecdh-sha2-nistp521": NISTP521,
}
PRIME = 2**255 - 19
LOW_ORDER = [
    0,
    1,
    325606250916557431795983626356110631294008115727848805560023387167927233504,
    39382357235489614581723060781553021112529911719440698176882885853963445705823,
    PRIME - 1,
    PRIME,
    PRIME + 1,
]


FINITE = [name for name in METHODS if name.startswith("diffie-hellman")]
HYBRID = [name for name in METHODS if name.startswith("mlkem")]
SIZES = {  # public key, ciphertext, classical share
    "mlkem768x25519-sha256": (1184, 1088, 32),
    "mlkem768nistp256-sha256": (1184, 1088, 65),
    "mlkem1024nistp384-sha384": (1568, 1568, 97),
}


@pytest.mark.parametrize("name", METHODS)
def test_both_sides_compute_same_secret(name: str) -> None:
    method = METHODS[name].load()
    rounds = 2 if name in FINITE else 20
    secrets = set[bytes]()
    for _ in range(rounds):
        share = method.start(urandom)
        public, theirs = method.answer(share.public, urandom)
        ours = share.finish(public)
        assert ours == theirs
        secrets.add(bytes(ours))
    assert len(secrets) == rounds


@pytest.mark.parametrize("name", [name for name in METHODS if name not in FINITE + HYBRID])
def test_exchange_with_fixed_random_is_reproducible(name: str) -> None:
    def fixed(size: int) -> bytes:
        return b"\x42" * size

    method = METHODS[name].load()
    first, second = method.start(fixed), method.start(fixed)
    assert first.public == second.public
    assert method.answer(first.public, fixed) == method.answer(first.public, fixed)


def test_curve25519_matches_test_vector_of_rfc_7748() -> None:
    # RFC 7748 section 6.1: Bob's private key, his public key, Alice's, and the secret
    bob = bytes.fromhex("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb")
    alice = bytes.fromhex("8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a")
    public, secret = METHODS["curve25519-sha256"].load().answer(alice, lambda _: bob)
    assert public.hex() == "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f"
    assert secret[4:].hex() == "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742"


def test_curve448_matches_test_vector_of_rfc_7748() -> None:
    # RFC 7748 section 6.2: Bob's private key, his public key, Alice's, and the secret
    bob = bytes.fromhex(
        "1c306a7ac2a0e2e0990b294470cba339e6453772b075811d8fad0d1d"
        "6927c120bb5ee8972b0d3e21374c9c921b09d1b0366f10b65173992d"
    )
    alice = bytes.fromhex(
        "9b08f7cc31b7e3e67d22d5aea121074a273bd2b83de09c63faa73d2c"
        "22c5d9bbc836647241d953d40c5b12da88120d53177f80e532c41fa0"
    )
    public, secret = METHODS["curve448-sha512"].load().answer(alice, lambda _: bob)
    assert public.hex() == (
        "3eb7a829b0cd20f5bcfc0b599b6feccf6da4627107bdb0d4f345b430"
        "27d8b972fc3e34fb4232a13ca706dcb57aec3dae07bdc1c67bf33609"
    )
    assert secret[4:].hex() == (
        "07fff4181ac6cc95ec1c16a94a0f74d12da232ce40a77552281d282b"
        "b60c0b56fd2464c335543936521c24403085d59a449a5037514a879d"
    )


def failed(name: str, share: bytes) -> None:
    method = METHODS[name].load()
    with pytest.raises(KeyExchangeFailed) as caught:
        method.answer(share, urandom)
    assert caught.value.reason is DisconnectReason.KEY_EXCHANGE_FAILED
    with pytest.raises(KeyExchangeFailed):
        method.start(urandom).finish(share)


@pytest.mark.row("T24")
@pytest.mark.parametrize("name", ["curve25519-sha256", "curve25519-sha256@libssh.org"])
@pytest.mark.parametrize("point", LOW_ORDER)
def test_t24_curve25519_point_of_low_order_is_refused(name: str, point: int) -> None:
    failed(name, point.to_bytes(32, "little"))


@pytest.mark.row("T24")
@pytest.mark.parametrize("size", [0, 1, 31, 33, 64])
def test_t24_curve25519_share_of_wrong_length_is_refused(size: int) -> None:
    failed("curve25519-sha256", b"\x09" * size)


@pytest.mark.row("T24")
@pytest.mark.parametrize("share", [bytes(56), b"\1" + bytes(55), bytes(55), bytes(57), b""])
def test_t24_invalid_curve448_share_is_refused(share: bytes) -> None:
    failed("curve448-sha512", share)


def encoded(curve: Curve, form: PublicFormat) -> bytes:
    public = ec.generate_private_key(curve.curve).public_key()
    return public.public_bytes(Encoding.X962, form)


@pytest.mark.row("T23")
@pytest.mark.parametrize("name", CURVES)
def test_t23_invalid_curve_point_is_refused(name: str) -> None:
    curve = CURVES[name]
    good = encoded(curve, PublicFormat.UncompressedPoint)
    off_curve = good[:-1] + bytes([good[-1] ^ 1])
    foreign = NISTP384 if curve is NISTP256 else NISTP256
    for share in (
        b"",
        b"\0",
        bytes(curve.size),
        off_curve,
        encoded(curve, PublicFormat.CompressedPoint),
        b"\x02" + good[1:],
        good[:-1],
        good + b"\0",
        encoded(foreign, PublicFormat.UncompressedPoint),
        b"\x04" + b"\xff" * (curve.size - 1),
    ):
        failed(name, share)


@pytest.mark.row("T25")
@pytest.mark.parametrize("name", HYBRID)
def test_t25_hybrid_share_of_wrong_length_is_refused(name: str) -> None:
    method = METHODS[name].load()
    share = method.start(urandom)
    public, _ = method.answer(share.public, urandom)
    key, ciphertext, classical = SIZES[name]
    assert (len(share.public), len(public)) == (key + classical, ciphertext + classical)
    for size in (0, 31, 32, key, key + classical - 1, key + classical + 1):
        with pytest.raises(KeyExchangeFailed):
            method.answer((share.public + b"\0")[:size], urandom)
    for size in (0, 32, ciphertext, ciphertext + classical - 1, ciphertext + classical + 1):
        with pytest.raises(KeyExchangeFailed):
            share.finish((public + b"\0")[:size])


@pytest.mark.row("T25")
@pytest.mark.parametrize("name", HYBRID)
def test_t25_unreduced_coefficient_is_refused(name: str) -> None:
    method = METHODS[name].load()
    share = method.start(urandom).public
    with pytest.raises(KeyExchangeFailed):
        method.answer(b"\xff\xff\xff" + share[3:], urandom)


@pytest.mark.row("T25")
@pytest.mark.parametrize("name", HYBRID)
def test_t25_classical_half_of_hybrid_share_is_checked(name: str) -> None:
    method = METHODS[name].load()
    share = method.start(urandom)
    public, _ = method.answer(share.public, urandom)
    key, ciphertext, classical = SIZES[name]
    with pytest.raises(KeyExchangeFailed):
        method.answer(share.public[:key] + bytes(classical), urandom)
    with pytest.raises(KeyExchangeFailed):
        share.finish(public[:ciphertext] + bytes(classical))


@pytest.mark.row("T25")
@pytest.mark.parametrize("name", HYBRID)
def test_t25_flipped_ciphertext_gives_other_secret(name: str) -> None:
    method = METHODS[name].load()
    share = method.start(urandom)
    public, theirs = method.answer(share.public, urandom)
    assert share.finish(bytes([public[0] ^ 1]) + public[1:]) != theirs


@pytest.mark.row("T25")
@pytest.mark.parametrize("name", HYBRID)
def test_t25_hybrid_secret_is_encoded_as_string(name: str) -> None:
    method = METHODS[name].load()
    size = hashlib.new(METHODS[name].hash_name).digest_size
    for _ in range(30):  # an mpint would be longer or shorter now and then
        _, secret = method.answer(method.start(urandom).public, urandom)
        assert len(secret) == 4 + size
        assert int.from_bytes(secret[:4], "big") == size


def test_hybrid_secret_is_hash_of_both_secrets() -> None:
    from ssh_transport.kex.hybrid import load_hybrid  # noqa: PLC0415

    found = load_hybrid("mlkem1024nistp384").combine(b"post-quantum", b"classical")
    assert found == b"\0\0\0\x30" + hashlib.sha384(b"post-quantumclassical").digest()


@pytest.mark.parametrize("name", METHODS)
def test_method_uses_hash_of_its_name(name: str) -> None:
    spec = METHODS[name]
    given = name.partition("@")[0].rpartition("-")[2]
    by_curve = {"nistp256": "sha256", "nistp384": "sha384", "nistp521": "sha512"}
    assert spec.hash_name == by_curve.get(given, given)
    assert spec.group_exchange is ("group-exchange" in name)


def test_no_method_is_loaded_before_it_is_negotiated() -> None:
    code = "import sys, ssh_transport; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    loaded = set(done.stdout.split())
    for family in ("montgomery", "ecdh", "hybrid", "dh_modp"):
        assert f"ssh_transport.kex.{family}" not in loaded
    assert "cryptography" not in loaded
