"""What the user is told: standard error, one line at a time, and how much of it."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import Final, TextIO

from ssh_stack.cli.command_exit import CommandExit
from ssh_stack.cli.program import program_name
from ssh_wire import lazy_attrs
from ssh_wire.text import printable

__all__ = ["LEVELS", "Report"]


_OWNER_ONLY: Final = 0o600
_NO_LOG: Final = 1
LEVELS: Final = (
    *("QUIET", "FATAL", "ERROR", "INFO", "VERBOSE"),
    *("DEBUG1", "DEBUG2", "DEBUG3"),
)
"""The levels of LogLevel, from the least to the most."""
_INFO: Final = LEVELS.index("INFO")
_VERBOSE: Final = LEVELS.index("VERBOSE")


@lazy_attrs.define
class Report:
    """Says things on standard error.

    Attributes:
        quiet: says errors only, as with -q.
        verbose: how many -v there were.
        alarming: says what `ssh` logs as an error, as with LogLevel ERROR, even if quiet.
        talkative: says what LogLevel VERBOSE adds, which every -v says too.
        log: where it is written instead of on standard error.
        syslog: whether everything but banners goes to the system's log.
        line_end: what ends a line; a terminal in raw mode needs a carriage return.
        sent: bytes of the messages that were sent, where they are counted.
        received: the same of those that have arrived.
    """

    quiet: bool = False
    verbose: int = 0
    alarming: bool = False
    talkative: bool = False
    log: TextIO | None = None
    syslog: bool = False
    line_end: str = "\n"
    sent: int = 0
    received: int = 0

    def append_to(self, path: str) -> None:
        """Say everything but banners in a file from now on, at its end, as with -E.

        Raises:
            CommandExit: it cannot be opened; the exit status is that of `ssh`.
        """
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        try:
            descriptor = os.open(path, flags, _OWNER_ONLY)
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            problem = f"the log file {printable(path)} cannot be opened: {reason}"
            raise CommandExit(problem, _NO_LOG) from None
        self.log = os.fdopen(descriptor, "a", encoding="utf-8", errors="backslashreplace")

    def send_to_syslog(self, facility: str = "USER") -> None:
        """Say everything but banners to the system's log from now on, as with -y.

        Args:
            facility: its name, as SyslogFacility has it.
        """
        import syslog  # only with -y

        number: int = getattr(syslog, f"LOG_{facility}", syslog.LOG_USER)
        syslog.openlog("ssh-stack", syslog.LOG_PID, number)
        self.syslog = True

    @property
    def level(self) -> str:
        """The LogLevel that it has come to."""
        if self.verbose:
            return LEVELS[min(_VERBOSE + self.verbose, len(LEVELS) - 1)]
        if self.quiet:
            return "ERROR" if self.alarming else "QUIET"
        return "VERBOSE" if self.talkative else "INFO"

    @level.setter
    def level(self, name: str) -> None:
        number = LEVELS.index(name)
        self.quiet = number < _INFO
        self.alarming = name == "ERROR"
        self.talkative = number >= _VERBOSE
        self.verbose = max(number - _VERBOSE, 0)

    def apply_log_level(self, level: str | None) -> None:
        """Take LogLevel of the configuration, unless the command line had -q or -v.

        The levels below INFO are those of -q, since errors are told in any case.
        """
        if level is not None and not self.quiet and not self.verbose:
            self.level = level

    @property
    def on_terminal(self) -> bool:
        """Whether messages are printed on standard error."""
        return self.log is None and not self.syslog

    def error(self, text: str) -> None:
        """Print why the program fails; this is printed in any case."""
        self._say(f"{program_name()}: {text}")

    def warn(self, text: str) -> None:
        """Say what the user should know, unless with -q."""
        if not self.quiet:
            self._say(f"{program_name()}: {text}")

    def alarm(self, text: str) -> None:
        """Say what `ssh` logs as an error although it goes on: unless with -q."""
        if self.alarming or not self.quiet:
            self._say(text)

    def show(self, text: str) -> None:
        """Print text as it is, unless with -q."""
        if not self.quiet:
            self._say(text.removesuffix("\n"))

    def banner(self, text: str) -> None:
        """Show a server's banner, unless with -q: on standard error, whatever -E says."""
        if not self.quiet:
            self._write(sys.stderr, text.removesuffix("\n"))

    def plain(self, text: str) -> None:
        """Print text as it is, in any case: what another program prints in these words."""
        self._say(text)

    def note(self, text: str, level: int = 1) -> None:
        """Say what happens, with `level` times -v; 0 is LogLevel VERBOSE."""
        if self.verbose >= level and (level or self.talkative or self.verbose):
            self._say(f"{program_name()}: {text}")

    def _say(self, text: str) -> None:
        if self.syslog:
            import syslog  # loaded by `send_to_syslog`

            for line in text.splitlines():
                syslog.syslog(syslog.LOG_INFO, line)
        else:
            self._write(self.log or sys.stderr, text)

    def _write(self, stream: TextIO, text: str) -> None:
        end = "\n" if stream is self.log else self.line_end
        with suppress(OSError, ValueError):  # the terminal is gone
            stream.write(f"{text}\n".replace("\n", end))
            stream.flush()
