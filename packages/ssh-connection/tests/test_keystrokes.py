"""When typed keys leave, with time and randomness as arguments."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from ssh_connection.keystrokes import Keystrokes, Tick

INTERVAL = 0.02


def due(keys: Keystrokes) -> float:
    assert keys.deadline is not None
    return keys.deadline


def test_first_key_leaves_at_once_and_the_next_at_the_interval() -> None:
    keys = Keystrokes(INTERVAL, lambda: 0.5)

    assert keys.typed(1, 10.0) is True
    assert due(keys) == 10.0 + INTERVAL
    assert keys.typed(1, 10.001) is False
    assert keys.tick(due(keys), waiting=True) is Tick.DATA
    assert keys.tick(due(keys), waiting=False) is Tick.CHAFF


def test_chaff_ends_a_while_after_the_last_key() -> None:
    keys = Keystrokes(INTERVAL, lambda: 0.0)
    keys.typed(1, 0.0)
    ticks = 0
    while keys.tick(due(keys), waiting=False) is Tick.CHAFF:
        ticks += 1

    assert keys.deadline is None
    assert 50 <= ticks <= 58  # 1,024 ms at 18 ms each
    assert keys.typed(1, 9.0) is True


def test_what_is_pasted_is_not_held_back() -> None:
    keys = Keystrokes(INTERVAL, lambda: 0.5)
    keys.typed(1, 0.0)

    assert keys.typed(255, 0.001) is False
    assert keys.typed(256, 0.002) is True
    assert keys.deadline is None


def test_key_that_waits_leaves_although_the_chaff_is_over() -> None:
    keys = Keystrokes(INTERVAL, lambda: 0.0)
    keys.typed(1, 0.0)
    assert keys.tick(50.0, waiting=True) is Tick.DATA


@given(st.floats(0, 0.999), st.lists(st.integers(1, 80), min_size=1, max_size=40))
def test_packets_tell_nothing_of_the_times_between_keys(random: float, pauses: list[int]) -> None:
    keys = Keystrokes(INTERVAL, lambda: random)
    now, waiting, sent = 0.0, 0, [0.0]
    assert keys.typed(1, now)
    for pause in pauses:
        until = now + pause / 1000
        while due(keys) <= until:
            at = due(keys)
            keys.tick(at, waiting=bool(waiting))
            sent.append(at)
            waiting = 0
        now = until
        waiting += 1
        assert not keys.typed(waiting, now)
    gaps = {round(after - before, 9) for before, after in pairwise(sent)}
    assert len(gaps) <= 1
    assert all(0.9 * INTERVAL - 1e-6 <= gap <= 1.1 * INTERVAL + 1e-6 for gap in gaps)
