"""What is printed on standard output: what was asked for, and what ssh-keygen says there."""

from __future__ import annotations

import sys
from typing import Final

from ssh_stack.cli.command_exit import CommandExit

__all__ = ["write", "write_line"]

_SIGPIPE: Final = 128 + 13
"""The status that a shell has for what this signal ends, as it ends ssh-keygen."""


def write(text: str | bytes) -> None:
    """Print text as it is; bytes are those of a file.

    Raises:
        CommandExit: whoever reads it has read enough.
    """
    try:
        if isinstance(text, bytes):
            sys.stdout.buffer.write(text)
        else:
            sys.stdout.write(text)
        sys.stdout.flush()  # it keeps its place between bytes, and between lines of stderr
    except BrokenPipeError:
        raise CommandExit(status=_SIGPIPE) from None


def write_line(text: str | bytes) -> None:
    """Print a line."""
    write(text + b"\n" if isinstance(text, bytes) else f"{text}\n")
