from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

import pytest

from ssh_sftp.aio.client.computing import compute_in_thread


async def computed(work: Callable[[], bytes]) -> tuple[bytes | Exception, list[str]]:
    """Return the result, and what was called in which order."""
    order: list[str] = []
    result: asyncio.Future[bytes | Exception] = asyncio.get_running_loop().create_future()

    def done(outcome: bytes | Exception) -> None:
        order.append("done")
        result.set_result(outcome)

    compute_in_thread(lambda: order.append("settle"), work, done)
    return await result, order


async def test_work_is_done_in_a_thread_and_reported_in_the_loop() -> None:
    threads: list[int] = []

    def work() -> bytes:
        threads.append(threading.get_ident())
        return b"result"

    result, order = await computed(work)

    assert result == b"result"
    assert threads[0] != threading.get_ident()
    assert order == ["done", "settle"]


@pytest.mark.parametrize("error", [OSError(5, "Input/output error"), SystemExit(1)])
async def test_work_that_raises_is_reported(error: BaseException) -> None:
    def work() -> bytes:
        raise error

    result, _ = await computed(work)

    assert isinstance(result, Exception)
    assert isinstance(error, Exception) == (result is error)
