"""The event-loop thread, and the way into it for every other thread.

There is one in a process.  It starts with the first connection and is stopped when the
program ends, behind the last thread that could still use it: `atexit` runs when all other
threads are joined, and a daemon thread is not waited for before that.
"""

from __future__ import annotations

import asyncio
import atexit
import inspect
import os
import threading
import warnings
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator
from contextlib import suppress
from typing import Any, ParamSpec, Protocol, TypeVar
from weakref import WeakSet

from ssh_stack.sync._call import AsyncCall, Call, PlainCall
from ssh_wire import UsageError

__all__ = ["Owner", "Portal", "portal"]

P = ParamSpec("P")
T = TypeVar("T")

_CLEAN_UP_SECONDS = 10.0
"""Seconds for a call to clean up after Ctrl-C; `run` ends its command in less."""
_STOP_SECONDS = 2.0
"""Seconds for connections that are open when the program ends."""


class Owner(Protocol):
    """What must not be left open when the program ends."""

    @property
    def is_closed(self) -> bool:
        """Whether it is closed."""
        ...

    async def close(self) -> None:
        """Close it, in bounded time."""


class Portal:
    """An event loop in a thread of its own."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._owners = WeakSet[Owner]()
        self._posted = set[asyncio.Task[None]]()
        self._refusal = ""
        self._thread = threading.Thread(target=self._run, name="ssh_stack.sync", daemon=True)
        self._thread.start()

    # ------------------------------------------------------------- for every other thread

    def wait(self, function: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call a function in the loop and wait for what it awaits.

        Whatever interrupts the waiting (Ctrl-C does) cancels the call, and is raised when
        the call has cleaned up.

        Raises:
            UsageError: this thread is the loop's, or the loop is another process's.
        """
        return self._wait_for(AsyncCall(function, args, kwargs))

    def call(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call a function in the loop that does not wait.

        Raises:
            UsageError: this thread is the loop's, or the loop is another process's.
        """
        return self._wait_for(PlainCall(function, args, kwargs))

    def leave(
        self, function: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs
    ) -> T | None:
        """As `wait`, but do nothing in a forked process: what it leaves is not its own."""
        return None if self.forked else self.wait(function, *args, **kwargs)

    def iterate(
        self, function: Callable[P, AsyncIterator[T]], *args: P.args, **kwargs: P.kwargs
    ) -> Iterator[T]:
        """Go through an asynchronous iterator; nothing is taken before it is asked for."""
        source = function(*args, **kwargs)
        while True:
            try:
                item = self.wait(source.__anext__)
            except StopAsyncIteration:
                return
            try:
                yield item
            except BaseException:
                if isinstance(source, AsyncGenerator):
                    self.post(source.aclose)
                raise

    def post(self, function: Callable[[], Awaitable[object]]) -> None:
        """Call a function in the loop and wait for nothing; any thread may, even the loop's."""
        if not self._refusal:
            with suppress(RuntimeError):  # the loop is closed
                self._loop.call_soon_threadsafe(self._begin_posted, function)

    def own(self, owner: Owner) -> None:
        """Close `owner` at the end of the program, with a warning, unless it was closed before."""
        self._owners.add(owner)

    def _wait_for(self, call: Call[T]) -> T:
        if self._refusal:
            raise UsageError(self._refusal)
        if threading.get_ident() == self._thread.ident:
            problem = "a callback in the event-loop thread cannot wait for that same thread"
            raise UsageError(problem)
        try:
            self._loop.call_soon_threadsafe(call.begin)
            call.wait()
        except BaseException:
            self._interrupt(call)
            raise
        return call.outcome()

    def _interrupt(self, call: Call[Any]) -> None:
        with suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(call.cancel)
            call.settle(_CLEAN_UP_SECONDS)
        close = getattr(call.unclaimed, "close", None)
        if inspect.iscoroutinefunction(close):
            self.post(close)

    # ------------------------------------------------------------- in the loop's thread

    def _run(self) -> None:
        while not self._refusal:
            try:
                self._loop.run_forever()
            except BaseException as error:  # noqa: BLE001 (a callback must not end the thread)
                context = {"message": "a callback raised", "exception": error}
                self._loop.call_exception_handler(context)
        self._loop.close()

    def _begin_posted(self, function: Callable[[], Awaitable[object]]) -> None:
        async def conduct() -> None:
            await function()

        task = self._loop.create_task(conduct())
        self._posted.add(task)
        task.add_done_callback(self._posted_done)

    def _posted_done(self, task: asyncio.Task[None]) -> None:
        self._posted.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            context = {"message": "a call failed that has no waiter", "exception": error}
            self._loop.call_exception_handler(context)

    async def _shut_down(self) -> None:
        """Close what is open, cancel what runs, and leave nothing pending."""
        closing = {
            asyncio.create_task(_close_quietly(owner))
            for owner in tuple(self._owners)
            if not owner.is_closed
        }
        if closing:
            await asyncio.wait(closing, timeout=_STOP_SECONDS)
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        if others:
            await asyncio.wait(others, timeout=_STOP_SECONDS)
        await self._loop.shutdown_asyncgens()

    # ------------------------------------------------------------- the end, and the fork

    def stop(self) -> None:
        """Close what is open and end the thread, in bounded time."""
        if self._refusal:
            return
        try:
            for owner in tuple(self._owners):
                if not owner.is_closed:
                    problem = f"unclosed {owner!r}"
                    warnings.warn(problem, ResourceWarning, stacklevel=1, source=owner)
        finally:
            call = AsyncCall(self._shut_down, (), {})
            self._loop.call_soon_threadsafe(call.begin)
            call.settle(2 * _STOP_SECONDS + 1)  # a callback may have blocked the loop for good
            self._refusal = "the event-loop thread has ended with the program"
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(_STOP_SECONDS)

    @property
    def forked(self) -> bool:
        """Whether the thread is another process's."""
        return self._refusal == _FORKED

    def disown(self) -> None:
        """Refuse everything from now on: this process is a fork of the one with the thread."""
        self._refusal = _FORKED


_FORKED = "the connection belongs to the process that made it, not to a fork of it"


async def _close_quietly(owner: Owner) -> None:
    with suppress(Exception):
        await owner.close()


class _Process:
    """The portal of this process, and those of the processes that it is a fork of."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._portal: Portal | None = None
        self._disowned: list[Portal] = []

    def portal(self) -> Portal:
        with self._lock:
            if self._portal is None:
                self._portal = Portal()
            return self._portal

    def stop(self) -> None:
        if self._portal is not None:
            self._portal.stop()

    def after_fork(self) -> None:
        self._lock = threading.Lock()
        if self._portal is not None:
            self._portal.disown()
            # kept: to close its loop would change the selector that both processes share
            self._disowned.append(self._portal)
            self._portal = None


_process = _Process()
portal = _process.portal
"""Return the portal of this process; the first call starts its thread."""

atexit.register(_process.stop)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_process.after_fork)
