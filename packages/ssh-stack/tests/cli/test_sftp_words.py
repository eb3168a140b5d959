"""Lines of sftp cut into words: makeargv of OpenSSH's sftp.c decides."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssh_stack.cli.sftp.patterns import plain_text
from ssh_stack.cli.sftp.words import Words, escape_pattern, literal, split_words
from ssh_wire import UsageError


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("get a b", ["get", "a", "b"]),
        ("  get\ta  ", ["get", "a"]),
        ("get 'a b' \"c d\"", ["get", "a b", "c d"]),
        ("get a' 'b", ["get", "a b"]),
        ("get a\\ b", ["get", "a b"]),
        ("get '' x", ["get", "", "x"]),
        ("get a # b", ["get", "a"]),
        ("get a#b", ["get", "a"]),
        ("get '#b'", ["get", "#b"]),
        ("get *.c", ["get", "*.c"]),
        ("get '*.c'", ["get", "\\*.c"]),
        ("get \\*.c", ["get", "\\*.c"]),
        ("get \\\\x", ["get", "\\\\x"]),
        ("get 'it\\'s'", ["get", "it's"]),
        ('get "a\\"b"', ["get", 'a"b']),
        ("get 'a\\nb'", ["get", "a\\nb"]),
        ("get \\n", ["get", "n"]),
        ("get 'a\"b'", ["get", 'a"b']),
        ("get '\\?'", ["get", "\\\\\\?"]),
    ],
)
def test_line_is_cut_as_sh_does_and_keeps_what_is_not_a_pattern(
    line: str, words: list[str]
) -> None:
    assert list(split_words(line).items) == words


@pytest.mark.parametrize("line", ["get 'a", 'get "a', "get a\\", "x" * 9000])
def test_line_without_its_end_is_refused(line: str) -> None:
    with pytest.raises(UsageError):
        split_words(line)


def test_line_that_is_being_typed_has_its_last_word() -> None:
    assert split_words("get 'a b", sloppy=True) == Words(("get", "a b"), "'", complete=False)
    assert split_words("get a\\", sloppy=True) == Words(("get", "a"), "", complete=False)


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=8), max_size=5))
def test_words_in_quotes_are_words_again(words: list[str]) -> None:
    line = " ".join("'" + each.replace("\\", "/").replace("'", "") + "'" for each in words)
    expected = [each.replace("\\", "/").replace("'", "") for each in words]
    assert [literal(each) for each in split_words(line).items] == expected


@given(st.text(max_size=20))
def test_escaped_path_means_itself(path: str) -> None:
    assert plain_text(escape_pattern(path)) == path
    assert literal(escape_pattern(path).replace("\\]", "]")) == path
