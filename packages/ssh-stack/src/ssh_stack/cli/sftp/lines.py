"""Where the lines of sftp come from: a batch file, standard input, or a user at a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final, TextIO

if TYPE_CHECKING:
    from ssh_stack.cli.sftp.completion import Completer

__all__ = ["read_lines", "typed_lines"]

_PROMPT: Final = "sftp> "
_HISTORY: Final = 100


def read_lines(file: TextIO) -> Iterator[str]:
    """Iterate over the lines of a file, without their ends."""
    for line in file:
        yield line.rstrip("\r\n")


def typed_lines(completer: Completer | None) -> Iterator[str]:
    """Iterate over the lines that are typed at the terminal, with editing and history.

    Ctrl-C begins a new line; the end of input ends.
    """
    ask = _editor(completer)
    while True:
        try:
            line = ask(_PROMPT)
        except KeyboardInterrupt:
            sys.stdout.write("\n")
            continue
        except EOFError:
            sys.stdout.write("\n")
            return
        yield line


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
