"""What goes wrong in SFTP.

SSHError
├── SFTPError (OSError)                       a request failed; errno and filename are set
│   ├── SFTPEOF (EOFError)                    read past the end of a file
│   ├── SFTPNoSuchFile (FileNotFoundError)
│   ├── SFTPPermissionDenied (PermissionError)
│   ├── SFTPUnsupported                       the server does not know the request
│   ├── SFTPConnectionLost (ConnectionError)
│   └── SFTPTimeout (TimeoutError)
├── SFTPTransferError                         a file arrived incomplete; has its path
├── SFTPTransferErrors                        some files of a tree failed; has all errors
└── ProtocolError
    └── SFTPProtocolError                     the peer broke a rule; the session has ended
        └── SFTPUnsafeName                    a name that must not become a local path
"""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from ssh_sftp.messages import Status
from ssh_sftp.numbers import StatusCode
from ssh_wire import Message, ProtocolError, SSHError
from ssh_wire.text import printable

if TYPE_CHECKING:
    from ssh_sftp.results import TransferFailure, Transferred

__all__ = [
    "SFTPEOF",
    "SFTPConnectionLost",
    "SFTPError",
    "SFTPNoSuchFile",
    "SFTPPermissionDenied",
    "SFTPProtocolError",
    "SFTPTimeout",
    "SFTPTransferError",
    "SFTPTransferErrors",
    "SFTPUnsafeName",
    "SFTPUnsupported",
    "outcome_error",
    "status_error",
]


class SFTPError(SSHError, OSError):
    """A request failed.

    Attributes:
        code: the code of SSH_FXP_STATUS (section 7).
        errno: the nearest error number of POSIX.
        filename: the path that the request named, or None.
        text: what the server sent, unchanged; `str()` returns it escaped.
    """

    CODE: StatusCode = StatusCode.FAILURE
    ERRNO: int = errno.EIO

    def __init__(self, text: str, filename: str | None = None, code: int | None = None) -> None:
        OSError.__init__(self, self.ERRNO, text, filename)
        self.text = text
        self.code: int = self.CODE if code is None else code

    def __str__(self) -> str:
        text = printable(self.text) or "the request failed"
        return f"{printable(str(self.filename))}: {text}" if self.filename else text

    def __reduce__(self) -> tuple[type[SFTPError], tuple[str, str | None, int]]:
        return type(self), (self.text, self.filename, self.code)


class SFTPEOF(SFTPError, EOFError):
    """SSH_FX_EOF: the end of a file or a listing."""

    CODE: StatusCode = StatusCode.EOF


class SFTPNoSuchFile(SFTPError, FileNotFoundError):
    """SSH_FX_NO_SUCH_FILE."""

    CODE: StatusCode = StatusCode.NO_SUCH_FILE
    ERRNO: int = errno.ENOENT


class SFTPPermissionDenied(SFTPError, PermissionError):
    """SSH_FX_PERMISSION_DENIED."""

    CODE: StatusCode = StatusCode.PERMISSION_DENIED
    ERRNO: int = errno.EACCES


class SFTPUnsupported(SFTPError):
    """SSH_FX_OP_UNSUPPORTED: the server does not know the request."""

    CODE: StatusCode = StatusCode.OP_UNSUPPORTED
    ERRNO: int = errno.EOPNOTSUPP


class SFTPConnectionLost(SFTPError, ConnectionError):
    """The stream under the session ended before the reply came."""

    CODE: StatusCode = StatusCode.CONNECTION_LOST
    ERRNO: int = errno.ECONNRESET


class SFTPTimeout(SFTPError, TimeoutError):
    """The server left requests unanswered for too long."""

    CODE: StatusCode = StatusCode.CONNECTION_LOST
    ERRNO: int = errno.ETIMEDOUT


class SFTPTransferError(SSHError):
    """A file arrived incomplete, or may not be transferred.

    Attributes:
        path: the file, as the side that has it names it.
    """

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(f"{printable(path)}: {problem}")
        self.path = path


class SFTPTransferErrors(SSHError):
    """Some files of a tree failed; the others were transferred.

    Attributes:
        errors: what failed, each with its path and cause, in the order in which it did.
        done: what was transferred.
    """

    def __init__(self, errors: tuple[TransferFailure, ...], done: Transferred) -> None:
        first = errors[0]
        path, cause = printable(first.path), str(first.cause)
        named = cause if path in cause else f"{path}: {cause}"
        if len(errors) == 1:
            problem = f"{named} (the only failure; {done.files} files were transferred)"
        else:
            count = f"{len(errors)} files or directories were not transferred"
            problem = f"{count}, {done.files} files were; the first: {named}"
        super().__init__(problem)
        self.errors = errors
        self.done = done

    def __reduce__(
        self,
    ) -> tuple[type[SFTPTransferErrors], tuple[tuple[TransferFailure, ...], Transferred]]:
        return type(self), (self.errors, self.done)


class SFTPProtocolError(ProtocolError):
    """The peer broke a rule of SFTP; the session has ended."""


class SFTPUnsafeName(SFTPProtocolError):
    """The server listed a name that is not a plain component of a path.

    Attributes:
        name: the name as it was listed.
    """

    def __init__(self, directory: str, name: str) -> None:
        super().__init__(
            f"{printable(directory)}: the server lists the name {printable(name)!r}, "
            "which is not a plain file name"
        )
        self.name = name


_BY_CODE: dict[int, type[SFTPError]] = {
    kind.CODE: kind for kind in (SFTPEOF, SFTPNoSuchFile, SFTPPermissionDenied, SFTPUnsupported)
}


def status_error(code: int, text: str, filename: str | None = None) -> SFTPError:
    """Return the error of a status code."""
    return _BY_CODE.get(code, SFTPError)(text, filename, code)


def outcome_error(outcome: Message | SFTPError | ProtocolError, path: str | None) -> Exception:
    """Return the error of a reply that is not the expected one; it has the path."""
    match outcome:
        case Status():
            return status_error(outcome.code, outcome.text, path)
        case SFTPConnectionLost():
            lost = SFTPConnectionLost(outcome.text, path)
            lost.__cause__ = outcome.__cause__
            return lost
        case SFTPError() | ProtocolError():
            return outcome
        case _:
            return SFTPProtocolError(f"{type(outcome).__name__} is not an expected reply")
