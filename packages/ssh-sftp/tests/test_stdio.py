from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any, NoReturn

import pytest

from ssh_sftp import messages as m
from ssh_sftp.aio import stdio


def run(data: bytes, *options: str) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "ssh_sftp.server", *options]
    return subprocess.run(command, input=data, capture_output=True, timeout=30, check=False)


def test_a_session(tmp_path: Path, frame: Any) -> None:
    (tmp_path / "f").write_bytes(b"x")
    hello = frame(m.Init(version=3))
    done = run(hello + frame(m.Stat(id=1, path="f")), "-e", "-l", "INFO", "-d", str(tmp_path))

    assert done.returncode == 0, done.stderr
    assert m.Attrs(id=1, attributes=m.Attrs.decode(done.stdout[-37:]).attributes).id == 1


def test_a_breach_is_one_line_and_a_status(tmp_path: Path) -> None:
    done = run(b"GET / HTTP/1.0\r\n\r\n", "--root", str(tmp_path))

    assert done.returncode == 1
    assert done.stderr.count(b"\n") == 1
    assert b"out of bounds" in done.stderr


def test_options(capsys: pytest.CaptureFixture[str]) -> None:
    assert stdio.main(["-Q", "requests"]) == 0
    assert "posix-rename@openssh.com" in capsys.readouterr().out
    options = stdio._parser().parse_args(["-R", "-u", "077", "-l", "DEBUG3"])
    assert options.read_only
    assert options.umask == 0o77
    assert stdio._start("%d/x%%") == f"{Path.home()}/x%"
    assert stdio._start("%%d/%u") == f"%d/{Path.home().name}"
    assert stdio._start(None) == "."
    with pytest.raises(SystemExit):
        stdio.main(["--no-such-option"])


def test_start_directory_of_a_user_without_a_home_is_a_clear_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def unknown() -> NoReturn:
        raise RuntimeError

    monkeypatch.setattr(Path, "home", unknown)

    assert stdio._start("/srv/100%%") == "/srv/100%"
    with pytest.raises(SystemExit, match="the home directory is not known, set HOME"):
        stdio._start("%d")
