from __future__ import annotations

import io
import runpy
import sys
from pathlib import Path

import pytest

from handshake import CLIENT
from ssh_wire.__main__ import main
from ssh_wire.messages.auth import PasswordRequest

PASSWORD = PasswordRequest(user="u", service="s", password="hunter2").encode().hex()


def test_file_is_reported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "stream"
    path.write_bytes(CLIENT)

    assert main([str(path), "--server"]) == 0
    assert capsys.readouterr().out.startswith("← identification: SSH-2.0-client\n← KexInit (20)")


def test_standard_input_is_reported(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for options, visible in (([], False), (["--secrets", "--full"], True)):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(PASSWORD.encode())))
        assert main(options) == 0
        assert ("hunter2" in capsys.readouterr().out) is visible


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["/does/not/exist"], "No such file"),
        (["--phase", "x", "FILE"], "unknown phase 'x'"),
        (["--form", "capture", "FILE"], "neither pcap nor pcapng"),
    ],
)
def test_failure_is_one_line_and_a_status(
    words: list[str], problem: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "hex"
    path.write_text("15")

    assert main([str(path) if word == "FILE" else word for word in words]) == 1
    errors = capsys.readouterr().err
    assert errors.startswith("ssh_wire: ")
    assert problem in errors


def test_closed_pipe_ends_the_output(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Closed(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    path = tmp_path / "hex"
    path.write_text("15")
    monkeypatch.setattr(sys, "stdout", Closed())

    assert main([str(path)]) == 0


def test_module_runs_as_a_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "hex"
    path.write_text("15")
    monkeypatch.setattr(sys, "argv", ["ssh_wire", str(path)])
    monkeypatch.delitem(sys.modules, "ssh_wire.__main__")

    with pytest.raises(SystemExit) as ended:
        runpy.run_module("ssh_wire", run_name="__main__")
    assert ended.value.code == 0
    assert capsys.readouterr().out.startswith("NewKeys (21)")
