"""When a silent peer is asked, and when it is given up."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssh_connection import Keepalive


def test_peer_is_not_asked_before_the_interval() -> None:
    keepalive = Keepalive(interval=10, count_max=3, now=100)

    assert keepalive.deadline == 110
    assert keepalive.tick(109) is False
    assert keepalive.tick(110) is True


def test_busy_peer_is_never_asked() -> None:
    keepalive = Keepalive(interval=10, count_max=3, now=0)

    keepalive.received(9)
    assert keepalive.tick(10) is False
    assert keepalive.deadline == 19
    keepalive.received(18)
    assert keepalive.tick(19) is False
    assert keepalive.deadline == 28


@pytest.mark.row("R12")
def test_silent_peer_is_asked_count_max_times_and_given_up() -> None:
    keepalive = Keepalive(interval=10, count_max=3, now=0)

    assert [keepalive.tick(now) for now in (10, 20, 30)] == [True, True, True]
    with pytest.raises(TimeoutError, match="silent for 40 s"):
        keepalive.tick(40)


@pytest.mark.row("R12")
def test_any_answer_resets_the_count() -> None:
    keepalive = Keepalive(interval=10, count_max=1, now=0)

    assert keepalive.tick(10) is True
    keepalive.received(11)
    assert keepalive.tick(20) is False
    assert keepalive.deadline == 21
    assert keepalive.tick(21) is True
    with pytest.raises(TimeoutError):
        keepalive.tick(31)


@given(st.lists(st.booleans(), max_size=40))
def test_peer_is_given_up_only_after_count_max_intervals_of_silence(
    received: list[bool],
) -> None:
    keepalive = Keepalive(interval=1, count_max=3, now=0)
    last = 0.0
    for turn, alive in enumerate(received, start=1):
        now = float(turn)
        if alive:
            keepalive.received(now)
            last = now
        try:
            keepalive.tick(now)
        except TimeoutError:
            assert now - last >= 4
            return
        assert now - last < 5
