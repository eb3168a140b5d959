"""What leaves on a channel: within the window, complete and in order."""

from __future__ import annotations

from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssh_connection.errors import ChannelViolation
from ssh_connection.send_window import MAX_WINDOW, SendWindow
from ssh_connection.testing import Wire
from ssh_wire.messages import connection as m
from ssh_wire.primitives import Buffer


class Flow:
    """A send window, its wire, and what its writer recorder."""

    def __init__(self, window: int = 100, max_data: int = 40, limit: int = 50) -> None:
        self.wire = Wire()
        self.events: list[str] = []
        self.out = SendWindow(
            self.wire,
            limit,
            lambda: self.events.append("pause"),
            lambda: self.events.append("resume"),
        )
        self.out.begin(7, window, max_data)

    def write(self, *parts: Buffer, data_type: int | None = None) -> None:
        self.out.write(data_type, parts)

    def grant(self, increment: int) -> None:
        self.out.adjust(increment)
        self.out.pump()

    def data(self) -> list[bytes]:
        messages = self.wire.sent()
        assert all(isinstance(each, m.ChannelData) for each in messages)
        return [bytes(each.data) for each in messages if isinstance(each, m.ChannelData)]


def test_packed_headers_equal_those_of_the_declarations() -> None:
    flow = Flow()
    flow.write(b"ab", b"c")
    flow.write(b"de", data_type=1)

    assert list(flow.wire.payloads) == [
        m.ChannelData(recipient=7, data=b"abc").encode(),
        m.ChannelExtendedData(recipient=7, data_type=1, data=b"de").encode(),
    ]


def test_parts_that_fit_leave_as_one_packet() -> None:
    flow = Flow()
    flow.write(b"head", memoryview(b"data"), bytearray(b"!"))
    assert flow.data() == [b"headdata!"]
    assert flow.out.window == 91


def test_empty_write_sends_no_packet() -> None:
    flow = Flow()
    flow.write()
    flow.write(b"", b"")
    assert flow.data() == []


def test_data_is_cut_at_the_packet_size_and_kept_at_the_window() -> None:
    flow = Flow()
    flow.write(bytes(range(110)))

    assert [len(each) for each in flow.data()] == [40, 40, 20]
    assert (flow.out.window, flow.out.held) == (0, 10)
    flow.grant(4)
    assert flow.data() == [bytes(range(100, 104))]
    flow.grant(100)
    assert flow.data() == [bytes(range(104, 110))]
    assert (flow.out.window, flow.out.held) == (94, 0)


@pytest.mark.row("R04")
def test_window_of_one_byte_moves_one_byte_at_a_time() -> None:
    flow = Flow(window=0, max_data=1)
    flow.write(b"abc")
    sent = b""
    for _ in range(3):
        flow.grant(1)
        (piece,) = flow.data()
        sent += piece
    assert sent == b"abc"


def test_small_writes_that_waited_leave_in_packets_as_large_as_allowed() -> None:
    flow = Flow(window=0)
    for number in range(60):
        flow.write(bytes([number]))
    flow.grant(100)
    assert [len(each) for each in flow.data()] == [40, 20]


def test_kinds_of_data_are_not_mixed_and_keep_their_order() -> None:
    flow = Flow(window=0)
    flow.write(b"ab")
    flow.write(b"cd", data_type=1)
    flow.write(b"ef")
    flow.grant(100)
    assert flow.wire.sent() == [
        m.ChannelData(recipient=7, data=b"ab"),
        m.ChannelExtendedData(recipient=7, data_type=1, data=b"cd"),
        m.ChannelData(recipient=7, data=b"ef"),
    ]


def test_data_waits_for_congestion_and_actions_wait_for_data() -> None:
    flow = Flow()
    done: list[str] = []
    flow.out.in_order(lambda: done.append("at once"))
    flow.wire.congested = True
    flow.write(b"data")
    flow.out.in_order(lambda: done.append("behind"))
    flow.write(b"more")
    flow.out.pump()
    assert (flow.data(), done) == ([], ["at once"])

    flow.wire.congested = False
    flow.out.pump()
    assert flow.data() == [b"data", b"more"]
    assert done == ["at once", "behind"]


def test_held_data_is_copied_unless_it_is_immutable() -> None:
    flow = Flow(window=2)
    changing = bytearray(b"abcd")
    flow.write(changing, b"same")
    changing[:] = b"xxxx"
    flow.grant(100)
    assert flow.data() == [b"ab", b"cdsame"]


def test_view_of_larger_items_is_sent_as_its_bytes() -> None:
    flow = Flow()
    numbers = array("I", [1, 2, 3])
    flow.write(memoryview(numbers))
    assert b"".join(flow.data()) == numbers.tobytes()


def test_writer_is_paused_above_the_limit_and_resumed_below_it() -> None:
    flow = Flow(window=0, limit=50)
    flow.write(bytes(50))
    assert flow.events == []
    flow.write(bytes(1))
    flow.write(bytes(1))
    assert flow.events == ["pause"]
    flow.grant(20)
    assert flow.events == ["pause"]
    flow.grant(10)
    assert flow.events == ["pause", "resume"]


def test_dropped_data_is_not_sent_later() -> None:
    flow = Flow(window=0)
    flow.write(b"data")
    flow.out.in_order(lambda: pytest.fail("dropped"))
    flow.out.drop()
    flow.grant(100)
    assert (flow.data(), flow.out.held) == ([], 0)


@pytest.mark.row("C03")
def test_window_above_32_bits_is_a_violation() -> None:
    flow = Flow(window=MAX_WINDOW - 1)
    flow.grant(1)
    with pytest.raises(ChannelViolation, match=r"above 2\^32 - 1"):
        flow.grant(1)


STEP: st.SearchStrategy[list[bytes] | int | bool] = st.one_of(
    st.lists(st.binary(max_size=30), max_size=3), st.integers(2, 50), st.booleans()
)
"""Parts to write, window to grant, or whether there is congestion."""


@given(st.lists(STEP), st.integers(0, 50), st.integers(1, 20))
def test_data_is_sent_in_order_and_never_beyond_the_window(
    steps: list[list[bytes] | int | bool], window: int, max_data: int
) -> None:
    flow = Flow(window, max_data, limit=20)
    granted, written, sent = window, b"", b""
    for step in steps:
        if isinstance(step, list):
            parts = [bytearray(each) for each in step]
            written += b"".join(step)
            flow.write(*parts)
            for part in parts:
                part[:] = bytes(len(part))
        elif isinstance(step, bool):
            flow.wire.congested = step
            flow.out.pump()
        else:
            granted += step
            flow.grant(step)
        pieces = flow.data()
        sent += b"".join(pieces)
        assert all(0 < len(piece) <= max_data for piece in pieces)
        assert len(sent) <= granted
        assert flow.out.window == granted - len(sent)
        assert written == sent + written[len(sent) :]
        assert flow.out.held == len(written) - len(sent)
    flow.wire.congested = False
    flow.grant(10_000)
    assert sent + b"".join(flow.data()) == written
    assert flow.events == ["pause", "resume"] * (len(flow.events) // 2)
