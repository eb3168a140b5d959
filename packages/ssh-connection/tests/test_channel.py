"""One channel, as transcripts: what the peer sends, what we send, what the handler is told."""

from __future__ import annotations

import pytest

from ssh_connection import ChannelClosed, ChannelOpenRefused, ChannelState
from ssh_connection.errors import ChannelViolation
from ssh_connection.testing import Recorder, Side
from ssh_wire import OpenFailureReason
from ssh_wire.messages import connection as m
from transcripts import SMALL, asked, opened


def test_channel_is_open_when_the_peer_confirms() -> None:
    side = Side(SMALL)
    channel, recorder = side.open()
    assert side.wire.sent() == [m.SessionOpen(sender=0, window=100, max_packet=40)]

    side.receive(m.ChannelOpenConfirmation(recipient=0, sender=7, window=100, max_packet=40))
    assert recorder.events == ["opened"]
    assert (channel.kind, channel.state) == ("session", ChannelState.OPEN)
    assert (channel.send_window, channel.receive_window) == (100, 100)


def test_refused_channel_fails_with_the_reason() -> None:
    side = Side()
    channel, recorder = side.open()
    side.receive(m.ChannelOpenFailure(recipient=0, reason=2, description="no"))
    assert recorder.events == ["open_failed"]
    assert isinstance(recorder.error, ChannelOpenRefused)
    assert str(recorder.error) == "the peer refused a session channel: no"
    assert channel.state is ChannelState.CLOSED
    assert not side.mux.channels


def test_requested_channel_is_open_when_it_is_confirmed() -> None:
    side, channel = asked()
    recorder = Recorder()
    channel.confirm(recorder, window=50)
    assert side.wire.sent() == [
        m.ChannelOpenConfirmation(recipient=7, sender=0, window=50, max_packet=40)
    ]
    assert channel.receive_window == 50
    with pytest.raises(ChannelClosed, match="is open, not requested"):
        channel.refuse(OpenFailureReason.CONNECT_FAILED)


def test_requested_channel_is_closed_when_it_is_refused() -> None:
    side, channel = asked()
    channel.refuse(OpenFailureReason.CONNECT_FAILED, "no route")
    assert side.wire.sent() == [
        m.ChannelOpenFailure(recipient=7, reason=2, description="no route")
    ]
    assert not side.mux.channels
    with pytest.raises(ChannelClosed):
        channel.confirm(Recorder())


@pytest.mark.parametrize("way", ["abort", "close"])
def test_abandoned_channel_is_closed_as_soon_as_it_is_open(way: str) -> None:
    side = Side()
    channel, recorder = side.open()
    side.wire.sent()
    getattr(channel, way)()
    assert side.wire.sent() == []
    side.receive(m.ChannelOpenConfirmation(recipient=0, sender=7, window=1, max_packet=1))
    assert side.wire.sent() == [m.ChannelClose(recipient=7)]
    side.receive(m.ChannelClose(recipient=0))
    assert recorder.events == []
    assert not side.mux.channels


def test_abandoned_channel_that_is_refused_is_gone() -> None:
    side = Side()
    channel, recorder = side.open()
    channel.abort()
    side.receive(m.ChannelOpenFailure(recipient=0, reason=1))
    assert recorder.events == []
    assert not side.mux.channels


@pytest.mark.row("C04")
def test_confirmation_with_a_packet_size_of_zero_is_a_violation() -> None:
    side = Side()
    side.open()
    with pytest.raises(ChannelViolation, match="maximum packet size is 0"):
        side.receive(m.ChannelOpenConfirmation(recipient=0, sender=7, window=1, max_packet=0))


@pytest.mark.row("C04")
@pytest.mark.parametrize(("size", "packets"), [(1, 60), (2, 30), (2**32 - 1, 2)])
def test_packet_size_of_the_peer_is_kept_to_and_a_large_one_clamped(
    size: int, packets: int
) -> None:
    side, channel, _ = opened(max_packet=size)
    channel.write(bytes(60))
    assert len(side.wire.sent()) == packets


def test_channel_carries_data_both_ways() -> None:
    side, channel, recorder = opened()
    channel.write(b"to", b"gether")
    channel.write_stderr(b"problem")
    assert side.wire.sent() == [
        m.ChannelData(recipient=7, data=b"together"),
        m.ChannelExtendedData(recipient=7, data_type=1, data=b"problem"),
    ]
    side.receive(
        m.ChannelData(recipient=0, data=b"out"),
        m.ChannelExtendedData(recipient=0, data_type=1, data=b"err"),
    )
    assert (recorder.data, recorder.stderr) == (b"out", b"err")


@pytest.mark.row("C02")
@pytest.mark.parametrize("kind", ["data", "extended"])
def test_data_beyond_packet_size_or_window_is_a_violation(kind: str) -> None:
    def data(size: int) -> m.ChannelData | m.ChannelExtendedData:
        if kind == "data":
            return m.ChannelData(recipient=0, data=bytes(size))
        return m.ChannelExtendedData(recipient=0, data_type=1, data=bytes(size))

    side, channel, recorder = opened()
    channel.auto_adjust = False
    with pytest.raises(ChannelViolation, match="maximum packet size"):
        side.receive(data(41))
    side.receive(data(40), data(40), data(20))
    with pytest.raises(ChannelViolation, match="exceed the window of 0"):
        side.receive(data(1))
    assert len(recorder.data) + len(recorder.stderr) == 100


def test_window_is_granted_when_data_is_consumed() -> None:
    side, channel, _ = opened()
    channel.auto_adjust = False
    side.receive(m.ChannelData(recipient=0, data=bytes(40)))
    side.receive(m.ChannelExtendedData(recipient=0, data_type=1, data=bytes(40)))
    assert side.wire.sent() == []
    channel.consumed(12)
    channel.pause_reading()
    channel.consumed(68)
    assert side.wire.sent() == []
    channel.resume_reading()
    assert side.wire.sent() == [m.WindowAdjust(recipient=7, increment=80)]
    assert channel.receive_window == 100


def test_window_is_granted_at_once_where_the_handler_takes_all() -> None:
    side, _, _ = opened()
    side.receive(m.ChannelData(recipient=0, data=bytes(40)))
    side.receive(m.ChannelExtendedData(recipient=0, data_type=1, data=bytes(10)))
    assert side.wire.sent() == [m.WindowAdjust(recipient=7, increment=40)]


@pytest.mark.row("C20")
@pytest.mark.parametrize("kind", [0, 2, 2**32 - 1])
def test_data_of_an_unknown_kind_is_dropped_and_its_window_granted(kind: int) -> None:
    side, channel, recorder = opened()
    channel.auto_adjust = False
    for _ in range(100):
        side.receive(m.ChannelExtendedData(recipient=0, data_type=kind, data=bytes(40)))
    granted = sum(each.increment for each in side.wire.sent() if isinstance(each, m.WindowAdjust))
    assert granted > 3900
    assert (recorder.data, recorder.stderr) == (b"", b"")


@pytest.mark.row("C21")
def test_empty_data_costs_nothing_and_grants_nothing() -> None:
    side, _, recorder = opened()
    for _ in range(1000):
        side.receive(
            m.ChannelData(recipient=0, data=b""), m.WindowAdjust(recipient=0, increment=0)
        )
    assert side.wire.sent() == []
    assert recorder.data == b""
