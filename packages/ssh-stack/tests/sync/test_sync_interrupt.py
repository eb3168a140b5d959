from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor

import pytest

from ssh_stack.sync import _portal
from ssh_stack.sync._call import AsyncCall
from ssh_stack.sync._portal import Portal


@pytest.fixture
def portal() -> Generator[Portal]:
    portal = Portal()
    yield portal
    portal.stop()


async def _thread() -> int:
    return threading.get_ident()


def interrupt_main() -> None:
    """What Ctrl-C does: the main thread, wherever it waits, gets SIGINT."""
    signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)


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


def test_ctrl_c_cancels_and_waits_for_clean_up(portal: Portal) -> None:
    work = _Work()

    with pytest.raises(KeyboardInterrupt):
        portal.wait(work.run)
    assert work.events == ["cancelled", "cleaned up"]
    assert portal.wait(_thread)


def test_ctrl_c_finds_call_that_has_not_begun(portal: Portal) -> None:
    begun: list[str] = []

    async def work() -> None:
        begun.append("work")

    call = AsyncCall[None](work, (), {})
    portal.call(call.cancel)
    portal.call(call.begin)
    call.settle(10)

    assert call.finished
    assert not begun


def test_ctrl_c_finds_task_before_its_first_step(portal: Portal) -> None:
    begun: list[str] = []

    async def work() -> None:
        begun.append("work")

    call = AsyncCall[None](work, (), {})

    def begin_and_cancel() -> None:
        call.begin()
        call.cancel()

    portal.call(begin_and_cancel)
    call.settle(10)

    assert call.finished
    assert not begun


def test_ctrl_c_ends_one_thread_and_leaves_others(portal: Portal) -> None:
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


def test_second_ctrl_c_abandons_clean_up(portal: Portal) -> None:
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


def test_endless_clean_up_is_abandoned(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_portal, "_CLEAN_UP_SECONDS", 0.01)
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


def test_resource_opened_during_ctrl_c_is_closed(portal: Portal) -> None:
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
