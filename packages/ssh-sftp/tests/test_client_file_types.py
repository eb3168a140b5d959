from __future__ import annotations

import stat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssh_sftp import Attributes
from ssh_sftp.client.file_types import attributes_from_long_name
from ssh_sftp.messages import NameEntry


def entry(longname: str, permissions: int | None = 0o644) -> NameEntry:
    return NameEntry(
        filename="a.txt", longname=longname, attributes=Attributes(permissions=permissions)
    )


@pytest.mark.parametrize(
    ("longname", "told"),
    [
        ("-rw-rw-rw- 1 u g 5 Jan 1 1970 a.txt", stat.S_IFREG),
        ("drwxr-xr-x    2 0        0            4096 Jan  1  1970 a.txt", stat.S_IFDIR),
        ("lrwxrwxrwx 1 u g 5 Jan 1 1970 a.txt", stat.S_IFLNK),
        ("drwxr-sr-t+ 1 u g 5 Jan 1 1970 a.txt", stat.S_IFDIR),
        ("prw-r--r--. 1 u g 5 Jan 1 1970 a.txt", stat.S_IFIFO),
        ("srwxr-xr-x@ 1 u g 5 Jan 1 1970 a.txt", stat.S_IFSOCK),
        ("crw-rw-rw- 1 u g 1, 3 Jan 1 1970 a.txt", stat.S_IFCHR),
    ],
)
def test_first_letter_of_a_line_of_ls_is_the_type(longname: str, told: int) -> None:
    found = attributes_from_long_name(entry(longname))

    assert found is not None
    assert found.permissions == told | 0o644


def test_missing_mode_is_taken_from_the_line_too() -> None:
    found = attributes_from_long_name(entry("-rw-r----- 1 u g 5 Jan 1 1970 a.txt", None))

    assert found is not None
    assert found.permissions == 0o100640


@pytest.mark.row("F10")
@pytest.mark.parametrize(
    "longname",
    ["", "a.txt", "d", "directory of files", "-rw-rw-rw-", "01-01-70 12:00AM <DIR> a.txt"],
)
def test_other_long_names_have_no_type(longname: str) -> None:
    assert attributes_from_long_name(entry(longname)) is None


def test_name_that_looks_like_a_line_of_ls_has_no_type() -> None:
    name = "drwxr-xr-x 1 u g 5 Jan 1 1970 a.txt"
    assert attributes_from_long_name(NameEntry(filename=name, longname=name)) is None


@given(st.text(), st.integers(0, 0o777))
def test_long_name_of_any_text_is_accepted(longname: str, mode: int) -> None:
    found = attributes_from_long_name(entry(longname, mode))
    assert found is None or found.mode == mode


@given(st.sampled_from("dl-bcps"), st.integers(0, 0o777))
def test_every_line_of_ls_is_read_back(letter: str, mode: int) -> None:
    line = stat.filemode({"d": stat.S_IFDIR, "l": stat.S_IFLNK}.get(letter, stat.S_IFREG) | mode)
    found = attributes_from_long_name(entry(f"{line} 1 u g 5 Jan 1 1970 x", None))

    assert found is not None
    assert found.mode == mode
