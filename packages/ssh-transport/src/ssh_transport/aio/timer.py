"""One timer for the next deadline of a core."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

__all__ = ["DeadlineTimer"]


class DeadlineTimer:
    """Calls back when a deadline has come; it is moved as rarely as possible.

    Args:
        loop: the loop whose timer it is.
        clock: gives the time that deadlines are in.
        callback: called at the deadline, or earlier where an earlier one was set before.
    """

    __slots__ = ("_callback", "_clock", "_deadline", "_handle", "_loop")

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        clock: Callable[[], float],
        callback: Callable[[], None],
    ) -> None:
        self._loop = loop
        self._clock = clock
        self._callback = callback
        self._handle: asyncio.TimerHandle | None = None
        self._deadline: float | None = None

    @property
    def pending(self) -> bool:
        """Whether it is going to call back."""
        return self._handle is not None

    def set(self, deadline: float | None) -> None:
        """Change the deadline; None leaves a timer alone that is not needed any more."""
        if deadline is None or deadline == self._deadline:
            return  # it fires once and finds nothing to do
        self._deadline = deadline
        when = self._loop.time() + deadline - self._clock()
        if self._handle is not None:
            if self._handle.when() <= when:
                return
            self._handle.cancel()
        self._handle = self._loop.call_at(when, self._fire)

    def replace(self, delay: float, callback: Callable[[], None]) -> None:
        """Call another function after a delay in seconds, and no deadline any more."""
        self.cancel()
        self._handle = self._loop.call_later(delay, callback)

    def cancel(self) -> None:
        """Call nothing any more."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _fire(self) -> None:
        self._handle = self._deadline = None
        self._callback()
