"""Which status answers which error (section 7)."""

from __future__ import annotations

import errno

from ssh_sftp.messages import Status
from ssh_sftp.numbers import StatusCode

__all__ = ["is_fault", "status", "status_of"]

_CODES = {
    errno.ENOENT: StatusCode.NO_SUCH_FILE,
    errno.ENOTDIR: StatusCode.NO_SUCH_FILE,
    errno.ELOOP: StatusCode.NO_SUCH_FILE,
    errno.EBADF: StatusCode.FAILURE,
    errno.EPERM: StatusCode.PERMISSION_DENIED,
    errno.EACCES: StatusCode.PERMISSION_DENIED,
    errno.EROFS: StatusCode.PERMISSION_DENIED,
    errno.ENAMETOOLONG: StatusCode.BAD_MESSAGE,
    errno.ENOSYS: StatusCode.OP_UNSUPPORTED,
    errno.EOPNOTSUPP: StatusCode.OP_UNSUPPORTED,
}

_TEXTS = {
    StatusCode.OK: "Success",
    StatusCode.EOF: "End of file",
    StatusCode.NO_SUCH_FILE: "No such file",
    StatusCode.PERMISSION_DENIED: "Permission denied",
    StatusCode.FAILURE: "Failure",
    StatusCode.BAD_MESSAGE: "Bad message",
    StatusCode.OP_UNSUPPORTED: "Operation unsupported",
}


def status(number: int, code: StatusCode, text: str | None = None) -> Status:
    """Return a status with the usual text of its code, or with `text`."""
    return Status(id=number, code=code.value, text=text or _TEXTS[code], language="")


_BY_CLASS = (
    (FileNotFoundError, StatusCode.NO_SUCH_FILE),
    (NotADirectoryError, StatusCode.NO_SUCH_FILE),
    (PermissionError, StatusCode.PERMISSION_DENIED),
    (NotImplementedError, StatusCode.OP_UNSUPPORTED),
    (UnicodeError, StatusCode.BAD_MESSAGE),  # a name that the local file system cannot have
)


def status_of(number: int, error: Exception) -> Status:
    """Return the status for a request that failed with `error`.

    Its text is that of the errno; it has no path of the server.
    """
    if isinstance(error, OSError) and error.errno is not None:
        code = _CODES.get(error.errno, StatusCode.FAILURE)
        plain = code is StatusCode.FAILURE and isinstance(error.strerror, str)
        return status(number, code, error.strerror if plain else None)
    for kind, code in _BY_CLASS:
        if isinstance(error, kind):
            return status(number, code)
    if isinstance(error, OverflowError):
        return status(number, StatusCode.FAILURE, "Value too large")
    return status(number, StatusCode.FAILURE)


def is_fault(error: Exception) -> bool:
    """Return whether an error is a fault of the file system's code, not a refusal."""
    return not isinstance(error, OSError | NotImplementedError | UnicodeError | OverflowError)
