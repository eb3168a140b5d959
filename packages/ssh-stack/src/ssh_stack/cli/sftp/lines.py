"""Where the lines of sftp come from: a batch file, standard input, or a user at a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, TextIO, TypeAlias

if TYPE_CHECKING:
    from ssh_stack.cli.sftp.completion import Completer

__all__ = ["NextLine", "reader", "typist"]

NextLine: TypeAlias = Callable[[], "str | None"]
"""Returns the next line, or None behind the last."""


_PROMPT: Final = "sftp> "
_HISTORY: Final = 100


def reader(file: TextIO) -> NextLine:
    """Return what reads the lines of a file, without their ends."""

    def read() -> str | None:
        line = file.readline()
        return line.rstrip("\r\n") if line else None

    return read


def typist(completer: Completer | None) -> NextLine:
    """Return what reads the lines that are typed at the terminal, with editing and history.

    Ctrl-C raises KeyboardInterrupt; the end of input is the end.
    """
    ask = _editor(completer)

    def read() -> str | None:
        try:
            return ask(_PROMPT)
        except EOFError:
            sys.stdout.write("\n")
            return None

    return read


def _editor(completer: Completer | None) -> Callable[[str], str]:
    """Return what asks for a line; without a readline of the system's it has no editing."""
    try:
        import readline  # it changes the terminal: only for a user at one
    except ImportError:
        return input
    readline.set_history_length(_HISTORY)
    readline.set_auto_history(True)
    if completer is not None:
        readline.set_completer_delims(" \t\n")
        readline.set_completer(completer)
        libedit = "libedit" in (readline.__doc__ or "")
        readline.parse_and_bind("bind ^I rl_complete" if libedit else "tab: complete")
    return input
