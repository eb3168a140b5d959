"""PINGs on their way: who waits for which PONG."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from itertools import count

__all__ = ["Pings"]


class Pings:
    """The PINGs of one connection that are not answered yet (OpenSSH PROTOCOL section 1.8)."""

    def __init__(self) -> None:
        self._numbers = count()
        self._waiting: dict[bytes, asyncio.Future[None]] = {}

    def ask(self, send: Callable[[bytes], None]) -> asyncio.Future[None]:
        """Send a PING; return what is done when its PONG arrives.

        Args:
            send: sends a PING with some data.
        """
        data = next(self._numbers).to_bytes(8, "big")
        send(data)
        answer: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting[data] = answer
        answer.add_done_callback(lambda _: self._waiting.pop(data, None))
        return answer

    def answered(self, data: bytes) -> None:
        """Handle a PONG."""
        answer = self._waiting.get(data)
        if answer is not None and not answer.done():
            answer.set_result(None)

    def fail(self, error: Exception) -> None:
        """Handle the end of the connection."""
        for answer in tuple(self._waiting.values()):
            if not answer.done():
                answer.set_exception(error)
