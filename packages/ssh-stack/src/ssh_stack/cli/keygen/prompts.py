"""Questions to the user: passphrases at the terminal or by SSH_ASKPASS, the rest on stdin."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Final

from ssh_stack.cli.command_exit import CommandExit
from ssh_stack.cli.prompts import TerminalPrompter

__all__ = ["ask", "confirm_overwrite", "new_passphrase", "secret"]

_ATTEMPTS: Final = 3


def secret(question: str, otherwise: str) -> str:
    """Ask for something that is not displayed.

    Without a terminal and a program of SSH_ASKPASS it is a line of standard input, as with
    ssh-keygen.

    Args:
        question: what to ask.
        otherwise: the option that answers it.

    Raises:
        CommandExit: the user cannot be asked, or nothing was typed.
    """
    prompter = TerminalPrompter.if_available(stdin=True)
    answer = _line() if prompter is None else asyncio.run(prompter.secret(question))
    if answer is None:
        problem = (
            f"no passphrase: there is no terminal to ask at, or no answer; "
            f"give it with -{otherwise}, or see SSH_ASKPASS in ssh(1)"
        )
        raise CommandExit(problem)
    return answer


def new_passphrase(given: str | None) -> str | None:
    """Return the passphrase that a key shall have, None for none.

    Args:
        given: the value of -N.

    Raises:
        CommandExit: the user cannot be asked, or no two answers were the same.
    """
    if given is not None:
        return given or None
    for _ in range(_ATTEMPTS):
        first = secret("Enter passphrase (empty for no passphrase): ", "N")
        if first == secret("Enter same passphrase again: ", "N"):
            return first or None
        print("Passphrases do not match. Try again.", file=sys.stderr)  # noqa: T201 (a dialogue)
    problem = "the passphrases do not match"
    raise CommandExit(problem)


def _line() -> str | None:
    """Return a line of standard input; None for its end."""
    line = sys.stdin.readline()
    return line.removesuffix("\n").removesuffix("\r") if line else None


def ask(question: str) -> str:
    """Ask on standard output, and read the answer from standard input."""
    sys.stdout.write(question)
    sys.stdout.flush()
    return sys.stdin.readline().removesuffix("\n")


def confirm_overwrite(path: Path) -> None:
    """Ask whether a file that is there shall go, as ssh-keygen asks.

    Raises:
        CommandExit: it stays.
    """
    if path.exists() or path.is_symlink():
        print(f"{path} already exists.")  # noqa: T201 (a dialogue)
        if ask("Overwrite (y/n)? ").strip().lower() not in {"y", "yes"}:
            raise CommandExit(status=1)
