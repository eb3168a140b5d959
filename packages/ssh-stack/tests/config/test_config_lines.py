from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssh_stack.config.lines import parse_line
from ssh_stack.errors import ConfigError


@pytest.mark.parametrize(
    ("text", "keyword", "arguments"),
    [
        ("Port 22", "port", ("22",)),
        ("  Port=22  ", "port", ("22",)),
        ("Port = 22", "port", ("22",)),
        ("\tHost a b  c", "host", ("a", "b", "c")),
        ('IdentityFile "with space"', "identityfile", ("with space",)),
        ("SetEnv A='b c' D=e", "setenv", ("A=b c", "D=e")),
        ("User me # a comment", "user", ("me",)),
        ("User me#not", "user", ("me#not",)),
        (r'User "a\"b"', "user", ('a"b',)),
    ],
)
def test_line_is_parsed_into_keyword_and_arguments(
    text: str, keyword: str, arguments: tuple[str, ...]
) -> None:
    line = parse_line(text, "file", 3)

    assert line is not None
    assert (line.keyword, line.arguments, line.source, line.number) == (
        keyword,
        arguments,
        "file",
        3,
    )


@pytest.mark.parametrize("text", ["", "   ", "# comment", "\t# Port 22"])
def test_blank_line_or_comment_is_none(text: str) -> None:
    assert parse_line(text, "file", 1) is None


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("Port", "file, line 4: Port has no argument"),
        ("Port =", "file, line 4: Port has no argument"),
        ('User "me', "file, line 4: a quote is not closed"),
    ],
)
def test_invalid_line_raises_error_with_file_and_line(text: str, problem: str) -> None:
    with pytest.raises(ConfigError, match=problem):
        parse_line(text, "file", 4)


@given(st.text(max_size=200))
def test_any_text_is_parsed_or_raises_config_error(text: str) -> None:
    try:
        line = parse_line(text, "file", 1)
    except ConfigError:
        return
    # `Port=# none` has no argument, which its reader refuses
    assert line is None or line.arguments or line.rest.startswith("#")
