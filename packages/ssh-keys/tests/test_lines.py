from __future__ import annotations

import pytest

from ssh_keys import KeyFormatError, Problem
from ssh_keys.lines import (
    MAX_LINE,
    as_bytes,
    checked_line,
    numbered_lines,
    split_lines,
    strip_comment,
    take_field,
)


@pytest.mark.row("K13")
def test_length_of_a_line_is_bounded() -> None:
    assert checked_line(b"x" * MAX_LINE)
    with pytest.raises(KeyFormatError, match="16385 bytes"):
        checked_line(b"x" * (MAX_LINE + 1))


def test_numbered_lines_count_comments_and_blank_lines() -> None:
    data = "\n# comment\n  \t\none\r\n\ttwo \n   # more\nthree\rfour\n"
    assert list(numbered_lines(data)) == [(4, b"one"), (5, b"two"), (7, b"three\rfour")]
    assert list(numbered_lines(data.encode())) == list(numbered_lines(data))
    assert list(numbered_lines("")) == []


def test_field_ends_at_the_first_blank() -> None:
    assert take_field(b"a b c") == (b"a", b"b c")
    assert take_field(b"a\t \tb") == (b"a", b"b")
    assert take_field(b"a") == (b"a", b"")
    assert take_field(b"") == (b"", b"")
    assert take_field(b"a b\tc") == (b"a", b"b\tc")
    assert take_field(b"a\tb c") == (b"a", b"b c")


def test_split_lines_keep_their_newlines() -> None:
    for data in (b"", b"a", b"a\n", b"\n\n", b"a\r\nb\rc\n\x85d", "é\nf"):
        lines = split_lines(data)
        assert b"".join(lines) == as_bytes(data)
        assert all(line.endswith(b"\n") for line in lines[:-1])
    assert split_lines(b"a\n\nb") == (b"a\n", b"\n", b"b")


def test_comment_and_blanks_are_stripped() -> None:
    assert strip_comment(b" \ta b\t\r\n") == b"a b"
    assert strip_comment(b"a\r\r\n") == b"a\r"
    assert strip_comment(b" # a\n") == strip_comment(b" \n") == strip_comment(b"") == b""


def test_text_becomes_the_bytes_that_it_was_decoded_from() -> None:
    assert as_bytes("é\udcff") == b"\xc3\xa9\xff"
    assert as_bytes("\ud800") == b"?"
    assert as_bytes(b"\xff") == b"\xff"


def test_problem_names_file_and_line() -> None:
    assert str(Problem("known_hosts", 3, "why")) == "known_hosts:3: why"
    assert str(Problem("", 3, "why")) == "line:3: why"
