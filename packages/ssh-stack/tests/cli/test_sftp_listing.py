"""What ls and df of sftp print."""

from __future__ import annotations

import stat
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssh_sftp import Attributes, StatVFSReply
from ssh_stack.cli.sftp.listing import Entry, View, columns, free_space, long_line, scaled

NOW = time.mktime((2024, 6, 1, 12, 0, 0, 0, 0, -1))


def entry(
    name: str, *, size: int = 0, mtime: int = 0, uid: int | None = None, gid: int | None = None
) -> Entry:
    mode = stat.S_IFREG | 0o640
    return Entry(name, Attributes(size, uid, gid, permissions=mode, atime=0, mtime=mtime))


def test_line_has_type_owner_size_and_time() -> None:
    mtime = int(NOW) - 60
    found = entry("a", size=12, uid=5, gid=6, mtime=mtime)
    clock = time.strftime("%b %e %H:%M", time.localtime(mtime))
    assert long_line(found, NOW) == f"-rw-r-----    ? 5        6              12 {clock} a"
    named = long_line(found, NOW, users={5: "me"}, groups={6: "us"}, scale=True)
    assert named == f"-rw-r-----    ? me       us            12B {clock} a"


@pytest.mark.parametrize("age", [-100, 200 * 24 * 3600])
def test_time_far_from_now_has_its_year(age: int) -> None:
    mtime = int(NOW) - age
    found = entry("a", size=1, mtime=mtime)
    assert time.strftime("%b %e  %Y", time.localtime(mtime)) in long_line(found, NOW)


def test_names_of_the_server_are_escaped() -> None:
    line = long_line(entry("a\x1b[2J", uid=1, gid=1), NOW, users={1: "\x07"}, groups={1: "g"})
    assert line.isprintable()
    assert columns(["a\x1b[2J"], 6, 20).replace("\n", "").isprintable()


def test_names_are_put_into_columns() -> None:
    assert columns(["a", "bb", "ccc", "d"], 3, 12) == "a     bb    \nccc   d     \n"
    assert columns(["a"], 3, None) == "a" + " " * 4 + "\n"
    assert columns(["a", "b"], 500, 80).count("\n") == 2
    assert columns([], 0, 80) == ""


def test_later_letters_of_a_view_decide() -> None:
    entries = [entry("b", size=1, mtime=3), entry("a", size=2, mtime=1)]
    names = {
        flags: "".join(each.name for each in View.of(flags).arranged(entries))
        for flags in ("", "r", "S", "t", "f", "fS", "Sf", "tr")
    }
    expected = {"": "ab", "r": "ba", "S": "ab", "t": "ba", "f": "ba", "fS": "ab", "Sf": "ba"}
    assert names == {**expected, "tr": "ab"}
    assert not View.of("l1").long
    assert View.of("1l").long


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0B"),
        (1023, "1023B"),
        (1024, "1.0K"),
        (1536, "1.5K"),
        (99 * 1024 + 900, "99.9K"),
        (100 * 1024 + 600, "101K"),
        (1023 * 1024 + 1023, "1024K"),
        (5 * 1024**4, "5.0T"),
    ],
)
def test_number_has_the_unit_of_fmt_scaled(size: int, text: str) -> None:
    assert scaled(size) == text


@given(st.integers(0, 2**64 - 1))
def test_number_of_any_size_fits_into_six_characters(size: int) -> None:
    assert len(scaled(size)) <= 6


def test_file_system_without_size_has_no_percentage() -> None:
    facts = StatVFSReply(
        block_size=0,
        fragment_size=0,
        blocks=0,
        free_blocks=0,
        available_blocks=0,
        files=0,
        free_files=0,
        available_files=0,
        filesystem_id=0,
        flags=0,
        max_name=0,
    )
    assert free_space(facts, inodes=False, scale=False).endswith("ERR\n")
    assert free_space(facts, inodes=True, scale=False).endswith("ERR\n")
