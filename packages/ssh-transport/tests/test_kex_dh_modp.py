"""Finite fields and their groups."""

from __future__ import annotations

import hashlib
from os import urandom

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ssh_transport.errors import KeyExchangeFailed
from ssh_transport.kex.dh_modp import ModpKeyPair, in_group, in_modp
from ssh_transport.kex.groups import SIZES, Group, modp, well_known
from ssh_wire import DisconnectReason
from ssh_wire.primitives import encode_mpint

P = modp(2048).p
# the 64 bits above the last ones, as the RFCs print them
DIGITS = {
    1024: (0x49286651ECE65381, "group 2 of RFC 2409"),
    2048: (0x15728E5A8AACAA68, "group 14"),
    3072: (0x4B82D120A93AD2CA, "group 15"),
    4096: (0x4DF435C934063199, "group 16"),
    6144: (0xE694F91E6DCC4024, "group 17"),
    8192: (0x60C980DD98EDD3DF, "group 18"),
}


@pytest.mark.parametrize("bits", DIGITS)
def test_modp_group_equals_that_of_rfc(bits: int) -> None:
    p, g = modp(bits)
    assert (p.bit_length(), g) == (bits, 2)
    # "FFFFFFFF FFFFFFFF C90FDAA2 2168C234 ... FFFFFFFF FFFFFFFF", as all of them are printed
    assert p >> bits - 128 == 0xFFFFFFFFFFFFFFFFC90FDAA22168C234
    assert p % 2**64 == 2**64 - 1
    assert (p >> 64) % 2**64 == DIGITS[bits][0]
    assert well_known(p)
    assert not well_known(p - 2)
    assert (bits in SIZES) is (bits >= 2048)


@pytest.mark.parametrize("bits", [1024, 2048])
def test_modp_group_has_safe_prime(bits: int) -> None:
    p = modp(bits).p
    for n in (p, p // 2):
        assert pow(3, n - 1, n) == 1


@pytest.mark.parametrize("bits", DIGITS)
def test_shares_are_computed_in_group(bits: int) -> None:
    p, g = modp(bits)
    x = int.from_bytes(hashlib.sha256(b"a test's exponent").digest(), "big")
    public, secret = in_modp(bits).answer(encode_mpint(pow(g, x, p)), urandom)
    expected = encode_mpint(pow(int.from_bytes(public, "big"), x, p))
    assert secret == len(expected).to_bytes(4, "big") + expected


def refused(share: bytes) -> None:
    method = in_modp(2048)
    with pytest.raises(KeyExchangeFailed) as caught:
        method.answer(share, urandom)
    assert caught.value.reason is DisconnectReason.KEY_EXCHANGE_FAILED
    with pytest.raises(KeyExchangeFailed):
        method.start(urandom).finish(share)


@pytest.mark.row("T21")
@pytest.mark.parametrize(
    "share",
    [0, 1, 2, 2**100, 2**100 + 2**7 + 1, P - 1, P, P + 1, P + 2**64 + 7, 2**2050 + 7],
)
def test_t21_shares_out_of_range(share: int) -> None:
    refused(encode_mpint(share))


@pytest.mark.row("T21")
@pytest.mark.parametrize("share", [b"\xff", b"\x80", b"\0", b"\0\x0f", b"\x7f" * 2050])
def test_t21_negative_or_non_canonical_share_is_refused(share: bytes) -> None:
    refused(share)


@settings(max_examples=20)
@given(st.binary(max_size=300))
def test_any_share_gives_secret_or_is_refused(share: bytes) -> None:
    try:
        public, secret = in_modp(2048).answer(share, urandom)
    except KeyExchangeFailed:
        return
    assert public
    assert secret


class Forger:
    """A private key that gives any secret."""

    def __init__(self, secret: int) -> None:
        self.secret = secret

    def exchange(self, public: object) -> bytes:
        return self.secret.to_bytes(256, "big")


@pytest.mark.row("T21")
@pytest.mark.parametrize("secret", [0, 1, P - 1])
def test_t21_secrets_out_of_range(secret: int) -> None:
    key_pair = ModpKeyPair(modp(2048), urandom)
    good = ModpKeyPair(modp(2048), urandom).public
    assert key_pair.exchange(good)
    key_pair._private = Forger(secret)  # type: ignore[assignment]  # pyright: ignore[reportAttributeAccessIssue]
    with pytest.raises(KeyExchangeFailed, match="secret"):
        key_pair.exchange(good)


@pytest.mark.row("T21")
def test_t21_error_of_provider_is_key_exchange_failed() -> None:
    class Refuser:
        def exchange(self, public: object) -> bytes:
            raise ValueError

    key_pair = ModpKeyPair(modp(2048), urandom)
    key_pair._private = Refuser()  # type: ignore[assignment]  # pyright: ignore[reportAttributeAccessIssue]
    with pytest.raises(KeyExchangeFailed, match="gives no secret"):
        key_pair.exchange(ModpKeyPair(modp(2048), urandom).public)


@pytest.mark.row("T22")
@pytest.mark.parametrize("p", [P - 2, P + 2, 2**2048 - 1, P * 3])
def test_t22_group_without_safe_prime_is_refused(p: int) -> None:
    with pytest.raises(KeyExchangeFailed, match="safe prime"):
        in_group(Group(p, 2)).start(urandom)
