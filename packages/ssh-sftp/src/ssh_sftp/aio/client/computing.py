"""Work that takes long, in a thread."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

__all__ = ["compute_in_thread"]


def compute_in_thread(
    settle: Callable[[], object],
    work: Callable[[], bytes],
    done: Callable[[bytes | Exception], None],
) -> None:
    """Do some work in a thread, and report it in the event loop.

    Args:
        settle: called after the report, to send what follows from it.
        work: what is done.
        done: takes the result, or the exception that the work raised.
    """
    future = asyncio.get_running_loop().run_in_executor(None, work)

    def report(ended: asyncio.Future[bytes]) -> None:
        if ended.cancelled():
            done(RuntimeError("the work was cancelled before it began"))
        else:
            error = ended.exception()
            if isinstance(error, Exception):
                done(error)
            elif error is None:
                done(ended.result())
            else:
                done(RuntimeError(str(error)))
        settle()

    future.add_done_callback(report)
