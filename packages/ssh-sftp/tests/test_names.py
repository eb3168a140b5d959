from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssh_sftp.names import basename, directory_of, is_dot, is_plain, join


@pytest.mark.row("F08")
@pytest.mark.parametrize(
    "name", ["", ".", "..", "/", "a/b", "/etc/passwd", "../x", "a\0b", "x" * 300 + "/"]
)
def test_names_with_separators_or_dots_are_not_plain(name: str) -> None:
    assert not is_plain(name)


@pytest.mark.parametrize(
    "name", ["a", "...", ".hidden", " ", "-rf", "a\nb", "\udcff", "x" * 255, "x" * 256, "中" * 100]
)
def test_names_of_one_component_are_plain(name: str) -> None:
    assert is_plain(name)


@pytest.mark.row("F08")
@given(st.text())
def test_plain_name_is_one_component(name: str) -> None:
    if is_plain(name):
        assert basename(join("/top", name)) == name
        assert join("/top", name).count("/") == 2


def test_join_adds_one_separator() -> None:
    assert join("", "a") == "a"
    assert join("/", "a") == "/a"
    assert join("d/", "a") == "d/a"
    assert basename("/a/b/") == "b"
    assert directory_of("/a/b/") == "/a"
    assert directory_of("/a") == "/"
    assert directory_of("a") == ""
    assert is_dot("..")
    assert not is_dot("...")
