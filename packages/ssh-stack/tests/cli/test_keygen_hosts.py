"""`ssh-stack keygen -F, -H, -R` beside ssh-keygen."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from keygen_programs import KeygenPrograms

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Cli


@pytest.fixture
def keygen(cli: Cli, tmp_path: Path) -> KeygenPrograms:
    (tmp_path / "work").mkdir()
    keygen = KeygenPrograms(tmp_path / "work", cli)
    one, two = (
        " ".join(keygen.make(name, "-t", "ed25519").with_suffix(".pub").read_text().split()[:2])
        for name in ("one", "two")
    )
    keygen.path("known").write_text(
        f"# kept\nh1,h2 {one}\n[h3]:2222 {two} a comment\n@cert-authority *.example {two}\n"
        f"@revoked h1 {two}\n"
    )
    return keygen


@pytest.mark.parametrize("host", ["h1", "h2", "[h3]:2222", "www.example", "h4"])
def test_find_prints_lines_of_host_as_ssh_keygen(keygen: KeygenPrograms, host: str) -> None:
    keygen.same("-F", host, "-f", "known")


@pytest.mark.parametrize("words", [["-l"], ["-lv"], ["-l", "-E", "md5"]])
def test_find_prints_fingerprints_as_ssh_keygen(keygen: KeygenPrograms, words: list[str]) -> None:
    keygen.same(*words, "-F", "[h3]:2222", "-f", "known")


def test_hashed_file_is_searched_as_by_ssh_keygen(keygen: KeygenPrograms) -> None:
    before = keygen.path("known").read_bytes()

    done = keygen.ours("-H", "-f", "known")

    assert done.returncode == 0, done.stderr
    assert keygen.path("known.old").read_bytes() == before
    lines = keygen.path("known").read_text().splitlines()
    names = [line.split()[0] for line in lines if not line.startswith(("#", "@"))]
    assert len(names) == 3
    assert all(name.startswith("|1|") for name in names)
    assert lines[0] == "# kept"
    assert any(line.startswith("@cert-authority *.example ") for line in lines)
    for host in ("h1", "h2", "[h3]:2222", "h4"):
        keygen.same("-F", host, "-f", "known")


def test_lines_hashed_by_ssh_keygen_are_found(keygen: KeygenPrograms) -> None:
    assert keygen.theirs("-H", "-f", "known").returncode == 0
    for host in ("h1", "h2", "[h3]:2222", "h4"):
        keygen.same("-F", host, "-f", "known")


def test_find_with_hash_option_prints_every_name_of_the_line_hashed(
    keygen: KeygenPrograms,
) -> None:
    hashed = r"(?m)^\|1\|\S+"
    theirs = keygen.theirs("-H", "-F", "h2", "-f", "known").stdout

    ours = keygen.ours("-H", "-F", "h2", "-f", "known").stdout

    assert re.sub(hashed, "HASHED", ours) == re.sub(hashed, "HASHED", theirs)
    keygen.path("printed").write_text(ours)
    for host, status in (("h1", 0), ("h2", 0), ("h4", 1)):
        assert keygen.theirs("-F", host, "-f", "printed").returncode == status


# ------------------------------------------------------------- every form of a line

ODD_NAMES = [
    *("h1", "H1", "indented", "[h3]:2222", "h3", "[h1]:22", "h1,h2", "h1 ", "", "*"),
    *("www.example", "wild1", "WILD1", "wildno", "hashed.example", "HASHED.other"),
    *("h5", "h6", "h7", "h8", "h9", "h10", "h11", "h12", "nonewline"),
]
INVALID = {
    "kind": "h6 future-kind AAAA",
    "no key": "h7 ssh-ed25519",
    "no kind": "h8",
    "blank instead of kind": "h9 ",
    "marker": "@other h9 KEY",
    "two markers": "@revoked @revoked h9 KEY",
    "hash": "|1|bad|bad KEY",
    "protocol 1": "h10 1024 35 1234",
    "comment instead of key": "h11 ssh-ed25519 # x",
    "comment instead of kind": "h12 # x",
}
"""Lines that ssh-keygen calls invalid."""


@pytest.fixture
def odd(keygen: KeygenPrograms) -> KeygenPrograms:
    """A keygen whose file `odd` has a line of every form, the last without a newline."""
    one, two = (
        " ".join(keygen.path(f"{name}.pub").read_text().split()[:2]) for name in ("one", "two")
    )
    keygen.path("odd").write_text(f"hashed.example {one}\n")
    assert keygen.theirs("-H", "-f", "odd").returncode == 0
    hashed = keygen.path("odd").read_text()
    valid = (
        f"# kept\n\n \t\nh1,h2 {one} c1 c2  \n  indented\t{two}\n"
        f"[h3]:2222 {two} a comment\n{hashed}"
        f"@cert-authority *.example {two}\n@revoked h1 {two} gone\nwild*,!wildno {one}\nH1 {one}\n"
        "h5 ecdsa-sha2-nistp256 AAAA\n"
    )
    lines = "\n".join(INVALID.values()).replace("KEY", one)
    keygen.path("odd").write_text(f"{valid}{lines}\nnonewline {one}")
    keygen.path("valid").write_text(f"{valid}nonewline {one}")
    return keygen


@pytest.mark.parametrize("host", ODD_NAMES)
@pytest.mark.parametrize("words", [[], ["-q"], ["-lv"], ["-qlB"]])
def test_find_in_lines_of_every_form_prints_what_ssh_keygen_prints(
    odd: KeygenPrograms, host: str, words: list[str]
) -> None:
    odd.same(*words, "-F", host, "-f", "odd")


@pytest.mark.parametrize("host", ODD_NAMES)
def test_remove_among_lines_of_every_form_leaves_what_ssh_keygen_leaves(
    odd: KeygenPrograms, host: str
) -> None:
    _same_change(odd, "valid", "-R", host)


@pytest.mark.parametrize("words", [["-R", "h1"], ["-qR", "h1"], ["-R", "h99"], ["-H"]])
@pytest.mark.parametrize("line", INVALID)
def test_change_of_file_with_an_invalid_line_ends_as_that_of_ssh_keygen(
    odd: KeygenPrograms, words: list[str], line: str
) -> None:
    key = " ".join(odd.path("one.pub").read_text().split()[:2])
    with odd.path("known").open("a") as file:
        file.write(f"{INVALID[line].replace('KEY', key)}\n# more\n")
    before = odd.path("known").read_bytes()

    status = _same_change(odd, "known", *words)

    # to hash names, ssh-keygen does not read the names that are hashed already
    assert status == (0 if (words, line) == (["-H"], "hash") else 1)
    if status:
        assert odd.path("known").read_bytes() == before


def test_invalid_lines_are_named_where_the_file_is_not_changed(odd: KeygenPrograms) -> None:
    done = odd.ours("-R", "h1", "-f", "./odd")

    numbers = [int(line.split(":")[2]) for line in done.stderr.splitlines()[:-1]]
    theirs = odd.theirs("-R", "h1", "-f", "./odd").stderr.splitlines()
    assert numbers == [int(line.split(":")[1]) for line in theirs if line.startswith("./odd:")]
    assert done.stderr.endswith(
        "ssh-stack: ./odd is not a valid known_hosts file: it was not changed\n"
    )


def test_hash_of_lines_of_every_form_is_found_as_by_ssh_keygen(odd: KeygenPrograms) -> None:
    assert _same_change(odd, "valid", "-H") == 0
    for host in ODD_NAMES:
        odd.same("-F", host, "-f", "valid")


def test_name_behind_an_empty_one_is_hashed_too(keygen: KeygenPrograms) -> None:
    """Other than with ssh-keygen, which forgets it."""
    key = " ".join(keygen.path("one.pub").read_text().split()[:2])
    keygen.path("known").write_text(f"a,,b {key}\n")

    assert keygen.ours("-H", "-f", "known").returncode == 0
    assert [keygen.theirs("-F", host, "-f", "known").returncode for host in "ab"] == [0, 0]


def _same_change(keygen: KeygenPrograms, name: str, *words: str) -> int:
    """Have both change a copy of a file; what they leave is to be the same but for the salts."""
    original = keygen.path(name).read_bytes()
    old = keygen.path(f"{name}.old")
    left: list[object] = []
    for run in (keygen.theirs, keygen.ours):
        keygen.path(name).write_bytes(original)
        old.unlink(missing_ok=True)
        done = run(*words, "-f", name)
        content = keygen.path(name).read_bytes()
        if words == ("-H",):
            content = re.sub(rb"(?m)^\|1\|\S+", b"HASHED", content)
        kept = old.read_bytes() if old.exists() else None
        left.append((done.returncode, done.stdout, content, kept))
        status = done.returncode
    assert left[0] == left[1]
    return status


@pytest.mark.parametrize("host", ["h1", "[h3]:2222", "h4"])
def test_remove_rewrites_file_as_ssh_keygen(keygen: KeygenPrograms, host: str) -> None:
    original = keygen.path("known").read_bytes()
    theirs = keygen.theirs("-R", host, "-f", "known")
    expected = keygen.path("known").read_bytes()
    keygen.path("known").write_bytes(original)
    keygen.path("known.old").unlink(missing_ok=True)

    ours = keygen.ours("-R", host, "-f", "known")

    assert ours.returncode == theirs.returncode == 0
    assert ours.stdout == theirs.stdout
    assert keygen.path("known").read_bytes() == expected
    if host != "h4":
        assert keygen.path("known.old").read_bytes() == original


def test_missing_known_hosts_file_is_reported(keygen: KeygenPrograms) -> None:
    for words in (["-F", "h1"], ["-R", "h1"], ["-H"]):
        done = keygen.ours(*words, "-f", "nothing")
        assert done.returncode == 255
        assert "nothing: No such file" in done.stderr
