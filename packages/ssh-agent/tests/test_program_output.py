from __future__ import annotations

from typing import Literal

import pytest

from ssh_agent.program.output import announce, choose_shell, retract


@pytest.mark.parametrize(
    ("wanted", "environ", "shell"),
    [
        ("", {}, "sh"),
        ("", {"SHELL": "/bin/bash"}, "sh"),
        ("", {"SHELL": "/bin/tcsh"}, "csh"),
        ("sh", {"SHELL": "/bin/csh"}, "sh"),
        ("csh", {}, "csh"),
    ],
)
def test_shell_is_the_one_asked_for_or_that_of_the_user(
    wanted: Literal["csh", "sh", ""], environ: dict[str, str], shell: str
) -> None:
    assert choose_shell(wanted, environ) == shell


def test_announcement_is_that_of_ssh_agent() -> None:
    assert announce("sh", "/a/b", 7, with_pid=True) == (
        "SSH_AUTH_SOCK=/a/b; export SSH_AUTH_SOCK;\n"
        "SSH_AGENT_PID=7; export SSH_AGENT_PID;\n"
        "echo Agent pid 7;\n"
    )
    assert announce("csh", "/a/b", 7, with_pid=False) == (
        "setenv SSH_AUTH_SOCK /a/b;\necho Agent pid 7;\n"
    )
    assert announce("sh", "", 7, with_pid=False) == ""


@pytest.mark.parametrize(
    ("path", "quoted"),
    [("/a b", '"/a b"'), ("/a\tb", '"/a\tb"'), ("/it's", "/it\\'s"), ('/"\\', '/\\"\\\\')],
)
def test_path_is_quoted_as_openssh_quotes_it(path: str, quoted: str) -> None:
    assert announce("sh", path, 7, with_pid=False).startswith(f"SSH_AUTH_SOCK={quoted}; ")


def test_agent_that_was_ended_is_retracted() -> None:
    assert retract("sh", 7) == (
        "unset SSH_AUTH_SOCK;\nunset SSH_AGENT_PID;\necho Agent pid 7 killed;\n"
    )
    assert retract("csh", 7).startswith("unsetenv SSH_AUTH_SOCK;\nunsetenv SSH_AGENT_PID;\n")
