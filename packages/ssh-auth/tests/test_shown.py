from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssh_auth.shown import shown


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
def test_lines_stay_and_controls_are_escaped(text: str, safe: str) -> None:
    assert shown(text) == safe


@given(st.text())
def test_nothing_that_controls_a_terminal_is_left(text: str) -> None:
    kinds = {unicodedata.category(char) for char in shown(text) if char != "\n"}

    assert kinds.isdisjoint({"Cc", "Cf", "Cs", "Zl", "Zp"})
