from __future__ import annotations

import logging

import pytest

from ssh_sftp import StatusCode
from ssh_sftp import messages as m
from ssh_sftp.aio.server.transactions import log_request
from ssh_wire import Message

OK = m.Status(id=1, code=StatusCode.OK)


@pytest.mark.parametrize(
    ("request_", "answer", "line"),
    [
        (m.MkDir(id=1, path="d"), OK, "mkdir 'd'"),
        (m.Rename(id=1, old="a", new="b"), OK, "rename 'a' 'b'"),
        (m.Open(id=1, path="f", flags=1), m.Handle(id=1, handle=b"f"), "open 'f'"),
        (m.Close(id=1, handle=b"f"), OK, "close"),
        (
            m.Remove(id=1, path="f\x1b[2J\n"),
            m.Status(id=1, code=StatusCode.NO_SUCH_FILE),
            r"remove 'f\\x1b[2J\\x0a' refused: no such file",
        ),
        (m.RmDir(id=1, path="d"), m.Status(id=1, code=77), "rmdir 'd' refused: status 77"),
    ],
)
def test_request_that_changes_something_is_one_line_at_level_info(
    caplog: pytest.LogCaptureFixture, request_: m.Request, answer: Message, line: str
) -> None:
    with caplog.at_level(logging.INFO, "ssh_sftp.server"):
        log_request(request_, answer)

    (record,) = caplog.records
    assert record.levelno == logging.INFO
    assert record.getMessage() == line


def test_request_that_changes_nothing_is_logged_at_level_debug_alone(
    caplog: pytest.LogCaptureFixture,
) -> None:
    request = m.Stat(id=1, path="f")
    with caplog.at_level(logging.INFO, "ssh_sftp.server"):
        log_request(request, OK)
    assert not caplog.records
    with caplog.at_level(logging.DEBUG, "ssh_sftp.server"):
        log_request(request, OK)
    assert [record.getMessage() for record in caplog.records] == ["stat 'f'"]


def test_end_of_a_file_is_not_logged_as_a_refusal(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, "ssh_sftp.server"):
        log_request(m.ReadDir(id=1, handle=b"d"), m.Status(id=1, code=StatusCode.EOF))
    assert [record.getMessage() for record in caplog.records] == ["readdir"]
