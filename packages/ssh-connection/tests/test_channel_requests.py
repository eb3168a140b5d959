"""Requests on a channel, and their answers in order."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssh_connection import ChannelClosed
from ssh_wire import WireError
from ssh_wire.messages import connection as m
from transcripts import opened


def test_requests_get_their_answers_in_order() -> None:
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
    side.receive(m.ChannelFailure(recipient=0), m.ChannelSuccess(recipient=0))
    side.receive(m.ChannelSuccess(recipient=0))
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
    side, channel, recorder = opened()
    for _ in order:
        side.receive(m.ChannelRequest(recipient=0, kind="x@y", want_reply=True))
    for index in order:
        (channel.grant if grants[index] else channel.deny)(recorder.requests[index][1])
    assert [isinstance(each, m.ChannelSuccess) for each in side.wire.sent()] == grants


def test_request_that_wants_no_reply_gets_none() -> None:
    side, channel, recorder = opened()
    side.receive(m.ExitStatus(recipient=0, status=1))
    channel.deny(recorder.requests[0][1])
    assert side.wire.sent() == []


@pytest.mark.row("C07")
@pytest.mark.parametrize("ending", ["close", "abort", "lost"])
def test_requests_that_wait_are_told_that_no_answer_comes(ending: str) -> None:
    side, channel, _ = opened()
    answers: list[bool | None] = []
    channel.request(m.ShellRequest(recipient=0), answers.append)
    match ending:
        case "close":
            side.receive(m.ChannelClose(recipient=0))
        case "abort":
            channel.abort()
            side.receive(m.ChannelSuccess(recipient=0))
        case _:
            side.mux.connection_lost(OSError("gone"))
    assert answers == [None]
    with pytest.raises(ChannelClosed):
        channel.request(m.ShellRequest(recipient=0), answers.append)


@pytest.mark.row("C07")
def test_answer_is_not_sent_after_our_close() -> None:
    side, channel, recorder = opened()
    side.receive(m.ChannelRequest(recipient=0, kind="x@y", want_reply=True))
    channel.abort()
    side.wire.sent()
    channel.grant(recorder.requests[0][1])
    assert side.wire.sent() == []


@pytest.mark.row("C11")
def test_answers_without_a_request_are_ignored() -> None:
    side, channel, _ = opened()
    for _ in range(1000):
        side.receive(m.ChannelSuccess(recipient=0), m.ChannelFailure(recipient=0))
    answers: list[bool | None] = []
    channel.request(m.ShellRequest(recipient=0), answers.append)
    side.receive(m.ChannelSuccess(recipient=0))
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
def test_malformed_exit_status_is_a_wire_error(details: bytes) -> None:
    side, _, recorder = opened()
    with pytest.raises(WireError):
        side.mux.receive(b"\x62\0\0\0\0" + details)
    assert recorder.requests == []
