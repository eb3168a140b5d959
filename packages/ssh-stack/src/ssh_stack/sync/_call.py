"""One call: asked for in any thread, carried out in the event loop's.

The thread that asks waits on a lock, which costs less than a future and lets Ctrl-C
through.
"""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Generic, TypeVar

from ssh_transport import ConnectionLost

__all__ = ["AsyncCall", "Call", "PlainCall"]

T = TypeVar("T")

# on Windows nothing wakes a thread that waits on a lock, not even Ctrl-C
_SLICE = 0.1 if sys.platform == "win32" else threading.TIMEOUT_MAX


class Call(Generic[T]):
    """What both kinds share: a lock that opens at the end, and what became of the call."""

    __slots__ = ("_done", "_error", "_result", "args", "finished", "kwargs")

    _result: T

    def __init__(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
        self.args = args
        self.kwargs = kwargs
        self.finished = False
        self._error: BaseException | None = None
        self._done = threading.Lock()
        self._done.acquire()

    # ------------------------------------------------------------- in the loop's thread

    def begin(self) -> None:
        """Carry it out."""
        raise NotImplementedError

    def cancel(self) -> None:
        """End it before its time; whoever waits for it is told when it has ended."""

    def _finish(self) -> None:
        self.finished = True
        self._done.release()

    # ------------------------------------------------------------- in the thread that asks

    def wait(self) -> None:
        """Wait for the end, however long it takes."""
        while not self._done.acquire(timeout=_SLICE):
            pass

    def settle(self, seconds: float) -> None:
        """Wait for the end of a call that was cancelled, but not for ever."""
        if not self.finished:
            self._done.acquire(timeout=seconds)

    def outcome(self) -> T:
        """Return what the function returned, or raise what it raised.

        Raises:
            ConnectionLost: the program ended while the call was under way.
        """
        error, self._error = self._error, None
        try:
            if isinstance(error, asyncio.CancelledError):
                problem = "the call was cancelled, for the program is ending"
                raise ConnectionLost(problem) from error
            if error is not None:
                raise error
        finally:
            del error  # its traceback knows this frame
        return self._result

    @property
    def unclaimed(self) -> T | None:
        """What the function returned, for a caller that did not wait for it."""
        return self._result if self.finished and self._error is None else None


class PlainCall(Call[T]):
    """A call of a function that does not wait."""

    __slots__ = ("_function",)

    def __init__(
        self, function: Callable[..., T], args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> None:
        super().__init__(args, kwargs)
        self._function = function

    def begin(self) -> None:
        """Carry it out."""
        try:
            self._result = self._function(*self.args, **self.kwargs)
        except BaseException as error:  # noqa: BLE001 (raised again in the thread that asks)
            self._error = error
        finally:
            self._finish()


class AsyncCall(Call[T]):
    """A call of a function that waits: a task of its own, which can be cancelled."""

    __slots__ = ("_abandoned", "_function", "_task")

    def __init__(
        self,
        function: Callable[..., Awaitable[T]],
        args: tuple[Any, ...],
        kwargs: Mapping[str, Any],
    ) -> None:
        super().__init__(args, kwargs)
        self._function = function
        self._task: asyncio.Task[None] | None = None
        self._abandoned = False

    def begin(self) -> None:
        """Carry it out, in a task."""
        if not self._abandoned:
            self._task = asyncio.get_running_loop().create_task(self._conduct())
            self._task.add_done_callback(self._ended)

    def cancel(self) -> None:
        """Cancel the task, or leave it alone where it has not begun."""
        if self._task is not None:
            self._task.cancel()
        elif not self.finished:
            self._abandoned = True
            self._give_up()

    async def _conduct(self) -> None:
        """Call the function and keep what becomes of it; at once, for somebody waits."""
        try:
            self._result = await self._function(*self.args, **self.kwargs)
        except BaseException as error:  # noqa: BLE001 (raised again in the thread that asks)
            self._error = error
        finally:
            self._finish()

    def _ended(self, _task: asyncio.Task[None]) -> None:
        if not self.finished:  # a task that is cancelled before its first step takes none
            self._give_up()

    def _give_up(self) -> None:
        self._error = asyncio.CancelledError()
        self._finish()
