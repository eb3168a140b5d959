"""What a connection owns ends with it, in bounded time."""

from __future__ import annotations

import asyncio

import pytest

from ssh_connection.aio.children import Children

pytestmark = pytest.mark.usefixtures("reports")


class Thing:
    def __init__(self) -> None:
        self.calls: list[str] = []

    def abort(self) -> None:
        self.calls.append("abort")

    async def close(self) -> None:
        self.calls.append("close")


def none(error: Exception) -> None:
    raise error


async def test_abort_cancels_tasks_and_stops_things_at_once() -> None:
    children, thing = Children(none, 1), Thing()
    children.own(thing)
    task = children.spawn(asyncio.sleep(100))

    children.abort()

    assert thing.calls == ["abort"]
    await asyncio.wait([task])
    assert task.cancelled()
    assert not children.tasks


async def test_close_ends_tasks_and_then_things() -> None:
    children, thing = Children(none, 1), Thing()
    children.own(thing)
    task = children.spawn(asyncio.sleep(100))

    await children.close()

    assert task.cancelled()
    assert thing.calls == ["close"]


async def test_thing_that_is_disowned_is_left_alone() -> None:
    children, thing = Children(none, 1), Thing()
    children.own(thing)
    children.disown(thing)

    children.abort()
    await children.close()

    assert not thing.calls


async def test_error_of_a_task_is_reported_and_its_cancelling_is_not() -> None:
    errors: list[Exception] = []
    children = Children(errors.append, 1)

    async def fail() -> None:
        problem = "mine"
        raise ValueError(problem)

    failed, slept = children.spawn(fail()), children.spawn(asyncio.sleep(100))
    slept.cancel()
    await asyncio.wait([failed, slept])

    assert [str(error) for error in errors] == ["mine"]


@pytest.mark.usefixtures("clock")
async def test_task_that_ignores_its_cancelling_is_waited_for_in_bounded_time() -> None:
    children, release = Children(none, 3), asyncio.Event()

    async def stubborn() -> None:
        while not release.is_set():
            try:
                await release.wait()
            except asyncio.CancelledError:
                continue

    task = children.spawn(stubborn())
    await asyncio.sleep(0)

    await children.close()

    assert not task.done()
    release.set()
    await task


async def test_task_that_closes_its_connection_does_not_wait_for_itself() -> None:
    children = Children(none, 100)

    async def close() -> None:
        await children.close()

    await asyncio.wait_for(children.spawn(close()), 10)
