"""What may wait for somebody: a pipe that is a file, a program of the configuration."""

from __future__ import annotations

import asyncio
import os
import queue
import threading
from collections.abc import Callable
from contextlib import suppress
from contextvars import copy_context
from typing import Final, TypeVar

__all__ = ["idle_threads", "run_in_thread"]

_T = TypeVar("_T")

_IDLE_SECONDS: Final = 2.0
"""How long a thread is kept for the next function; starting one costs 0.1 ms and more."""


async def run_in_thread(work: Callable[[], _T]) -> _T:
    """Run a function in a thread, and wait for it until the waiter is cancelled.

    Other than with `asyncio.to_thread`, the end of the loop and of the program does not wait
    for a function whose result is not needed any more and that waits itself; and no function
    waits for another one, because there are as many threads as functions that run.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[_T] = loop.create_future()

    def conclude(value: _T | None, error: BaseException | None) -> None:
        if done.done():
            return
        if error is not None:
            done.set_exception(error)
        else:
            done.set_result(value)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType] (None is of the type where it comes without an error)

    def run() -> Callable[[], None]:
        value: _T | None = None
        error: BaseException | None = None
        try:
            value = work()
        except BaseException as raised:  # noqa: BLE001 (raised where it is waited for)
            error = raised

        def deliver() -> None:
            with suppress(RuntimeError):  # the loop is closed
                loop.call_soon_threadsafe(conclude, value, error)

        return deliver

    context = copy_context()
    _idle_worker().give(lambda: context.run(run))
    return await done


class _Worker:
    """A thread that runs one function after the other, and ends when none comes for a while."""

    def __init__(self) -> None:
        self._work: queue.SimpleQueue[Callable[[], Callable[[], None]]] = queue.SimpleQueue()
        threading.Thread(target=self._run, name="ssh_stack reader", daemon=True).start()

    def give(self, work: Callable[[], Callable[[], None]]) -> None:
        """Run a function next; what it returns is called when this thread is idle again."""
        self._work.put(work)

    def _run(self) -> None:
        while True:
            try:
                work = self._work.get(timeout=_IDLE_SECONDS)
            except queue.Empty:
                try:
                    _idle.remove(self)
                except ValueError:  # taken at this moment, and its work is on the way
                    work = self._work.get()
                else:
                    return
            deliver = work()
            del work  # what the function holds is not kept while idle
            _idle.append(self)
            deliver()
            del deliver


_idle: Final[list[_Worker]] = []
"""Threads that wait for work. Appending, removing and popping are atomic."""

if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=_idle.clear)  # a child has none of the threads


def idle_threads() -> int:
    """Return how many threads of this module wait for work; a fork does not disturb them."""
    return len(_idle)


def _idle_worker() -> _Worker:
    try:
        return _idle.pop()
    except IndexError:
        return _Worker()
