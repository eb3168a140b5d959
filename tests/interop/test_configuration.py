"""The same configuration means the same to us and to `ssh -G`, or both refuse it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final, TypeAlias

import pytest

from tests.interop.configurations import HOSTS, SAMPLES, Said, mutations, said_by, said_here

if TYPE_CHECKING:
    from pathlib import Path

    from tests.interop.peers import Peer

_Everything: TypeAlias = "dict[str, dict[tuple[str, str], Said]]"
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
def said(peers: dict[str, Peer], files: dict[str, bytes]) -> _Everything:
    """What each peer says."""
    return {name: said_by(peer, _folder(peers), files) for name, peer in peers.items()}


@pytest.fixture(autouse=True)
def _home(monkeypatch: pytest.MonkeyPatch) -> None:
    if os.getuid() != 0:
        pytest.skip("the peers' user is root, whose name and home directory are compared")
    monkeypatch.setenv("HOME", "/root")


def test_samples_mean_what_each_openssh_makes_of_them(
    peers: dict[str, Peer], said: _Everything
) -> None:
    folder = _folder(peers)
    for name in SAMPLES:
        for host in HOSTS:
            ours = said_here(folder / name, host)
            theirs = {peer: said[peer][name, host] for peer in said}
            if theirs["bullseye"] is None:  # 8.4 takes no comment behind a value, for one
                del theirs["bullseye"]
            assert theirs == dict.fromkeys(theirs, ours), (name, host)


def test_damaged_copies_mean_the_same_as_to_the_newest_openssh_or_are_refused_by_both(
    peers: dict[str, Peer],
    files: dict[str, bytes],
    said: _Everything,
) -> None:
    folder = _folder(peers)
    differ = {
        (name, host): (files[name], ours, theirs)
        for name in files
        for host in HOSTS
        if (ours := said_here(folder / name, host)) != (theirs := said["sid"][name, host])
    }

    assert differ == {}


@pytest.mark.parametrize("suite", ["bullseye", "bookworm", "trixie"])
def test_damaged_copies_mean_the_same_to_the_other_versions_where_those_agree_with_the_newest(
    suite: str, peers: dict[str, Peer], said: _Everything
) -> None:
    """Where an older OpenSSH differs from the newest one, the newest decides."""
    folder = _folder(peers)
    same = [place for place, theirs in said[suite].items() if theirs == said["sid"][place]]

    assert len(same) > len(said["sid"]) * 2 // 3
    for name, host in same:
        assert said_here(folder / name, host) == said[suite][name, host], (name, host)


def test_many_of_the_damaged_copies_are_refused_and_many_are_not(
    said: _Everything,
) -> None:
    refused = sum(each is None for each in said["sid"].values())

    assert len(said["sid"]) == len(HOSTS) * (_COUNT + len(SAMPLES))
    assert len(said["sid"]) // 5 < refused < len(said["sid"]) * 4 // 5
