from __future__ import annotations

import contextlib
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ssh_keys import KeyFormatError
from ssh_keys.trust.address_lists import allows, check_list


@pytest.mark.parametrize(
    ("entries", "address", "host", "allowed"),
    [
        ("10.0.0.1", "10.0.0.1", None, True),
        ("10.0.0.1", "10.0.0.2", None, False),
        ("10.0.0.0/8", "10.255.0.1", None, True),
        ("10.0.0.0/8", "11.0.0.1", None, False),
        ("0.0.0.0/0", "192.0.2.1", None, True),
        ("0.0.0.0/0", "::1", None, False),
        ("10.0.0.0/8", "::ffff:10.0.0.1", None, True),
        ("10.0.0.*", "10.0.0.77", None, True),
        ("10.0.0.?", "10.0.0.77", None, False),
        ("::1", "0:0::1", None, True),
        ("2001:db8::/32", "2001:db8:1::5", None, True),
        ("2001:db8::/32", "2001:db9::5", None, False),
        ("fe80::1%eth0", "fe80::1%eth0", None, True),
        ("*,!10.0.0.1", "10.0.0.1", None, False),
        ("!10.0.0.1,*", "10.0.0.1", None, False),
        ("*,!10.0.0.0/8", "10.0.0.1", None, False),
        ("*,!10.0.0.0/8", "11.0.0.1", None, True),
        ("!10.0.0.1", "11.0.0.1", None, False),
        ("*.example.com", "10.0.0.1", None, False),
        ("*.example.com", "10.0.0.1", "www.EXAMPLE.com", True),
        ("*.EXAMPLE.com", "10.0.0.1", "www.example.com", True),
        ("*.example.com,!bad.example.com", "10.0.0.1", "bad.example.com", False),
        ("10.0.0.1,!bad.example.com", "10.0.0.1", "bad.example.com", False),
        ("10.0.0.1,!bad.example.com", "10.0.0.1", "good.example.com", True),
        ("*.example.com,!10.0.0.1", "10.0.0.1", "www.example.com", False),
        ("10.0.0.1", "10.0.0.2", "10.0.0.1", True),
        ("10.0.0.1", "unknown", None, False),
        ("*", "unknown", None, False),
        ("*", "unknown", "host", True),
        ("", "10.0.0.1", None, False),
    ],
)
def test_list_matches_address_or_host(
    entries: str, address: str, host: str | None, allowed: bool
) -> None:
    listed = entries.encode().split(b",") if entries else []
    check_list(listed)
    assert allows(listed, address, host) is allowed


@pytest.mark.parametrize(
    "entry",
    [
        *("", "!", "10.0.0.1/8", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/x"),
        *("::/129", "::1/64", "10.0.0.0/0008", "10.0.0.0/255.0.0.0", "!10.0.0.1/8"),
        "::ffff:10.0.0.0/104",
    ],
)
def test_invalid_entry_is_refused(entry: str) -> None:
    with pytest.raises(KeyFormatError, match=r"empty entry|not a network"):
        check_list([b"*", entry.encode()])


@pytest.mark.row("W11")
def test_hostile_pattern_is_cheap() -> None:
    entries = [b"*a*a*a*a*a*a*a*a*b", b"!*a*a*a*a*a*a*a*a*b"]
    fastest = 1.0
    for _ in range(3):
        started = time.thread_time()
        assert not allows(entries, "10.0.0.1", "a" * 1_000)
        fastest = min(fastest, time.thread_time() - started)
    assert fastest < 0.5  # a millisecond; backtracking takes hours


@given(entry=st.text("0123456789abcf.:/*?!%", max_size=24).map(str.encode), peer=st.ip_addresses())
@settings(max_examples=500)
def test_any_entry_is_accepted_or_refused(entry: bytes, peer: object) -> None:
    with contextlib.suppress(KeyFormatError):
        check_list([entry])
        allows([entry], str(peer))
        assert not allows([b"*", b"!" + str(peer).encode()], str(peer))
