"""Standard input of a terminal session, whose keys leave at intervals (ObscureKeystrokeTiming)."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol

from ssh_connection.aio.streams import ByteWriter
from ssh_connection.errors import ChannelClosed
from ssh_connection.keystrokes import Keystrokes, Tick
from ssh_transport import ConnectionLost

if TYPE_CHECKING:
    from collections.abc import Callable

    from ssh_connection.aio.channel import Channel
    from ssh_wire.primitives import Buffer

__all__ = ["ChaffSender", "TypedWriter"]


class ChaffSender(Protocol):
    """The connection, as far as chaff needs it."""

    @property
    def is_rekeying(self) -> bool:
        """Whether a key exchange is under way."""
        ...

    def send_chaff(self) -> None:
        """Send a packet that looks like a typed key, and is answered like one."""


class TypedWriter(ByteWriter):
    """What a user types.

    Args:
        channel: the session.
        interval: seconds between two packets.
        connection: sends the chaff.
        random: returns so many random bytes.
    """

    def __init__(
        self,
        channel: Channel,
        interval: float,
        connection: ChaffSender,
        random: Callable[[int], bytes],
    ) -> None:
        super().__init__(channel)
        self._typed_channel = channel
        self._connection = connection
        self._keystrokes = Keystrokes(interval, lambda: random(1)[0] / 256)
        self._held = bytearray()
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None

    def put(self, data: Buffer) -> None:
        """Send `data` at its interval, without waiting.

        Raises:
            ChannelClosed: the channel is closed, or EOF was sent.
            ConnectionLost: the connection is lost.
        """
        closed = self._typed_channel.is_closing or self._typed_channel.core.eof_sent
        size = len(self._held) + len(data)
        if not data or closed or self._connection.is_rekeying:
            self._keystrokes.stop()
        elif not self._keystrokes.typed(size, self._loop.time()):
            self._held += data
            return
        self._flush()
        super().put(data)
        self._arm()

    def write_eof(self) -> None:
        """Tell the peer that nothing more follows."""
        self._keystrokes.stop()
        self._flush()
        super().write_eof()

    def fail(self, error: Exception | None) -> None:
        """Handle the end of the channel."""
        self._keystrokes.stop()
        self._held.clear()
        self._arm()
        super().fail(error)

    def _flush(self) -> None:
        if self._held:
            data, self._held = bytes(self._held), bytearray()
            super().put(data)

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._keystrokes.deadline is not None:
            self._timer = self._loop.call_at(self._keystrokes.deadline, self._tick)

    def _tick(self) -> None:
        self._timer = None
        if self._connection.is_rekeying:
            self._keystrokes.stop()
        try:
            match self._keystrokes.tick(self._loop.time(), waiting=bool(self._held)):
                case Tick.DATA:
                    self._flush()
                case Tick.CHAFF if not self._connection.is_rekeying:
                    self._connection.send_chaff()
                case _:
                    pass
        except (ChannelClosed, ConnectionLost):
            self._keystrokes.stop()  # of which the process tells
        self._arm()
