"""What became of a command."""

from __future__ import annotations

from typing import Final, Generic, Self, TypeVar, cast

from ssh_connection.errors import CommandFailed
from ssh_wire import lazy_attrs

__all__ = ["Completed", "ExitSignal", "decode_completed", "decode_output"]

T = TypeVar("T", bytes, str)


# "The 'signal name' is one of the following" (RFC 4254 section 6.10), numbered as by POSIX
_SIGNALS: Final = {
    "HUP": 1,
    "INT": 2,
    "QUIT": 3,
    "ILL": 4,
    "ABRT": 6,
    "FPE": 8,
    "KILL": 9,
    "USR1": 10,
    "SEGV": 11,
    "USR2": 12,
    "PIPE": 13,
    "ALRM": 14,
    "TERM": 15,
}
_UNKNOWN_SIGNAL: Final = 255


@lazy_attrs.frozen
class ExitSignal:
    """The signal that ended a command (RFC 4254 section 6.10)."""

    name: str
    """Its name without SIG."""
    core_dumped: bool = False
    message: str = ""
    """The server's text, escaped."""


@lazy_attrs.frozen
class Completed(Generic[T]):
    """A command that has ended, and all that it wrote.

    Attributes:
        command: The command line as it was sent.
        exit_status: Its exit status; None when a signal ended it.
        exit_signal: The signal that ended it.
        stdout: What it wrote to standard output.
        stderr: What it wrote to standard error.
        duration: Seconds from the request to the end.
    """

    command: str
    exit_status: int | None
    exit_signal: ExitSignal | None
    stdout: T
    stderr: T
    duration: float

    @property
    def ok(self) -> bool:
        """Whether it ended with exit status 0."""
        return self.exit_status == 0

    @property
    def returncode(self) -> int | None:
        """The exit status; -N where signal N ended it, as `subprocess` has it; None without."""
        if self.exit_signal is not None:
            return -_SIGNALS.get(self.exit_signal.name, _UNKNOWN_SIGNAL)
        return self.exit_status

    def check(self) -> Self:
        """Return this, or raise where the command has failed.

        Raises:
            CommandFailed: it ended with another status than 0, or by a signal.
        """
        if not self.ok:
            raise CommandFailed(cast("Completed[bytes] | Completed[str]", self))
        return self


def decode_output(
    completed: Completed[bytes], encoding: str = "utf-8", errors: str = "replace"
) -> Completed[str]:
    """Return the same command with its output as text."""
    return Completed(
        completed.command,
        completed.exit_status,
        completed.exit_signal,
        completed.stdout.decode(encoding, errors),
        completed.stderr.decode(encoding, errors),
        completed.duration,
    )


def decode_completed(error: Exception) -> None:
    """Give what an error has of a command as text, as the result would have been."""
    completed = cast("Completed[bytes] | None", getattr(error, "completed", None))
    if completed is not None and isinstance(cast("object", completed.stdout), bytes):
        vars(error)["completed"] = decode_output(completed)
