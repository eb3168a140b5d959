from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssh_wire.text import escape_lines, printable, raw


@pytest.mark.row("X01")
@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("plain ä 漢", "plain ä 漢"),
        ("a\x1b[31mb", "a\\x1b[31mb"),
        ("a\r\nb\a", "a\\x0d\\x0ab\\x07"),
        ("\x9b31m", "\\x9b31m"),
        ("abc\u202edef", "abc\\u202edef"),
        ("\udcff", "\\xff"),
        ("\u2028", "\\u2028"),
        ("a\u00a0b\u3000c", "a\\xa0b\\u3000c"),
        ("\U000e0001", "\\U000e0001"),
        (b"\xffok", "\\xffok"),
    ],
)
def test_controls_are_escaped(text: str | bytes, escaped: str) -> None:
    assert printable(text) == escaped


def test_long_text_is_truncated() -> None:
    assert printable("x" * 2000) == "x" * 1024 + "…"
    assert printable("abc", limit=2) == "ab…"


@given(st.binary(max_size=100))
def test_escaped_text_is_printable_and_raw_returns_the_bytes(data: bytes) -> None:
    text = data.decode("utf-8", "surrogateescape")

    assert printable(text).isprintable()
    assert raw(text) == data


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("Authorised users only\r\nGo away\n", "Authorised users only\nGo away\n"),
        ("\x1b[31mred", r"\x1b[31mred"),
        ("a\u202eb", r"a\u202eb"),
        ("a\rb", r"a\x0db"),
        ("\udcff", r"\xff"),
        ("ünï", "ünï"),
        ("x" * 5000, "x" * 5000),
    ],
)
def test_lines_are_kept_and_their_controls_are_escaped(text: str, safe: str) -> None:
    assert escape_lines(text) == safe


@given(st.text())
def test_escaped_lines_have_no_terminal_controls(text: str) -> None:
    kinds = {unicodedata.category(char) for char in escape_lines(text) if char != "\n"}

    assert kinds.isdisjoint({"Cc", "Cf", "Cs", "Zl", "Zp"})
