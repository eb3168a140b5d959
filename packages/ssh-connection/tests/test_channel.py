"""One channel, as transcripts: what the peer says, what we say, what the handler hears."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssh_connection import ChannelClosed, ChannelOpenRefused, ChannelState, ConnectionLimits
from ssh_connection.channel import Channel
from ssh_connection.errors import ChannelViolation
from ssh_connection.testing import Pair, Recorder, Side
from ssh_wire import OpenFailureReason, WireError
from ssh_wire.messages import connection as m

SMALL = ConnectionLimits(window=100, max_packet=40, max_data=40, write_buffer=50)


def opened(
    window: int = 100, max_packet: int = 40, limits: ConnectionLimits = SMALL
) -> tuple[Side, Channel, Recorder]:
    """A session that the peer has confirmed as its channel 7."""
    side = Side(limits)
    channel, heard = side.open()
    side.hear(
        m.ChannelOpenConfirmation(recipient=0, sender=7, window=window, max_packet=max_packet)
    )
    side.wire.sent()
    heard.heard.clear()
    return side, channel, heard


def asked() -> tuple[Side, Channel]:
    """A channel that the peer asks for as its channel 7."""
    side = Side(SMALL, accept=False)
    side.hear(m.SessionOpen(sender=7, window=100, max_packet=40))
    return side, side.opens[0][1]


# ---------------------------------------------------------------- opening


def test_opening_a_channel() -> None:
    side = Side(SMALL)
    channel, heard = side.open()
    assert side.wire.sent() == [m.SessionOpen(sender=0, window=100, max_packet=40)]

    side.hear(m.ChannelOpenConfirmation(recipient=0, sender=7, window=100, max_packet=40))
    assert heard.heard == ["opened"]
    assert (channel.kind, channel.state) == ("session", ChannelState.OPEN)
    assert (channel.send_window, channel.receive_window) == (100, 100)


def test_a_refusal_tells_its_reason_and_frees_the_number() -> None:
    side = Side()
    channel, heard = side.open()
    side.hear(m.ChannelOpenFailure(recipient=0, reason=2, description="no"))
    assert heard.heard == ["open_failed"]
    assert isinstance(heard.error, ChannelOpenRefused)
    assert str(heard.error) == "the peer refused a session channel: no"
    assert channel.state is ChannelState.CLOSED
    assert side.open()[0].number == 0


def test_confirming_a_channel() -> None:
    side, channel = asked()
    heard = Recorder()
    channel.confirm(heard, window=50)
    assert side.wire.sent() == [
        m.ChannelOpenConfirmation(recipient=7, sender=0, window=50, max_packet=40)
    ]
    assert channel.receive_window == 50
    with pytest.raises(ChannelClosed, match="is open, not requested"):
        channel.refuse(OpenFailureReason.CONNECT_FAILED)


def test_refusing_a_channel() -> None:
    side, channel = asked()
    channel.refuse(OpenFailureReason.CONNECT_FAILED, "no route")
    assert side.wire.sent() == [
        m.ChannelOpenFailure(recipient=7, reason=2, description="no route")
    ]
    assert not side.mux.channels
    with pytest.raises(ChannelClosed):
        channel.confirm(Recorder())


@pytest.mark.parametrize("way", ["abort", "close"])
def test_a_channel_that_nobody_wants_any_more_is_closed_as_soon_as_it_is_open(way: str) -> None:
    side = Side()
    channel, heard = side.open()
    side.wire.sent()
    getattr(channel, way)()
    assert side.wire.sent() == []
    side.hear(m.ChannelOpenConfirmation(recipient=0, sender=7, window=1, max_packet=1))
    assert side.wire.sent() == [m.ChannelClose(recipient=7)]
    side.hear(m.ChannelClose(recipient=0))
    assert heard.heard == []
    assert not side.mux.channels


def test_a_channel_that_nobody_wants_and_that_is_refused_is_gone() -> None:
    side = Side()
    channel, heard = side.open()
    channel.abort()
    side.hear(m.ChannelOpenFailure(recipient=0, reason=1))
    assert heard.heard == []
    assert not side.mux.channels


@pytest.mark.row("C04")
def test_a_packet_size_of_zero_is_a_violation_in_a_confirmation() -> None:
    side = Side()
    side.open()
    with pytest.raises(ChannelViolation, match="maximum packet size is 0"):
        side.hear(m.ChannelOpenConfirmation(recipient=0, sender=7, window=1, max_packet=0))


@pytest.mark.row("C04")
@pytest.mark.parametrize(("size", "packets"), [(1, 60), (2, 30), (2**32 - 1, 2)])
def test_a_packet_size_is_kept_to_and_a_large_one_is_clamped(size: int, packets: int) -> None:
    side, channel, _ = opened(max_packet=size)
    channel.write(bytes(60))
    assert len(side.wire.sent()) == packets


# ---------------------------------------------------------------- data


def test_data_both_ways() -> None:
    side, channel, heard = opened()
    channel.write(b"to", b"gether")
    channel.write_stderr(b"problem")
    assert side.wire.sent() == [
        m.ChannelData(recipient=7, data=b"together"),
        m.ChannelExtendedData(recipient=7, data_type=1, data=b"problem"),
    ]
    side.hear(
        m.ChannelData(recipient=0, data=b"out"),
        m.ChannelExtendedData(recipient=0, data_type=1, data=b"err"),
    )
    assert (heard.data, heard.stderr) == (b"out", b"err")


@pytest.mark.row("C02")
@pytest.mark.parametrize("kind", ["data", "extended"])
def test_data_beyond_packet_size_or_window_is_a_violation(kind: str) -> None:
    def data(size: int) -> m.ChannelData | m.ChannelExtendedData:
        if kind == "data":
            return m.ChannelData(recipient=0, data=bytes(size))
        return m.ChannelExtendedData(recipient=0, data_type=1, data=bytes(size))

    side, channel, heard = opened()
    channel.credit_at_once = False
    with pytest.raises(ChannelViolation, match="maximum packet size"):
        side.hear(data(41))
    side.hear(data(40), data(40), data(20))
    with pytest.raises(ChannelViolation, match="exceed the window of 0"):
        side.hear(data(1))
    assert len(heard.data) + len(heard.stderr) == 100


def test_window_is_granted_when_data_is_consumed() -> None:
    side, channel, _ = opened()
    channel.credit_at_once = False
    side.hear(m.ChannelData(recipient=0, data=bytes(40)))
    side.hear(m.ChannelExtendedData(recipient=0, data_type=1, data=bytes(40)))
    assert side.wire.sent() == []
    channel.consumed(40)
    channel.pause_reading()
    channel.consumed(40)
    assert side.wire.sent() == []
    channel.resume_reading()
    assert side.wire.sent() == [m.WindowAdjust(recipient=7, increment=80)]
    assert channel.receive_window == 100


def test_window_is_granted_at_once_where_the_handler_takes_all() -> None:
    side, _, _ = opened()
    side.hear(m.ChannelData(recipient=0, data=bytes(40)))
    side.hear(m.ChannelExtendedData(recipient=0, data_type=1, data=bytes(10)))
    assert side.wire.sent() == [m.WindowAdjust(recipient=7, increment=50)]


@pytest.mark.row("C20")
@pytest.mark.parametrize("kind", [0, 2, 2**32 - 1])
def test_data_of_an_unknown_kind_is_dropped_and_its_window_granted(kind: int) -> None:
    side, channel, heard = opened()
    channel.credit_at_once = False
    for _ in range(100):
        side.hear(m.ChannelExtendedData(recipient=0, data_type=kind, data=bytes(40)))
    granted = sum(each.increment for each in side.wire.sent() if isinstance(each, m.WindowAdjust))
    assert granted > 3900
    assert (heard.data, heard.stderr) == (b"", b"")


@pytest.mark.row("C21")
def test_empty_data_costs_nothing_and_grants_nothing() -> None:
    side, _, heard = opened()
    for _ in range(1000):
        side.hear(m.ChannelData(recipient=0, data=b""), m.WindowAdjust(recipient=0, increment=0))
    assert side.wire.sent() == []
    assert heard.data == b""


# ---------------------------------------------------------------- EOF and CLOSE


def test_eof_waits_for_the_data_before_it_and_the_other_direction_stays_open() -> None:
    side, channel, heard = opened(window=1)
    channel.write(b"ab")
    channel.write_eof()
    channel.write_eof()
    with pytest.raises(ChannelClosed, match="after EOF"):
        channel.write(b"c")
    with pytest.raises(ChannelClosed, match="after EOF"):
        channel.write_stderr(b"c")
    assert side.wire.sent() == [m.ChannelData(recipient=7, data=b"a")]
    side.hear(m.WindowAdjust(recipient=0, increment=1))
    assert side.wire.sent() == [m.ChannelData(recipient=7, data=b"b"), m.ChannelEOF(recipient=7)]
    side.hear(m.ChannelData(recipient=0, data=b"still"))
    assert heard.data == b"still"


@pytest.mark.row("C06")
def test_nothing_is_heard_after_eof_but_windows_still_count() -> None:
    side, channel, heard = opened()
    side.hear(m.ChannelEOF(recipient=0), m.ChannelEOF(recipient=0))
    side.hear(m.ChannelData(recipient=0, data=b"late"))
    side.hear(m.ChannelExtendedData(recipient=0, data_type=1, data=b"late"))
    assert heard.heard == ["eof_received"]
    assert (heard.data, heard.stderr) == (b"", b"")
    assert channel.eof_received
    assert channel.receive_window == 92
    assert side.wire.sent() == []


@pytest.mark.row("C07")
def test_a_close_is_answered_once_and_the_number_is_free() -> None:
    side, channel, heard = opened()
    side.hear(m.ChannelClose(recipient=0))
    assert side.wire.sent() == [m.ChannelClose(recipient=7)]
    assert heard.heard == ["closed"]
    assert heard.error is None
    assert channel.state is ChannelState.CLOSED
    assert not side.mux.channels
    channel.close()
    channel.abort()
    channel.write_eof()
    channel.end(None)
    assert side.wire.sent() == []
    assert heard.heard == ["closed"]


@pytest.mark.row("C07")
def test_the_number_is_free_only_after_both_closes() -> None:
    side, channel, heard = opened()
    channel.close()
    assert side.wire.sent() == [m.ChannelClose(recipient=7)]
    assert side.open()[0].number == 1
    assert heard.heard == []
    side.hear(m.ChannelClose(recipient=0))
    assert heard.heard == ["closed"]
    assert side.open()[0].number == 0


@pytest.mark.row("C06")
def test_after_our_close_nothing_is_heard_and_nothing_is_said() -> None:
    side, channel, heard = opened()
    channel.abort()
    side.wire.sent()
    side.hear(
        m.ChannelData(recipient=0, data=b"late"),
        m.ChannelExtendedData(recipient=0, data_type=2, data=bytes(40)),
        m.ChannelEOF(recipient=0),
        m.ChannelRequest(recipient=0, kind="x@y", want_reply=True),
        m.WindowAdjust(recipient=0, increment=5),
    )
    assert heard.heard == []
    assert heard.requests == []
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


def test_how_a_command_ended_follows_what_it_wrote() -> None:
    side, channel, _ = opened(window=1)
    channel.write(b"ab")
    channel.in_order(m.ExitStatus(recipient=0, status=3))
    channel.close()
    side.wire.sent()
    side.hear(m.WindowAdjust(recipient=0, increment=1))
    assert side.wire.sent() == [
        m.ChannelData(recipient=7, data=b"b"),
        m.ExitStatus(recipient=7, status=3),
        m.ChannelClose(recipient=7),
    ]


@pytest.mark.row("C07")
@given(st.randoms(use_true_random=False), st.integers(1, 40))
def test_any_order_of_ends_gives_one_close_each_way(chosen: random.Random, steps: int) -> None:
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
    assert (ours.heard.count("closed"), theirs.heard.count("closed")) == (1, 1)
    assert not pair.left.mux.channels
    assert not pair.right.mux.channels


# ---------------------------------------------------------------- requests


def test_requests_and_their_answers() -> None:
    side, channel, _ = opened()
    answers: list[bool | None] = []
    channel.request(m.ShellRequest(recipient=0), answers.append)
    channel.request(m.SignalRequest(recipient=0, name="TERM"))
    channel.request(m.SubsystemRequest(recipient=0, name="sftp"), answers.append)
    assert side.wire.sent() == [
        m.ShellRequest(recipient=7, want_reply=True),
        m.SignalRequest(recipient=7, name="TERM"),
        m.SubsystemRequest(recipient=7, want_reply=True, name="sftp"),
    ]
    side.hear(m.ChannelFailure(recipient=0), m.ChannelSuccess(recipient=0))
    side.hear(m.ChannelSuccess(recipient=0))
    assert answers == [False, True]


def test_requests_overtake_data_that_waits() -> None:
    side, channel, _ = opened(window=0)
    channel.write(b"data")
    channel.request(m.SignalRequest(recipient=0, name="INT"))
    assert side.wire.sent() == [m.SignalRequest(recipient=7, name="INT")]


@pytest.mark.row("C11")
@given(st.permutations(range(6)), st.lists(st.booleans(), min_size=6, max_size=6))
def test_answers_leave_in_order_however_handlers_finish(
    order: list[int], grants: list[bool]
) -> None:
    side, channel, heard = opened()
    for _ in order:
        side.hear(m.ChannelRequest(recipient=0, kind="x@y", want_reply=True))
    for index in order:
        (channel.grant if grants[index] else channel.deny)(heard.requests[index][1])
    assert [isinstance(each, m.ChannelSuccess) for each in side.wire.sent()] == grants


def test_a_request_that_wants_no_answer_gets_none() -> None:
    side, channel, heard = opened()
    side.hear(m.ExitStatus(recipient=0, status=1))
    channel.deny(heard.requests[0][1])
    assert side.wire.sent() == []


@pytest.mark.row("C07")
@pytest.mark.parametrize("ending", ["close", "abort", "lost"])
def test_requests_that_wait_are_told_that_no_answer_comes(ending: str) -> None:
    side, channel, _ = opened()
    answers: list[bool | None] = []
    channel.request(m.ShellRequest(recipient=0), answers.append)
    match ending:
        case "close":
            side.hear(m.ChannelClose(recipient=0))
        case "abort":
            channel.abort()
            side.hear(m.ChannelSuccess(recipient=0))
        case _:
            side.mux.connection_lost(OSError("gone"))
    assert answers == [None]
    with pytest.raises(ChannelClosed):
        channel.request(m.ShellRequest(recipient=0), answers.append)


@pytest.mark.row("C07")
def test_an_answer_is_not_sent_after_our_close() -> None:
    side, channel, heard = opened()
    side.hear(m.ChannelRequest(recipient=0, kind="x@y", want_reply=True))
    channel.abort()
    side.wire.sent()
    channel.grant(heard.requests[0][1])
    assert side.wire.sent() == []


@pytest.mark.row("C11")
def test_a_thousand_answers_that_nobody_asked_for_are_ignored() -> None:
    side, channel, _ = opened()
    for _ in range(1000):
        side.hear(m.ChannelSuccess(recipient=0), m.ChannelFailure(recipient=0))
    answers: list[bool | None] = []
    channel.request(m.ShellRequest(recipient=0), answers.append)
    side.hear(m.ChannelSuccess(recipient=0))
    assert answers == [True]


@pytest.mark.row("C12")
@pytest.mark.parametrize(
    "details",
    [
        b"\0\0\0\x0bexit-status\0\0\0",
        b"\0\0\0\x0bexit-status\0\0\0\0\0\0",
        b"\0\0\0\x0bexit-signal\0\0\0\0\x02\xff\xff",
    ],
)
def test_a_malformed_status_is_a_protocol_error_and_nothing_else(details: bytes) -> None:
    side, _, heard = opened()
    with pytest.raises(WireError):
        side.mux.receive(b"\x62\0\0\0\0" + details)
    assert heard.requests == []


# ---------------------------------------------------------------- ends of other kinds


def test_a_lost_connection_ends_the_channel_with_its_error() -> None:
    side, channel, heard = opened()
    error = OSError("gone")
    side.mux.connection_lost(error)
    assert (heard.heard, heard.error) == (["closed"], error)
    assert channel.state is ChannelState.CLOSED
    assert side.wire.sent() == []


@pytest.mark.parametrize("error", [OSError("gone"), None])
def test_a_channel_that_ends_while_it_opens_has_failed_to_open(error: Exception | None) -> None:
    side = Side()
    channel, heard = side.open()
    channel.end(error)
    assert heard.heard == ["open_failed"]
    assert heard.error is error or isinstance(heard.error, ChannelClosed)


def test_a_channel_that_ends_before_it_is_answered_tells_nobody() -> None:
    side, channel = asked()
    side.mux.connection_lost(OSError("gone"))
    with pytest.raises(ChannelClosed, match="is closed, not requested"):
        channel.confirm(Recorder())


def test_writing_pauses_and_resumes_with_what_is_held() -> None:
    side, channel, heard = opened(window=0)
    channel.write(bytes(51))
    assert heard.heard[-1] == "pause_writing"
    side.wire.congested = True
    side.hear(m.WindowAdjust(recipient=0, increment=100))
    assert heard.heard[-1] == "pause_writing"
    side.wire.congested = False
    channel.pump()
    assert heard.heard[-1] == "resume_writing"
    assert channel.held == 0


def test_a_channel_that_fails_is_closed_and_its_handler_told() -> None:
    side, channel, heard = opened()
    error = ValueError("mine")
    channel.fail(error)
    assert side.wire.sent() == [m.ChannelClose(recipient=7)]
    assert (heard.heard[-1], heard.error) == ("closed", error)
    side.hear(m.ChannelClose(recipient=0))
    assert heard.heard.count("closed") == 1
