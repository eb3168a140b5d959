from __future__ import annotations

import pytest

from ssh_sftp import EntryKind, PathFilter, TreeEntry
from ssh_wire import UsageError


@pytest.mark.parametrize(
    ("pattern", "path", "kind", "left_out"),
    [
        ("*.pyc", "a.pyc", "file", True),
        ("*.pyc", "deep/er/a.pyc", "file", True),
        ("*.pyc", "a.pyc.txt", "file", False),
        ("build/", "build", "directory", True),
        ("build/", "build", "file", False),
        ("deep/*.o", "deep/a.o", "file", True),
        ("deep/*.o", "deep/er/a.o", "file", False),
        ("deep/*.o", "more/deep/a.o", "file", False),
        ("/top", "top", "file", True),
        ("top", "deep/top", "link", True),
        ("**/cache/*", "cache/x", "file", True),
        ("**/cache/*", "a/b/cache/x", "file", True),
        ("**/cache/*", "a/b/cache/x/y", "file", False),
        ("a/**", "a/b/c", "file", True),
        ("a/**/z", "a/z", "file", True),
        ("a/**/z", "a/b/c/z", "other", True),
        ("a/**/z", "b/z", "file", False),
        ("[ab]?", "b1", "file", True),
        ("[ab]?", "c1", "file", False),
        ("A", "a", "file", False),
        ("x.y", "x-y", "file", False),
    ],
)
def test_exclude_pattern_leaves_out_what_it_matches(
    pattern: str, path: str, kind: EntryKind, left_out: bool
) -> None:
    assert PathFilter(exclude=[pattern])(TreeEntry(path, kind)) is not left_out


def test_include_patterns_select_files_and_never_directories() -> None:
    select = PathFilter(include=["*.txt"], exclude=["secret*"])
    assert select(TreeEntry("deep/a.txt", "file"))
    assert select(TreeEntry("deep", "directory"))
    assert not select(TreeEntry("deep/a.bin", "file"))
    assert not select(TreeEntry("deep/secret.txt", "file"))
    assert not select(TreeEntry("secrets", "directory"))


def test_many_stars_are_matched_in_bounded_time() -> None:
    select = PathFilter(exclude=["/".join(["**", "*a*a*a*a*a*a*a*b"] * 20)])
    assert select(TreeEntry("/".join(["a" * 60] * 60), "file"))


@pytest.mark.parametrize("patterns", ["*.txt", [""], ["/"]])
def test_pattern_that_matches_nothing_is_refused(patterns: list[str]) -> None:
    with pytest.raises(UsageError, match="exclude"):
        PathFilter(exclude=patterns)
