"""What became of a command."""

from __future__ import annotations

from typing import Generic, TypeVar

import attrs

__all__ = ["Completed", "ExitSignal", "decode_output"]

T = TypeVar("T", bytes, str)


@attrs.frozen
class ExitSignal:
    """The signal that ended a command (RFC 4254 section 6.10)."""

    name: str
    """Its name without SIG."""
    core_dumped: bool = False
    message: str = ""
    """The server's text, made safe to show."""


@attrs.frozen
class Completed(Generic[T]):
    """A command that has ended, and all that it wrote."""

    command: str
    """The command line as it was sent."""
    exit_status: int | None
    """Its exit status; None when a signal ended it."""
    exit_signal: ExitSignal | None
    """The signal that ended it."""
    stdout: T
    """What it wrote to standard output."""
    stderr: T
    """What it wrote to standard error."""
    duration: float
    """Seconds from the request to the end."""


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
