"""`ssh-stack keygen -k` and `-Q` beside ssh-keygen."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from keygen_programs import Done, KeygenPrograms

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Cli

SPECIFICATION = """\
# everything that a specification may say
serial: 5
serial: 7-9
serial: 0x100-0x2000
id: somebody
"""


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("keys")


@pytest.fixture
def keygen(cli: Cli, keys: Path) -> KeygenPrograms:
    keygen = KeygenPrograms(keys, cli)
    for name in ("ca", "one", "two", "three"):
        if not keygen.path(name).exists():
            keygen.make(name, "-t", "ed25519", "-C", name)
    for name, serial in (("one", 5), ("two", 6), ("three", 0)):
        if not keygen.path(f"{name}-cert.pub").exists():
            words = ["-s", "ca", "-I", f"id {name}", "-n", "a", "-z", str(serial)]
            assert keygen.theirs("-q", *words, f"{name}.pub").returncode == 0
    keygen.path("spec").write_text(SPECIFICATION)
    return keygen


FILES = [
    *("one.pub", "two.pub", "three.pub"),
    *("one-cert.pub", "two-cert.pub", "three-cert.pub"),
]


def dump(text: str) -> list[str]:
    """The lines of a list, in no order: neither program promises one."""
    return sorted(re.sub(r"# Generated at .*", "", text).split("\n"))


@pytest.mark.parametrize(
    "words",
    [
        ["one.pub"],
        ["one.pub", "two.pub"],
        ["-s", "ca.pub", "spec"],
        ["-s", "none", "spec"],
        ["-z", "7", "-s", "ca.pub", "spec", "three-cert.pub", "two.pub"],
        ["two-cert.pub"],
    ],
    ids=" ".join,
)
def test_revocation_list_equals_that_of_ssh_keygen(
    keygen: KeygenPrograms, words: list[str]
) -> None:
    made = [run("-k", "-f", name, *words) for run, name in both(keygen)]
    assert made[0].stdout == made[1].stdout
    assert made[0].returncode == made[1].returncode == 0, made[0].stderr

    for _, name in both(keygen):
        answers = [run("-Q", "-f", name, *FILES) for run, _ in both(keygen)]
        assert answers[0].stdout == answers[1].stdout
        assert answers[0].returncode == answers[1].returncode
        dumps = [run("-Q", "-l", "-f", name) for run, _ in both(keygen)]
        assert dump(dumps[0].stdout) == dump(dumps[1].stdout)


def both(keygen: KeygenPrograms) -> list[tuple[Callable[..., Done], str]]:
    return [(keygen.ours, "ours.krl"), (keygen.theirs, "theirs.krl")]


def test_update_option_adds_to_list(keygen: KeygenPrograms) -> None:
    assert keygen.theirs("-k", "-f", "list", "one.pub").returncode == 0
    assert keygen.ours("-k", "-u", "-f", "list", "two.pub").returncode == 0

    printed = keygen.same("-Q", "-f", "list", "one.pub", "two.pub", "three.pub")

    assert printed == "one.pub (one): REVOKED\ntwo.pub (two): REVOKED\nthree.pub (three): ok\n"


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["-k", "one.pub"], "-f is missing"),
        (["-k", "-f", "x", "spec"], "spec:2"),
        (["-k", "-u", "-f", "nothing", "one.pub"], "nothing: No such file"),
        (["-Q", "-f", "spec", "one.pub"], "spec"),
        (["-Q", "-f", "one.pub", "spec"], "not a public key file"),
    ],
)
def test_invalid_revocation_request_is_refused_in_one_line(
    keygen: KeygenPrograms, words: list[str], reason: str
) -> None:
    done = keygen.ours(*words)

    assert done.returncode == 255
    assert reason in done.stderr
    assert done.stderr.count("\n") == 1
