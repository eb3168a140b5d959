"""Local file writes: in the event loop while they are quick, in a thread when they are not.

Handing a block to a thread costs about as much as writing it to the page cache.  So a thread
is used only after a write took longer than `SLOW` seconds (a full cache, a network file system, a
failing disk).  From then on the thread does the transfer's writes, in order.  Blocks that wait for
it count as outstanding, so memory stays bounded.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Final

from ssh_sftp.client.storage import OnFinished, OnWritten

__all__ = ["DiskWriter", "write_all"]

SLOW: Final = 0.05


def write_all(descriptor: int, data: memoryview, offset: int) -> None:
    """Write all of `data` at an offset."""
    while data:
        written = os.pwrite(descriptor, data, offset)
        data = data[written:]
        offset += written


class DiskWriter:
    """Do the writes of one transfer.

    Attributes:
        slow: whether a write took so long that a thread does them now.

    Args:
        slow_after: seconds that a write may take in the event loop.
        clock: returns the time in seconds.
        settle: called after a thread's work was reported, to send what follows from it.
    """

    def __init__(
        self,
        slow_after: float = SLOW,
        clock: Callable[[], float] | None = None,
        settle: Callable[[], None] | None = None,
    ) -> None:
        self._slow_after = slow_after
        self._clock = clock or time.monotonic
        self._queue: deque[tuple[int, bytes, int, OnWritten]] = deque()
        self._settle = settle or _nothing
        self._busy = False
        self.slow: bool = False

    def write(self, descriptor: int, data: memoryview, offset: int, written: OnWritten) -> None:
        """Write, and call `written` now or later."""
        if self.slow:
            self._queue.append((descriptor, bytes(data), offset, written))
            if not self._busy:
                self._hand_over()
            return
        begun = self._clock()
        write_all(descriptor, data, offset)
        self.slow = self._clock() - begun > self._slow_after
        written(len(data), None)

    def run(self, work: Callable[[], None], finished: OnFinished) -> None:
        """Do the last steps of a file: at once, or in a thread where the disk is slow."""
        if not self.slow:
            work()
            finished(None)
            return
        future = asyncio.get_running_loop().run_in_executor(None, work)

        def done(ended: asyncio.Future[None]) -> None:
            finished(_failure(ended))
            self._settle()

        future.add_done_callback(done)

    def _hand_over(self) -> None:
        batch = [*self._queue]
        self._queue.clear()
        future = asyncio.get_running_loop().run_in_executor(None, _write_batch, batch)
        self._busy = True

        def done(ended: asyncio.Future[list[Exception | None]]) -> None:
            self._busy = False
            failure = _failure(ended)
            results = ended.result() if failure is None else [failure] * len(batch)
            for (_, data, _, written), error in zip(batch, results, strict=True):
                written(len(data), error)
            if self._queue and not self._busy:
                self._hand_over()
            self._settle()

        future.add_done_callback(done)


def _failure(ended: asyncio.Future[Any]) -> Exception | None:
    """Return why a thread's work failed; work that has not begun may be cancelled at exit."""
    if ended.cancelled():
        return RuntimeError("the work was cancelled before it began")
    error = ended.exception()
    return error if error is None or isinstance(error, Exception) else RuntimeError(str(error))


def _nothing() -> None:
    """Do nothing after a write."""


def _write_batch(batch: list[tuple[int, bytes, int, OnWritten]]) -> list[Exception | None]:
    results: list[Exception | None] = []
    for descriptor, data, offset, _ in batch:
        try:  # without `guarded`: there is one for each block
            write_all(descriptor, memoryview(data), offset)
        except Exception as error:  # noqa: BLE001 (every error of a file is reported)
            results.append(error)
        else:
            results.append(None)
    return results
