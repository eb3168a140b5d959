"""Our side of recorded conversations with OpenSSH repeats itself, bit for bit."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.adversary.tape import RECORDINGS, SIDES, read
from tests.adversary.wiretap import Role

FILES = sorted(RECORDINGS.glob("*.txt"))


def role_of(path: Path) -> Role:
    return "client" if path.stem.endswith("client") else "server"


def test_both_roles_of_both_versions_are_there() -> None:
    assert [path.stem for path in FILES] == [
        "openssh-10.6-client",
        "openssh-10.6-server",
        "openssh-9.2-client",
        "openssh-9.2-server",
    ]


@pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])
def test_recording_is_repeated_byte_by_byte(path: Path) -> None:
    ours = SIDES[role_of(path)]()
    waiting = ours.receive(b"")
    for number, (sender, data) in enumerate(read(path)):
        if sender == "<":
            assert waiting == b"", f"line {number}: more is sent than was recorded"
            waiting = ours.receive(data)
        else:
            assert waiting == data, f"line {number}: something else is sent than was recorded"
            waiting = b""
    assert waiting == b""
    assert ours.done


@pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])
@pytest.mark.parametrize("size", [1, 3, 1000])
def test_however_their_part_is_cut_ours_is_the_same(path: Path, size: int) -> None:
    ours = SIDES[role_of(path)]()
    lines = read(path)
    sent = ours.receive(b"")
    for sender, data in lines:
        if sender == "<":
            for at in range(0, len(data), size):
                sent += ours.receive(data[at : at + size])
    assert sent == b"".join(data for sender, data in lines if sender == ">")


@pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])
def test_recording_is_small_and_of_its_form(path: Path) -> None:
    """Small, and nothing but what its form allows."""
    text = path.read_text()
    assert len(text) < 30_000
    assert {line[0] for line in text.splitlines()} <= set("#<>")
