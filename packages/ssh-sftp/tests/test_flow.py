from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ssh_sftp.flow import Flow


def test_more_is_allowed_while_it_helps() -> None:
    flow = Flow(4, 64, 0.0)
    now = 0.0
    for _ in range(20):  # a long line: a round takes the same time, however much is in it
        size = flow.limit
        flow.take(size)
        now += 1.0
        flow.give(size, now)

    assert flow.limit == 64
    assert flow.outstanding == 0


def test_no_more_is_allowed_when_it_does_not_help() -> None:
    flow = Flow(4, 64, 0.0)
    now = 0.0
    for _ in range(50):  # a short line: twice as much takes twice as long
        size = flow.limit
        flow.take(size)
        now += size / 100
        flow.give(size, now)

    assert flow.limit == 8


@given(st.lists(st.integers(1, 1000)))
def test_what_is_given_back_is_not_outstanding(sizes: list[int]) -> None:
    flow = Flow(100, 1000, 0.0)
    for size in sizes:
        flow.take(size)
    assert flow.has_room == (sum(sizes) < 100)
    for size in sizes:
        flow.give(size, 0.0)

    assert flow.outstanding == 0
