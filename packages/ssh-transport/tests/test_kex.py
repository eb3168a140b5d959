from __future__ import annotations

import hashlib
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


@pytest.mark.parametrize("name", METHODS)
def test_both_sides_agree(name: str) -> None:
    method = METHODS[name].load()
    secrets = set[bytes]()
    for _ in range(20):
        share = method.start(urandom)
        public, theirs = method.answer(share.public, urandom)
        ours = share.finish(public)
        assert ours == theirs
        secrets.add(bytes(ours))
    assert len(secrets) == 20


@pytest.mark.parametrize("name", [name for name in METHODS if "mlkem" not in name])
def test_an_exchange_can_be_replayed(name: str) -> None:
    def fixed(size: int) -> bytes:
        return b"\x42" * size

    method = METHODS[name].load()
    first, second = method.start(fixed), method.start(fixed)
    assert first.public == second.public
    assert method.answer(first.public, fixed) == method.answer(first.public, fixed)


def test_curve25519_known_answer() -> None:
    # RFC 7748 section 6.1: Bob's private key, his public key, Alice's, and the secret
    bob = bytes.fromhex("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb")
    alice = bytes.fromhex("8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a")
    public, secret = METHODS["curve25519-sha256"].load().answer(alice, lambda _: bob)
    assert public.hex() == "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f"
    assert secret[4:].hex() == "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742"


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
def test_t24_low_order(name: str, point: int) -> None:
    failed(name, point.to_bytes(32, "little"))


@pytest.mark.row("T24")
@pytest.mark.parametrize("size", [0, 1, 31, 33, 64])
def test_t24_length(size: int) -> None:
    failed("curve25519-sha256", b"\x09" * size)


def encoded(curve: Curve, form: PublicFormat) -> bytes:
    public = ec.generate_private_key(curve.curve).public_key()
    return public.public_bytes(Encoding.X962, form)


@pytest.mark.row("T23")
@pytest.mark.parametrize("name", CURVES)
def test_t23_points_that_are_none(name: str) -> None:
    curve = CURVES[name]
    good = encoded(curve, PublicFormat.UncompressedPoint)
    off_curve = good[:-1] + bytes([good[-1] ^ 1])
    foreign = NISTP384 if curve is NISTP256 else NISTP256
    for share in (
        b"",
        b"\0",
        bytes(curve.point_size),
        off_curve,
        encoded(curve, PublicFormat.CompressedPoint),
        b"\x02" + good[1:],
        good[:-1],
        good + b"\0",
        encoded(foreign, PublicFormat.UncompressedPoint),
        b"\x04" + b"\xff" * (curve.point_size - 1),
    ):
        failed(name, share)


@pytest.mark.row("T25")
def test_t25_hybrid_shares_of_a_wrong_length() -> None:
    name = "mlkem768x25519-sha256"
    method = METHODS[name].load()
    share = method.start(urandom)
    public, _ = method.answer(share.public, urandom)
    for size in (0, 31, 32, 1184, 1088, 1215, 1217):
        with pytest.raises(KeyExchangeFailed):
            method.answer((share.public + b"\0")[:size], urandom)
    for size in (0, 32, 1088, 1119, 1121):
        with pytest.raises(KeyExchangeFailed):
            share.finish((public + b"\0")[:size])


@pytest.mark.row("T25")
def test_t25_a_coefficient_that_is_not_reduced() -> None:
    method = METHODS["mlkem768x25519-sha256"].load()
    share = method.start(urandom).public
    with pytest.raises(KeyExchangeFailed):
        method.answer(b"\xff\xff\xff" + share[3:], urandom)


@pytest.mark.row("T25")
def test_t25_the_classical_half_is_checked_too() -> None:
    method = METHODS["mlkem768x25519-sha256"].load()
    share = method.start(urandom)
    public, _ = method.answer(share.public, urandom)
    with pytest.raises(KeyExchangeFailed):
        method.answer(share.public[:1184] + bytes(32), urandom)
    with pytest.raises(KeyExchangeFailed):
        share.finish(public[:1088] + bytes(32))


@pytest.mark.row("T25")
def test_t25_a_flipped_ciphertext_gives_another_secret() -> None:
    method = METHODS["mlkem768x25519-sha256"].load()
    share = method.start(urandom)
    public, theirs = method.answer(share.public, urandom)
    assert share.finish(bytes([public[0] ^ 1]) + public[1:]) != theirs


@pytest.mark.row("T25")
def test_t25_the_secret_is_hashed_as_a_string() -> None:
    method = METHODS["mlkem768x25519-sha256"].load()
    for _ in range(30):  # an mpint would have 33 bytes, or fewer than 32, now and then
        _, secret = method.answer(method.start(urandom).public, urandom)
        assert len(secret) == 4 + 32
        assert secret[:4] == b"\0\0\0\x20"


def test_the_hash_of_each_method() -> None:
    for name, spec in METHODS.items():
        assert spec.hash_name in hashlib.algorithms_guaranteed
        if "nistp384" in name or "nistp521" in name:
            assert spec.hash_name == ("sha384" if "384" in name else "sha512")
        else:
            assert spec.hash_name == "sha256"
