"""What the Tab key offers in sftp."""

from __future__ import annotations

import stat

import pytest

from ssh_sftp import Attributes
from ssh_stack.cli.sftp.completion import candidates
from ssh_stack.cli.sftp.grammar import COMMANDS, Place
from ssh_stack.cli.sftp.patterns import Found, plain_text

REMOTE = {"data/": True, "data file": False, "other": False, "it's": False}
LOCAL = {"here": False}


def lookup(place: Place, pattern: str) -> list[Found]:
    prefix = plain_text(pattern.removesuffix("*"))
    names = REMOTE if place == "remote" else LOCAL
    return [
        Found(
            name.rstrip("/"),
            Attributes(permissions=stat.S_IFDIR if directory else stat.S_IFREG),
        )
        for name, directory in names.items()
        if name.startswith(prefix)
    ]


def complete(typed: str) -> list[str]:
    """Return the lines that a completion may make."""
    begin = max(typed.rfind(" "), typed.rfind("\t")) + 1
    return [typed[:begin] + each for each in candidates(typed, begin, lookup)]


def test_word_at_the_start_is_a_command() -> None:
    assert complete("rena") == ["rename "]
    assert complete("")[:2] == ["! ", "? "]
    assert len(complete("")) == len(COMMANDS)


@pytest.mark.parametrize(
    ("typed", "lines"),
    [
        ("get o", ["get other "]),
        ("get ", ["get data/", "get data\\ file", "get other", "get it\\'s"]),
        ("get da", ["get data/", "get data\\ file"]),
        ("get data\\ f", ["get data\\ file "]),
        ("get 'data f", ["get 'data file' "]),
        ("get -r o", ["get -r other "]),
        ("get other ", ["get other here "]),
        ("get other h", ["get other here "]),
        ("put h", ["put here "]),
        ("put here o", ["put here other "]),
        ("chmod o", []),
        ("chmod 644 o", ["chmod 644 other "]),
        ("rm i", ["rm it\\'s "]),
        ("pwd x", []),
        ("frob x", []),
        ("cd other x", []),
    ],
)
def test_argument_is_a_name_of_its_place(typed: str, lines: list[str]) -> None:
    assert complete(typed) == lines
