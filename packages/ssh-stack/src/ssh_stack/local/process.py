"""A process of this machine, from its start to its end.

The process is not reaped before `reap`: as long as it is not, its number is its own and
its group's, and a signal cannot hit another process.  asyncio's own processes do not keep to that:
closing the transport of one that has just ended reaps it behind the back of the child watcher,
which then reports "Unknown child process" and the status 255.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import IO, Final

from ssh_connection import ExitSignal
from ssh_wire import lazy_attrs

__all__ = ["UNKNOWN_STATUS", "LocalProcess", "Program", "wait_without_reaping"]

UNKNOWN_STATUS: Final = 255
"""The exit status of a process that something else has reaped, or that the system has because
SIGCHLD is ignored: its status is not known."""


@lazy_attrs.frozen(kw_only=True)
class Program:
    """What to start, and in which surroundings."""

    arguments: Sequence[str]
    """Its arguments, the first as it will see its own name."""
    executable: str | None = None
    """The file that is executed; None for the first argument, looked for in PATH."""
    env: Mapping[str, str] | None = lazy_attrs.field(default=None, repr=False)
    """All its variables; None for those of this process."""
    folder: str | None = None
    """The folder that it starts in; None for that of this process."""
    session: bool = True
    """Whether it leads a session of its own, so that a signal reaches its whole group."""


class LocalProcess:
    """A running process, and its group.

    Args:
        program: what to start.
        streams: the descriptors of its standard input, output and error, which the caller
            closes; `subprocess.PIPE` makes a pipe, whose other end is in `pipes`; None is that of
            this process.

    Raises:
        OSError: it cannot be started.
        ValueError: an argument or variable has a NUL in it.
    """

    def __init__(
        self, program: Program, streams: tuple[int | None, int | None, int | None]
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._session = program.session
        self._dumped = False
        self._lost = False
        self.ended: asyncio.Future[None] = self._loop.create_future()
        """Done when the process has ended."""
        # without preexec_fn, the interpreter is not copied: the child runs no Python
        self._popen = subprocess.Popen(  # noqa: S603 (running commands is what it is for)
            list(program.arguments),
            executable=program.executable,
            stdin=streams[0],
            stdout=streams[1],
            stderr=streams[2],
            env=None if program.env is None else dict(program.env),
            cwd=program.folder,
            start_new_session=program.session,
            bufsize=0,
        )
        self._watch()

    @property
    def pipes(self) -> tuple[IO[bytes] | None, IO[bytes] | None, IO[bytes] | None]:
        """Our ends of its standard input, output and error, where pipes were asked for."""
        return self._popen.stdin, self._popen.stdout, self._popen.stderr

    def signal(self, number: int) -> None:
        """Send a signal to the process group, or to the process that leads none."""
        if self._popen.returncode is None:
            with suppress(ProcessLookupError, PermissionError):
                (os.killpg if self._session else os.kill)(self._popen.pid, number)

    def reap(self) -> int | ExitSignal:
        """Return how the process, which must have ended, ended; forget it."""
        status = self._popen.wait()
        if self._lost:  # `Popen` calls it 0, a success
            return UNKNOWN_STATUS
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
            self._wait_without_reaping()
            self._end()

        self._loop.add_reader(descriptor, readable)

    def _wait(self) -> None:
        self._wait_without_reaping()
        with suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(self._end)

    def _wait_without_reaping(self) -> None:
        """Wait for the end without reaping the process."""
        self._lost, self._dumped = wait_without_reaping(self._popen)

    def _end(self) -> None:
        if not self.ended.done():
            self.ended.set_result(None)


def wait_without_reaping(process: subprocess.Popen[bytes]) -> tuple[bool, bool]:
    """Wait for the end of a process without reaping it, where the system has a call for that.

    Returns:
        Whether its status is lost, and whether it dumped core.
    """
    if not hasattr(os, "waitid"):  # pragma: no cover (macOS before Python 3.13)
        process.wait()
        return False, False
    try:
        found = os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    except ChildProcessError:
        return process.returncode is None, False
    return False, found is not None and found.si_code == os.CLD_DUMPED


def _exit_signal(number: int, *, core_dumped: bool) -> ExitSignal:
    try:
        name = signal.Signals(number).name.removeprefix("SIG")
    except ValueError:
        name = f"{number}@ssh-stack"  # "local" names have an "@" (RFC 4254 section 6.10)
    return ExitSignal(name, core_dumped=core_dumped)
