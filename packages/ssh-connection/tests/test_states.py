"""The table of states: every state has its row, and the machine follows it."""

from __future__ import annotations

import pytest

from ssh_connection.errors import ChannelViolation
from ssh_connection.states import ACCEPTED, STRAY_IGNORED, TRAFFIC, ChannelState
from ssh_connection.testing import Side
from ssh_wire import Message
from ssh_wire.messages import connection as m

MESSAGES: list[Message] = [
    m.ChannelOpenConfirmation(recipient=0, sender=0, window=1, max_packet=1),
    m.ChannelOpenFailure(recipient=0, reason=1),
    m.WindowAdjust(recipient=0, increment=1),
    m.ChannelData(recipient=0, data=b"x"),
    m.ChannelExtendedData(recipient=0, data_type=1, data=b"x"),
    m.ChannelEOF(recipient=0),
    m.ChannelClose(recipient=0),
    m.ChannelRequest(recipient=0, kind="x@y", want_reply=False),
    m.ChannelSuccess(recipient=0),
    m.ChannelFailure(recipient=0),
]
CONFIRMATION = m.ChannelOpenConfirmation(recipient=0, sender=7, window=100, max_packet=100)


def side_in(state: ChannelState) -> Side:
    """Bring channel 0 of a side into a state."""
    side = Side(accept=False)
    if state is ChannelState.REQUESTED:
        side.receive(m.SessionOpen(sender=0, window=1, max_packet=1))
        return side
    channel, _ = side.open()
    if state is ChannelState.ABANDONED:
        channel.abort()
    elif state is not ChannelState.OPENING:
        side.receive(CONFIRMATION)
        if state is ChannelState.CLOSING:
            channel.abort()
        elif state is ChannelState.CLOSED:
            side.receive(m.ChannelClose(recipient=0))
    assert channel.state is state
    return side


def test_every_state_has_a_row() -> None:
    assert set(ACCEPTED) == set(ChannelState)
    assert not ACCEPTED[ChannelState.CLOSED]


@pytest.mark.row("C01")
@pytest.mark.row("C05")
@pytest.mark.row("C06")
@pytest.mark.parametrize("state", ChannelState)
@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: type(message).__name__)
def test_channel_accepts_what_the_table_of_its_state_lists(
    state: ChannelState, message: Message
) -> None:
    side = side_in(state)
    side.wire.sent()
    stray = state is ChannelState.CLOSED and message.NUMBER in TRAFFIC

    if message.NUMBER in ACCEPTED[state] or stray:
        side.receive(message)
        if stray:
            assert side.wire.sent() == []
    else:
        with pytest.raises(ChannelViolation, match="on channel 0"):
            side.receive(message)


@pytest.mark.row("C01")
@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: type(message).__name__)
def test_message_for_a_number_that_was_never_assigned_is_a_violation(message: Message) -> None:
    side = side_in(ChannelState.OPEN)
    side.wire.sent()
    if message.NUMBER in STRAY_IGNORED:
        side.receive(message.replace(recipient=1))
        assert side.wire.sent() == []
    else:
        with pytest.raises(ChannelViolation, match="on channel 1, which is not open"):
            side.receive(message.replace(recipient=1))
