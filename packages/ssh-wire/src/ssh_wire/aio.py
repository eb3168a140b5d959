"""What the asyncio drivers of the stack share; the rest of `ssh_wire` does not import asyncio."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import socket
    from collections.abc import Awaitable, Callable
    from types import TracebackType
    from typing import Self

__all__ = ["Timeout", "accept", "close_after", "timeout"]


class Timeout:
    """`asyncio.Timeout`, correct in a task that was cancelled before.

    Before Python 3.11.4 `asyncio.timeout` raises CancelledError instead of TimeoutError in a task
    with a cancellation that was not taken back, such as a task that cleans up.
    """

    def __init__(self, when: float | None) -> None:
        self._when = when
        self._task: asyncio.Task[object] | None = None
        self._cancelling = 0
        self._handle: asyncio.TimerHandle | None = None
        self._expired = False

    def when(self) -> float | None:
        """Return the deadline, in the time of the loop; None without a deadline."""
        return self._when

    def reschedule(self, when: float | None) -> None:
        """Change the deadline; None removes it."""
        self._when = when
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None
        if when is not None and self._task is not None and not self._expired:
            loop = asyncio.get_running_loop()
            self._handle = loop.call_at(when, self._expire)

    def expired(self) -> bool:
        """Return whether the deadline was reached within the block."""
        return self._expired

    async def __aenter__(self) -> Self:
        task = asyncio.current_task()
        if task is None:
            problem = "a timeout needs a task"
            raise RuntimeError(problem)
        self._task = task
        self._cancelling = task.cancelling()
        self.reschedule(self._when)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None
        task, self._task = self._task, None
        if not self._expired or task is None:
            return
        # cancellations by others, before or in the block, continue
        if task.uncancel() <= self._cancelling and kind is asyncio.CancelledError:
            raise TimeoutError from error

    def _expire(self) -> None:
        self._handle = None
        if self._task is not None:
            self._expired = True
            self._task.cancel()


def timeout(seconds: float | None) -> Timeout:
    """Return a context manager that raises TimeoutError if its block takes too long.

    Args:
        seconds: the most time of the block; None for no limit.
    """
    return Timeout(None if seconds is None else asyncio.get_running_loop().time() + seconds)


async def close_after(error: BaseException | None, close: Callable[[], Awaitable[None]]) -> None:
    """Close something at the end of a block: what `__aexit__` does.

    Args:
        error: what was raised in the block, or None.
        close: closes it.

    Raises:
        Exception: closing failed, and the block had not.  Where it had, its error goes on, with a
            note of the other: it says why.
    """
    try:
        await close()
    except Exception as second:
        if error is None:
            raise
        error.add_note(f"closing failed too: {second}")


async def accept(listening: socket.socket) -> tuple[socket.socket, object]:
    """Take the next connection of a listening socket; return it with the address of its peer.

    A caller that is cancelled has taken none: `loop.sock_accept` loses a connection that arrives
    in the turn of the event loop in which its caller is cancelled, and leaves its socket open.

    Args:
        listening: the socket, which does not block.

    Raises:
        OSError: the system has no room for another socket, or the peer is gone again.
    """
    loop = asyncio.get_running_loop()
    while True:
        try:
            taken, address = listening.accept()
        except (BlockingIOError, InterruptedError):
            waits = asyncio.Event()
            try:
                loop.add_reader(listening.fileno(), waits.set)
            except NotImplementedError:  # the loop of Windows has a call of the system for it
                return await loop.sock_accept(listening)
            try:
                await waits.wait()
            finally:
                loop.remove_reader(listening.fileno())
        else:
            taken.setblocking(False)
            return taken, address
