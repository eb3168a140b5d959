"""Where our server and OpenSSH's differ in what they do with a message, and why.

`openssh_differences.toml` lists every difference with its reason; one that is not listed
fails, and so does one that is listed and does not exist.  What ours does is in the reviewed
table, which tests/adversary/test_matrix.py proves.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.adversary.probes import well_formed
from tests.adversary.table import expected
from tests.interop.oracle import STATES, probe_all

if TYPE_CHECKING:
    from tests.interop.peers import Peer

SUITE = "trixie"
FILE = Path(__file__).parent / "openssh_differences.toml"


def ours(state: str) -> dict[int, str]:
    name, _, how = state.partition(" ")
    row = expected("server", name, strict=how != "loose")
    return {number: outcomes["well-formed"] for number, outcomes in row.items() if number != 20}


def same(mine: str, theirs: str) -> bool:
    """Whether two outcomes are the same to who is on the other end."""
    if mine == "PEER":
        return theirs == "CLOSED"
    if mine.startswith("EVENT"):
        return theirs == "IGN"
    if mine.startswith("SAYS(31,21"):
        return theirs == "SAYS(31,21)"  # what follows is sealed
    return mine == theirs


def listed(state: str) -> dict[int, tuple[str, str]]:
    """The differences of a state that the file explains."""
    found: dict[int, tuple[str, str]] = {}
    for entry in tomllib.loads(FILE.read_text())["difference"]:
        assert entry["reason"]
        if state in entry["states"]:
            for span in entry["numbers"].split(","):
                first, _, last = span.partition("-")
                for number in range(int(first), int(last or first) + 1):
                    assert number not in found, f"{state} {number} is explained twice"
                    found[number] = entry["ours"], entry["theirs"]
    return found


@pytest.mark.timeout(400)
@pytest.mark.parametrize("state", STATES)
def test_every_difference_from_openssh_is_explained(state: str, peers: dict[str, Peer]) -> None:
    mine = ours(state)
    payloads = {number: payload for number, payload in well_formed().items() if number in mine}
    theirs = probe_all(peers[SUITE], state, payloads)
    differences = {
        number: (mine[number], theirs[number])
        for number in mine
        if not same(mine[number], theirs[number])
    }
    assert differences == listed(state)
