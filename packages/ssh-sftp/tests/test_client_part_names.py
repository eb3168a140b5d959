from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssh_sftp import Attributes
from ssh_sftp.client.part_names import PartNames, is_lasting, part_name, version_of


def test_temporary_name_of_a_long_name_is_cut() -> None:
    assert len(os.fsencode(part_name("é" * 127, "abc"))) <= 255
    assert part_name("f", "abc") == "f.part-abc"


@pytest.mark.parametrize("name", ["x" * 30, "é" * 70, "x" * 140, "中" * 80, "x" * 255])
def test_temporary_name_is_no_longer_than_a_long_name(name: str) -> None:
    made = part_name(name, "0123abcd1")

    assert len(os.fsencode(made)) <= max(len(os.fsencode(name)), 100)
    assert made.encode("utf-8")  # no character is cut in two
    assert made.endswith(".part-0123abcd1")


def test_unique_names_differ_and_stay_in_the_directory() -> None:
    names = PartNames("ab12")
    made = [names.unique("/srv/data/f") for _ in range(3)]

    assert len(set(made)) == 3
    assert all(name.startswith("/srv/data/f.part-ab12") for name in made)


def test_lasting_name_is_found_again_by_another_transfer() -> None:
    version = version_of(Attributes(size=10, mtime=20))

    assert PartNames("1").lasting("/srv/f", version) == PartNames("2").lasting("/srv/f", version)


@pytest.mark.parametrize("other", [Attributes(size=11, mtime=20), Attributes(size=10, mtime=21)])
def test_lasting_name_of_another_version_of_the_source_differs(other: Attributes) -> None:
    names = PartNames("1")
    before = names.lasting("f", version_of(Attributes(size=10, mtime=20)))

    assert names.lasting("f", version_of(other)) != before


def test_lasting_names_of_long_names_that_are_cut_alike_differ() -> None:
    names = PartNames("1")

    assert names.lasting("x" * 254 + "a", "v") != names.lasting("x" * 254 + "b", "v")


# as Python decodes file names: what is not UTF-8 becomes one of the last surrogates
CHARACTERS = st.one_of(
    st.characters(exclude_characters="/\0", exclude_categories=["Cs"]),
    st.characters(min_codepoint=0xDC80, max_codepoint=0xDCFF),
)


@given(name=st.text(CHARACTERS, min_size=1, max_size=255))
def test_temporary_names_are_plain_names_beside_the_file(name: str) -> None:
    for made in (PartNames("1").unique(name), PartNames("1").lasting(name, "v")):
        assert "/" not in made
        assert ".part-" in made
        assert made not in {name, ".", ".."}
    assert is_lasting(PartNames("1").lasting(f"/srv/{name}", "v"))
    assert not is_lasting(PartNames("0123456789ab").unique(f"/srv/{name}"))


@pytest.mark.parametrize(
    "path",
    ["f", "f.part-r", "f.part-r0123456789a", "f.part-r0123456789aB", "f.part-r/0123456789ab"],
)
def test_other_names_are_not_taken_for_lasting_ones(path: str) -> None:
    assert not is_lasting(path)
