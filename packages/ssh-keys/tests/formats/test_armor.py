from __future__ import annotations

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ssh_keys import KeyFormatError
from ssh_keys.formats.armor import enclose, label_of, open_armor

BLOCK = b"-----BEGIN X-----\nAAEC\n-----END X-----\n"


@given(body=st.binary(max_size=300))
@settings(deadline=None)
def test_enclosed_body_is_read_back(body: bytes) -> None:
    text = enclose("SOME KEY", body)
    assert label_of(text) == "SOME KEY"
    assert max(map(len, text.split(b"\n"))) <= 70
    assert open_armor(text).body == body


@given(start=st.sampled_from([b"", BLOCK[:20]]), junk=st.binary(max_size=100))
@settings(deadline=None)
def test_any_bytes_are_armour_or_a_format_error(start: bytes, junk: bytes) -> None:
    data = start + junk
    label_of(data)
    with contextlib.suppress(KeyFormatError):
        open_armor(data)


@pytest.mark.parametrize(
    ("data", "label"),
    [
        (BLOCK, "X"),
        (b"\r\n  " + BLOCK.replace(b"\n", b"\r\n"), "X"),
        (b"-----BEGIN -----\n", None),
        (b"-----BEGIN X----\n", None),
        (b"-----BEGIN", None),
        (b"ssh-ed25519 AAAA", None),
        (b"", None),
        (b"-----BEGIN \x1b[2J-----", "\\x1b[2J"),
    ],
)
def test_label_of_the_first_line(data: bytes, label: str | None) -> None:
    assert label_of(data) == label


def test_line_ends_and_blanks_are_ignored() -> None:
    assert open_armor(BLOCK.replace(b"\n", b" \r\n")).body == b"\0\1\2"


def test_headers_are_returned_with_the_rest() -> None:
    text = BLOCK.replace(b"AAEC", b"Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nAAEC")
    armor = open_armor(text + b"and more")
    assert armor.headers == {"Proc-Type": "4,ENCRYPTED", "DEK-Info": "AES-128-CBC,00"}
    assert armor.body == b"\0\1\2"
    assert armor.text == text
    assert armor.rest == b"and more"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"-----BEGIN X-----",
        b"-----BEGIN X-----\nAAEC\n",
        b"-----BEGIN X-----\nAAEC\n-----END Y-----\n",
        b"-----BEGIN X-----\nAAE\n-----END X-----\n",
        b"-----BEGIN X-----\nAA EC\n-----END X-----\n",
        b"-----BEGIN X-----\nAAEC=\n-----END X-----\n",
        b"-----BEGIN X-----\n-----BEGIN Y-----: 1\nAAEC\n-----END X-----\n",
    ],
)
def test_incomplete_armour_is_refused(data: bytes) -> None:
    with pytest.raises(KeyFormatError, match="armour"):
        open_armor(data)
