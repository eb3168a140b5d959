"""What a connection owns: tasks and things that end with it at the latest."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ssh_connection.aio.scope import Owned

__all__ = ["Children"]


class Children:
    """The tasks and things of one connection.

    Args:
        failed: called with what a task raises.
        close_timeout: seconds to wait for tasks that are cancelled.
    """

    def __init__(self, failed: Callable[[Exception], None], close_timeout: float) -> None:
        self._failed = failed
        self.close_timeout = close_timeout
        self.tasks: set[asyncio.Task[Any]] = set()
        self.things: set[Owned] = set()

    def spawn(self, coroutine: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run a coroutine that ends with the connection at the latest."""
        task = asyncio.get_running_loop().create_task(coroutine)
        self.tasks.add(task)
        task.add_done_callback(self._task_done)
        return task

    def _task_done(self, task: asyncio.Task[None]) -> None:
        self.tasks.discard(task)
        if not task.cancelled() and isinstance(error := task.exception(), Exception):
            self._failed(error)

    def own(self, thing: Owned) -> None:
        """Close a thing with the connection at the latest."""
        self.things.add(thing)

    def disown(self, thing: Owned) -> None:
        """Forget a thing that is closed."""
        self.things.discard(thing)

    def abort(self) -> None:
        """Cancel every task and stop every thing, at once."""
        for task in tuple(self.tasks):
            task.cancel()
        for thing in tuple(self.things):
            thing.abort()

    async def close(self) -> None:
        """End everything, in bounded time."""
        current = asyncio.current_task()
        tasks = [task for task in self.tasks if task is not current]
        for task in tasks:
            task.cancel()
        if tasks:
            # a handler that does not let itself be cancelled does not keep its connection
            await asyncio.wait(tasks, timeout=self.close_timeout)
        for thing in tuple(self.things):
            await thing.close()
