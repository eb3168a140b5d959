"""The instrument of the cancellation sweep notices what it is there to notice."""

from __future__ import annotations

import asyncio
import os
import socket

import pytest

from tests.adversary import cancelling
from tests.adversary.cancelling import MOMENTS, Moment, Stepped, leaves_nothing, sweep


async def three_points() -> str:
    await asyncio.sleep(0)
    await asyncio.sleep(0.001)
    await asyncio.get_running_loop().run_in_executor(None, os.getpid)
    return "done"


async def nothing() -> None:
    pass


async def test_operation_that_is_not_interrupted_gives_its_result() -> None:
    stepped = Stepped(three_points(), 3, "waiting")
    assert await stepped == "done"
    assert (stepped.points, stepped.cancelled) == (3, False)


@pytest.mark.parametrize("moment", MOMENTS)
async def test_sweep_cancels_at_each_await_point(moment: Moment) -> None:
    checks = 0

    async def check() -> None:
        nonlocal checks
        checks += 1

    assert (await sweep(three_points, moment, check)).points == 3
    assert checks == 4


@pytest.mark.parametrize("moment", MOMENTS)
async def test_sweep_ends_at_an_operation_that_waits_for_ever(moment: Moment) -> None:
    async def endless() -> None:
        await asyncio.sleep(0)
        await asyncio.Event().wait()

    assert (await sweep(endless, moment, nothing)).points >= 1


@pytest.mark.parametrize("moment", MOMENTS)
async def test_sweep_notices_a_cancellation_that_is_swallowed(moment: Moment) -> None:
    async def deaf() -> None:
        try:
            await asyncio.sleep(0.001)
        except asyncio.CancelledError:
            return

    with pytest.raises(AssertionError, match="the result None"):
        await sweep(deaf, moment, nothing)


async def test_sweep_notices_a_descriptor_that_arrives_with_the_cancellation(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(cancelling, "SECONDS", 0.1)
    opened: list[socket.socket] = []

    async def made() -> socket.socket:
        await asyncio.sleep(0)
        opened.append(socket.socket())
        return opened[-1]

    async def careless() -> None:
        (await asyncio.create_task(made())).close()

    async with leaves_nothing() as check:
        with pytest.raises(AssertionError, match="socket"):
            await sweep(careless, "arriving", check)
    for each in opened:
        each.close()


async def test_check_notices_a_task_that_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cancelling, "SECONDS", 0.1)
    async with leaves_nothing() as check:
        left = asyncio.create_task(asyncio.Event().wait())
        with pytest.raises(AssertionError, match=r"Event\.wait"):
            await check()
        left.cancel()
        await check()
