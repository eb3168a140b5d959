"""Which channels carry nothing any more, with time as an argument."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssh_connection.inactivity import Carried, Inactivity, timeout_of


@pytest.mark.parametrize(
    ("kind", "timeouts", "seconds"),
    [
        ("session", [("session", 5)], 5),
        ("session:shell", [("session:*", 5)], 5),
        ("session:shell", [("session", 5)], 0),
        ("session", [("session", 0), ("*", 5)], 0),
        ("direct-tcpip", [("*-tcpip", 7), ("direct-tcpip", 5)], 7),
        ("x11", [("x11-connection", 5)], 5),
        ("auth-agent@openssh.com", [("agent-connection", 5)], 5),
        ("agent-connect", [("agent-connection", 5)], 5),
        ("global", [("global", 5)], 0),
        ("a[b]", [("a[b]", 5)], 5),
        ("session", [("global", 5)], 0),
    ],
)
def test_first_pattern_that_matches_counts(kind: str, timeouts: Any, seconds: float) -> None:
    assert timeout_of(kind, timeouts) == seconds


def test_channel_that_carries_nothing_is_over_and_others_are_not() -> None:
    core = Inactivity([("session", 10)], None, 0.0)
    idle, busy, other = Carried(0, "session", 5), Carried(1, "session", 0), Carried(2, "x", 0)

    assert core.look([idle, busy, other], 0.0).channels == []
    assert core.look([idle, busy._replace(total=1), other], 9.0).channels == []
    assert core.look([idle, busy._replace(total=1), other], 10.0).channels == [(0, 10)]


def test_global_timeout_is_reset_by_any_channel() -> None:
    core = Inactivity([("global", 10)], None, 0.0)
    one, two = Carried(0, "session", 5), Carried(1, "direct-tcpip", 0)

    core.look([one, two], 0.0)
    assert core.look([one._replace(total=6), two], 9.0).channels == []
    assert core.look([one._replace(total=6), two], 18.0).channels == []
    assert core.look([one._replace(total=6), two], 19.0).channels == [(0, 10), (1, 10)]


def test_connection_without_channels_is_over_after_its_timeout() -> None:
    core = Inactivity([], 8.0, 0.0)
    assert core.interval == 1.0
    assert core.look([], 7.0).connection is False
    assert core.look([Carried(0, "session", 0)], 9.0).connection is False
    assert core.look([], 16.0).connection is False
    assert core.look([], 17.0).connection is True


@pytest.mark.parametrize("timeouts", [[], [("session", 0)]])
def test_nothing_is_looked_for_where_nothing_can_expire(timeouts: Any) -> None:
    core = Inactivity(timeouts, None, 0.0)
    assert core.interval == 0
    assert core.look([Carried(0, "session", 0)], 1e9).channels == []


@given(st.lists(st.tuples(st.floats(0, 20), st.integers(0, 2)), max_size=30))
def test_no_channel_is_over_before_its_timeout(steps: list[tuple[float, int]]) -> None:
    core = Inactivity([("*", 10)], None, 0.0)
    now = since = 0.0
    total = 0
    core.look([Carried(0, "session", 0)], 0.0)
    for seconds, size in steps:
        now, total = now + seconds, total + size
        if size:
            since = now
        over = core.look([Carried(0, "session", total)], now).channels
        assert bool(over) == (now - since >= 10)
