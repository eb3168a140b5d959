"""What a display of transfers needs: totals, the rate, and the files that are under way."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import Final

from ssh_wire import UsageError, lazy_attrs

__all__ = ["RunningFile", "TransferProgress"]

_WINDOW: Final = 5.0  # seconds that the rate is taken from


@lazy_attrs.frozen
class RunningFile:
    """A file that is under way.

    Attributes:
        path: its path on the server.
        done: the bytes that are transferred.
        size: all its bytes, if they are known.
    """

    path: str
    done: int
    size: int | None


class TransferProgress:
    """Adds up what transfers report; `progress=` of `get`, `put`, `sync` and `copy_to` takes it.

        progress = TransferProgress(lambda now: print(now.bytes_done, now.bytes_found))
        await sftp.get("/srv/data", "data", recursive=True, progress=progress)

    Any thread may read it at any time.  Several transfers may have the same one: it is their sum.

    Attributes:
        files_found: how many files the transfers have, as far as they are listed.
        files_done: how many of them are transferred; those of unknown size do not count.
        bytes_found: how many bytes they have, as far as that is known.
        sizes_known: whether the size of each is known.

    Args:
        on_change: called with it while bytes move, in the thread of the transfer.
        interval: the least seconds between two of these calls; when all files that are found are
            done it is called in any case.
        clock: returns the time in seconds.

    Raises:
        UsageError: the interval is negative.
    """

    def __init__(
        self,
        on_change: Callable[[TransferProgress], None] | None = None,
        *,
        interval: float = 0.1,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if not interval >= 0:
            problem = f"interval={interval!r} is not a number of seconds from 0"
            raise UsageError(problem)
        self._on_change = on_change
        self._interval = interval
        self._clock = clock
        self._told: float | None = None
        self._running: dict[str, tuple[int, int | None]] = {}
        self._finished = 0
        self.files_found: int = 0
        self.files_done: int = 0
        self.bytes_found: int = 0
        self.sizes_known: bool = True
        self._samples: deque[tuple[float, int]] = deque([(clock(), 0)])

    def found(self, _path: str, size: int | None) -> None:
        """Learn of a file that will be transferred; a transfer calls it."""
        self.files_found += 1
        self.bytes_found += size or 0
        self.sizes_known = self.sizes_known and size is not None

    def __call__(self, done: int, total: int | None, path: str) -> None:
        """Learn how much of a file is transferred; a transfer calls it."""
        if total is not None and done >= total:
            self._running.pop(path, None)
            self._finished += done
            self.files_done += 1
        else:
            self._running[path] = done, total
        self._tell()

    def _tell(self) -> None:
        """Call `on_change` if it is time."""
        if self._on_change is None:
            return
        now = self._clock()
        is_due = self._told is None or now - self._told >= self._interval
        if is_due or (not self._running and self.files_done >= self.files_found):
            self._told = now
            self._on_change(self)

    @property
    def bytes_done(self) -> int:
        """How many bytes have moved."""
        return self._finished + sum(done for done, _ in [*self._running.values()])

    @property
    def rate(self) -> float:
        """Bytes a second, over the last few seconds."""
        now, done = self._clock(), self.bytes_done
        self._samples.append((now, done))
        while len(self._samples) > 2 and now - self._samples[0][0] > _WINDOW:  # noqa: PLR2004 (a difference needs two)
            self._samples.popleft()
        then, before = self._samples[0]
        return (done - before) / (now - then) if now > then else 0.0

    @property
    def seconds_left(self) -> float | None:
        """How long the files that are found take at this rate; None if it is not known."""
        rate = self.rate
        if not self.sizes_known or not rate:
            return None
        return max(0.0, (self.bytes_found - self.bytes_done) / rate)

    @property
    def running(self) -> tuple[RunningFile, ...]:
        """The files that are under way, in the order in which they began."""
        begun = [*self._running.items()]
        return tuple(RunningFile(path, done, size) for path, (done, size) in begun)
