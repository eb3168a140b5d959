"""OpenSSH's programs by their names: `ssh`, `scp`, `sftp`, `ssh-keygen` and the rest.

They are the commands of `ssh-stack` under the names of OpenSSH's programs, for tools that want a
program by its name: the distribution `ssh-stack-programs` installs them.
"""

from __future__ import annotations

import sys
from typing import NoReturn

from ssh_stack import cli
from ssh_stack.cli.program import use_name
from ssh_stack.cli.quick import run_quickly
from ssh_wire import lazy

__all__ = [
    "PROGRAMS",
    "scp",
    "sftp",
    "ssh",
    "ssh_add",
    "ssh_agent",
    "ssh_keygen",
    "ssh_keyscan",
]

PROGRAMS = {
    "ssh": "ssh",
    "scp": "cp",
    "sftp": "sftp",
    "ssh-keygen": "keygen",
    "ssh-keyscan": "keyscan",
    "ssh-add": "add",
    "ssh-agent": "agent",
}
"""Each program, with the command of `ssh-stack` that it is."""


def ssh() -> NoReturn:
    """Run `ssh`."""
    _run("ssh")


def scp() -> NoReturn:
    """Run `scp`."""
    _run("scp")


def sftp() -> NoReturn:
    """Run `sftp`."""
    _run("sftp")


def ssh_keygen() -> NoReturn:
    """Run `ssh-keygen`."""
    _run("ssh-keygen")


def ssh_keyscan() -> NoReturn:
    """Run `ssh-keyscan`."""
    _run("ssh-keyscan")


def ssh_add() -> NoReturn:
    """Run `ssh-add`."""
    _run("ssh-add")


def ssh_agent() -> NoReturn:
    """Run `ssh-agent`."""
    _run("ssh-agent")


def _run(name: str) -> NoReturn:
    use_name(name)
    run_quickly(lazy.load(cli.PROGRAMS[PROGRAMS[name]]), sys.argv[1:])
