"""What to start in a session, and the command line that a command becomes."""

from __future__ import annotations

import os
import shlex
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssh_connection.aio import Launch, command_line
from ssh_connection.aio.process.launch import signal_name
from ssh_wire import UsageError
from ssh_wire.messages import connection as m

WORDS = st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=20)


def test_command_as_a_string_is_unchanged_and_as_a_list_is_quoted() -> None:
    assert command_line("echo $HOME; ls") == "echo $HOME; ls"
    assert command_line(["echo", "$HOME", "it's"]) == "echo '$HOME' 'it'\"'\"'s'"


@given(st.lists(WORDS, max_size=6))
def test_quoted_list_is_split_into_the_same_words_by_a_shell(words: list[str]) -> None:
    line = command_line(words)
    assert shlex.split(line) == words
    assert command_line(tuple(words)) == line


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ("TERM", "TERM"),
        ("SIGKILL", "KILL"),
        ("INFO", "INFO@openssh.com"),
        ("SIGINFO", "INFO@openssh.com"),
        ("sig@example.com", "sig@example.com"),
    ],
)
def test_signal_is_sent_by_its_name_of_the_protocol(given: str, sent: str) -> None:
    assert signal_name(given) == sent


@pytest.mark.parametrize("name", ["term", "WINCH", "", "SIG", "15"])
def test_signal_that_the_protocol_does_not_have_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match=r"is not a signal of SSH: ABRT, .* or INFO$"):
        signal_name(name)


@pytest.mark.parametrize(
    ("command", "problem"),
    [
        (None, "command is text, or a list of texts, not a NoneType"),
        (b"true", "command is text, or a list of texts, not a bytes"),
        ([b"true"], "command is text, or a list of texts: one of the list is not text"),
        (["sleep", 5], "command is text, or a list of texts: one of the list is not text"),
    ],
)
def test_command_of_another_type_is_refused_by_name(command: Any, problem: str) -> None:
    with pytest.raises(UsageError, match=f"^{problem}$"):
        command_line(command)


@pytest.mark.parametrize("command", [{"ls", "-l"}, {"ls": "-l"}, iter(["ls"]), bytearray(b"ls")])
def test_words_without_an_order_are_refused(command: Any) -> None:
    with pytest.raises(UsageError, match=r"^command is text, or a list of texts, not a \w+$"):
        command_line(command)


@pytest.mark.parametrize(
    ("launch", "request_", "title"),
    [
        (Launch(command="ls \udcff"), m.ExecRequest(recipient=0, command=b"ls \xff"), "ls \udcff"),
        (Launch(subsystem="sftp"), m.SubsystemRequest(recipient=0, name="sftp"), "subsystem sftp"),
        (Launch(), m.ShellRequest(recipient=0), "the shell"),
    ],
)
def test_launch_becomes_its_request(launch: Launch, request_: m.RequestHead, title: str) -> None:
    assert launch.request == request_
    assert launch.title == title


def test_empty_command_is_a_command_and_not_a_shell() -> None:
    launch = Launch(command="")
    assert launch.request == m.ExecRequest(recipient=0, command=b"")
    assert launch.title == ""


def test_subsystem_comes_before_a_command() -> None:
    launch = Launch(command="x", subsystem="sftp")
    assert launch.request == m.SubsystemRequest(recipient=0, name="sftp")
    assert launch.title == "subsystem sftp"


@given(st.binary(max_size=40).filter(lambda data: b"\0" not in data))
def test_command_of_any_bytes_is_sent_unchanged(command: bytes) -> None:
    launch = Launch(command=os.fsdecode(command))
    assert launch.request == m.ExecRequest(recipient=0, command=command)


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"command": "echo a\0b"}, "command cannot have a NUL character"),
        ({"subsystem": "sftp\0"}, "subsystem cannot have a NUL character"),
        ({"env": {"A\0": "1"}}, "the name of a variable in env cannot have a NUL character"),
        ({"env": {"A": "\0"}}, "the variable A in env cannot have a NUL character"),
        ({"env": {"A": 1}}, "the variable A in env is text, not int"),
        ({"env": {"A": None}}, "the variable A in env is text, not None"),
    ],
)
def test_argument_that_no_request_can_carry_is_refused_by_name(
    fields: dict[str, Any], problem: str
) -> None:
    with pytest.raises(UsageError, match=f"^{problem}$"):
        Launch(**fields)


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"command": b"ls"}, "command is text, not bytes"),
        ({"subsystem": 5}, "subsystem is text, not int"),
        ({"env": {1: "x"}}, "the name of a variable in env is text, not int"),
        ({"env": {None: "x"}}, "the name of a variable in env is text, not None"),
    ],
)
def test_value_of_another_type_is_refused_by_name(fields: dict[str, Any], problem: str) -> None:
    with pytest.raises(UsageError, match=f"^{problem}$"):
        Launch(**fields)
