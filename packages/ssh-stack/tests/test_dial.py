from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssh_stack.dial import split_command, token_values
from ssh_wire import UsageError

TOKENS = token_values("host.example", "alias", 2222, "ops")


def test_tokens_are_replaced_within_their_argument() -> None:
    assert split_command("exec nc -x '%r at %n' %h:%p 100%%", TOKENS) == [
        "nc",
        "-x",
        "ops at alias",
        "host.example:2222",
        "100%",
    ]


@pytest.mark.row("T46")
@pytest.mark.row("X03")
@pytest.mark.parametrize("value", ["-oProxyCommand=x", "a;b", "$(x)", "`x`", "a|b", "a\nb", "a&b"])
def test_a_host_that_could_be_more_than_a_name_is_refused(value: str) -> None:
    with pytest.raises(UsageError, match="cannot be part of a command"):
        split_command("nc %h", {"h": value})


@pytest.mark.parametrize(
    "command", ["nc %h | tee x", "a && b", "nc %h 2>/dev/null", "nc %h > x", "a ; b"]
)
def test_what_needs_a_shell_is_refused_and_not_guessed(command: str) -> None:
    with pytest.raises(UsageError, match="no shell reads"):
        split_command(command, TOKENS)


@pytest.mark.parametrize("command", ["", "exec", "  "])
def test_an_empty_command_is_refused(command: str) -> None:
    with pytest.raises(UsageError, match="empty"):
        split_command(command, TOKENS)


def test_unknown_tokens_and_open_quotes_are_refused() -> None:
    with pytest.raises(UsageError, match="unknown token %Q"):
        split_command("nc %Q", TOKENS)
    with pytest.raises(UsageError, match="No closing quotation"):
        split_command("nc '%h", TOKENS)


@given(st.text(max_size=80))
def test_any_command_is_split_or_refused(text: str) -> None:
    with contextlib.suppress(UsageError):
        assert split_command(text, TOKENS)
