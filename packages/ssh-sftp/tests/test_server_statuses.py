from __future__ import annotations

import errno

import pytest

from ssh_sftp.server.statuses import is_fault, status_of


@pytest.mark.row("P86")
@pytest.mark.parametrize(
    ("error", "code", "text"),
    [
        (FileNotFoundError(errno.ENOENT, "x", "/secret"), 2, "No such file"),
        (NotADirectoryError(errno.ENOTDIR, "x"), 2, "No such file"),
        (PermissionError(errno.EPERM, "x"), 3, "Permission denied"),
        (OSError(errno.EROFS, "x"), 3, "Permission denied"),
        (
            OSError(errno.ENOSPC, "No space left on device", "/secret"),
            4,
            "No space left on device",
        ),
        (OSError(errno.ENAMETOOLONG, "x"), 5, "Bad message"),
        (OSError(errno.EOPNOTSUPP, "x"), 8, "Operation unsupported"),
        (ValueError("a bug"), 4, "Failure"),
        (UnicodeEncodeError("ascii", "é", 0, 1, "no"), 5, "Bad message"),
        (FileNotFoundError("told by its class"), 2, "No such file"),
        (PermissionError("told by its class"), 3, "Permission denied"),
        (NotImplementedError(), 8, "Operation unsupported"),
        (OverflowError(), 4, "Value too large"),
        (RuntimeError("/secret"), 4, "Failure"),
        (OSError("no errno"), 4, "Failure"),
    ],
)
def test_errors_have_their_statuses(error: Exception, code: int, text: str) -> None:
    found = status_of(9, error)

    assert (found.id, found.code, found.text) == (9, code, text)


@pytest.mark.parametrize(
    ("error", "fault"),
    [
        (OSError(errno.EIO, "x"), False),
        (PermissionError("x"), False),
        (NotImplementedError(), False),
        (OverflowError(), False),
        (ValueError(), True),
        (AttributeError(), True),
        (KeyError(), True),
    ],
)
def test_faults_are_told_from_refusals(error: Exception, fault: bool) -> None:
    assert is_fault(error) is fault
