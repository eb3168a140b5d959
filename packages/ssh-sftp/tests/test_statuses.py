from __future__ import annotations

import errno

import pytest

from ssh_sftp.statuses import status_of


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
        (ValueError("embedded null byte"), 5, "Bad message"),
        (OverflowError(), 4, "Value too large"),
        (RuntimeError("/secret"), 4, "Failure"),
        (OSError("no errno"), 4, "Failure"),
    ],
)
def test_statuses(error: Exception, code: int, text: str) -> None:
    found = status_of(9, error)

    assert (found.id, found.code, found.text) == (9, code, text)
