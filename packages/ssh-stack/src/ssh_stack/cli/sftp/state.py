"""What the commands of one sftp share: the session, two directories, and how much is printed."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from ssh_sftp import (
    SFTPConnectionLost,
    SFTPError,
    SFTPProtocolError,
    SFTPTimeout,
    SFTPUnsafeName,
    StatusCode,
)
from ssh_stack.cli.sftp.words import escape_pattern
from ssh_wire import SSHError, lazy_attrs
from ssh_wire.text import printable

if TYPE_CHECKING:
    from ssh_sftp.aio import SFTPClient
    from ssh_stack.cli.report import Report

__all__ = ["ActionFailed", "State", "ends_session", "reason_of"]

_LIMIT: Final = 4096

_TEXTS: Final[dict[int, str]] = {
    StatusCode.EOF: "End of file",
    StatusCode.NO_SUCH_FILE: "No such file or directory",
    StatusCode.PERMISSION_DENIED: "Permission denied",
    StatusCode.FAILURE: "Failure",
    StatusCode.BAD_MESSAGE: "Bad message",
    StatusCode.NO_CONNECTION: "No connection",
    StatusCode.CONNECTION_LOST: "Connection lost",
    StatusCode.OP_UNSUPPORTED: "Operation unsupported",
}


class ActionFailed(Exception):
    """A command has failed; its text is what is printed, and is empty where that was done."""


@lazy_attrs.define(kw_only=True)
class State:
    """The state of one sftp.

    Attributes:
        sftp: the session.
        report: where errors are printed.
        directory: the remote working directory.
        home: the remote directory at the start, where `cd` alone goes.
        quiet: whether it is left out what a command does.
        progress: whether transfers are displayed while they run.
        stops: whether the first failure ends everything, as in a batch where nothing forgives it.
        recursive: -r, resume: -a, preserve: -p, fsync: -f: for all transfers.
    """

    sftp: SFTPClient
    report: Report
    directory: str = "/"
    home: str = "/"
    quiet: bool = False
    progress: bool = False
    stops: bool = False
    recursive: bool = False
    resume: bool = False
    preserve: bool = False
    fsync: bool = False

    def absolute(self, path: str) -> str:
        """Return a path as an absolute one; it begins at the working directory."""
        return path if path.startswith("/") else _joined(self.directory, path)

    def absolute_pattern(self, pattern: str) -> str:
        """Return a pattern as an absolute one."""
        if pattern.startswith("/"):
            return pattern
        return _joined(escape_pattern(self.directory), pattern)

    def say(self, text: str) -> None:
        """Print a line of what is done, unless quiet."""
        if not self.quiet:
            self.show(text)

    def show(self, text: str) -> None:
        """Print a line; what a server or a user put into it is escaped."""
        self.write(f"{printable(text, _LIMIT)}\n")

    def write(self, text: str) -> None:
        """Print text, which is escaped already."""
        with suppress(ValueError):  # standard output is closed
            sys.stdout.write(text)
            sys.stdout.flush()

    def error(self, text: str) -> None:
        """Print an error, in one line."""
        self.report.plain(printable(text, _LIMIT))


def _joined(directory: str, path: str) -> str:
    """Join two paths as they are; an empty one leaves the slash, as for sftp."""
    return directory + path if directory.endswith("/") else f"{directory}/{path}"


def ends_session(error: Exception) -> bool:
    """Return whether there is no session any more behind an error."""
    if isinstance(error, SFTPUnsafeName):
        return False  # it is refused, and nothing else of the session is affected
    return isinstance(error, SFTPConnectionLost | SFTPTimeout | SFTPProtocolError)


def reason_of(error: Exception) -> str:
    """Return why a request, or something on this machine, has failed.

    A server's own text is not used: sftp(1) prints one for each code, and scripts look for it.
    """
    if isinstance(error, SFTPError):
        return _TEXTS.get(error.code, "Unknown status")
    if isinstance(error, OSError):
        return error.strerror or os.strerror(error.errno or 0)
    return str(error) if isinstance(error, SSHError) else f"{type(error).__name__}: {error}"
