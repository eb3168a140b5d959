"""The soak of R18, for some seconds; `SSH_STACK_SOAK_SECONDS=3600` for an hour."""

from __future__ import annotations

import os

import pytest

from tests.adversary.soak import soak

SECONDS = float(os.environ.get("SSH_STACK_SOAK_SECONDS", "8"))
MIB = 1024 * 1024


@pytest.mark.row("R18")
@pytest.mark.row("R09")
@pytest.mark.timeout(SECONDS * 2 + 200)
def test_sessions_with_faults_hang_nowhere_and_leave_no_memory() -> None:
    figures = soak(50 if SECONDS > 60 else 20, SECONDS)

    assert figures.unexpected == []
    assert figures.done.total() > 20
    assert figures.failed.total() > 5
    grown = figures.resident[-1] - figures.resident[0]
    assert grown < 24 * MIB + MIB * SECONDS / 3600, str(figures)
    # what closes a moment behind the last session of a round
    assert figures.descriptors[-1] < figures.descriptors[0] + 20, str(figures)
