"""The window that the peer has: charged and granted exactly."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssh_connection.errors import ChannelViolation
from ssh_connection.receive_window import ReceiveWindow


def receive_window(window: int = 100, max_packet: int = 60) -> tuple[ReceiveWindow, list[int]]:
    grants: list[int] = []
    return ReceiveWindow(window, max_packet, grants.append), grants


@pytest.mark.row("C02")
def test_data_up_to_the_limits_is_taken_and_not_a_byte_more() -> None:
    flow, _ = receive_window()
    with pytest.raises(ChannelViolation, match="maximum packet size"):
        flow.charge(61)
    flow.charge(60)
    flow.charge(40)
    assert flow.window == 0
    with pytest.raises(ChannelViolation, match="exceed the window of 0"):
        flow.charge(1)


def test_new_window_is_granted_once_per_eighth_of_the_window() -> None:
    flow, grants = receive_window()
    flow.charge(60)
    flow.consumed(12)
    assert grants == []
    flow.consumed(1)
    assert grants == [13]
    assert flow.window == 53


@pytest.mark.row("R15")
def test_sender_that_uses_all_of_its_window_gets_most_of_it_back() -> None:
    """What is consumed and not granted is missing in each round trip of a long line."""
    grants: list[int] = []
    flow = ReceiveWindow(1_000_000, 1_000, grants.append)
    for _ in range(20):
        burst, sent = flow.window, 0
        while sent + 1_000 <= burst:
            flow.charge(1_000)
            flow.consumed(1_000)
            sent += 1_000
        assert flow.window > 870_000


def test_paused_reader_grants_nothing_until_it_resumes() -> None:
    flow, grants = receive_window()
    flow.charge(60)
    flow.pause()
    flow.consumed(60)
    assert grants == []
    flow.resume()
    assert grants == [60]
    flow.resume()
    assert grants == [60]


def test_nothing_is_granted_after_the_end() -> None:
    flow, grants = receive_window()
    flow.charge(60)
    flow.ended = True
    flow.consumed(60)
    assert grants == []


@pytest.mark.row("C21")
def test_consuming_nothing_grants_nothing() -> None:
    flow, grants = receive_window(window=0)
    flow.charge(0)
    flow.consumed(0)
    assert grants == []


@given(st.lists(st.integers(0, 60)), st.integers(1, 1000))
def test_sum_of_grants_is_what_was_consumed(sizes: list[int], window: int) -> None:
    flow, grants = receive_window(window)
    received = consumed = 0
    for size in sizes:
        taken = min(size, flow.window)
        flow.charge(taken)
        received += taken
        flow.consumed(taken)
        consumed += taken
        assert flow.window == window + sum(grants) - received
        assert sum(grants) <= consumed
        assert consumed - sum(grants) < max(1, (window + 1) // 2)
