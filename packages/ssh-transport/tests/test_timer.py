from __future__ import annotations

import asyncio

from drivers import Layer
from hostile import FAST_OPTIONS
from ssh_transport.aio.driver import Driver
from ssh_transport.aio.timer import DeadlineTimer


async def test_timer_is_moved_for_earlier_deadline_alone() -> None:
    loop = asyncio.get_running_loop()
    timer = DeadlineTimer(loop, lambda: 0.0, lambda: None)
    timer.set(None)
    assert not timer.pending
    timer.set(3600.0)
    first = timer._handle
    assert first is not None
    assert abs(first.when() - loop.time() - 3600) < 5
    timer.set(7200.0)
    assert timer._handle is first
    timer.set(60.0)
    assert first.cancelled()
    assert timer.pending
    timer.cancel()
    assert not timer.pending


async def test_timer_that_fires_can_be_set_again() -> None:
    fired = asyncio.Event()
    timer = DeadlineTimer(asyncio.get_running_loop(), lambda: 0.0, fired.set)

    timer.set(0.0)
    await fired.wait()

    assert not timer.pending
    timer.set(0.0)
    assert timer.pending
    timer.cancel()


async def test_driver_gives_its_core_time_of_deadline() -> None:
    client = Layer("client", FAST_OPTIONS)
    driver = Driver(client.core, client, clock=lambda: 42.0)

    driver._time_has_come()

    assert client.core.now == 42.0
    assert not driver._timer.pending
