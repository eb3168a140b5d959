"""How a channel ends: EOF, CLOSE, lost connections, failing handlers."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssh_connection import ChannelClosed, ChannelState
from ssh_connection.testing import Pair, Recorder, Side
from ssh_wire.messages import connection as m
from transcripts import SMALL, asked, opened


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
