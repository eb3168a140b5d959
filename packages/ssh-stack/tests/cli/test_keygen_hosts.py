"""`ssh-stack keygen -F, -H, -R` beside ssh-keygen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from keygen_here import Bench

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Cli


@pytest.fixture
def bench(cli: Cli, tmp_path: Path) -> Bench:
    (tmp_path / "work").mkdir()
    bench = Bench(tmp_path / "work", cli)
    one, two = (
        " ".join(bench.make(name, "-t", "ed25519").with_suffix(".pub").read_text().split()[:2])
        for name in ("one", "two")
    )
    bench.path("known").write_text(
        f"# kept\nh1,h2 {one}\n[h3]:2222 {two} a comment\n@cert-authority *.example {two}\n"
        f"@revoked h1 {two}\n"
    )
    return bench


@pytest.mark.parametrize("host", ["h1", "h2", "[h3]:2222", "www.example", "h4"])
def test_find_prints_lines_of_host_as_ssh_keygen(bench: Bench, host: str) -> None:
    bench.same("-F", host, "-f", "known")


@pytest.mark.parametrize("words", [["-l"], ["-lv"], ["-l", "-E", "md5"]])
def test_find_prints_fingerprints_as_ssh_keygen(bench: Bench, words: list[str]) -> None:
    bench.same(*words, "-F", "[h3]:2222", "-f", "known")


def test_hashed_file_is_searched_as_by_ssh_keygen(bench: Bench) -> None:
    before = bench.path("known").read_bytes()

    done = bench.ours("-H", "-f", "known")

    assert done.returncode == 0, done.stderr
    assert bench.path("known.old").read_bytes() == before
    lines = bench.path("known").read_text().splitlines()
    names = [line.split()[0] for line in lines if not line.startswith(("#", "@"))]
    assert len(names) == 3
    assert all(name.startswith("|1|") for name in names)
    assert lines[0] == "# kept"
    assert any(line.startswith("@cert-authority *.example ") for line in lines)
    for host in ("h1", "h2", "[h3]:2222", "h4"):
        bench.same("-F", host, "-f", "known")


def test_lines_hashed_by_ssh_keygen_are_found(bench: Bench) -> None:
    assert bench.theirs("-H", "-f", "known").returncode == 0
    for host in ("h1", "h2", "[h3]:2222", "h4"):
        bench.same("-F", host, "-f", "known")


def test_lines_of_unknown_kinds_of_key_are_kept(bench: Bench) -> None:
    """ssh-keygen stops at them."""
    with bench.path("known").open("a") as file:
        file.write("h1,h9 future-kind AAAA\n")

    assert bench.ours("-R", "h2", "-f", "known").returncode == 0
    assert "h1,h9 future-kind AAAA\n" in bench.path("known").read_text()
    assert bench.ours("-F", "h9", "-f", "known").stdout.endswith("h1,h9 future-kind AAAA\n")


def test_find_with_hash_option_prints_hashed_name(bench: Bench) -> None:
    line = bench.ours("-H", "-F", "h2", "-f", "known").stdout.splitlines()[1]
    bench.path("single").write_text(f"{line}\n")

    assert line.startswith("|1|")
    assert bench.theirs("-F", "h2", "-f", "single").returncode == 0
    assert bench.theirs("-F", "h1", "-f", "single").returncode == 1


@pytest.mark.parametrize("host", ["h1", "[h3]:2222", "h4"])
def test_remove_rewrites_file_as_ssh_keygen(bench: Bench, host: str) -> None:
    original = bench.path("known").read_bytes()
    theirs = bench.theirs("-R", host, "-f", "known")
    expected = bench.path("known").read_bytes()
    bench.path("known").write_bytes(original)
    bench.path("known.old").unlink(missing_ok=True)

    ours = bench.ours("-R", host, "-f", "known")

    assert ours.returncode == theirs.returncode == 0
    assert ours.stdout == theirs.stdout
    assert bench.path("known").read_bytes() == expected
    if host != "h4":
        assert bench.path("known.old").read_bytes() == original


def test_missing_known_hosts_file_is_reported(bench: Bench) -> None:
    for words in (["-F", "h1"], ["-R", "h1"], ["-H"]):
        done = bench.ours(*words, "-f", "nothing")
        assert done.returncode == 255
        assert "nothing: No such file" in done.stderr
