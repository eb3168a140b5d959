"""Sides with a channel, for transcripts."""

from __future__ import annotations

from ssh_connection import ConnectionLimits
from ssh_connection.channel import ChannelProtocol
from ssh_connection.testing import Recorder, Side
from ssh_wire.messages import connection as m

SMALL = ConnectionLimits(window=100, max_packet=40, max_data=40, write_buffer=50)


def opened(
    window: int = 100, max_packet: int = 40, limits: ConnectionLimits = SMALL
) -> tuple[Side, ChannelProtocol, Recorder]:
    """A session that the peer has confirmed as its channel 7."""
    side = Side(limits)
    channel, recorder = side.open()
    side.receive(
        m.ChannelOpenConfirmation(recipient=0, sender=7, window=window, max_packet=max_packet)
    )
    side.wire.sent()
    recorder.events.clear()
    return side, channel, recorder


def asked() -> tuple[Side, ChannelProtocol]:
    """A channel that the peer asks for as its channel 7."""
    side = Side(SMALL, accept=False)
    side.receive(m.SessionOpen(sender=7, window=100, max_packet=40))
    return side, side.opens[0][1]


def confirmed(side: Side, window: int = 1000) -> Recorder:
    """A session that the peer has confirmed; its number there is 100 higher."""
    channel, recorder = side.open()
    side.receive(
        m.ChannelOpenConfirmation(
            recipient=channel.number, sender=100 + channel.number, window=window, max_packet=100
        )
    )
    side.wire.sent()
    return recorder
