"""One channel of a client in proxy mode: its three numbers, its state, its windows.

The server and the client both call it by our number, which no other channel has; so neither can
reach a channel that is another's.
"""

from __future__ import annotations

from collections.abc import Mapping
from struct import Struct
from typing import TYPE_CHECKING, Final

from ssh_connection.states import ChannelState
from ssh_wire import Message
from ssh_wire.messages import connection as m
from ssh_wire.numbers import MessageNumber

if TYPE_CHECKING:
    from ssh_wire.primitives import Buffer

__all__ = ["MAX_WINDOW", "ProxiedChannel", "check", "renumbered"]

MAX_WINDOW: Final = 2**32 - 1
_HEAD: Final = Struct(">BI")

_PLAIN: Final[Mapping[int, type[Message]]] = {
    MessageNumber.CHANNEL_WINDOW_ADJUST.value: m.WindowAdjust,
    MessageNumber.CHANNEL_EOF.value: m.ChannelEOF,
    MessageNumber.CHANNEL_CLOSE.value: m.ChannelClose,
    MessageNumber.CHANNEL_SUCCESS.value: m.ChannelSuccess,
    MessageNumber.CHANNEL_FAILURE.value: m.ChannelFailure,
}


class ProxiedChannel:
    """What a master knows of a channel that a client drives.

    Attributes:
        number: our number of it.
        theirs: the client's number.
        remote: the server's number, once there is one.
        state: who has asked, or whether it is open.
        max_up: the most data of one message that the server takes, in bytes.
        max_down: the most that the client takes.
        up: bytes that the client may still send.
        down: bytes that the server may still send.
        credit: bytes that the client takes and that the server was not granted yet.
        closed_up: whether CLOSE was sent to the server.
        closed_down: whether the server has sent CLOSE.
    """

    __slots__ = (
        *("closed_down", "closed_up", "credit", "down", "max_down", "max_up", "number"),
        *("remote", "state", "theirs", "up"),
    )

    def __init__(self, number: int, state: ChannelState) -> None:
        self.number: Final = number
        self.theirs: int = 0
        self.remote: int = 0
        self.state: ChannelState = state
        self.max_up: int = 0
        self.max_down: int = 0
        self.up: int = 0
        self.down: int = 0
        self.credit: int = 0
        self.closed_up: bool = False
        self.closed_down: bool = False

    def take_client(self, theirs: int, max_packet: int, window: int, cap: int) -> None:
        """Take over the client's side: of its window, the server is granted no more than `cap`."""
        self.theirs = theirs
        self.max_down = max_packet
        self.down = min(window, cap)
        self.credit = window - self.down

    def take_server(self, remote: int, max_packet: int, window: int) -> None:
        """Take over the server's side."""
        self.remote = remote
        self.max_up = max_packet
        self.up = window

    def grant(self, cap: int) -> int:
        """Return how much window the server is granted now; no more than `cap` is ever open.

        What the client grants passes at once, but for what is over the cap: that is granted
        when half of it is, lest a window is opened byte by byte.
        """
        increment = min(self.credit, cap - self.down)
        if increment <= 0 or (increment < self.credit and increment < cap // 2):
            return 0
        self.credit -= increment
        self.down += increment
        return increment


def check(payload: Buffer) -> int:
    """Return how much window a message of an open channel takes.

    Raises:
        WireError: it is not what its number says.
    """
    kind = payload[0]
    if kind == MessageNumber.CHANNEL_DATA.value:
        return len(m.ChannelData.decode(payload).data)
    if kind == MessageNumber.CHANNEL_EXTENDED_DATA.value:
        return len(m.ChannelExtendedData.decode(payload).data)
    plain = _PLAIN.get(kind)
    if plain is not None:
        plain.decode(payload)
    else:  # what is left is CHANNEL_REQUEST: its details are between client and server
        m.UnreadChannelRequest.read(payload, 1)
    return 0


def renumbered(payload: Buffer, recipient: int) -> tuple[bytes, Buffer]:
    """Return a message for another recipient, in two parts."""
    return _HEAD.pack(payload[0], recipient), memoryview(payload)[_HEAD.size :]
