"""-f: the program goes to the background, once the user is logged in.

An encrypted connection cannot be handed to another process, and a process with a running
event loop is not to be forked.  So the process that makes the connection is a child from the
start.  It asks its questions at the terminal, which it shares; the parent waits, and ends when
the child has gone to the background, or as the child ends before that.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import Final

from ssh_stack.cli.command_exit import FAILED
from ssh_stack.cli.standard_streams import point_to_null

__all__ = ["Background", "run_child"]

_PASSED_ON: Final = (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM)
_STANDARD: Final = (0, 1, 2)
_READY: Final = b"."


class Background:
    """The child's way to the background.

    Args:
        tell: the pipe on which the parent waits.
    """

    def __init__(self, tell: int) -> None:
        self._tell = tell

    def enter(self, *, keep_stderr: bool) -> None:
        """Leave the terminal and let the parent end.

        Args:
            keep_stderr: whether messages are still printed on standard error.
        """
        with suppress(PermissionError):  # it leads a session already
            os.setsid()
        point_to_null(*(_STANDARD[:2] if keep_stderr else _STANDARD))
        with suppress(BrokenPipeError):  # the parent was killed
            os.write(self._tell, _READY)
        os.close(self._tell)


def run_child(work: Callable[[Background], int], then: Callable[[], int] | None = None) -> int:
    """Run `work` in a child process; return its exit status, or 0 when it is in the background.

    Args:
        work: returns the exit status; it calls `Background.enter` when it has what it needs of
            the terminal.
        then: called in this process when the child is in the background; it returns the exit
            status.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    reading, writing = os.pipe()
    child = os.fork()  # before there is a loop or a thread
    if not child:
        os.close(reading)
        return work(Background(writing))
    os.close(writing)
    status = _wait(child, reading)
    return (0 if then is None else then()) if status is None else status


def _wait(child: int, reading: int) -> int | None:
    """Wait for the child; pass signals on to it.

    Return its exit status, or None when it is in the background.
    """

    def pass_on(number: int, _frame: FrameType | None) -> None:
        with suppress(ProcessLookupError):
            os.kill(child, number)

    before = {
        number: signal.signal(number, pass_on)
        for number in _PASSED_ON
        if signal.getsignal(number) is not signal.SIG_IGN
    }
    try:
        if os.read(reading, 1) == _READY:
            for number, handler in before.items():
                signal.signal(number, handler)
            return None
    finally:
        os.close(reading)
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else FAILED
