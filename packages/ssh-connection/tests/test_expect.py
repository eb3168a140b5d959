"""What is waited for in a stream: which of several patterns, however the stream is cut."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssh_connection.expect import Expected, ExpectTimeout, PatternNotFound, Search
from ssh_wire import UsageError


def test_match_that_begins_first_wins_whatever_the_order() -> None:
    search = Search(("later", re.compile("so+n"), "soon"), str)

    found = search.find("not soon, later")

    assert found is not None
    assert (found.index, found.before, found.text) == (1, "not ", "soon")
    assert found.match is not None


def test_match_of_a_text_has_no_match_object() -> None:
    assert Search((b"$ ",), bytes).find(b"host$ ") == Expected(0, b"host", b"$ ")


@given(st.lists(st.text("ab", max_size=4)), st.text("ab", min_size=1, max_size=3))
def test_text_is_found_where_it_is_in_the_whole_stream(pieces: list[str], text: str) -> None:
    search, whole = Search((text,), str), ""
    found = None
    for piece in pieces:
        whole += piece
        if (found := search.find(whole)) is not None:
            break

    at = whole.find(text)
    assert (found is None) == (at < 0)
    if found is not None:
        assert (found.before, found.text) == (whole[:at], text)


UNUSABLE: list[tuple[tuple[Any, ...], type[Any]]] = [
    ((), str),
    (("",), str),
    ((b"bytes",), str),
    (("text",), bytes),
    ((re.compile(b"x"),), str),
    ((5,), bytes),
]


@pytest.mark.parametrize(("patterns", "kind"), UNUSABLE)
def test_what_cannot_be_waited_for_is_refused(patterns: Any, kind: Any) -> None:
    with pytest.raises(UsageError, match=r"^expect (takes|needs)"):
        Search(patterns, kind)


def test_failures_quote_the_end_of_what_came_instead() -> None:
    short = ExpectTimeout("'$ '", 3.0, b"\x1b[1mlogin:")
    long = PatternNotFound("'$ '", "x" * 5000 + "end")
    none = PatternNotFound("'$ '", "")

    assert str(short) == (
        "timed out after 3 s while waiting for '$ '; what came is '\\\\x1b[1mlogin:'"
    )
    assert isinstance(short, TimeoutError)
    assert str(long).endswith("xend'")
    assert len(str(long)) < 300
    assert str(none) == "the stream ended without '$ '; nothing came"
    assert isinstance(none, EOFError)
