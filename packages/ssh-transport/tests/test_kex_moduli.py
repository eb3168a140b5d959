"""The file of groups for group exchange (moduli(5))."""

from __future__ import annotations

import contextlib

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hostile import FAST
from ssh_keys import PrivateKey
from ssh_transport import Group, KexCompleted, Modulus, TransportOptions, groups_of, is_safe_prime
from ssh_transport.kex.gex import choose
from ssh_transport.kex.groups import modp
from ssh_transport.testing import Pair
from ssh_wire import WireError
from ssh_wire.messages.kex import KexDHGexRequest


def line(p: int, g: int = 2, *, kind: int = 2, tests: int = 6, tries: int = 100) -> str:
    return f"20260101000000 {kind} {tests} {tries} {p.bit_length() - 1} {g:x} {p:X}"


def test_line_is_read_and_written() -> None:
    found = Modulus.parse(line(modp(2048).p) + "\n")
    assert found is not None
    assert found == Modulus(
        time="20260101000000",
        kind=Modulus.SAFE,
        tests=Modulus.SIEVED | Modulus.MILLER_RABIN,
        tries=100,
        size=2047,
        generator=2,
        modulus=modp(2048).p,
    )
    assert found.to_line() == line(modp(2048).p)
    assert found.is_proven


@pytest.mark.parametrize("text", ["", "\n", "# $OpenBSD: moduli,v 1.37 $", "!old"])
def test_comments_are_passed_over(text: str) -> None:
    assert Modulus.parse(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "20260101000000 2 6 100 2047 2",
        "20260101000000 2 6 100 2047 2 FF FF",
        "20260101000000 two 6 100 2047 2 FF",
        "20260101000000 2 6 100 2047 2 0xFF",
        "20260101000000 2 6 100 2047 2 -FF",
        "20260101000000 2 6 100 2047 2 F_F",
        "20260101000000 6 6 100 2047 2 FF",
        "20260101000000 2 6 100 99999999 2 FF",
    ],
)
def test_other_lines_are_refused(text: str) -> None:
    with pytest.raises(WireError):
        Modulus.parse(text)


@given(st.text())
def test_any_line_is_read_again_as_it_was_written_or_refused(text: str) -> None:
    with contextlib.suppress(WireError):
        found = Modulus.parse(text)
        assert found is None or Modulus.parse(found.to_line()) == found


@pytest.mark.parametrize(
    "text",
    [
        line(modp(2048).p, kind=4),
        line(modp(2048).p, tests=7),
        line(modp(2048).p, tests=0),
        line(modp(2048).p, tries=0),
        line(modp(2048).p, g=1),
        line(modp(2048).p, g=modp(2048).p - 1),
        line(modp(2048).p).replace(" 2047 ", " 2046 "),
        "no line of moduli",
    ],
)
def test_server_has_no_group_of_a_line_that_proves_none(text: str) -> None:
    good = line(modp(3072).p)
    assert groups_of(["# comment", text, good]) == (modp(3072),)


def asked(minimum: int, preferred: int, maximum: int) -> KexDHGexRequest:
    return KexDHGexRequest(minimum=minimum, preferred=preferred, maximum=maximum)


def test_group_of_the_server_is_chosen_before_one_that_everybody_has() -> None:
    own = [Group(modp(2048).p - 2, 5), Group(modp(2048).p - 4, 5)]
    for number, group in enumerate(own):
        drawn = number.to_bytes(4, "big")

        def random(_size: int, drawn: bytes = drawn) -> bytes:
            return drawn

        assert choose(asked(2048, 2048, 8192), own, random) == group


@pytest.mark.parametrize("bits", [1024, 4096])
def test_group_that_is_too_small_or_cannot_be_proven_in_time_is_passed_over(bits: int) -> None:
    own = [Group(modp(bits).p - 2, 2)]
    assert choose(asked(2048, bits, 8192), own) == modp(max(bits, 2048))


def test_safe_primes_are_told_from_other_numbers() -> None:
    assert is_safe_prime(modp(1024).p)
    assert not is_safe_prime(modp(1024).p - 2)  # composite
    assert not is_safe_prime(2**521 - 1)  # prime, and 2**520 - 1 is not


def test_keys_are_exchanged_in_a_group_of_the_server() -> None:
    kex = ("diffie-hellman-group-exchange-sha256",)
    client = TransportOptions(algorithms=attrs.evolve(FAST, kex=kex))
    # the same prime, with a generator of its own
    server = attrs.evolve(client, groups=(Group(modp(2048).p, 4),))
    pair = Pair(client, server, key=PrivateKey.generate("ed25519"))
    pair.run()
    assert any(isinstance(event, KexCompleted) for event in pair.client_events)
