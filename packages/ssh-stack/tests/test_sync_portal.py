from __future__ import annotations

import asyncio
import contextvars
import gc
import queue
import signal
import subprocess
import sys
import threading
import traceback
from collections.abc import AsyncIterator, Generator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from ssh_stack.sync import _portal
from ssh_stack.sync._portal import Portal
from ssh_transport import ConnectionLost
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


def interrupt_main() -> None:
    """What Ctrl-C does: the main thread, wherever it waits, gets SIGINT."""
    signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)


def test_functions_run_in_one_thread_that_is_not_the_callers(portal: Portal) -> None:
    first, second = portal.wait(_thread), portal.call(threading.get_ident)

    assert first == second != threading.get_ident()


def test_there_is_one_portal_in_a_process() -> None:
    assert _portal.portal() is _portal.portal()


def test_arguments_and_context_come_along(portal: Portal) -> None:
    variable = contextvars.ContextVar[str]("variable")
    variable.set("mine")

    async def join(first: str, *, second: str) -> str:
        return first + second + variable.get()

    assert portal.wait(join, "a", second="b") == "abmine"


def test_an_error_keeps_its_type_and_where_it_came_from(portal: Portal) -> None:
    with pytest.raises(LookupError, match="no") as caught:
        portal.wait(_fail)

    assert "_fail" in [frame.name for frame in traceback.extract_tb(caught.tb)]


def test_an_error_of_a_plain_function_is_raised_too(portal: Portal) -> None:
    with pytest.raises(ZeroDivisionError):
        portal.call(divmod, 1, 0)


def test_an_error_leaves_no_cycle_behind(portal: Portal) -> None:
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


def test_the_loops_own_thread_is_told_instead_of_hanging(portal: Portal) -> None:
    with pytest.raises(UsageError, match="cannot wait for that same thread"):
        portal.call(portal.wait, _thread)


@pytest.mark.parametrize("kind", [SystemExit, KeyboardInterrupt])
def test_a_callback_that_exits_ends_its_call_and_not_the_thread(
    portal: Portal, kind: type[BaseException]
) -> None:
    async def leave() -> None:
        raise kind

    with pytest.raises(kind):
        portal.wait(leave)
    assert portal.wait(_thread)


def test_a_stray_callback_that_exits_does_not_end_the_thread(
    portal: Portal, caplog: pytest.LogCaptureFixture
) -> None:
    portal.call(lambda: asyncio.get_running_loop().call_soon(sys.exit, 3))

    assert portal.wait(_thread)
    assert "a callback raised" in caplog.text


# ------------------------------------------------------------- Ctrl-C


class _Work:
    """Hangs until it is cancelled, then cleans up."""

    def __init__(self) -> None:
        self.events: list[str] = []

    async def run(self) -> None:
        asyncio.get_running_loop().call_soon(interrupt_main)
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.events.append("cancelled")
            await asyncio.sleep(0)
            self.events.append("cleaned up")
            raise


def test_ctrl_c_cancels_and_waits_for_the_clean_up(portal: Portal) -> None:
    work = _Work()

    with pytest.raises(KeyboardInterrupt):
        portal.wait(work.run)
    assert work.events == ["cancelled", "cleaned up"]
    assert portal.wait(_thread)


def test_ctrl_c_ends_one_thread_and_leaves_the_others(portal: Portal) -> None:
    begun: asyncio.Event = portal.call(asyncio.Event)
    release: asyncio.Event = portal.call(asyncio.Event)

    async def other() -> str:
        begun.set()
        await release.wait()
        return "done"

    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(portal.wait, other)
        portal.wait(begun.wait)
        with pytest.raises(KeyboardInterrupt):
            portal.wait(_Work().run)
        portal.call(release.set)
        assert waiting.result() == "done"


def test_a_second_ctrl_c_waits_no_longer(portal: Portal) -> None:
    released: asyncio.Event = portal.call(asyncio.Event)

    async def stubborn() -> None:
        asyncio.get_running_loop().call_soon(interrupt_main)
        try:
            await asyncio.Event().wait()
        finally:
            asyncio.get_running_loop().call_soon(interrupt_main)
            await released.wait()

    with pytest.raises(KeyboardInterrupt):
        portal.wait(stubborn)
    portal.call(released.set)


def test_a_clean_up_without_end_is_given_up(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_portal, "_CLEAN_UP", 0.01)
    released: asyncio.Event = portal.call(asyncio.Event)

    async def stubborn() -> None:
        asyncio.get_running_loop().call_soon(interrupt_main)
        try:
            await asyncio.Event().wait()
        finally:
            await released.wait()

    with pytest.raises(KeyboardInterrupt):
        portal.wait(stubborn)
    portal.call(released.set)


def test_what_arrives_with_ctrl_c_is_closed(portal: Portal) -> None:
    closed = threading.Event()

    class Thing:
        async def close(self) -> None:
            closed.set()

    async def opened() -> Thing:
        asyncio.get_running_loop().call_soon(interrupt_main)
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            return Thing()
        raise AssertionError

    with pytest.raises(KeyboardInterrupt):
        portal.wait(opened)
    assert closed.wait(10)


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


def test_an_iterator_takes_nothing_ahead(portal: Portal) -> None:
    numbers = _Numbers()
    iterator = portal.iterate(numbers.count, 5)

    assert numbers.taken == 0
    assert (next(iterator), next(iterator)) == (0, 1)
    assert numbers.taken == 2
    assert list(iterator) == [2, 3, 4]


def test_an_iterator_that_is_dropped_is_closed(portal: Portal) -> None:
    numbers = _Numbers()
    for _ in portal.iterate(numbers.count, 5):
        break

    assert numbers.closed.wait(10)


def test_an_iterator_can_be_dropped_in_the_loops_thread(portal: Portal) -> None:
    numbers = _Numbers()
    iterators = [portal.iterate(numbers.count, 5)]
    next(iterators[0])
    portal.call(iterators.clear)

    assert numbers.closed.wait(10)


def test_a_posted_call_that_fails_is_heard_of(portal: Portal) -> None:
    heard = queue.SimpleQueue[dict[str, Any]]()
    portal.call(
        lambda: asyncio.get_running_loop().set_exception_handler(
            lambda _, context: heard.put(context)
        )
    )
    portal.post(_fail)

    assert isinstance(heard.get(timeout=10)["exception"], LookupError)


# ------------------------------------------------------------- the end


def test_stopping_cancels_what_runs() -> None:
    portal = Portal()
    begun: asyncio.Event = portal.call(asyncio.Event)

    async def hang() -> None:
        begun.set()
        await asyncio.Event().wait()

    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(portal.wait, hang)
        portal.wait(begun.wait)
        portal.stop()
        with pytest.raises(ConnectionLost, match="the program is ending"):
            waiting.result()


def test_stopping_closes_what_is_open_with_a_warning() -> None:
    class Thing:
        is_closed = False

        async def close(self) -> None:
            self.is_closed = True

    portal, thing, closed = Portal(), Thing(), Thing()
    closed.is_closed = True
    portal.own(thing)
    portal.own(closed)
    with pytest.warns(ResourceWarning, match="unclosed") as warned:
        portal.stop()

    assert thing.is_closed
    assert len(warned) == 1


def test_stopping_waits_no_longer_than_it_must(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_portal, "_LAST_WORDS", 0.01)

    class Thing:
        is_closed = False

        async def close(self) -> None:
            await asyncio.Event().wait()

    portal, thing = Portal(), Thing()
    portal.own(thing)
    with pytest.warns(ResourceWarning, match="unclosed"):
        portal.stop()


def test_after_the_end_calls_are_refused_and_drops_are_silent() -> None:
    portal = Portal()
    iterator = portal.iterate(_Numbers().count, 2)
    next(iterator)
    portal.stop()
    portal.stop()
    del iterator

    with pytest.raises(UsageError, match="has ended with the program"):
        portal.wait(_thread)


_FORK = """
import os, sys
from ssh_stack.sync import _portal
from ssh_wire import UsageError

async def one():
    return 1

before = _portal.portal()
assert before.wait(one) == 1
child = os.fork()
if child == 0:
    try:
        before.wait(one)
    except UsageError as error:
        assert "belongs to the process" in str(error), error
    else:
        os._exit(1)
    assert before.leave(one) is None
    before.post(one)
    assert _portal.portal() is not before
    assert _portal.portal().wait(one) == 1
    sys.exit(7)
_, status = os.waitpid(child, 0)
assert before.wait(one) == 1
sys.exit(os.waitstatus_to_exitcode(status))
"""

_THREAD_OUTLIVES_MAIN = """
import threading
from ssh_stack.sync._portal import portal

async def one():
    return 1

def late():
    threading.main_thread().join()
    assert portal().wait(one) == 1
    print("late")

portal().wait(one)
threading.Thread(target=late).start()
"""

_CALLED_AT_EXIT = """
import atexit
from ssh_wire import UsageError

def after():
    try:
        portal().wait(one)
    except UsageError as error:
        print(error)

atexit.register(after)

from ssh_stack.sync._portal import portal

async def one():
    return 1

portal().wait(one)
"""


def _python(script: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-X", "dev", "-W", "ignore::DeprecationWarning", "-c", script]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_a_fork_is_refused_the_connections_and_has_a_portal_of_its_own() -> None:
    done = _python(_FORK)

    assert (done.returncode, done.stdout) == (7, ""), done.stderr


def test_a_thread_that_outlives_the_main_thread_can_go_on() -> None:
    done = _python(_THREAD_OUTLIVES_MAIN)

    assert (done.returncode, done.stdout, done.stderr) == (0, "late\n", "")


def test_what_runs_after_the_end_is_refused() -> None:
    done = _python(_CALLED_AT_EXIT)

    assert (done.returncode, done.stderr) == (0, "")
    assert "has ended with the program" in done.stdout
