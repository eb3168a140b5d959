"""Questions to the user at the terminal: passphrases there, everything else on stdin."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Final

from ssh_stack.cli.errors import CommandExit
from ssh_stack.cli.prompts import TerminalPrompter

__all__ = ["ask", "confirm_overwrite", "new_passphrase", "secret"]

_ATTEMPTS: Final = 3


def secret(question: str, otherwise: str) -> str:
    """Ask for something that is not shown.

    Args:
        question: what to ask.
        otherwise: the option that answers it.

    Raises:
        CommandExit: there is no terminal, or nothing was typed.
    """
    keyboard = TerminalPrompter.if_available()
    answer = None if keyboard is None else asyncio.run(keyboard.secret(question))
    if answer is None:
        problem = f"no passphrase: there is no terminal to ask at; give it with -{otherwise}"
        raise CommandExit(problem)
    return answer


def new_passphrase(given: str | None) -> str | None:
    """Return the passphrase that a key shall have, None for none.

    Args:
        given: the value of -N.

    Raises:
        CommandExit: there is no terminal, or no two answers were the same.
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
