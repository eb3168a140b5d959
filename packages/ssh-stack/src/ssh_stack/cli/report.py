"""What the user is told: standard error, one line at a time, and how much of it."""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import Final

import attrs

__all__ = ["Report"]


_LEVELS: Final = {"QUIET": -1, "FATAL": -1, "ERROR": -1, "DEBUG1": 1, "DEBUG2": 2, "DEBUG3": 3}


@attrs.define
class Report:
    """Says things on standard error.

    Attributes:
        quiet: says errors only, as with -q.
        verbose: how many -v there were.
        alarming: says what `ssh` logs as an error, as with LogLevel ERROR, even if quiet.
    """

    quiet: bool = False
    verbose: int = 0
    alarming: bool = False

    def obey(self, level: str | None) -> None:
        """Take LogLevel of the configuration, unless the command line had -q or -v.

        The levels below INFO are those of -q, since errors are told in any case.
        """
        if level is not None and not self.quiet and not self.verbose:
            number = _LEVELS.get(level, 0)
            self.quiet, self.verbose = number < 0, max(number, 0)
            self.alarming = level == "ERROR"

    def error(self, text: str) -> None:
        """Say why the program fails; this is said in any case."""
        self._say(f"ssh-stack: {text}")

    def warn(self, text: str) -> None:
        """Say what the user should know, unless with -q."""
        if not self.quiet:
            self._say(f"ssh-stack: {text}")

    def alarm(self, text: str) -> None:
        """Say what `ssh` logs as an error although it goes on: unless with -q."""
        if self.alarming or not self.quiet:
            self._say(text)

    def show(self, text: str) -> None:
        """Show text as it stands, unless with -q: a server's banner, say."""
        if not self.quiet:
            self._say(text.removesuffix("\n"))

    def note(self, text: str, level: int = 1) -> None:
        """Say what happens, with `level` times -v."""
        if self.verbose >= level:
            self._say(f"ssh-stack: {text}")

    def _say(self, text: str) -> None:
        with suppress(OSError, ValueError):  # nobody listens
            sys.stderr.write(f"{text}\n")
            sys.stderr.flush()
