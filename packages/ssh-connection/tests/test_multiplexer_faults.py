"""Handlers that raise lose their channel or their request; the connection goes on."""

from __future__ import annotations

import pytest

from ssh_connection import (
    ChannelState,
    ConnectionLimits,
)
from ssh_connection.channel import ChannelProtocol
from ssh_connection.replies import PendingReply
from ssh_connection.testing import CONNECTION_MESSAGES, Recorder, Side
from ssh_wire import ProtocolError
from ssh_wire.messages import connection as m
from transcripts import confirmed


class Faulty(Recorder):
    """Raises in one call."""

    def __init__(self, call: str, error: Exception) -> None:
        super().__init__()
        self._call = call
        self._fault = error

    def __getattribute__(self, name: str) -> object:
        if not name.startswith("_") and name == self._call:
            raise self._fault
        return super().__getattribute__(name)


def faulty(side: Side, call: str, error: Exception) -> Faulty:
    recorder = Faulty(call, error)
    channel = side.mux.open(m.SessionOpen(sender=0, window=100, max_packet=0), recorder)
    recorder.channel = channel
    side.receive(m.ChannelOpenConfirmation(recipient=0, sender=100, window=0, max_packet=100))
    return recorder


@pytest.mark.row("R16")
@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("opened", None),
        ("data_received", m.ChannelData(recipient=0, data=b"x")),
        ("stderr_received", m.ChannelExtendedData(recipient=0, data_type=1, data=b"x")),
        ("eof_received", m.ChannelEOF(recipient=0)),
        ("request_received", m.ShellRequest(recipient=0, want_reply=True)),
    ],
)
def test_handler_that_raises_loses_its_channel_alone(
    call: str, message: m.ChannelData | None
) -> None:
    side, error = Side(), ValueError("mine")
    recorder = faulty(side, call, error)
    if message is not None:
        side.receive(message)
    assert side.wire.sent()[-1] == m.ChannelClose(recipient=100)
    assert recorder.error is error
    other = confirmed(side)
    side.receive(m.ChannelData(recipient=1, data=b"fine"))
    assert other.data == b"fine"
    assert side.failures == []


@pytest.mark.row("R16")
def test_handler_that_raises_at_its_end_is_reported() -> None:
    side, error = Side(), ValueError("mine")
    faulty(side, "closed", error)
    other = confirmed(side)
    side.receive(m.ChannelClose(recipient=0))
    assert side.wire.sent() == [m.ChannelClose(recipient=100)]
    assert not {0} & side.mux.channels.keys()
    assert side.failures == [error]
    side.mux.connection_lost(OSError())
    assert other.events[-1] == "closed"


@pytest.mark.row("R16")
def test_one_handler_that_raises_does_not_keep_the_end_from_the_others() -> None:
    side, error = Side(), ValueError("mine")
    faulty(side, "closed", error)
    other = confirmed(side)
    side.mux.connection_lost(OSError())
    assert other.events[-1] == "closed"
    assert side.failures == [error]


@pytest.mark.row("R16")
def test_handler_that_raises_in_resume_writing_loses_its_channel() -> None:
    side, error = Side(ConnectionLimits(write_buffer=10)), ValueError("mine")
    recorder = faulty(side, "resume_writing", error)
    assert recorder.channel is not None
    side.wire.congested = True
    side.receive(m.WindowAdjust(recipient=0, increment=100))
    recorder.channel.write(bytes(20))
    side.wire.congested = False
    side.mux.pump()
    assert recorder.error is error
    assert recorder.channel.state is ChannelState.CLOSING


class Undecided(Side):
    """Raises where it is to decide."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error

    def channel_requested(self, message: m.OpenHead, channel: ChannelProtocol) -> None:
        del message, channel
        raise self.error

    def global_request(self, message: m.GlobalHead, reply: PendingReply) -> None:
        del message, reply
        raise self.error


@pytest.mark.row("R16")
def test_request_is_refused_when_its_handler_raises() -> None:
    error = ValueError("mine")
    side = Undecided(error)
    side.receive(m.SessionOpen(sender=7, window=1, max_packet=1))
    side.receive(m.GlobalRequest(kind="x@y", want_reply=True))
    refused, denied = side.wire.sent()
    assert isinstance(refused, m.ChannelOpenFailure)
    assert denied == m.RequestFailure()
    assert side.failures == [error, error]
    assert not side.mux.channels


def test_decision_of_a_handler_holds_although_it_raises_afterwards() -> None:
    class Hasty(Side):
        def channel_requested(self, message: m.OpenHead, channel: ChannelProtocol) -> None:
            super().channel_requested(message, channel)
            problem = "too late"
            raise ValueError(problem)

    side = Hasty()
    side.receive(m.SessionOpen(sender=7, window=1, max_packet=1))
    assert isinstance(side.wire.sent()[0], m.ChannelOpenConfirmation)
    assert len(side.failures) == 1


def test_protocol_error_of_a_handler_ends_the_connection() -> None:
    side = Undecided(ProtocolError("not here"))
    with pytest.raises(ProtocolError, match="not here"):
        side.receive(m.SessionOpen(sender=7, window=1, max_packet=1))
    with pytest.raises(ProtocolError, match="not here"):
        side.receive(m.GlobalRequest(kind="x@y", want_reply=True))


def test_every_number_that_a_channel_takes_is_a_declared_message() -> None:
    assert all(number in CONNECTION_MESSAGES for number in (*range(80, 83), *range(90, 101)))
