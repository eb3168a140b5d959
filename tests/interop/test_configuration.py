"""The same configuration means the same to us and to `ssh -G`, or both refuse it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final, TypeAlias

import pytest

from tests.interop.configurations import (
    HOSTS,
    SAMPLES,
    HostOptions,
    mutations,
    printed_by,
    resolved_here,
)

if TYPE_CHECKING:
    from pathlib import Path

    from tests.interop.peers import Peer

_Printed: TypeAlias = "dict[str, dict[tuple[str, str], HostOptions]]"
_COUNT: Final = 200
_SEED: Final = 20261130


@pytest.fixture(scope="module")
def files(peers: dict[str, Peer]) -> dict[str, bytes]:
    """The samples and their damaged copies, in the folder that the peers see."""
    found = {**SAMPLES, **mutations(_COUNT, _SEED)}
    folder = _folder(peers)
    folder.mkdir(exist_ok=True)
    for name, data in found.items():
        (folder / name).write_bytes(data)
    return found


def _folder(peers: dict[str, Peer]) -> Path:
    return peers["sid"].keys.folder / "configurations"


@pytest.fixture(scope="module")
def printed(peers: dict[str, Peer], files: dict[str, bytes]) -> _Printed:
    """What `ssh -G` of each peer prints."""
    return {name: printed_by(peer, _folder(peers), files) for name, peer in peers.items()}


@pytest.fixture(autouse=True)
def _home(monkeypatch: pytest.MonkeyPatch) -> None:
    if os.getuid() != 0:
        pytest.skip("the peers' user is root, whose name and home directory are compared")
    monkeypatch.setenv("HOME", "/root")


def test_samples_mean_what_each_openssh_makes_of_them(
    peers: dict[str, Peer], printed: _Printed
) -> None:
    folder = _folder(peers)
    for name in SAMPLES:
        for host in HOSTS:
            ours = resolved_here(folder / name, host)
            theirs = {peer: printed[peer][name, host] for peer in printed}
            if theirs["bullseye"] is None:  # 8.4 takes no comment behind a value, for one
                del theirs["bullseye"]
            assert theirs == dict.fromkeys(theirs, ours), (name, host)


def test_damaged_copies_mean_the_same_as_to_the_newest_openssh_or_are_refused_by_both(
    peers: dict[str, Peer],
    files: dict[str, bytes],
    printed: _Printed,
) -> None:
    folder = _folder(peers)
    differ = {
        (name, host): (files[name], ours, theirs)
        for name in files
        for host in HOSTS
        if (ours := resolved_here(folder / name, host)) != (theirs := printed["sid"][name, host])
    }

    assert differ == {}


@pytest.mark.parametrize("suite", ["bullseye", "bookworm", "trixie"])
def test_damaged_copies_mean_the_same_to_the_other_versions_where_those_agree_with_the_newest(
    suite: str, peers: dict[str, Peer], printed: _Printed
) -> None:
    """Where an older OpenSSH differs from the newest one, the newest decides."""
    folder = _folder(peers)
    same = [place for place, theirs in printed[suite].items() if theirs == printed["sid"][place]]

    assert len(same) > len(printed["sid"]) * 2 // 3
    for name, host in same:
        assert resolved_here(folder / name, host) == printed[suite][name, host], (name, host)


def test_many_of_the_damaged_copies_are_refused_and_many_are_not(
    printed: _Printed,
) -> None:
    refused = sum(each is None for each in printed["sid"].values())

    assert len(printed["sid"]) == len(HOSTS) * (_COUNT + len(SAMPLES))
    assert len(printed["sid"]) // 5 < refused < len(printed["sid"]) * 4 // 5
