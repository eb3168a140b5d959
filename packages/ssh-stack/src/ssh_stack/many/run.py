"""Hosts that are worked on: as many tasks as hosts at once, whatever the number of hosts."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from ssh_stack.many.results import HostResult, HostResults
from ssh_wire import SSHError, lazy_attrs
from ssh_wire.aio import timeout

if TYPE_CHECKING:
    from ssh_stack.client.connecting import Connect
    from ssh_stack.client.connection import Connection

__all__ = ["FanOut", "HostRun"]

T = TypeVar("T")


@lazy_attrs.frozen
class FanOut(Generic[T]):
    """What to do on which hosts."""

    hosts: Sequence[str]
    connect: Callable[[str], Connect]
    """Prepares the connection to a host."""
    work: Callable[[Connection], Awaitable[T]]
    """What is done on each."""
    at_once: int
    """How many hosts at once."""
    seconds: float | None
    """The most time of one host."""


class HostRun(Generic[T]):
    """Work on many hosts: gives the result of each as soon as there is one.

    `async for result in run` gives them in the order of completion, `await run.results()` those
    that were not given yet, by their hosts.  A host is begun when there is room for its result:
    whoever takes results slowly is not overrun.
    """

    def __init__(self, plan: FanOut[T]) -> None:
        self._plan = plan
        self._waiting = iter(plan.hosts)
        self._running: dict[str, None] = {}
        self._ready = asyncio.Queue[HostResult[T] | None](plan.at_once)
        self._given = 0
        self._done = 0
        self._failed = 0
        self._closed = False
        loop = asyncio.get_running_loop()
        workers = min(plan.at_once, len(plan.hosts))
        self._workers: Final = [loop.create_task(self._serve()) for _ in range(workers)]

    # ------------------------------------------------------------- progress

    @property
    def total(self) -> int:
        """How many hosts there are."""
        return len(self._plan.hosts)

    @property
    def done(self) -> int:
        """How many hosts have a result."""
        return self._done

    @property
    def failed(self) -> int:
        """How many of these have failed."""
        return self._failed

    @property
    def running(self) -> tuple[str, ...]:
        """The hosts that are worked on now."""
        return tuple(self._running)

    # ------------------------------------------------------------- results

    def __aiter__(self) -> HostRun[T]:
        return self

    async def __anext__(self) -> HostResult[T]:
        if self._closed or self._given == self.total:
            raise StopAsyncIteration
        self._given += 1  # before the wait: two tasks may take results
        try:
            result = await self._ready.get()
        except BaseException:
            self._given -= 1
            raise
        if result is None:
            self._ready.put_nowait(None)  # for whoever waits, too
            raise StopAsyncIteration
        return result

    async def results(self) -> HostResults[T]:
        """Wait for all hosts; return the results that iteration has not given yet."""
        found = {result.host: result async for result in self}
        return HostResults({host: found[host] for host in self._plan.hosts if host in found})

    async def close(self) -> None:
        """Cancel the work that goes on, which ends it at the hosts too, in bounded time."""
        self._closed = True
        for worker in self._workers:
            worker.cancel()
        await asyncio.gather(*self._workers, return_exceptions=True)
        while not self._ready.empty():
            self._ready.get_nowait()
        self._ready.put_nowait(None)  # wakes whoever waits for a result

    # ------------------------------------------------------------- work

    async def _serve(self) -> None:
        """Work on one host after another."""
        for host in self._waiting:
            self._running[host] = None
            try:
                result = await self._work_on(host)
            finally:
                del self._running[host]
            self._done += 1
            self._failed += not result.ok
            await self._ready.put(result)

    async def _work_on(self, host: str) -> HostResult[T]:
        """Connect, work, disconnect; a failure of any kind is a result."""
        loop = asyncio.get_running_loop()
        started = loop.time()
        clock = timeout(self._plan.seconds)
        try:
            async with clock, self._plan.connect(host) as conn:
                value = await self._plan.work(conn)
        except Exception as error:  # noqa: BLE001 (whatever the work raises is the host's result)
            failure = self._timed_out(host) if clock.expired() else error
        except asyncio.CancelledError as error:
            if self._closed or _is_being_cancelled():
                raise
            failure = SSHError(f"the work on {host} has cancelled itself")
            failure.__cause__ = error
        else:
            return HostResult(host, value, None, loop.time() - started)
        return HostResult(host, None, failure, loop.time() - started)

    def _timed_out(self, host: str) -> Exception:
        from ssh_connection import SSHTimeout  # only where one takes too long

        return SSHTimeout("host", self._plan.seconds or 0.0, doing=f"working on {host}")


def _is_being_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
