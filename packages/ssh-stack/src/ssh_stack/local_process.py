"""A process of this machine that leads a session of its own, from its start to its end.

The process is not reaped before `reap`: as long as it is not, its number is its own and
its group's, and a signal cannot hit a stranger.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress

import attrs

from ssh_connection import ExitSignal

__all__ = ["LocalProcess", "Program"]


@attrs.frozen(kw_only=True)
class Program:
    """What to start, and in which surroundings."""

    arguments: Sequence[str]
    """Its arguments, the first as it will see its own name."""
    executable: str
    """The file that is executed."""
    env: Mapping[str, str] = attrs.field(repr=False)
    """All its variables."""
    folder: str
    """The folder that it starts in."""


class LocalProcess:
    """A running process, and its group.

    Args:
        program: what to start.
        streams: the descriptors of its standard input, output and error; the caller closes them.

    Raises:
        OSError: it cannot be started.
        ValueError: an argument or variable has a NUL in it.
    """

    def __init__(self, program: Program, streams: tuple[int, int, int]) -> None:
        self._loop = asyncio.get_running_loop()
        self._dumped = False
        self.ended: asyncio.Future[None] = self._loop.create_future()
        """Done when the process has ended."""
        # without preexec_fn, the interpreter is not copied: the child runs no Python
        self._popen = subprocess.Popen(  # noqa: S603 (running commands is what it is for)
            list(program.arguments),
            executable=program.executable,
            stdin=streams[0],
            stdout=streams[1],
            stderr=streams[2],
            env=dict(program.env),
            cwd=program.folder,
            start_new_session=True,
        )
        self._watch()

    def signal(self, number: int) -> None:
        """Send a signal to the process group."""
        if self._popen.returncode is None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._popen.pid, number)

    def reap(self) -> int | ExitSignal:
        """Return how the process, which must have ended, ended; forget it."""
        status = self._popen.wait()
        return status if status >= 0 else _exit_signal(-status, core_dumped=self._dumped)

    # ------------------------------------------------------------- waiting for the end

    def _watch(self) -> None:
        try:
            descriptor = os.pidfd_open(self._popen.pid)
        except (AttributeError, OSError):  # not Linux, or no descriptor left
            threading.Thread(target=self._wait, daemon=True).start()
            return

        def readable() -> None:
            self._loop.remove_reader(descriptor)
            os.close(descriptor)
            self._look()
            self._end()

        self._loop.add_reader(descriptor, readable)

    def _wait(self) -> None:
        self._look()
        with suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(self._end)

    def _look(self) -> None:
        """Wait for the end without reaping the process."""
        if hasattr(os, "waitid"):
            found = os.waitid(os.P_PID, self._popen.pid, os.WEXITED | os.WNOWAIT)
            self._dumped = found is not None and found.si_code == os.CLD_DUMPED
        else:  # pragma: no cover (macOS before Python 3.13)
            self._popen.wait()

    def _end(self) -> None:
        if not self.ended.done():
            self.ended.set_result(None)


def _exit_signal(number: int, *, core_dumped: bool) -> ExitSignal:
    try:
        name = signal.Signals(number).name.removeprefix("SIG")
    except ValueError:
        name = f"{number}@ssh-stack"  # "local" names have an "@" (RFC 4254 section 6.10)
    return ExitSignal(name, core_dumped=core_dumped)
