"""From the words of a command line to the end of the process, in little time."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable, Sequence
from typing import Final, NoReturn

from ssh_stack.cli.command_exit import FAILED

__all__ = ["run_quickly"]

_OBJECTS: Final = 50_000  # until a collection: what a start makes stays


def run_quickly(program: Callable[[list[str]], int], words: Sequence[str]) -> NoReturn:
    """Run a program that leaves nothing open, and end the process.

    Python is not taken apart, which takes as long as a connection: no `atexit` functions run,
    and what is open is closed by the system.

    Args:
        program: takes the words, and returns the exit status.
        words: the words behind the program's name.
    """
    gc.set_threshold(_OBJECTS)
    status = program(list(words))
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            status = status or FAILED
    os._exit(status)
