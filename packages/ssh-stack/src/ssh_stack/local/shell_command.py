"""Commands of the configuration, run by the user's shell as OpenSSH runs them.

Tokens are put in without quoting, since the command says itself what is quoted.  So what
somebody else may have chosen, the name of a host or a user, must not be able to end a word:
only letters, digits and a few signs go in, and no minus sign at the start.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final

from ssh_stack.config.tokens import expand
from ssh_stack.local.process import wait_without_reaping
from ssh_wire import UsageError
from ssh_wire.text import printable

if TYPE_CHECKING:
    from ssh_stack.config.tokens import Tokens

__all__ = ["command_status", "expand_command", "shell_arguments"]

_NAMES: Final = "hjknru"  # the tokens that are names of hosts and users
_SIGNS: Final = frozenset("._:@%+,/-")
_SHELL: Final = "/bin/sh"


def shell_arguments(command: str) -> list[str]:
    """Return the arguments that run a command: the shell of SHELL, "-c", and the command.

    Raises:
        UsageError: the shell is not executable.
    """
    shell = os.environ.get("SHELL", _SHELL)
    if not os.access(shell, os.X_OK):
        problem = f"the shell {shell!r}, which SHELL names, is not executable"
        raise UsageError(problem)
    return [shell, "-c", command]


def expand_command(command: str, tokens: Tokens) -> str:
    """Return a command with its %-tokens replaced.

    Raises:
        UsageError: it has an unknown token, or the name of a host or user is not safe there.
    """
    return expand(command, _SafeTokens(tokens))


def command_status(command: str) -> int:
    """Run a command without input and output; return its exit status, or minus its signal.

    Raises:
        UsageError: the shell cannot be executed, or the status of the command is not known.
    """
    arguments = shell_arguments(command)
    nothing = subprocess.DEVNULL
    try:
        with subprocess.Popen(arguments, stdin=nothing, stdout=nothing) as process:  # noqa: S603 (the user's own configuration names it)
            status_is_lost, _ = wait_without_reaping(process)
    except (OSError, ValueError) as error:
        problem = f"the command {command!r} cannot be run: {error}"
        raise UsageError(problem) from error
    if status_is_lost:
        problem = (
            f"the exit status of the command {command!r} cannot be told: this program ignores "
            "SIGCHLD, or waits for every child process"
        )
        raise UsageError(problem)
    return process.returncode


class _SafeTokens(Mapping[str, str]):
    """Tokens, of which those that are names are looked at when they are used."""

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens

    def __getitem__(self, letter: str) -> str:
        value = self._tokens[letter]
        if letter in _NAMES and not _is_safe(value):
            problem = f"{printable(value)!r} cannot be part of a command (%{letter})"
            raise UsageError(problem)
        return value

    def __iter__(self) -> Iterator[str]:
        return iter(self._tokens)

    def __len__(self) -> int:
        return len(self._tokens)


def _is_safe(name: str) -> bool:
    return not name.startswith("-") and all(char.isalnum() or char in _SIGNS for char in name)
