"""A rig with our client, and the machine's own sshd as its target."""

from __future__ import annotations

import os
from collections.abc import Generator
from pathlib import Path

import pytest

from tests.interop.dropin.rig import OURS, Missing, Place, Rig
from tests.interop.local import LocalSshd


@pytest.fixture
def rig(local_sshd: LocalSshd, tmp_path: Path) -> Rig:
    """Our client in the place of ssh; the machine's own sshd is `target`, and `jump` too."""
    place = Place.of(local_sshd)
    return Rig.build(OURS, tmp_path / "rig", {"target": place, "jump": place})


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call() -> Generator[None, object, object]:
    """Skip a test whose program is missing; where peers are required, it fails."""
    try:
        return (yield)
    except Missing as missing:
        if os.environ.get("SSH_STACK_REQUIRE_PEERS") == "1":
            pytest.fail(f"required, but missing: {missing}", pytrace=False)
        pytest.skip(str(missing))
