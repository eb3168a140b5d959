from __future__ import annotations

import asyncio
import contextvars
import gc
import queue
import sys
import threading
import traceback
from collections.abc import AsyncIterator, Generator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from ssh_stack.sync import _portal
from ssh_stack.sync._portal import Portal
from ssh_wire import UsageError


@pytest.fixture
def portal() -> Generator[Portal]:
    portal = Portal()
    yield portal
    portal.stop()


async def _thread() -> int:
    return threading.get_ident()


async def _fail() -> None:
    problem = "no"
    raise LookupError(problem)


def test_functions_run_in_one_thread_other_than_that_of_caller(portal: Portal) -> None:
    first, second = portal.wait(_thread), portal.call(threading.get_ident)

    assert first == second != threading.get_ident()


def test_process_has_one_portal() -> None:
    assert _portal.portal() is _portal.portal()


def test_arguments_and_context_are_passed_to_function(portal: Portal) -> None:
    variable = contextvars.ContextVar[str]("variable")
    variable.set("mine")

    async def join(first: str, *, second: str) -> str:
        return first + second + variable.get()

    assert portal.wait(join, "a", second="b") == "abmine"


def test_error_keeps_its_type_and_traceback(portal: Portal) -> None:
    with pytest.raises(LookupError, match="no") as caught:
        portal.wait(_fail)

    assert "_fail" in [frame.name for frame in traceback.extract_tb(caught.tb)]


def test_error_of_plain_function_is_raised(portal: Portal) -> None:
    with pytest.raises(ZeroDivisionError):
        portal.call(divmod, 1, 0)


def test_error_leaves_no_reference_cycle(portal: Portal) -> None:
    class Held:
        pass

    async def fail(_held: Held) -> None:
        raise LookupError

    gc.collect()
    gc.disable()
    try:
        with pytest.raises(LookupError):
            portal.wait(fail, Held())
        portal.call(lambda: None)  # the loop has let go of the task
        assert not [each for each in gc.get_objects() if isinstance(each, Held)]
    finally:
        gc.enable()


def test_many_threads_wait_at_once(portal: Portal) -> None:
    barrier: asyncio.Barrier = portal.call(lambda: asyncio.Barrier(8))

    async def meet(number: int) -> int:
        await barrier.wait()
        return number

    def wait(number: int) -> int:
        return portal.wait(meet, number)

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(wait, range(8))) == [*range(8)]


def test_wait_in_thread_of_loop_raises_usage_error(portal: Portal) -> None:
    with pytest.raises(UsageError, match="cannot wait for that same thread"):
        portal.call(portal.wait, _thread)


@pytest.mark.parametrize("kind", [SystemExit, KeyboardInterrupt])
def test_exit_in_call_is_raised_to_caller_and_not_in_thread(
    portal: Portal, kind: type[BaseException]
) -> None:
    async def leave() -> None:
        raise kind

    with pytest.raises(kind):
        portal.wait(leave)
    assert portal.wait(_thread)


def test_exit_in_stray_callback_does_not_end_thread(
    portal: Portal, caplog: pytest.LogCaptureFixture
) -> None:
    portal.call(lambda: asyncio.get_running_loop().call_soon(sys.exit, 3))

    assert portal.wait(_thread)
    assert "a callback raised" in caplog.text


# ------------------------------------------------------------- iterators


class _Numbers:
    def __init__(self) -> None:
        self.taken = 0
        self.closed = threading.Event()

    async def count(self, end: int) -> AsyncIterator[int]:
        try:
            for number in range(end):
                self.taken += 1
                yield number
        finally:
            self.closed.set()


def test_iterator_takes_no_items_ahead(portal: Portal) -> None:
    numbers = _Numbers()
    iterator = portal.iterate(numbers.count, 5)

    assert numbers.taken == 0
    assert (next(iterator), next(iterator)) == (0, 1)
    assert numbers.taken == 2
    assert list(iterator) == [2, 3, 4]


def test_dropped_iterator_is_closed(portal: Portal) -> None:
    numbers = _Numbers()
    for _ in portal.iterate(numbers.count, 5):
        break

    assert numbers.closed.wait(10)


def test_iterator_dropped_in_thread_of_loop_is_closed(portal: Portal) -> None:
    numbers = _Numbers()
    iterators = [portal.iterate(numbers.count, 5)]
    next(iterators[0])
    portal.call(iterators.clear)

    assert numbers.closed.wait(10)


def test_posted_call_that_fails_is_reported(portal: Portal) -> None:
    reported = queue.SimpleQueue[dict[str, Any]]()
    portal.call(
        lambda: asyncio.get_running_loop().set_exception_handler(
            lambda _, context: reported.put(context)
        )
    )
    portal.post(_fail)

    assert isinstance(reported.get(timeout=10)["exception"], LookupError)
