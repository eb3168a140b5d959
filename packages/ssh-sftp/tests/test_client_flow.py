from __future__ import annotations

from collections import deque

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssh_sftp.client.flow import Flow

_BLOCK = 100_000


class Line:
    """A line with a rate in bytes per second and a round trip in seconds, that is kept full."""

    def __init__(self, rate: float, trip: float) -> None:
        self.rate = rate
        self.trip = trip
        self.now = 0.0
        self._free = 0.0
        self._under_way: deque[float] = deque()

    def fill(self, flow: Flow) -> None:
        while flow.has_room:
            flow.take(_BLOCK, self.now)
            self._free = max(self._free, self.now) + _BLOCK / self.rate
            self._under_way.append(self._free + self.trip)

    def answer(self, flow: Flow) -> None:
        self.now = self._under_way.popleft()
        flow.give(_BLOCK, self.now)

    def run(self, flow: Flow, blocks: int) -> None:
        for _ in range(blocks):
            self.fill(flow)
            self.answer(flow)


@pytest.mark.parametrize("trip", [0.01, 0.1, 1.0])
def test_line_with_delay_is_filled(trip: float) -> None:
    line = Line(100_000_000, trip)
    flow = Flow(4 * _BLOCK, 1_000_000_000)
    while line.now < 15 * trip:
        line.run(flow, 1)
    before = line.now
    line.run(flow, 1_000)

    assert line.now - before == pytest.approx(1_000 * _BLOCK / line.rate)
    carried = line.rate * trip + _BLOCK
    assert carried <= flow.limit <= 2.1 * carried + 4 * _BLOCK


def test_limit_of_a_short_line_hardly_grows() -> None:
    line = Line(1_000_000_000, 0.0001)
    flow = Flow(8 * _BLOCK, 1_000_000_000)
    line.run(flow, 1_000)

    assert flow.limit <= 12 * _BLOCK


def test_limit_does_not_exceed_its_maximum() -> None:
    line = Line(100_000_000, 1.0)
    flow = Flow(4 * _BLOCK, 64 * _BLOCK)
    line.run(flow, 5_000)

    assert flow.limit == 64 * _BLOCK


def test_round_is_not_ended_by_what_was_sent_before_it() -> None:
    """Three blocks that left together come back together: this is not a short round trip."""
    block = 10 * _BLOCK
    flow = Flow(3 * block, 100 * block)
    for _ in range(3):
        flow.take(block, 0.0)
    flow.give(block, 1.0)
    flow.take(block, 1.0)
    for _ in range(2):
        flow.give(block, 1.001)
        flow.take(block, 1.001)
    flow.give(block, 2.0)

    assert flow.limit == 6 * block


def test_rate_of_a_burst_decays() -> None:
    line = Line(100_000_000, 0.1)
    flow = Flow(4 * _BLOCK, 1_000_000_000)
    line.run(flow, 2_000)
    usual = flow.limit
    line.rate = 10_000_000_000  # as if much had waited in a buffer
    line.run(flow, 1_000)
    high = flow.limit
    line.rate = 100_000_000
    line.run(flow, 6_000)

    assert high > 2 * usual
    assert flow.limit < 1.3 * usual


def test_line_that_becomes_longer_is_filled_again() -> None:
    line = Line(100_000_000, 0.01)
    flow = Flow(4 * _BLOCK, 1_000_000_000)
    line.run(flow, 2_000)
    line.trip = 0.2
    line.run(flow, 5_000)
    before = line.now
    line.run(flow, 60_000)

    assert line.now - before < 1.06 * 60_000 * _BLOCK / line.rate


def test_repeated_measuring_of_the_round_trip_costs_little() -> None:
    line = Line(100_000_000, 0.1)
    flow = Flow(4 * _BLOCK, 1_000_000_000)
    line.run(flow, 2_000)
    before = line.now
    line.run(flow, 60_000)

    assert line.now - before < 1.03 * 60_000 * _BLOCK / line.rate


def test_pause_does_not_count_as_a_round_trip() -> None:
    block = 20 * _BLOCK
    flow = Flow(block, 100 * block)
    flow.take(block, 0.0)
    flow.give(block, 1.0)
    flow.take(block, 5.0)
    flow.give(block, 5.5)

    assert flow.limit == 2 * block  # a block in half a second: not one in 4.5


def test_blocks_leave_in_bursts_on_a_short_line() -> None:
    block = 256 * 1024
    flow = Flow(4 * block, 4 * block)
    flow.take(block, 0.0)
    flow.give(block, 0.001)
    for _ in range(4):
        assert flow.has_room
        flow.take(block, 1.0)
    for _ in range(3):
        assert not flow.has_room
        flow.give(block, 1.0)
        assert not flow.has_room
        flow.give(block, 1.0)
        for _ in range(2):
            assert flow.has_room
            flow.take(block, 1.0)


@given(st.lists(st.tuples(st.integers(1, 1000), st.floats(0, 10))))
def test_room_that_is_given_back_is_not_outstanding(steps: list[tuple[int, float]]) -> None:
    flow = Flow(100, 1000)
    now = 0.0
    for size, passed in steps:
        now += passed
        flow.take(size, now)
    assert flow.has_room == (sum(size for size, _ in steps) < 100)
    for size, passed in steps:
        now += passed
        flow.give(size, now)

    assert flow.outstanding == 0
    assert 100 <= flow.limit <= 1000
