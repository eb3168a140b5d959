"""How a channel ends: EOF, CLOSE, lost connections, failing handlers."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssh_connection import ChannelClosed, ChannelState
from ssh_connection.testing import Pair, Recorder, Side
from ssh_wire import Message
from ssh_wire.messages import connection as m
from transcripts import SMALL, asked, opened


def test_eof_waits_for_the_data_before_it_and_the_other_direction_stays_open() -> None:
    side, channel, recorder = opened(window=1)
    channel.write(b"ab")
    channel.write_eof()
    channel.write_eof()
    with pytest.raises(ChannelClosed, match="after EOF"):
        channel.write(b"c")
    with pytest.raises(ChannelClosed, match="after EOF"):
        channel.write_stderr(b"c")
    assert side.wire.sent() == [m.ChannelData(recipient=7, data=b"a")]
    side.receive(m.WindowAdjust(recipient=0, increment=1))
    assert side.wire.sent() == [m.ChannelData(recipient=7, data=b"b"), m.ChannelEOF(recipient=7)]
    side.receive(m.ChannelData(recipient=0, data=b"still"))
    assert recorder.data == b"still"


@pytest.mark.row("C06")
def test_data_after_eof_is_dropped_and_window_adjust_still_counts() -> None:
    side, channel, recorder = opened()
    side.receive(m.ChannelEOF(recipient=0), m.ChannelEOF(recipient=0))
    side.receive(m.ChannelData(recipient=0, data=b"late"))
    side.receive(m.ChannelExtendedData(recipient=0, data_type=1, data=b"late"))
    assert recorder.events == ["eof_received"]
    assert (recorder.data, recorder.stderr) == (b"", b"")
    assert channel.eof_received
    assert channel.receive_window == 92
    assert side.wire.sent() == []


@pytest.mark.row("C07")
def test_close_is_answered_once_and_the_number_is_free() -> None:
    side, channel, recorder = opened()
    side.receive(m.ChannelClose(recipient=0))
    assert side.wire.sent() == [m.ChannelClose(recipient=7)]
    assert recorder.events == ["closed"]
    assert recorder.error is None
    assert channel.state is ChannelState.CLOSED
    assert not side.mux.channels
    channel.close()
    channel.abort()
    channel.write_eof()
    channel.end(None)
    assert side.wire.sent() == []
    assert recorder.events == ["closed"]


@pytest.mark.row("C07")
def test_channel_ends_only_after_both_closes() -> None:
    side, channel, recorder = opened()
    channel.close()
    assert side.wire.sent() == [m.ChannelClose(recipient=7)]
    assert set(side.mux.channels) == {0}
    assert recorder.events == []
    side.receive(m.ChannelClose(recipient=0))
    assert recorder.events == ["closed"]
    assert not side.mux.channels


LATE: list[Message] = [
    m.ExitStatus(recipient=0, status=3),  # what the report was about
    m.ExitSignal(recipient=0, name="TERM", core_dumped=False, message="", language=""),
    m.ChannelRequest(recipient=0, kind="eow@openssh.com", want_reply=True),
    m.ChannelData(recipient=0, data=b"late"),
    m.ChannelExtendedData(recipient=0, data_type=1, data=b"late"),
    m.ChannelEOF(recipient=0),
    m.ChannelClose(recipient=0),
    m.WindowAdjust(recipient=0, increment=9),
    m.ChannelSuccess(recipient=0),
    m.ChannelFailure(recipient=0),
]


@pytest.mark.row("C06")
@pytest.mark.parametrize("late", LATE, ids=lambda message: type(message).__name__)
@pytest.mark.parametrize("closed", ["by the peer", "by us", "at the same time"])
def test_message_behind_the_close_leaves_the_other_channels_alone(
    late: Message, closed: str
) -> None:
    side, channel, recorder = opened()
    _, other = side.open()
    side.receive(m.ChannelOpenConfirmation(recipient=1, sender=8, window=9, max_packet=9))
    if closed != "by the peer":
        channel.abort()
    if closed != "by us":
        side.receive(m.ChannelClose(recipient=0))
    before = [each for each in recorder.events if each != "closed"]
    side.wire.sent()
    side.receive(late)
    side.receive(m.ChannelData(recipient=1, data=b"goes on"))
    assert side.wire.sent() == []
    assert other.data == b"goes on"
    assert [each for each in recorder.events if each != "closed"] == [
        e for e in before if e != "closed"
    ]


@pytest.mark.row("C06")
def test_late_message_is_not_taken_for_the_next_channel() -> None:
    side, _, _ = opened()
    side.receive(m.ChannelClose(recipient=0))
    channel, recorder = side.open()
    side.receive(m.ChannelRequest(recipient=0, kind="exit-status", want_reply=False))
    side.receive(m.ChannelOpenConfirmation(recipient=1, sender=8, window=9, max_packet=9))
    assert channel.number == 1
    assert recorder.events == ["opened"]


@given(st.lists(st.booleans(), max_size=30), st.integers(2**32 - 8, 2**32 + 8))
def test_numbers_differ_and_wrap_behind_the_last(kept: list[bool], assigned: int) -> None:
    side = Side()
    side.mux._assigned = assigned  # after as many channels
    for keep in kept:
        channel, _ = side.open()
        assert 0 <= channel.number < 2**32
        if not keep:
            side.receive(m.ChannelOpenFailure(recipient=channel.number, reason=1))
    assert len(side.mux.channels) == sum(kept)


@pytest.mark.row("C06")
def test_closing_channel_receives_nothing_and_sends_nothing() -> None:
    side, channel, recorder = opened()
    channel.abort()
    side.wire.sent()
    side.receive(
        m.ChannelData(recipient=0, data=b"late"),
        m.ChannelExtendedData(recipient=0, data_type=2, data=bytes(40)),
        m.ChannelEOF(recipient=0),
        m.ChannelRequest(recipient=0, kind="x@y", want_reply=True),
        m.WindowAdjust(recipient=0, increment=5),
    )
    assert recorder.events == []
    assert recorder.requests == []
    assert side.wire.sent() == []
    with pytest.raises(ChannelClosed, match="is closing, not open"):
        channel.write(b"x")


def test_close_waits_for_the_data_and_abort_does_not() -> None:
    side, channel, _ = opened(window=1)
    channel.write(b"ab")
    channel.close()
    with pytest.raises(ChannelClosed):
        channel.write(b"c")
    assert side.wire.sent() == [m.ChannelData(recipient=7, data=b"a")]
    channel.abort()
    assert side.wire.sent() == [m.ChannelClose(recipient=7)]
    assert channel.held == 0


def test_exit_status_follows_what_the_command_wrote() -> None:
    side, channel, _ = opened(window=1)
    channel.write(b"ab")
    channel.in_order(m.ExitStatus(recipient=0, status=3))
    channel.close()
    side.wire.sent()
    side.receive(m.WindowAdjust(recipient=0, increment=1))
    assert side.wire.sent() == [
        m.ChannelData(recipient=7, data=b"b"),
        m.ExitStatus(recipient=7, status=3),
        m.ChannelClose(recipient=7),
    ]


@pytest.mark.row("C07")
@given(st.randoms(use_true_random=False), st.integers(1, 40))
def test_one_close_is_sent_each_way_in_any_order_of_ends(
    chosen: random.Random, steps: int
) -> None:
    pair = Pair(SMALL, SMALL)
    ours, theirs = pair.open()
    closes = {id(pair.left): 0, id(pair.right): 0}
    eofs = dict(closes)

    def watch(side: Side, payload: bytes) -> None:
        assert closes[id(side)] == 0, "something follows CLOSE"
        closes[id(side)] += payload[0] == m.ChannelClose.NUMBER
        eofs[id(side)] += payload[0] == m.ChannelEOF.NUMBER

    for _ in range(steps):
        recorder = chosen.choice((ours, theirs))
        assert recorder.channel is not None
        match chosen.randrange(6):
            case 0:
                recorder.channel.write_eof()
            case 1:
                recorder.channel.close()
            case 2:
                recorder.channel.abort()
            case 3 if recorder.channel.state is ChannelState.OPEN:
                recorder.channel.request(m.ShellRequest(recipient=0), lambda _: None)
            case 4 if recorder.channel.state is ChannelState.OPEN and (
                not recorder.channel.eof_sent
            ):
                recorder.channel.write(bytes(chosen.randrange(90)))
            case _:
                pair.run(watch)
    ours.channel.close() if ours.channel else None
    pair.run(watch)
    assert set(closes.values()) == {1}
    assert all(count <= 1 for count in eofs.values())
    assert (ours.events.count("closed"), theirs.events.count("closed")) == (1, 1)
    assert not pair.left.mux.channels
    assert not pair.right.mux.channels


def test_channel_ends_with_the_error_of_a_lost_connection() -> None:
    side, channel, recorder = opened()
    error = OSError("gone")
    side.mux.connection_lost(error)
    assert (recorder.events, recorder.error) == (["closed"], error)
    assert channel.state is ChannelState.CLOSED
    assert side.wire.sent() == []


@pytest.mark.parametrize("error", [OSError("gone"), None])
def test_channel_that_ends_while_it_opens_has_failed_to_open(error: Exception | None) -> None:
    side = Side()
    channel, recorder = side.open()
    channel.end(error)
    assert recorder.events == ["open_failed"]
    assert recorder.error is error or isinstance(recorder.error, ChannelClosed)


def test_requested_channel_that_ends_before_its_answer_tells_no_handler() -> None:
    side, channel = asked()
    side.mux.connection_lost(OSError("gone"))
    with pytest.raises(ChannelClosed, match="is closed, not requested"):
        channel.confirm(Recorder())


def test_writing_pauses_and_resumes_with_what_is_held() -> None:
    side, channel, recorder = opened(window=0)
    channel.write(bytes(51))
    assert recorder.events[-1] == "pause_writing"
    side.wire.congested = True
    side.receive(m.WindowAdjust(recipient=0, increment=100))
    assert recorder.events[-1] == "pause_writing"
    side.wire.congested = False
    channel.pump()
    assert recorder.events[-1] == "resume_writing"
    assert channel.held == 0


def test_failed_channel_is_closed_and_its_handler_gets_the_error() -> None:
    side, channel, recorder = opened()
    error = ValueError("mine")
    channel.fail(error)
    assert side.wire.sent() == [m.ChannelClose(recipient=7)]
    assert (recorder.events[-1], recorder.error) == ("closed", error)
    side.receive(m.ChannelClose(recipient=0))
    assert recorder.events.count("closed") == 1
