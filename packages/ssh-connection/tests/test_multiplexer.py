"""Many channels over one connection: numbers, dispatch, global requests, faults."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssh_connection import (
    ChannelClosed,
    ConnectionLimits,
)
from ssh_connection.errors import ChannelViolation
from ssh_connection.multiplexer import GlobalAnswer
from ssh_connection.testing import Recorder, Side
from ssh_wire import EncodeError, OpenFailureReason, ProtocolError, SSHError, Truncated
from ssh_wire.messages import connection as m
from ssh_wire.primitives import Buffer
from transcripts import confirmed


@pytest.mark.row("C01")
@pytest.mark.parametrize("number", [91, 92, 94, 95, 96, 97, 98])
def test_traffic_for_a_channel_that_does_not_exist_is_a_violation(number: int) -> None:
    side = Side()
    with pytest.raises(ChannelViolation, match="channel 5, which is not open"):
        side.mux.receive(bytes([number, 0, 0, 0, 5]))


@pytest.mark.row("C01")
@pytest.mark.parametrize("number", [93, 99, 100])
def test_late_answers_for_a_channel_that_does_not_exist_are_ignored(number: int) -> None:
    side = Side()
    side.mux.receive(bytes([number, 0, 0, 0, 5]))
    assert side.wire.sent() == []


@pytest.mark.parametrize("number", [83, 89, 101, 127, 0, 255])
def test_unknown_message_is_given_to_the_handler(number: int) -> None:
    side = Side()
    side.mux.receive(bytes([number]))
    side.mux.receive(bytes([number]) + b"something more")
    assert side.unknown == [number, number]


@pytest.mark.parametrize("payload", [b"", b"\x5e", b"\x5e\0\0\0", b"\x5d\0\0\0"])
def test_message_without_its_recipient_is_truncated(payload: bytes) -> None:
    with pytest.raises(Truncated):
        Side().mux.receive(payload)


@given(st.lists(st.tuples(st.integers(79, 102), st.integers(0, 4), st.binary(max_size=40))))
def test_messages_of_any_kind_make_progress_or_a_protocol_error(
    messages: list[tuple[int, int, bytes]],
) -> None:
    side = Side(ConnectionLimits(window=100, channels=3))
    side.open()
    for kind, number, rest in messages:
        try:
            side.mux.receive(bytes([kind, 0, 0, 0, number]) + rest)
        except ProtocolError:
            side.mux.connection_lost(OSError())
            break
        assert len(side.mux.channels) <= 3
    side.wire.sent()
    assert side.failures == []


@given(st.binary(max_size=60))
def test_any_bytes_make_progress_or_a_protocol_error(payload: bytes) -> None:
    side = Side()
    try:
        side.mux.receive(payload)
    except ProtocolError:
        return
    side.wire.sent()
    assert side.failures == []


def test_number_is_not_assigned_again_soon() -> None:
    side = Side()
    first, second = side.open()[0], side.open()[0]
    assert (first.number, second.number) == (0, 1)
    side.receive(m.ChannelOpenFailure(recipient=0, reason=1))
    assert side.open()[0].number == 2


@pytest.mark.row("C04")
def test_channel_open_with_a_packet_size_of_zero_is_refused() -> None:
    side = Side(accept=False)
    side.receive(m.SessionOpen(sender=7, window=10, max_packet=0))
    assert side.wire.sent() == [
        m.ChannelOpenFailure(
            recipient=7,
            reason=OpenFailureReason.CONNECT_FAILED,
            description="the maximum packet size is 0",
        )
    ]
    assert side.opens == []
    assert not side.mux.channels


@pytest.mark.row("C08")
def test_channel_open_beyond_the_limit_is_refused() -> None:
    side = Side(ConnectionLimits(channels=3))
    for number in range(4):
        side.receive(m.SessionOpen(sender=number, window=10, max_packet=10))
    *taken, refused = side.wire.sent()
    assert all(isinstance(each, m.ChannelOpenConfirmation) for each in taken)
    assert isinstance(refused, m.ChannelOpenFailure)
    assert refused.reason == OpenFailureReason.RESOURCE_SHORTAGE
    with pytest.raises(SSHError, match="3 channels are open"):
        side.open()


@pytest.mark.row("C08")
def test_channels_that_are_refused_leave_nothing_behind() -> None:
    side = Side(accept=False)
    for number in range(10_000):
        side.receive(m.SessionOpen(sender=number, window=10, max_packet=10))
        side.opens.pop()[1].refuse(OpenFailureReason.CONNECT_FAILED)
        side.wire.payloads.clear()
    assert not side.mux.channels


def test_channel_open_that_cannot_be_encoded_leaves_nothing_behind() -> None:
    side = Side()
    message = m.DirectTCPIPOpen(
        sender=0, window=1, max_packet=1, host="\udc80", port=1, origin_host="", origin_port=0
    )
    with pytest.raises(EncodeError):
        side.mux.open(message, Recorder())
    assert not side.mux.channels


def test_global_request_gets_its_answer() -> None:
    side = Side()
    answers: list[GlobalAnswer | None] = []
    side.mux.request(m.TCPIPForward(want_reply=False, address="", port=0), answers.append)
    side.mux.request(m.GlobalRequest(kind="quiet", want_reply=True))
    assert side.wire.sent() == [
        m.TCPIPForward(want_reply=True, address="", port=0),
        m.GlobalRequest(kind="quiet", want_reply=False),
    ]
    side.receive(m.RequestSuccess(details=b"\0\0\x1f\x90"), m.RequestFailure(), m.RequestSuccess())
    assert answers == [m.RequestSuccess(details=b"\0\0\x1f\x90")]


def test_global_request_that_cannot_be_encoded_waits_for_no_answer() -> None:
    side = Side()
    answers: list[GlobalAnswer | None] = []
    with pytest.raises(EncodeError):
        side.mux.request(m.GlobalRequest(kind="\udc80", want_reply=True), answers.append)
    side.mux.request(m.GlobalRequest(kind="good", want_reply=True), answers.append)
    side.receive(m.RequestFailure())
    assert answers == [m.RequestFailure()]


@pytest.mark.row("C11")
@given(st.permutations(range(6)))
def test_answers_to_global_requests_leave_in_order(order: list[int]) -> None:
    side = Side()
    for number in range(6):
        side.receive(m.GlobalRequest(kind=f"{number}@x", want_reply=True))
    for index in order:
        side.mux.grant(side.requests[index][1], bytes([index]))
    assert side.wire.sent() == [m.RequestSuccess(details=bytes([index])) for index in range(6)]


@pytest.mark.row("C11")
def test_global_requests_that_wait_beyond_the_limit_are_a_violation() -> None:
    side = Side(ConnectionLimits(global_requests=2))
    request = m.GlobalRequest(kind="x@y", want_reply=True)
    side.receive(request, request, m.GlobalRequest(kind="x@y", want_reply=False))
    with pytest.raises(ChannelViolation, match="more than 2 requests"):
        side.receive(request)


def test_global_request_can_be_refused() -> None:
    side = Side()
    side.receive(m.GlobalRequest(kind="x@y", want_reply=True))
    side.mux.deny(side.requests[0][1])
    assert side.wire.sent() == [m.RequestFailure()]


def test_channels_take_turns_when_the_congestion_is_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    side = Side()
    handlers = [confirmed(side) for _ in range(3)]
    side.wire.congested = True
    for recorder in handlers:
        assert recorder.channel is not None
        recorder.channel.write(bytes(10))
    side.wire.congested = False

    def congest(*parts: Buffer) -> None:
        side.wire.payloads.append(b"".join(parts))
        side.wire.congested = True

    monkeypatch.setattr(side.wire, "send_payload", congest)
    served: list[int] = []
    for _ in range(3):
        side.wire.congested = False
        side.mux.pump()
        served += [each.recipient for each in side.wire.sent() if isinstance(each, m.ChannelData)]
        for recorder in handlers:
            assert recorder.channel is not None
            recorder.channel.write(bytes(10))
    assert served == [100, 101, 102]


def test_window_is_used_when_all_that_arrived_is_received() -> None:
    side = Side(ConnectionLimits(window=10))
    channel, _ = side.open()
    side.receive(m.ChannelOpenConfirmation(recipient=0, sender=7, window=3, max_packet=100))
    channel.write(b"123456789")
    side.wire.sent()

    for _ in range(2):
        side.mux.receive(m.WindowAdjust(recipient=0, increment=2).encode())
    assert side.mux.window_opened
    assert not side.wire.payloads
    side.mux.pump()
    assert side.wire.sent() == [m.ChannelData(recipient=7, data=b"4567")]
    assert not side.mux.window_opened

    side.mux.receive(m.WindowAdjust(recipient=0, increment=2).encode())
    side.mux.pump()
    assert channel.held == 0
    side.mux.receive(m.WindowAdjust(recipient=0, increment=2).encode())
    assert not side.mux.window_opened  # nothing waits for it


def test_handlers_and_requests_get_the_end_once() -> None:
    side = Side()
    handlers = [confirmed(side) for _ in range(2)]
    answers: list[GlobalAnswer | None] = []
    side.mux.request(m.GlobalRequest(kind="x@y", want_reply=True), answers.append)
    side.receive(m.GlobalRequest(kind="x@y", want_reply=True))
    side.wire.sent()
    error = OSError("gone")
    side.mux.connection_lost(error)
    side.mux.connection_lost(OSError("again"))
    assert [recorder.error for recorder in handlers] == [error, error]
    assert answers == [None]
    assert not side.mux.channels
    side.mux.grant(side.requests[0][1])
    assert side.wire.sent() == []
    with pytest.raises(ChannelClosed, match="the connection is closed"):
        side.open()
    with pytest.raises(ChannelClosed, match="the connection is closed"):
        side.mux.request(m.GlobalRequest(kind="x@y", want_reply=False))


class Left:
    """A downstream that notes what it is told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def take(self, number: int, payload: Buffer) -> None:
        del number, payload
        self.told.append("message")

    def uncongested(self) -> None:
        self.told.append("uncongested")

    def connection_lost(self, error: Exception) -> None:
        del error
        self.told.append("lost")


def test_downstream_that_left_twice_is_told_nothing() -> None:
    side = Side()
    downstream = Left()
    side.mux.join(downstream)
    side.mux.leave(downstream)
    side.mux.leave(downstream)
    side.mux.connection_lost(ConnectionError("lost"))
    assert downstream.told == []


def test_message_of_a_downstream_is_dropped_once_the_connection_is_lost() -> None:
    side = Side()
    side.mux.pass_up(m.RequestFailure().encode())
    assert side.wire.sent() == [m.RequestFailure()]
    side.mux.connection_lost(ConnectionError("lost"))
    side.mux.pass_up(m.RequestFailure().encode())
    assert side.wire.sent() == []
