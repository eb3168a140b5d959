"""`ssh-stack demo` needs nothing but itself, and says in its status whether all matched."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ssh_stack.cli.demo import _Show
from ssh_stack.cli.demonstration import Demonstration, Finding
from ssh_stack.cli.report import Report

if TYPE_CHECKING:
    from conftest import Cli


def test_everything_matches(cli: Cli) -> None:
    done = cli.run("demo")
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.endswith(b"Every byte matched.\n")
    assert done.stdout.count(b"\nok ") + done.stdout.startswith(b"ok ") == 8
    assert b"FAILED" not in done.stdout


def test_it_leaves_nothing_behind(cli: Cli, tmp_path: Path) -> None:
    folder = tmp_path / "tmp"
    folder.mkdir()
    assert cli.run("demo", env={"TMPDIR": str(folder)}).returncode == 0
    assert list(folder.iterdir()) == []
    assert list(cli.home.iterdir()) == []


def test_what_does_not_match_is_a_failure(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def conduct(self: Demonstration) -> None:
        self._tell(Finding("one", True))
        self._tell(Finding("two", False, "bytes differ"))

    monkeypatch.setattr(Demonstration, "conduct", conduct)
    assert _Show(Report()).conduct() == 1
    shown = capsys.readouterr().out
    assert "FAILED two\n       bytes differ\n" in shown
    assert "1 of 2 failed" in shown
