"""What asyncio tests share: a clock that jumps, and nothing that is left behind."""

from __future__ import annotations

import asyncio
import gc
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

sys.path.insert(0, str(Path(__file__).parent))
settings.register_profile("project", deadline=None, max_examples=50)
settings.load_profile("project")

_OPEN_FILES = Path("/proc/self/fd")

Reports = list[dict[str, Any]]


def _open_files() -> int:
    return len(list(_OPEN_FILES.iterdir())) if _OPEN_FILES.exists() else 0


@pytest.fixture
async def reports() -> AsyncIterator[Reports]:
    """What the event loop received of errors; a test that expects some clears them.

    A task or a file that is left behind fails the test.
    """
    loop = asyncio.get_running_loop()
    received: Reports = []
    loop.set_exception_handler(lambda _, context: received.append(context))
    before, files = asyncio.all_tasks(), _open_files()
    yield received
    for _ in range(5):
        await asyncio.sleep(0)
    left = asyncio.all_tasks() - before - {asyncio.current_task()}
    gc.collect()
    assert not left
    assert not received
    assert _open_files() <= files


class Clock:
    """The loop's time, which jumps to the next timer when nothing else is to be done."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._ahead = 0.0
        self._time = loop.time
        selector: Any = vars(loop)["_selector"]
        select = selector.select

        def jump(timeout: float | None = None) -> Any:
            ready = select(0 if timeout else timeout)
            if not ready and timeout:
                self._ahead += timeout
            return ready

        selector.select = jump
        vars(loop)["time"] = self.time

    def time(self) -> float:
        return self._time() + self._ahead


@pytest.fixture
async def clock(reports: Reports) -> Clock:
    """Timers fire at once when nothing else happens: for tests in memory."""
    del reports
    return Clock(asyncio.get_running_loop())
