from __future__ import annotations

import fnmatch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssh_sftp.client.glob_pattern import steps_of


@given(
    pattern=st.text("ab*?[]!-.", min_size=1).filter(lambda each: "**" not in each),
    name=st.text("ab.]", min_size=1),
)
def test_component_matches_as_fnmatch_does(pattern: str, name: str) -> None:
    if pattern == ".":
        return
    [step] = steps_of(pattern)

    assert step.matches(name) == fnmatch.fnmatchcase(name, pattern)
    if step.literal:
        assert step.matches(step.name)


def test_components_are_told_apart() -> None:
    found = steps_of("/a/./*.txt//**/**/b")

    assert [(each.name, each.deep, each.literal) for each in found] == [
        ("a", False, True),
        ("*.txt", False, False),
        ("**", True, False),
        ("b", False, True),
    ]


@pytest.mark.parametrize("pattern", ["", "/", ".", "a**", "a/**b"])
def test_wrong_pattern_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match=r"pattern|component"):
        steps_of(pattern)
