from __future__ import annotations

import errno
import pickle

import pytest

from ssh_sftp import (
    SFTPEOF,
    SFTPConnectionLost,
    SFTPError,
    SFTPNoSuchFile,
    SFTPPermissionDenied,
    SFTPProtocolError,
    SFTPTimeout,
    SFTPTransferError,
    SFTPUnsafeName,
    SFTPUnsupported,
)
from ssh_sftp.errors import outcome_error, status_error
from ssh_sftp.messages import Handle, Status
from ssh_wire import ProtocolError, SSHError


@pytest.mark.parametrize(
    ("code", "kind", "builtin", "number"),
    [
        (1, SFTPEOF, EOFError, errno.EIO),
        (2, SFTPNoSuchFile, FileNotFoundError, errno.ENOENT),
        (3, SFTPPermissionDenied, PermissionError, errno.EACCES),
        (4, SFTPError, OSError, errno.EIO),
        (5, SFTPError, OSError, errno.EIO),
        (8, SFTPUnsupported, OSError, errno.EOPNOTSUPP),
        (4711, SFTPError, OSError, errno.EIO),
    ],
)
def test_status_codes_have_their_errors(code: int, kind: type, builtin: type, number: int) -> None:
    error = status_error(code, "why", "/path")

    assert type(error) is kind
    assert isinstance(error, builtin)
    assert isinstance(error, SSHError)
    assert (error.code, error.errno, error.filename) == (code, number, "/path")
    assert str(error) == "/path: why"
    assert str(pickle.loads(pickle.dumps(error))) == str(error)  # noqa: S301 (our own)


@pytest.mark.row("X01")
def test_text_of_the_server_is_escaped() -> None:
    evil = "\x1b[2J\r\n\x07\u202e\x9b"
    texts = [
        str(SFTPError(evil, evil)),
        str(SFTPTransferError(evil, "problem")),
        str(SFTPUnsafeName(evil, evil)),
    ]

    for text in texts:
        assert all(char.isprintable() for char in text)
    assert SFTPError(evil, evil).filename == evil
    assert SFTPUnsafeName("d", evil).name == evil


def test_errors_are_those_of_python_too() -> None:
    assert issubclass(SFTPConnectionLost, ConnectionError)
    assert issubclass(SFTPTimeout, TimeoutError)
    assert issubclass(SFTPUnsafeName, ProtocolError)
    assert str(SFTPError("")) == "the request failed"


def test_refusal_becomes_the_error_of_its_code_with_the_path() -> None:
    error = outcome_error(Status(id=1, code=2, text="no"), "/f")

    assert isinstance(error, SFTPNoSuchFile)
    assert error.filename == "/f"


def test_lost_connection_gets_the_path_and_keeps_its_cause() -> None:
    lost = SFTPConnectionLost("the stream was lost")
    lost.__cause__ = OSError("reset")
    error = outcome_error(lost, "/f")

    assert isinstance(error, SFTPConnectionLost)
    assert (error.filename, error.__cause__) == ("/f", lost.__cause__)


def test_reply_of_another_type_is_an_error_of_the_protocol() -> None:
    assert isinstance(outcome_error(Handle(id=1, handle=b"h"), "/f"), SFTPProtocolError)
