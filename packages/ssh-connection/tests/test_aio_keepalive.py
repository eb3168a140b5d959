"""The timer of the keepalive: when it asks, when it gives up, and that it then stops."""

from __future__ import annotations

import asyncio

import pytest

from ssh_connection.aio import KeepaliveOptions
from ssh_connection.aio.keepalive import KeepaliveTimer

pytestmark = pytest.mark.usefixtures("clock")


class Log:
    """A timer, and when it asked and gave up, in whole seconds from its start."""

    def __init__(self, interval: float, count_max: int) -> None:
        self._loop = asyncio.get_running_loop()
        self._start = self._loop.time()
        self.asked: list[int] = []
        self.errors: list[str] = []
        self.over = asyncio.Event()
        options = KeepaliveOptions(interval=interval, count_max=count_max)
        self.timer = KeepaliveTimer(options, self._ask, self._give_up)

    def now(self) -> int:
        return round(self._loop.time() - self._start)

    def receive(self) -> None:
        self.timer.keepalive.received(self._loop.time())

    def _ask(self) -> None:
        self.asked.append(self.now())

    def _give_up(self, error: TimeoutError) -> None:
        self.errors.append(str(error))
        self.over.set()


@pytest.mark.row("R12")
async def test_silent_peer_is_asked_count_max_times_and_given_up_once() -> None:
    log = Log(interval=10, count_max=3)

    await log.over.wait()
    await asyncio.sleep(100)

    assert log.asked == [10, 20, 30]
    assert log.errors == ["the peer has been silent for 40 s"]


@pytest.mark.row("R12")
async def test_peer_that_answers_each_question_is_never_given_up() -> None:
    log = Log(interval=10, count_max=1)
    for _ in range(20):
        asked = len(log.asked)
        await asyncio.sleep(12)
        log.receive()
        assert len(log.asked) == asked + 1
    log.timer.cancel()

    assert log.errors == []


async def test_peer_that_sends_within_the_interval_is_not_asked() -> None:
    log = Log(interval=10, count_max=3)
    for _ in range(20):
        await asyncio.sleep(6)
        log.receive()
    log.timer.cancel()

    assert log.asked == []


async def test_sign_of_life_delays_the_question_by_the_interval() -> None:
    log = Log(interval=10, count_max=3)
    await asyncio.sleep(4)
    log.receive()
    await asyncio.sleep(25)  # not until 24, when it asks too
    log.timer.cancel()

    assert log.asked == [14, 24]


async def test_cancelled_timer_neither_asks_nor_gives_up() -> None:
    log = Log(interval=10, count_max=1)
    await asyncio.sleep(15)
    log.timer.cancel()
    await asyncio.sleep(100)

    assert (log.asked, log.errors) == ([10], [])
