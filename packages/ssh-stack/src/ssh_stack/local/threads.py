"""What may wait for somebody: a pipe that is a file, a program of the configuration."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from contextvars import copy_context
from typing import TypeVar

__all__ = ["run_in_thread"]

_T = TypeVar("_T")


async def run_in_thread(work: Callable[[], _T]) -> _T:
    """Run a function in a thread of its own, and wait for it until the waiter is cancelled.

    Other than with `asyncio.to_thread`, the end of the loop and of the program does not wait
    for a function whose result is not needed any more and that waits itself.
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

    def run() -> None:
        value: _T | None = None
        error: BaseException | None = None
        try:
            value = work()
        except BaseException as raised:  # noqa: BLE001 (raised where it is waited for)
            error = raised
        with suppress(RuntimeError):  # the loop is closed
            loop.call_soon_threadsafe(conclude, value, error)

    threading.Thread(target=copy_context().run, args=(run,), daemon=True).start()
    return await done
