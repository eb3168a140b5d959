from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from ssh_stack.sync import _portal
from ssh_stack.sync._portal import Portal
from ssh_transport import ConnectionLost
from ssh_wire import UsageError


async def _thread() -> int:
    return threading.get_ident()


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


def test_stop_cancels_running_calls() -> None:
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


def test_stop_closes_open_connections_with_warning() -> None:
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


def test_stop_waits_for_bounded_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_portal, "_STOP_SECONDS", 0.01)

    class Thing:
        is_closed = False

        async def close(self) -> None:
            await asyncio.Event().wait()

    portal, thing = Portal(), Thing()
    portal.own(thing)
    with pytest.warns(ResourceWarning, match="unclosed"):
        portal.stop()


def test_stopped_portal_refuses_calls_and_ignores_dropped_iterators() -> None:
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
    command = [sys.executable, "-W", "always", "-W", "ignore::DeprecationWarning", "-c", script]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_fork_is_refused_connections_and_has_own_portal() -> None:
    done = _python(_FORK)

    assert (done.returncode, done.stdout) == (7, ""), done.stderr


def test_thread_that_outlives_main_thread_continues() -> None:
    done = _python(_THREAD_OUTLIVES_MAIN)

    assert (done.returncode, done.stdout, done.stderr) == (0, "late\n", "")


def test_call_after_end_of_program_is_refused() -> None:
    done = _python(_CALLED_AT_EXIT)

    assert (done.returncode, done.stderr) == (0, "")
    assert "has ended with the program" in done.stdout
