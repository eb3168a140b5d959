"""The clock of the keepalive: asks the peer after silence, and gives it up."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from ssh_connection.keepalive import Keepalive

if TYPE_CHECKING:
    from ssh_connection.aio.settings import KeepaliveOptions

__all__ = ["KeepaliveTimer"]


class KeepaliveTimer:
    """Calls `ask` when the peer has been silent, and `give_up` when it does not answer.

    Attributes:
        keepalive: decides when.
        sequence: the peer's last packet that counted as a sign of life.
    """

    def __init__(
        self,
        options: KeepaliveOptions,
        ask: Callable[[], None],
        give_up: Callable[[TimeoutError], None],
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._ask = ask
        self._give_up = give_up
        self.keepalive: Keepalive = Keepalive(
            options.interval, options.count_max, self._loop.time()
        )
        self.sequence: int = 0
        self._timer = self._loop.call_at(self.keepalive.deadline, self._tick)

    def cancel(self) -> None:
        """Ask no more."""
        self._timer.cancel()

    def _tick(self) -> None:
        try:
            due = self.keepalive.tick(self._loop.time())
        except TimeoutError as error:
            self._give_up(error)
            return
        if due:
            self._ask()
        self._timer = self._loop.call_at(self.keepalive.deadline, self._tick)
