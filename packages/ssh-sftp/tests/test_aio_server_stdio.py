from __future__ import annotations

import logging
import os
import subprocess
import sys
import syslog
from pathlib import Path
from typing import Any

import pytest

from ssh_sftp import StatusCode
from ssh_sftp import messages as m
from ssh_sftp.aio.server import stdio
from ssh_sftp.aio.server.stdio_options import parse


def run(data: bytes, *options: str) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "ssh_sftp.server", *options]
    environ = {name: value for name, value in os.environ.items() if name != "SSH_CONNECTION"}
    return subprocess.run(
        command, input=data, capture_output=True, timeout=30, check=False, env=environ
    )


def test_session_of_the_program_answers_requests(tmp_path: Path, frame: Any) -> None:
    (tmp_path / "f").write_bytes(b"x")
    hello = frame(m.Init(version=3))
    done = run(hello + frame(m.Stat(id=1, path="f")), "-e", "-l", "INFO", "-d", str(tmp_path))

    assert done.returncode == 0, done.stderr
    assert m.Attrs(id=1, attributes=m.Attrs.decode(done.stdout[-37:]).attributes).id == 1


def test_protocol_error_is_one_line_and_status_1(tmp_path: Path) -> None:
    done = run(b"GET / HTTP/1.0\r\n\r\n", "--root", str(tmp_path))

    assert done.returncode == 1
    assert done.stderr.count(b"\n") == 1
    assert b"out of bounds" in done.stderr


def test_requests_are_listed_by_the_names_of_sftp_server(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert stdio.main(["-Q", "requests"]) == 0
    assert capsys.readouterr().out.splitlines()[:3] == ["open", "close", "read"]


def test_denied_requests_are_refused_and_their_extensions_not_announced(
    tmp_path: Path, frame: Any
) -> None:
    (tmp_path / "f").write_bytes(b"x")
    hello = frame(m.Init(version=3))
    done = run(hello + frame(m.Remove(id=1, path="f")), "-P", "remove,fsync", "-d", str(tmp_path))

    assert done.returncode == 0, done.stderr
    refusal = m.Status(id=1, code=StatusCode.PERMISSION_DENIED).encode()[:9]
    assert refusal in done.stdout
    assert b"fsync@openssh.com" not in done.stdout
    assert b"posix-rename@openssh.com" in done.stdout
    assert (tmp_path / "f").exists()


def test_missing_start_directory_is_logged_and_the_session_goes_on(
    tmp_path: Path, frame: Any
) -> None:
    done = run(frame(m.Init(version=3)), "-d", str(tmp_path / "missing"))

    assert done.returncode == 0
    assert b"missing: no such directory" in done.stderr
    assert b"\x02\0\0\0\x03" in done.stdout


@pytest.mark.parametrize(
    ("options", "environ", "syslog"),
    [
        ([], {}, False),
        (["-e"], {"SSH_CONNECTION": "::1 1 ::1 22"}, False),
        (["-e", "-f", "USER"], {"SSH_CONNECTION": "::1 1 ::1 22"}, False),
        (["-f", "USER"], {}, True),
        ([], {"SSH_CONNECTION": "::1 1 ::1 22"}, True),
    ],
)
def test_log_goes_to_syslog_behind_sshd_or_with_a_facility(
    options: list[str], environ: dict[str, str], *, syslog: bool
) -> None:
    handler = stdio._handler(parse(options), environ)

    assert isinstance(handler, stdio._Syslog) is syslog
    assert isinstance(handler, logging.StreamHandler) is not syslog


def test_syslog_gets_the_facility_and_the_priority_of_each_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    opened: list[tuple[str, int, int]] = []
    written: list[tuple[int, str]] = []

    def openlog(ident: str, options: int, facility: int) -> None:
        opened.append((ident, options, facility))

    def write(priority: int, line: str) -> None:
        written.append((priority, line))

    monkeypatch.setattr(syslog, "openlog", openlog)
    monkeypatch.setattr(syslog, "syslog", write)

    handler = stdio._handler(parse(["-f", "LOCAL3"]), {})
    for level, text in [(logging.INFO, "open 'f'"), (logging.ERROR, "a\nb"), (5, "c")]:
        handler.handle(logging.LogRecord("x", level, "", 1, text, None, None))

    assert opened == [("sftp-server", syslog.LOG_PID, syslog.LOG_LOCAL3)]
    assert written == [
        (syslog.LOG_INFO, "open 'f'"),
        (syslog.LOG_ERR, "a"),
        (syslog.LOG_ERR, "b"),
        (syslog.LOG_DEBUG, "c"),
    ]


def test_transactions_are_logged_at_level_info(tmp_path: Path, frame: Any) -> None:
    hello = frame(m.Init(version=3)) + frame(m.MkDir(id=1, path="d"))
    quiet = run(hello, "-e", "-d", str(tmp_path))
    told = run(hello, "-e", "-l", "info", "-d", str(tmp_path))

    assert quiet.stderr == b""
    lines = [line.split(b":", 2)[2] for line in told.stderr.splitlines() if b"asyncio" not in line]
    assert lines[1] == b"mkdir 'd' refused: failure"
    assert lines[0].startswith(b"session opened for local user ")
    assert lines[-1].startswith(b"session closed for local user ")
