"""The escape `&`: a running session goes to the background.

The child of a fork goes on with the connection, and the parent ends.  That is safe where there
is one thread at work, and where the loop's descriptors are inherited, as on Linux.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from ssh_stack.cli.standard_streams import point_to_null
from ssh_stack.local.threads import idle_threads
from ssh_transport.aio import hand_over

__all__ = ["DetachError", "detach", "use_own_threads"]

_STANDARD: Final = (0, 1, 2)


class DetachError(Exception):
    """The session cannot go to the background."""


def use_own_threads() -> ThreadPoolExecutor:
    """Have the running loop use threads that `detach` can end; return them."""
    executor = ThreadPoolExecutor(thread_name_prefix="ssh_stack")
    asyncio.get_running_loop().set_default_executor(executor)
    return executor


def detach(executor: ThreadPoolExecutor, farewell: str) -> None:
    """Go on in a child process; the process that was called ends with status 0.

    Args:
        executor: the threads of the loop, from `use_own_threads`.
        farewell: what is printed before.

    Raises:
        DetachError: that would not be safe here.
    """
    if sys.platform != "linux":
        problem = "not possible on this system"
        raise DetachError(problem)
    loop = asyncio.get_running_loop()
    executor.shutdown(wait=True)
    use_own_threads()
    if threading.active_count() - idle_threads() > 1:
        problem = "a thread is at work, try again later"
        raise DetachError(problem)
    sys.stderr.write(f"{farewell}\n")
    sys.stderr.flush()
    with hand_over():
        if os.fork():
            os._exit(0)  # nothing of the parent's may run: the connection is the child's
    os.setsid()
    point_to_null(*_STANDARD)
    _go_on(loop)


def _go_on(loop: asyncio.AbstractEventLoop) -> None:
    """Let a child of a fork run the loop that it has inherited."""
    asyncio._set_running_loop(loop)  # noqa: SLF001 (asyncio exports it to who runs loops)
    # a fork resets by what signals wake up the loop; any handler sets it again
    loop.add_signal_handler(signal.SIGWINCH, lambda: None)
