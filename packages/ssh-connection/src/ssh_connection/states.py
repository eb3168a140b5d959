"""The states of a channel and which messages they take: the table is the machine.

Whatever is not in the row of a state is a violation and ends the connection.  The table
knows nothing of windows and of what the messages hold; `channel` does.

    OPENING     we asked, the peer has not answered
    ABANDONED   we asked, and want it no longer
    REQUESTED   the peer asked, we have not answered
    OPEN        both sides agreed
    CLOSING     we sent CLOSE and wait for the peer's
    CLOSED      both CLOSEs were sent; what still comes for it is ignored
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Final

from ssh_wire.messages import connection as m

__all__ = ["ACCEPTED", "STRAY_IGNORED", "TRAFFIC", "ChannelState"]


class ChannelState(Enum):
    """Where a channel is between CHANNEL_OPEN and the second CHANNEL_CLOSE."""

    OPENING = "opening"
    ABANDONED = "abandoned"
    REQUESTED = "requested"
    OPEN = "open"
    CLOSING = "closing"
    CLOSED = "closed"

    if not TYPE_CHECKING:  # pragma: no branch
        __hash__ = object.__hash__  # each packet looks its channel's state up in the table


_ANSWERS = frozenset({m.ChannelOpenConfirmation.NUMBER, m.ChannelOpenFailure.NUMBER})
TRAFFIC: Final[frozenset[int | None]] = frozenset(
    {
        m.WindowAdjust.NUMBER,
        m.ChannelData.NUMBER,
        m.ChannelExtendedData.NUMBER,
        m.ChannelEOF.NUMBER,
        m.ChannelClose.NUMBER,
        m.ChannelRequest.NUMBER,
        m.ChannelSuccess.NUMBER,
        m.ChannelFailure.NUMBER,
    }
)
"""Numbers that an open channel takes; they are ignored once both sides have closed it."""

ACCEPTED: Final[dict[ChannelState, frozenset[int | None]]] = {
    ChannelState.OPENING: _ANSWERS,
    ChannelState.ABANDONED: _ANSWERS,
    ChannelState.REQUESTED: frozenset(),
    ChannelState.OPEN: TRAFFIC,
    ChannelState.CLOSING: TRAFFIC,
    ChannelState.CLOSED: frozenset(),
}
"""Message numbers that the peer may send on a channel, by the channel's state."""

STRAY_IGNORED: Final[frozenset[int | None]] = frozenset(
    {m.WindowAdjust.NUMBER, m.ChannelSuccess.NUMBER, m.ChannelFailure.NUMBER}
)
"""Numbers that are ignored on a channel that never existed; any other is a violation."""
