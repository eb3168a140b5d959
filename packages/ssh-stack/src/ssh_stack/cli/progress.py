"""Progress bars: one for each source, with all the files that it has."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, TypeAlias

from ssh_wire.text import printable

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID

__all__ = ["Bars", "Callback", "bars"]

Callback: TypeAlias = Callable[[int, int | None, str], None]
"""What a transfer calls: a file's bytes so far, all of its bytes, its path."""

_INTERVAL: Final = 0.1
_NAME: Final = 40


class Bars:
    """Makes the callback of each transfer; without a display it makes none."""

    def __init__(self, display: RichProgress | None) -> None:
        self._display = display

    @contextmanager
    def transfer(self, name: str) -> Generator[Callback | None]:
        """Show a bar for the length of the block; give the callback that moves it."""
        if self._display is None:
            yield None
            return
        task = self._display.add_task(_short(name), total=None)
        bar = _Bar(self._display, task)
        try:
            yield bar.moved
        finally:
            bar.show(ended=True)
            self._display.stop_task(task)


class _Bar:
    """Adds up the files of one transfer; redraws as often as an eye can follow."""

    def __init__(self, display: RichProgress, task: TaskID) -> None:
        self._display = display
        self._task = task
        self._open: dict[str, tuple[int, int]] = {}
        self._finished = 0
        self._name = ""
        self._next = 0.0

    def moved(self, done: int, total: int | None, path: str) -> None:
        self._name = path
        if total is not None and done >= total:
            self._open.pop(path, None)
            self._finished += done
        else:
            self._open[path] = done, total or 0
        now = time.monotonic()
        if now >= self._next:
            self._next = now + _INTERVAL
            self.show(ended=False)

    def show(self, *, ended: bool) -> None:
        done = self._finished + sum(each for each, _ in self._open.values())
        known = self._finished + sum(max(each) for each in self._open.values())
        name = _short(self._name) if self._name else None
        total = done if ended else known
        if name is None:
            self._display.update(self._task, completed=done, total=total)
        else:
            self._display.update(self._task, completed=done, total=total, description=name)


def _short(name: str) -> str:
    shown = printable(name)
    return shown if len(shown) <= _NAME else f"…{shown[1 - _NAME :]}"


@contextmanager
def bars(*, quiet: bool) -> Generator[Bars]:
    """Show bars on standard error if that is a terminal, for the length of the block."""
    if quiet or not sys.stderr.isatty():
        yield Bars(None)
        return
    from rich.console import Console  # noqa: PLC0415 (only for a terminal)
    from rich.progress import (  # noqa: PLC0415
        BarColumn,
        DownloadColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as display:
        yield Bars(display)
