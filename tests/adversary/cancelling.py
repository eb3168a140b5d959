"""Cancels an operation at each of its await points in turn, and looks at what is left.

An await point is where the task that runs the operation gives control to the event loop.
`sweep` runs the operation again and again: cancelled at its first await point, then at its
second, and so on until it ends before it comes to the one that is next.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Generator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias, get_args

import attrs

__all__ = [
    "MOMENTS",
    "Moment",
    "Stepped",
    "leaves_nothing",
    "open_files",
    "processes_with",
    "sweep",
    "until",
]

SECONDS: Final = 20.0
"""How long anything that is awaited here may take before it counts as hanging."""
_MOST_POINTS: Final = 2000
_LONGEST_WAIT: Final = 1.0
"""How long an operation may take to its next await point before it is taken for its last."""

Moment: TypeAlias = Literal["waiting", "arriving"]
"""Cancelled while what it awaits is not there, or in the same turn in which it has arrived."""
MOMENTS: Final[tuple[Moment, ...]] = get_args(Moment)


class Stepped:
    """An operation that cancels its own task at one of its await points.

    Args:
        work: the operation.
        at: the number of the await point, from 0.
        moment: when exactly.
    """

    def __init__(self, work: Coroutine[Any, Any, object], at: int, moment: Moment) -> None:
        self._work = work
        self._at = at
        self._moment = moment
        self.points: int = 0
        self.cancelled: bool = False

    def __await__(self) -> Generator[Any, Any, object]:
        steps = self._work.__await__()
        error: BaseException | None = None
        while True:
            try:
                awaited = steps.send(None) if error is None else steps.throw(error)
            except StopIteration as stop:
                return stop.value
            if self.points == self._at:
                self._cancel(awaited)
            self.points += 1
            error = None
            try:
                yield awaited
            except BaseException as raised:  # noqa: BLE001 (it is raised in the operation)
                error = raised

    def _cancel(self, awaited: asyncio.Future[object] | None) -> None:
        task = asyncio.current_task()
        assert task is not None

        def cancel(*_: object) -> None:
            self.cancelled = True
            task.cancel()

        if self._moment == "arriving" and awaited is not None:
            # called before the task is woken, which cannot prevent its result any more
            awaited.add_done_callback(cancel)
        else:
            asyncio.get_running_loop().call_soon(cancel)


@attrs.frozen
class Swept:
    """What came of a sweep."""

    points: int
    """How many await points the operation was cancelled at."""


async def sweep(
    operation: Callable[[], Coroutine[Any, Any, object]],
    moment: Moment,
    check: Callable[[], Awaitable[None]],
) -> Swept:
    """Cancel an operation at each of its await points; check after each what is left.

    Args:
        operation: begins it again.
        moment: when exactly it is cancelled.
        check: raises AssertionError if something is left, or does not work any more.
    """
    for at in range(_MOST_POINTS):
        stepped = Stepped(operation(), at, moment)
        task = asyncio.get_running_loop().create_task(_run(stepped))
        try:
            await _ended_or_stuck(task, stepped)
            last = not stepped.cancelled
            if last:
                task.cancel()  # where it waits for what never comes
                await asyncio.wait([task], timeout=SECONDS)
                assert task.cancelled() or task.exception() is None, _outcome(task)
            else:
                assert task.cancelled(), f"it ended with {_outcome(task)}"
            await check()
        except AssertionError as failure:
            failure.add_note(f"await point {at}, {moment}")
            raise
        if last:
            return Swept(at)
    raise AssertionError(_MOST_POINTS)


async def _run(stepped: Stepped) -> object:
    return await stepped


async def _ended_or_stuck(task: asyncio.Task[object], stepped: Stepped) -> None:
    """Wait until an operation has ended, or comes to no further await point."""
    await asyncio.sleep(0)  # it begins
    before = -1
    while not task.done() and not stepped.cancelled and before != stepped.points:
        before = stepped.points
        await asyncio.wait([task], timeout=_LONGEST_WAIT)
    if stepped.cancelled:
        await asyncio.wait([task], timeout=SECONDS)
        assert task.done(), "it hangs when it is cancelled"


def _outcome(task: asyncio.Task[object]) -> str:
    error = task.exception()
    return repr(error) if error is not None else f"the result {task.result()!r}"


@asynccontextmanager
async def leaves_nothing() -> AsyncGenerator[Callable[[], Awaitable[None]]]:
    """Give a check that there are as many tasks and descriptors as before.

    It also fails for what is reported to the event loop where no caller is left, and for
    whatever is only noticed by the garbage collector: a future whose error no one has seen.
    """
    loop = asyncio.get_running_loop()
    reported: list[dict[str, Any]] = []
    previous = loop.get_exception_handler()
    loop.set_exception_handler(lambda _, context: reported.append(context))
    tasks, files = asyncio.all_tasks(), open_files()

    def left() -> tuple[object, ...]:
        more = [each for each in asyncio.all_tasks() - tasks if not each.done()]
        return (more, open_files().items() - files.items(), reported)

    async def check() -> None:
        current = asyncio.current_task()
        assert current is not None
        tasks.add(current)
        await until(lambda: not any(left()), left)

    try:
        yield check
        gc.collect()
        await asyncio.sleep(0)
        assert not reported
    finally:
        loop.set_exception_handler(previous)


async def until(holds: Callable[[], bool], state: Callable[[], object]) -> None:
    """Wait until something holds; raise AssertionError with the state if it never does."""
    loop = asyncio.get_running_loop()
    end = loop.time() + SECONDS
    while not holds():
        assert loop.time() < end, state()
        await asyncio.sleep(0.002)


def processes_with(marker: str) -> list[str]:
    """Return the command lines of this machine's processes that have a marker in them."""
    found: list[str] = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):  # it has just ended
            line = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
            if marker in line:
                found.append(line)
    return found


def open_files() -> dict[str, str]:
    """Return what each descriptor of this process is."""
    found: dict[str, str] = {}
    for descriptor in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):  # the one that lists them
            found[descriptor.name] = str(descriptor.readlink())
    return found
