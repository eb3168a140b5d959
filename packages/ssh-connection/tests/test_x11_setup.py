"""The first bytes of an X11 connection."""

from __future__ import annotations

import hmac
from contextlib import suppress
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssh_connection.x11 import CookieReplacement, WrongCookie, X11Credential

NAME = "MIT-MAGIC-COOKIE-1"
GIVEN = X11Credential(NAME, b"fake-cookie-1234")
REAL = X11Credential(NAME, b"real-cookie-5678")


def setup(
    cookie: bytes, order: Literal["big", "little"] = "little", protocol: bytes = NAME.encode()
) -> bytes:
    """The setup of a client, as libxcb sends it."""
    first = b"B\0" if order == "big" else b"l\0"
    numbers = (11, 0, len(protocol), len(cookie), 0)
    head = first + b"".join(number.to_bytes(2, order) for number in numbers)
    return head + protocol + bytes(-len(protocol) % 4) + cookie + bytes(-len(cookie) % 4)


@pytest.mark.parametrize("order", ["big", "little"])
def test_cookie_that_was_given_is_replaced_by_the_real_one(
    order: Literal["big", "little"],
) -> None:
    replacement = CookieReplacement(GIVEN, REAL)

    assert replacement.receive(setup(GIVEN.cookie, order)) == setup(REAL.cookie, order)


@given(st.data(), st.binary(max_size=100), st.sampled_from(["big", "little"]))
def test_setup_arrives_in_pieces_with_what_follows_it(
    data: st.DataObject, rest: bytes, order: Literal["big", "little"]
) -> None:
    whole = setup(GIVEN.cookie, order) + rest
    need = len(whole) - len(rest)
    cuts = sorted(data.draw(st.sets(st.integers(0, need - 1), max_size=8)))
    replacement = CookieReplacement(GIVEN, REAL)

    for start, end in zip([0, *cuts], cuts, strict=False):
        assert replacement.receive(memoryview(whole)[start:end]) is None
    last = cuts[-1] if cuts else 0
    assert replacement.receive(whole[last:]) == setup(REAL.cookie, order) + rest


@pytest.mark.row("C19")
@pytest.mark.parametrize(
    "data",
    [
        setup(REAL.cookie),
        setup(bytes(16)),
        setup(b""),
        setup(GIVEN.cookie[:-1]),
        setup(GIVEN.cookie + b"\0"),
        setup(GIVEN.cookie, protocol=b"MIT-MAGIC-COOKIE-2"),
        setup(GIVEN.cookie, protocol=b""),
        setup(GIVEN.cookie, protocol=NAME.encode() + b"\0"),
        b"x" + setup(GIVEN.cookie)[1:],
        b"GET / HTTP/1.0\r\n\r\n",
    ],
)
def test_client_without_the_cookie_that_was_given_is_refused(data: bytes) -> None:
    with pytest.raises(WrongCookie) as caught:
        CookieReplacement(GIVEN, REAL).receive(data)
    assert "cookie-" not in str(caught.value)


@pytest.mark.row("C19")
@given(st.binary(max_size=64), st.sampled_from(["big", "little"]))
def test_no_other_cookie_reaches_the_x_server(
    cookie: bytes, order: Literal["big", "little"]
) -> None:
    if cookie == GIVEN.cookie:
        return
    with pytest.raises(WrongCookie):
        CookieReplacement(GIVEN, REAL).receive(setup(cookie, order))


@pytest.mark.row("C19")
def test_cookies_are_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[tuple[bytes, bytes]] = []

    def compare(one: bytes, other: bytes) -> bool:
        compared.append((one, other))
        return False

    monkeypatch.setattr(hmac, "compare_digest", compare)
    for protocol in (NAME.encode(), b"another"):
        with pytest.raises(WrongCookie):
            CookieReplacement(GIVEN, REAL).receive(setup(GIVEN.cookie, protocol=protocol))

    assert compared == [(GIVEN.cookie, GIVEN.cookie)] * 2


@given(st.binary())
def test_any_bytes_wait_for_more_or_are_refused(data: bytes) -> None:
    with suppress(WrongCookie):
        assert CookieReplacement(GIVEN, REAL).receive(data) is None
