"""`ssh-stack cp --sync`, its patterns, and `--resume`, against the machine's own sshd."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Cli, Sshd


@pytest.fixture
def site(tmp_path: Path) -> Path:
    top = tmp_path / "site"
    (top / "css").mkdir(parents=True)
    (top / "index.html").write_text("hello")
    (top / "css" / "main.css").write_text("h1 {}")
    (top / "note~").write_text("draft")
    return top


def names(top: Path) -> list[str]:
    return sorted(str(path.relative_to(top)) for path in top.rglob("*"))


def test_directory_on_a_host_is_made_like_the_local_one_and_back(
    cli: Cli, sshd: Sshd, site: Path, tmp_path: Path
) -> None:
    public, back = tmp_path / "public", tmp_path / "back"
    (public / "css").mkdir(parents=True)
    (public / "old.html").touch()
    words = ["cp", "--sync", "--delete", "--exclude", "*~", *sshd.login]
    up = [*words, str(site), f"{sshd.host}:{public}"]
    done = cli.run(*up)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert names(public) == ["css", "css/main.css", "index.html"]
    assert (public / "index.html").stat().st_mtime == int((site / "index.html").stat().st_mtime)

    done = cli.run(*up, "--json")
    assert json.loads(done.stdout) == {
        "files": 0,
        "bytes": 0,
        "failed": [],
        "skipped": [],
        "plan": [],
        "deleted": [],
    }
    done = cli.run(*words, f"{sshd.host}:{public}", str(back))
    assert (done.returncode, names(back)) == (0, names(public))


def test_dry_run_prints_its_plan_and_changes_nothing(
    cli: Cli, sshd: Sshd, site: Path, tmp_path: Path
) -> None:
    public = tmp_path / "public"
    public.mkdir()
    (public / "odd\x1b[31m").touch()
    target = f"{sshd.host}:{public}"
    done = cli.run("cp", "--sync", "--delete", "--dry-run", *sshd.login, str(site), target)
    assert done.returncode == 0
    assert done.stdout.decode().splitlines() == [
        "directory css (missing)",
        "file css/main.css (missing)",
        "file index.html (missing)",
        "file note~ (missing)",
        "delete odd\\x1b[31m (extra)",
    ]
    assert names(public) == ["odd\x1b[31m"]


def test_checksum_finds_what_size_and_time_hide(
    cli: Cli, sshd: Sshd, site: Path, tmp_path: Path
) -> None:
    public = tmp_path / "public"
    words = ["cp", "--sync", *sshd.login, str(site), f"{sshd.host}:{public}"]
    assert cli.run(*words).returncode == 0
    seen = (public / "index.html").stat()
    (public / "index.html").write_text("HELLO")
    os.utime(public / "index.html", ns=(seen.st_atime_ns, seen.st_mtime_ns))
    assert cli.run(*words).returncode == 0
    assert (public / "index.html").read_text() == "HELLO"
    assert cli.run(*words, "--checksum").returncode == 0
    assert (public / "index.html").read_text() == "hello"


def test_missing_source_is_an_error_and_deletes_nothing(
    cli: Cli, sshd: Sshd, tmp_path: Path
) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "file").touch()
    source = f"{sshd.host}:{tmp_path}/none"
    done = cli.run("cp", "--sync", "--delete", *sshd.login, source, str(tmp_path / "kept"))
    assert done.returncode == 1
    assert b"none" in done.stderr
    assert names(tmp_path / "kept") == ["file"]


def test_tree_is_copied_by_patterns(cli: Cli, sshd: Sshd, site: Path, tmp_path: Path) -> None:
    there = tmp_path / "there"
    words = ["-r", "--jobs", "2", "--include", "*.html", "--exclude", "css/"]
    done = cli.run("cp", *words, *sshd.login, str(site), f"{sshd.host}:{there}")
    assert done.returncode == 0
    assert names(there) == ["index.html"]


def test_resume_goes_on_from_what_a_copy_has_left(cli: Cli, sshd: Sshd, tmp_path: Path) -> None:
    big, there = tmp_path / "big", tmp_path / "there"
    big.write_bytes(os.urandom(6_000_000))
    slow = ["cp", "--resume", "-l", "8000", *sshd.login]
    with cli.start(*slow, str(big), f"{sshd.host}:{there}") as process:
        while not any(part.stat().st_size for part in tmp_path.glob("there.part-*")):
            assert process.poll() is None
        process.kill()
    (part,) = tmp_path.glob("there.part-*")
    left = part.stat().st_ino
    done = cli.run("cp", "--resume", *sshd.login, str(big), f"{sshd.host}:{there}")
    assert (done.returncode, done.stderr) == (0, b"")
    assert there.read_bytes() == big.read_bytes()
    assert there.stat().st_ino == left
    assert list(tmp_path.glob("there.part-*")) == []


def test_holes_are_kept_and_content_is_compared(cli: Cli, sshd: Sshd, tmp_path: Path) -> None:
    holes, there, back = (tmp_path / name for name in ("holes", "there", "back"))
    with holes.open("wb") as file:
        file.write(b"begin")
        file.truncate(20_000_000)
    words = ["cp", "--sparse", "--verify", *sshd.login]
    done = cli.run(*words, str(holes), f"{sshd.host}:{there}")
    assert (done.returncode, done.stderr) == (0, b"")
    done = cli.run(*words, f"{sshd.host}:{there}", str(back))
    assert (done.returncode, done.stderr) == (0, b"")
    for copy in (there, back):
        assert copy.read_bytes() == holes.read_bytes()
        assert copy.stat().st_blocks * 512 < 10_000_000


def test_large_file_goes_over_several_channels(cli: Cli, sshd: Sshd, tmp_path: Path) -> None:
    big, there = tmp_path / "big", tmp_path / "there"
    big.write_bytes(os.urandom(20_000_000))
    done = cli.run("cp", "--stripes", "4", *sshd.login, str(big), f"{sshd.host}:{there}")
    assert (done.returncode, done.stderr) == (0, b"")
    assert there.read_bytes() == big.read_bytes()
