"""Lines of sftp read as commands."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssh_stack.cli.sftp.grammar import COMMANDS, HELP, Command, Line, read_line
from ssh_stack.cli.sftp.local_actions import LOCAL_ACTIONS
from ssh_stack.cli.sftp.remote_actions import REMOTE_ACTIONS
from ssh_stack.cli.sftp.transfer_actions import TRANSFER_ACTIONS


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("get -rp a b", Command(name="get", action="get", flags=("r", "p"), paths=("a", "b"))),
        ("GET a", Command(name="get", action="get", paths=("a",))),
        ("put 'a*' '\\[b'", Command(name="put", action="put", paths=("a\\*", "\\[b"))),
        ("chmod 0755 x", Command(name="chmod", action="chmod", number=0o755, paths=("x",))),
        ("chown 0x10 x", Command(name="chown", action="chown", number=16, paths=("x",))),
        ("chgrp 010 x", Command(name="chgrp", action="chgrp", number=8, paths=("x",))),
        ("lumask 022", Command(name="lumask", action="lumask", number=0o22)),
        ("mkdir 'a\\*'", Command(name="mkdir", action="mkdir", paths=("a\\*",))),
        ("rm a\\*", Command(name="rm", action="rm", paths=("a\\*",))),
        ("rmdir a\\*", Command(name="rmdir", action="rmdir", paths=("a*",))),
        ("!ls  'a", None),
        ("!ls -l", Command(name="!", action="shell", rest="ls -l")),
        ("lls  -l x", Command(name="lls", action="lls", rest="-l x")),
        ("ls -lt", Command(name="ls", action="ls", flags=("l", "t"))),
        ("bye", Command(name="bye", action="quit")),
        ("ls a b c", Command(name="ls", action="ls", paths=("a",))),
    ],
)
def test_line_is_read_as_command(text: str, command: Command | None) -> None:
    assert read_line(text).command == command


@pytest.mark.parametrize("text", ["", "   ", "# all of it", "-", "@- # x"])
def test_line_without_a_command_is_none(text: str) -> None:
    line = read_line(text)
    assert (line.command, line.problem) == (None, "")


@pytest.mark.parametrize(
    ("text", "forgiving", "silent"),
    [("-pwd", True, False), ("@pwd", False, True), ("-@ pwd", True, True), ("pwd", False, False)],
)
def test_prefix_of_line_is_for_batches(text: str, forgiving: bool, silent: bool) -> None:
    command = Command(name="pwd", action="pwd")
    assert read_line(text) == Line(command=command, forgiving=forgiving, silent=silent)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("frob", "Invalid command."),
        ("get", "You must specify at least one path after a get command."),
        ("rename a", "You must specify two paths after a rename command."),
        ("rm", "You must specify a path after a rm command."),
        ("chmod 9 x", "You must supply a numeric argument to the chmod command."),
        ("chmod 1_0 x", "You must supply a numeric argument to the chmod command."),
        ("chown -5 x", "chown: Invalid flag -5"),
        ("chown 4294967296 x", "You must supply a numeric argument to the chown command."),
        ("chmod 7", "You must specify a path after a chmod command."),
        ("ls -Z", "ls: Invalid flag -Z"),
        ("pwd -x", "pwd: Invalid flag -x"),
        ("get 'a", "Unterminated quoted argument"),
    ],
)
def test_wrong_line_has_the_words_of_sftp(text: str, problem: str) -> None:
    assert read_line(text).problem == problem


@given(st.text(max_size=60))
def test_any_line_is_a_command_or_nothing_or_a_problem(text: str) -> None:
    line = read_line(text)
    assert not (line.command is not None and line.problem)


def test_each_command_has_one_action_and_a_line_of_help() -> None:
    actions = {*LOCAL_ACTIONS, *REMOTE_ACTIONS, *TRANSFER_ACTIONS, "quit"}
    assert {each.action for each in COMMANDS.values()} == actions
    documented = {line.split()[0].lstrip("!") for line in HELP.splitlines()[1:] if line[0] != " "}
    hidden = {"chdir", "dir", "lchdir", "mget", "mput", "!"}
    assert set(COMMANDS) - hidden == documented - {"", "command"}
