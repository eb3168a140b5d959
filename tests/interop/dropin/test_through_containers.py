"""The way through the oldest and the newest OpenSSH, for our client and for OpenSSH's."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.interop.dropin.proxies import PROXIES
from tests.interop.dropin.rig import OURS, Place, Rig
from tests.interop.local import LocalSshd
from tests.interop.peers import Peer


@pytest.mark.parametrize("suite", ["bullseye", "sid"])
@pytest.mark.parametrize("name", [name for name in PROXIES if name != "one command"])
def test_command_runs_through_container(
    name: str, suite: str, peers: dict[str, Peer], local_sshd: LocalSshd, tmp_path: Path
) -> None:
    places = {"jump": Place.of(peers[suite]), "target": Place.of(local_sshd)}
    PROXIES[name](Rig.build(OURS, tmp_path / "rig", places))
