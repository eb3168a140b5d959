"""`ssh-stack keygen -M` beside ssh-keygen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from keygen_programs import KeygenPrograms
from ssh_stack.cli.keygen import main, moduli
from ssh_transport import Modulus

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Cli

START = f"{3 << 1021 | 1:x}"
# made by `openssl dhparam 512`
SAFE = int(
    "cc813e904bc223420da3a5e8dfc0f64bad10e885b777c2d0235758536aca622f"
    "daa0e7044fa896a58301fdf9e380d6f7cee4c96551e993854219a81ec6edb8df",
    16,
)


@pytest.fixture
def keygen(cli: Cli, tmp_path: Path) -> KeygenPrograms:
    return KeygenPrograms(tmp_path, cli)


def candidates(safe: int, *others: int) -> str:
    """Lines of candidates; the first is half of a safe prime."""
    return "".join(
        Modulus(
            time="20260101000000",
            kind=Modulus.SOPHIE_GERMAIN,
            tests=Modulus.SIEVED,
            tries=0,
            size=q.bit_length() - 1,
            generator=0,
            modulus=q,
        ).to_line()
        + "\n"
        for q in (safe >> 1, *others)
    )


def primes(text: str) -> list[str]:
    """The lines without their times."""
    return [line.split(" ", 1)[1] for line in text.splitlines()]


@pytest.fixture
def written(keygen: KeygenPrograms) -> KeygenPrograms:
    """A file of candidates: half of a safe prime, and others."""
    text = "# candidates\n" + candidates(SAFE, (SAFE >> 1) + 2, (SAFE >> 1) + 30)
    keygen.path("candidates").write_text(text)
    return keygen


def test_safe_primes_are_those_that_ssh_keygen_finds(written: KeygenPrograms) -> None:
    for name in ("ours", "theirs"):
        run = getattr(written, name)
        done = run("-M", "screen", "-f", "candidates", name)
        assert done.returncode == 0, done.stderr
    ours, theirs = (written.path(name).read_text() for name in ("ours", "theirs"))
    assert primes(ours) == primes(theirs)
    assert len(primes(ours)) == 1


@pytest.mark.parametrize(
    ("values", "found"),
    [
        (["lines=2"], 1),
        (["lines=1"], 0),
        (["start-line=1"], 1),
        (["start-line=2"], 0),
        (["start-line=1", "lines=1"], 1),
        (["generator=3"], 0),
        (["prime-tests=10"], 1),
        (["checkpoint=point"], 1),
    ],
)
def test_lines_are_chosen_as_ssh_keygen_chooses_them(
    written: KeygenPrograms, values: list[str], found: int
) -> None:
    words = [word for each in values for word in ("-O", each)]
    for name in ("ours", "theirs"):
        run = getattr(written, name)
        assert run("-M", "screen", "-f", "candidates", *words, name).returncode == 0
    ours, theirs = (written.path(name).read_text() for name in ("ours", "theirs"))
    assert primes(ours) == primes(theirs)
    assert len(primes(ours)) == found
    assert not written.path("point").exists()


def test_search_goes_on_behind_the_checkpoint(written: KeygenPrograms) -> None:
    written.path("point").write_text("2\n")
    words = ("-M", "screen", "-f", "candidates", "-O", "checkpoint=point", "found")
    assert written.ours(*words).returncode == 0
    assert written.path("found").read_text() == ""


def test_candidates_from_standard_input_are_screened_to_standard_output(
    written: KeygenPrograms,
) -> None:
    text = written.path("candidates").read_text()
    done = written.ours("-M", "screen", "-f", "-", "-", given=text + "not a line\n")
    assert len(primes(done.stdout)) == 1
    assert "a line is passed over" in done.stderr


def test_candidates_have_no_small_factors_and_the_size_that_was_asked_for(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(moduli, "_SIZE", 5000)
    monkeypatch.setattr(moduli, "_LIMIT", 1000)
    target = tmp_path / "candidates"
    assert main(["-M", "generate", "-O", "bits=1024", "-O", f"start={START}", str(target)]) == 0
    lines = target.read_text().splitlines()
    assert f"Found {len(lines)} candidates" in capsys.readouterr().err
    assert lines
    for line in lines:
        found = Modulus.parse(line)
        assert found is not None
        assert (found.kind, found.size) == (Modulus.SOPHIE_GERMAIN, 1022)
        assert found.modulus.bit_length() == 1023
        assert all(found.modulus % each and (2 * found.modulus + 1) % each for each in (3, 5, 997))


def test_search_begins_at_a_number_of_the_wanted_size(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(moduli, "_SIZE", 2000)
    monkeypatch.setattr(moduli, "_LIMIT", 1000)
    for name in ("one", "two"):
        assert main(["-q", "-M", "generate", "-b", "2048", str(tmp_path / name)]) == 0
    one, two = ((tmp_path / name).read_text() for name in ("one", "two"))
    assert one != two
    assert all(line.split()[4] == "2046" for line in one.splitlines())


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["-M", "sieve", "x"], "-M takes generate or screen"),
        (["-M", "generate"], "name the file"),
        (["-M", "generate", "-O", "bits=256", "x"], "from 512"),
        (["-M", "generate", "-O", "bits=many", "x"], "takes a number"),
        (["-M", "generate", "-O", "start=xyz", "x"], "not a hexadecimal number"),
        (["-M", "generate", "-O", "lines=3", "x"], "not for -M generate"),
        (["-M", "screen", "-O", "bits=3", "x"], "not for -M screen"),
        (["-M", "screen", "-O", "prime-tests=3", "x"], "at least 4"),
        (["-M", "screen", "-f", "nothing", "x"], "nothing: No such file"),
    ],
)
def test_invalid_request_is_refused_in_one_line(
    keygen: KeygenPrograms, words: list[str], reason: str
) -> None:
    done = keygen.ours(*words)
    assert done.returncode == 255
    assert reason in done.stderr
    assert done.stderr.count("\n") == 1
