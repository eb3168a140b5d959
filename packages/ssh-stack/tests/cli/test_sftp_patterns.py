"""Patterns of names, held against the names of this machine and of a server."""

from __future__ import annotations

import fnmatch
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssh_sftp import Attributes
from ssh_stack.cli.sftp.patterns import LocalNames, expand_braces, find, plain_text
from ssh_wire import UsageError


class Listed:
    """Names in one directory."""

    def __init__(self, *names: str) -> None:
        self.names = names

    async def lookup(self, path: str) -> Attributes | None:
        return Attributes() if path in self.names else None

    async def listing(self, path: str) -> AsyncIterator[str]:
        assert path == "."
        for name in self.names:
            yield name


async def matches(pattern: str, *names: str) -> list[str]:
    return [each.path for each in await find(Listed(*names), pattern)]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("*", ["a", "ab", "b", "c]"]),
        (".*", [".h"]),
        ("a?", ["ab"]),
        ("[ab]", ["a", "b"]),
        ("[!a]", ["b"]),
        ("[a-b]", ["a", "b"]),
        ("[]c]]", ["c]"]),
        ("[", []),
        ("a[", []),
        ("\\*", []),
        ("ab", ["ab"]),
        ("*b", ["ab", "b"]),
        ("**b", ["ab", "b"]),
        ("nothing", []),
    ],
)
async def test_pattern_matches_as_glob_does(pattern: str, expected: list[str]) -> None:
    assert await matches(pattern, "b", "a", "ab", ".h", "c]") == expected


async def test_pattern_in_a_path_lists_each_directory(tmp_path: Path) -> None:
    for name in ("a/one", "a/two", "b/one", ".c/one"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "link").symlink_to("a")
    found = await find(LocalNames(), f"{tmp_path}/*/o*")
    assert [each.path.removeprefix(f"{tmp_path}/") for each in found] == [
        "a/one",
        "b/one",
        "link/one",
    ]
    directories = await find(LocalNames(), f"{tmp_path}/*")
    assert [each.marked[-1] for each in directories] == ["/"] * 3


@given(
    st.lists(st.text("ab.-]", min_size=1, max_size=4), max_size=6),
    st.text("ab.*?-", min_size=1, max_size=5),
)
async def test_pattern_finds_what_the_glob_of_python_finds(names: list[str], pattern: str) -> None:
    plain = [name for name in names if name not in {".", ".."}]
    hidden = pattern.startswith(".")
    expected = {
        name
        for name in plain
        if fnmatch.fnmatchcase(name, pattern) and (hidden or not name.startswith("."))
    }
    assert set(await matches(pattern, *plain)) == expected


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("x{b,c}y", ["xby", "xcy"]),
        ("{a,b{c,d}}", ["a", "bc", "bd"]),
        ("{}", ["{}"]),
        ("a{b", ["a{b"]),
        ("\\{a,b}", ["\\{a,b}"]),
        ("{a}{b,}", ["ab", "a"]),
    ],
)
def test_braces_stand_for_each_of_their_patterns(pattern: str, expected: list[str]) -> None:
    assert expand_braces(pattern) == expected


def test_braces_without_end_are_refused() -> None:
    with pytest.raises(UsageError, match="Too many matches"):
        expand_braces("{a,b}" * 20)


def test_pattern_without_a_match_means_its_plain_text() -> None:
    assert plain_text("a\\*b\\\\") == "a*b\\"
