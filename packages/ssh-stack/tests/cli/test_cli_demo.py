"""`ssh-stack demo` needs nothing but itself, and says in its status whether all matched."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ssh_stack.cli.demo import _DemoOutput
from ssh_stack.cli.demonstration import Demonstration, Finding, compare_bytes, compare_trees
from ssh_stack.cli.report import Report

if TYPE_CHECKING:
    from conftest import Cli
    from ssh_stack import Connection


def test_demo_ends_with_status_0_when_everything_matches(cli: Cli) -> None:
    done = cli.run("demo")
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.endswith(b"Every byte matched.\n")
    assert done.stdout.count(b"\nok ") + done.stdout.startswith(b"ok ") == 8
    assert b"FAILED" not in done.stdout


def test_demo_leaves_no_files_behind(cli: Cli, tmp_path: Path) -> None:
    folder = tmp_path / "tmp"
    folder.mkdir()
    assert cli.run("demo", env={"TMPDIR": str(folder)}).returncode == 0
    assert list(folder.iterdir()) == []
    assert list(cli.home.iterdir()) == []


FAILURE = Finding("two", False, "900 MB/s", "3 bytes were sent, 2 came back", "at byte 2\nsent 63")


@pytest.mark.parametrize("verbose", [0, 1])
def test_failed_step_shows_what_differed_and_no_speed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], verbose: int
) -> None:
    async def run(self: Demonstration) -> None:
        self._report_finding(Finding("one", True, "800 MB/s"))
        self._report_finding(FAILURE)

    monkeypatch.setattr(Demonstration, "run", run)
    assert _DemoOutput(Report(verbose=verbose)).run() == 1
    printed = capsys.readouterr().out
    assert "ok     one\n       800 MB/s\n" in printed
    assert "FAILED two\n       3 bytes were sent, 2 came back\n" in printed
    assert "900 MB/s" not in printed
    assert ("       at byte 2\n       sent 63\n" in printed) == bool(verbose)
    assert "1 of 2 failed" in printed


@pytest.mark.parametrize(
    ("found", "problem", "difference"),
    [
        (b"ab", "3 bytes were sent, 2 came back", "at byte 2\nsent      63\ncame back nothing"),
        (b"abcd", "3 bytes were sent, 4 came back", "at byte 3\nsent      nothing\ncame back 64"),
        (b"axc", "3 bytes were sent, and others came back", "at byte 1\nsent      62 63\n"),
    ],
)
def test_comparison_of_bytes_reports_first_difference(
    found: bytes, problem: str, difference: str
) -> None:
    finding = compare_bytes(b"abc", found, "1 MB/s")
    assert (finding.matched, finding.figures, finding.problem) == (False, "", problem)
    assert difference in finding.difference
    assert compare_bytes(b"abc", b"abc", "1 MB/s") == Finding("", True, "1 MB/s")


def test_comparison_of_trees_reports_files_that_differ() -> None:
    finding = compare_trees({"a": "1", "b": "2"}, {"b": "3", "c": "4"}, "fast")
    assert finding.problem == "1 files missing, 1 files not sent, 1 files other content"
    assert finding.difference == "missing: a\nnot sent: c\nother content: b"
    assert compare_trees({"a": "1"}, {"a": "1"}, "fast").matched


async def test_step_that_raises_is_finding_and_others_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    findings: list[Finding] = []
    demonstration = Demonstration(tmp_path, findings.append, lambda _: None)

    async def broken(_connection: Connection) -> Finding:
        problem = "the disk is full"
        raise OSError(28, problem, "/srv/data")

    monkeypatch.setattr(demonstration, "_file", broken)
    await demonstration.run()
    outcomes = {each.what: each.matched for each in findings}
    assert outcomes.pop("a file there and back") is False
    assert len(outcomes) == 7
    assert all(outcomes.values())
    failed = next(each for each in findings if not each.matched)
    assert failed.problem == "/srv/data: the disk is full"
    assert "Traceback" in failed.difference
