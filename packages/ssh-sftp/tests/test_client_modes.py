from __future__ import annotations

import itertools
from typing import get_args

import pytest

from ssh_sftp import OpenFlags
from ssh_sftp.client.modes import BinaryMode, TextMode, is_binary, open_flags
from ssh_wire import UsageError

R, W = OpenFlags.READ, OpenFlags.WRITE


@pytest.mark.parametrize(
    ("mode", "flags"),
    [
        ("r", R),
        ("r+", R | W),
        ("w", W | OpenFlags.CREATE | OpenFlags.TRUNCATE),
        ("a+", R | W | OpenFlags.CREATE | OpenFlags.APPEND),
        ("x", W | OpenFlags.CREATE | OpenFlags.EXCLUSIVE),
    ],
)
def test_modes_mean_what_they_mean_to_the_built_in_open(mode: str, flags: OpenFlags) -> None:
    for letters in itertools.permutations(mode + "b"):
        assert open_flags("".join(letters)) == flags
        assert is_binary("".join(letters))
    assert open_flags(mode) == open_flags(mode + "t") == flags
    assert not is_binary(mode)


@pytest.mark.parametrize("mode", ["", "b", "q", "rw", "rbt", "r++", "rU", "+", "rr"])
def test_other_modes_are_refused(mode: str) -> None:
    with pytest.raises(UsageError, match="is not a mode"):
        open_flags(mode)


def test_typed_modes_are_accepted_modes() -> None:
    assert all(open_flags(mode) and not is_binary(mode) for mode in get_args(TextMode))
    assert all(open_flags(mode) and is_binary(mode) for mode in get_args(BinaryMode))
