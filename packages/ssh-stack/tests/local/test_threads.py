"""A function that waits, in a thread that is not waited for."""

from __future__ import annotations

import asyncio
import os
import threading
from contextvars import ContextVar

import pytest

from ssh_stack.local.threads import run_in_thread

_NAME: ContextVar[str] = ContextVar("name", default="")


async def test_value_or_error_of_function_is_returned_to_waiter() -> None:
    def fail() -> None:
        raise FileNotFoundError

    assert await run_in_thread(lambda: 7) == 7
    with pytest.raises(FileNotFoundError):
        await run_in_thread(fail)


async def test_function_runs_in_other_thread_with_context_of_waiter() -> None:
    _NAME.set("here")

    assert await run_in_thread(_NAME.get) == "here"
    assert await run_in_thread(threading.get_ident) != threading.get_ident()


def test_end_of_loop_does_not_wait_for_abandoned_function() -> None:
    let_go = threading.Event()
    started = threading.Event()
    ended = threading.Event()

    def wait() -> None:
        started.set()
        let_go.wait()
        ended.set()

    async def main() -> None:
        task = asyncio.create_task(run_in_thread(wait))
        await asyncio.to_thread(started.wait)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert not ended.is_set()
    let_go.set()
    assert ended.wait(60)


async def test_result_for_cancelled_waiter_is_dropped() -> None:
    let_go = threading.Event()
    task = asyncio.create_task(run_in_thread(let_go.wait))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    let_go.set()
    assert await run_in_thread(lambda: "the next") == "the next"


async def test_idle_thread_is_used_again() -> None:
    first = await run_in_thread(threading.get_ident)

    assert await run_in_thread(threading.get_ident) == first


async def test_function_that_waits_holds_up_no_other() -> None:
    let_go = threading.Event()
    waiting = asyncio.create_task(run_in_thread(let_go.wait))
    await asyncio.sleep(0)

    assert await run_in_thread(lambda: "another") == "another"
    let_go.set()
    assert await waiting


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
def test_forked_child_starts_thread_of_its_own() -> None:
    asyncio.run(run_in_thread(lambda: 7))  # leaves an idle thread here, and none in the child
    child = os.fork()
    if child == 0:
        os._exit(asyncio.run(run_in_thread(lambda: 7)))

    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
