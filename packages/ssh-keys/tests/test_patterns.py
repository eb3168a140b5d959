from __future__ import annotations

import fnmatch
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ssh_keys.patterns import matches, matches_list


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        (b"host", b"host", True),
        (b"host", b"hos", False),
        (b"host", b"hosts", False),
        (b"", b"", True),
        (b"", b"a", False),
        (b"*", b"", True),
        (b"*", b"anything", True),
        (b"**", b"x", True),
        (b"?", b"", False),
        (b"?", b"x", True),
        (b"?", b"xy", False),
        (b"*.example.com", b"www.example.com", True),
        (b"*.example.com", b".example.com", True),
        (b"*.example.com", b"example.com", False),
        (b"*.example.com", b"www.example.com.evil", False),
        (b"10.0.?.*", b"10.0.3.77", True),
        (b"10.0.?.*", b"10.0.33.77", False),
        (b"a*b*c", b"a-b-b-c", True),
        (b"a*b*c", b"a-c-b", False),
        (b"[*]:2222", b"[host]:2222", True),
        (b"[ab]", b"a", False),
        (b"a*", b"*", False),
    ],
)
def test_pattern_matches_the_whole_text(pattern: bytes, text: bytes, expected: bool) -> None:
    assert matches(pattern, text) is expected


@given(
    pattern=st.text("ab*?", max_size=10).map(str.encode),
    text=st.text("ab", max_size=12).map(str.encode),
)
@settings(deadline=None, max_examples=500)
def test_pattern_matches_as_fnmatch_does(pattern: bytes, text: bytes) -> None:
    assert matches(pattern, text) is fnmatch.fnmatchcase(text.decode(), pattern.decode())


@pytest.mark.parametrize(
    ("patterns", "text", "expected"),
    [
        ((b"a", b"b"), b"b", True),
        ((b"a", b"b"), b"c", False),
        ((b"*", b"!b"), b"a", True),
        ((b"*", b"!b"), b"b", False),
        ((b"!b", b"*"), b"b", False),
        ((b"!b",), b"a", False),
        ((b"!b",), b"b", False),
        ((b"!*.evil", b"*"), b"www.evil", False),
        ((b"!",), b"", False),
        ((), b"a", False),
    ],
)
def test_list_matches_unless_a_negated_pattern_does(
    patterns: tuple[bytes, ...], text: bytes, expected: bool
) -> None:
    assert matches_list(patterns, text) is expected


@pytest.mark.row("W11")
@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (b"*a*a*a*a*a*a*a*a*b", b"a" * 10_000),
        (b"*a" * 500 + b"b", b"a" * 10_000),
        (b"*?" * 100 + b"b", b"a" * 10_000),
        (b"*" * 10_000 + b"b", b"a" * 10_000),
        (b"*a*a*a*a*a*a*a*a*b*", b"a" * 10_000),
        (b"*a" * 500 + b"*b*", b"a" * 10_000),
        (b"*aaaaaaaaaaaaaaaaab*", b"a" * 10_000),
        (b"?*a?a*b*", b"a" * 10_000),
    ],
)
def test_no_pattern_is_slow(pattern: bytes, text: bytes) -> None:
    fastest = 1.0
    for _ in range(3):
        started = time.thread_time()
        assert not matches(pattern, text)
        fastest = min(fastest, time.thread_time() - started)
    assert fastest < 0.5  # a millisecond; backtracking takes hours
