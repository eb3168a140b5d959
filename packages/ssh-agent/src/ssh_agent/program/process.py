"""The agent's process: in the background, without core dumps, not traced by other programs."""

from __future__ import annotations

import os
import resource
import signal
import sys
from contextlib import suppress
from typing import Final

__all__ = ["become_daemon", "forbid_tracing", "hold_signals", "ignore_signals", "release_signals"]

_PR_SET_DUMPABLE: Final = 4
_FIRST_OTHER: Final = 3
_HANDLED: Final = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGUSR1)


def forbid_tracing() -> None:
    """Keep other processes of the user from reading the memory, where the system can."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        import ctypes  # only here

        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def become_daemon(keep: int) -> None:
    """Leave the session, the folder and the streams of the process that was forked from.

    Args:
        keep: a descriptor that stays open; all others are closed.
    """
    os.setsid()
    os.chdir("/")
    null = os.open(os.devnull, os.O_RDWR)
    for stream in range(_FIRST_OTHER):
        os.dup2(null, stream)
    most = os.sysconf("SC_OPEN_MAX")
    os.closerange(_FIRST_OTHER, keep)
    os.closerange(keep + 1, most if most > 0 else 1024)


def ignore_signals(*numbers: signal.Signals) -> None:
    """Ignore signals."""
    for number in numbers:
        signal.signal(number, signal.SIG_IGN)


def hold_signals() -> set[int]:
    """Keep the signals that the agent handles until `release_signals`; return the mask before.

    Whoever reads the number of the process may send it one before its handlers are there.
    """
    return {int(each) for each in signal.pthread_sigmask(signal.SIG_BLOCK, _HANDLED)}


def release_signals(mask: set[int]) -> None:
    """Deliver the signals that were held."""
    signal.pthread_sigmask(signal.SIG_SETMASK, mask)
