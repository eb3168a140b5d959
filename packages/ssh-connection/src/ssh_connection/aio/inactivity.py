"""The clock of the timeouts of channels: looks now and then, closes what is idle."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from ssh_connection.errors import ChannelTimedOut
from ssh_connection.inactivity import Carried, Inactivity
from ssh_connection.states import ChannelState

if TYPE_CHECKING:
    from ssh_connection.channel import ChannelProtocol
    from ssh_connection.limits import ConnectionLimits

__all__ = ["InactivityTimer"]


class InactivityTimer:
    """Closes channels that carry nothing, and ends a connection without channels.

    Args:
        limits: after how long.
        channels: returns the channels of the connection.
        give_up: ends the connection.
    """

    def __init__(
        self,
        limits: ConnectionLimits,
        channels: Callable[[], Iterable[ChannelProtocol]],
        give_up: Callable[[], None],
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._channels = channels
        self._give_up = give_up
        self._unused = limits.unused_timeout
        self._core = Inactivity(limits.channel_timeouts, self._unused, self._loop.time())
        self._timer: asyncio.TimerHandle | None = None
        self._wait()

    def cancel(self) -> None:
        """Look no more."""
        if self._timer is not None:
            self._timer.cancel()

    def _wait(self) -> None:
        if self._core.interval:
            self._timer = self._loop.call_later(self._core.interval, self._look)

    def _look(self) -> None:
        self._wait()
        channels = {each.number: each for each in self._channels()}
        open_ones = [
            Carried(number, each.label or each.kind, each.transferred)
            for number, each in channels.items()
            if each.state is ChannelState.OPEN
        ]
        expired = self._core.look(open_ones, self._loop.time())
        for number, seconds in expired.channels:
            channel = channels[number]
            channel.fail(ChannelTimedOut(channel.label or channel.kind, seconds))
        if expired.connection and not channels:
            self._give_up()
