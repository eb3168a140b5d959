"""What `cp` shows on a terminal: two lines while it copies, and one when it is done.

    12/340 files 45.2/123.4 MB 11.3 MB/s 0:00:07 ━━━━━━━━─────
    deep/er/largest file under way 30.1/64.0 MB

The first line is for a source as a whole, the second for the file with the most left to do,
never for one that is done.  Both are erased when the source is done or has failed.
"""

from __future__ import annotations

import sys
import time
from collections import deque
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from ssh_wire.text import printable

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult

__all__ = ["ProgressDisplay", "ProgressLines", "TransferProgress", "show_progress", "summary_line"]

_REFRESHES: Final = 10  # a second
_WINDOW: Final = 5.0  # seconds that the rate is taken from
_MARGIN: Final = 2  # for the "^C" that a terminal writes: a line that it fills would wrap
_LEAST_NAME: Final = 10
_LEAST_BAR: Final = 8
_MOST_BAR: Final = 30
_UNITS: Final = ("bytes", "kB", "MB", "GB", "TB", "PB", "EB")
_STEP: Final = 1000
_HOUR: Final = 3600
_DAY: Final = 24 * _HOUR


class TransferProgress:
    """Adds up what a transfer tells: files that were found, and bytes that have moved.

    Args:
        base: what the paths of the transfer begin with; it is left out.
        clock: tells the time in seconds.
    """

    def __init__(self, base: str = "", clock: Callable[[], float] = time.monotonic) -> None:
        self._base = base.rstrip("/") + "/"
        self._clock = clock
        self._samples: deque[tuple[float, int]] = deque()
        self._open: dict[str, tuple[int, int]] = {}
        self._finished = 0
        self.files_found: int = 0
        self.files_done: int = 0
        self.bytes_found: int = 0
        self.sizes_known: bool = True
        self._samples.append((clock(), 0))

    def found(self, _path: str, size: int | None) -> None:
        """Learn of a file that will be copied."""
        self.files_found += 1
        self.bytes_found += size or 0
        self.sizes_known = self.sizes_known and size is not None

    def moved(self, done: int, total: int | None, path: str) -> None:
        """Learn how much of a file is copied."""
        if total is not None and done >= total:
            self._open.pop(path, None)
            self._finished += done
            self.files_done += 1
        else:
            self._open[path] = done, total or 0

    @property
    def bytes_done(self) -> int:
        """How many bytes have moved."""
        return self._finished + sum(done for done, _ in [*self._open.values()])

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
    def current_file(self) -> tuple[str, int, int] | None:
        """The file with the most left to do: its path, its bytes so far, and all of them."""
        begun = [*self._open.items()]
        if not begun:
            return None
        path, (done, total) = max(begun, key=lambda each: each[1][1] - each[1][0])
        return path.removeprefix(self._base), done, total


class ProgressLines:
    """The lines for the present state of a transfer; rich asks for them."""

    def __init__(self, progress: TransferProgress, *, ascii_only: bool = False) -> None:
        self._progress = progress
        self._full, self._empty = "#." if ascii_only else "━─"

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Render the lines."""
        from rich.text import Text  # only for a terminal

        del console
        for line in self.lines(options.max_width - _MARGIN):
            yield Text(line, no_wrap=True, overflow="crop")

    def lines(self, width: int) -> list[str]:
        """Return the lines for a terminal of so many columns."""
        lines = [self._total(width)]
        current_file = self._progress.current_file
        if current_file is not None and self._progress.files_found > 1:
            name, done, total = current_file
            size = format_bytes_of_total(done, total) if total else format_bytes(done)
            room = width - len(size) - 1
            if room < _LEAST_NAME:
                lines.append(truncate_start(name, width))
            else:
                lines.append(f"{truncate_start(name, room)} {size}")
        return lines

    def _total(self, width: int) -> str:
        progress = self._progress
        done, total = progress.bytes_done, progress.bytes_found
        rate = progress.rate
        files = (
            f"{progress.files_done}/{progress.files_found} files"
            if progress.files_found > 1
            else ""
        )
        size = format_bytes_of_total(done, total) if progress.sizes_known else format_bytes(done)
        speed = f"{format_bytes(rate)}/s"
        left = (
            format_duration((total - done) / rate) if progress.sizes_known and rate else "-:--:--"
        )
        for parts in (
            (files, size, speed, left),
            (files.removesuffix(" files"), size, speed, left),
            (files.removesuffix(" files"), size, left),
        ):
            text = " ".join(filter(None, parts))
            if len(text) <= width:
                return text + self._bar(width - len(text), done, total)
        return truncate_start(size, width)

    def _bar(self, room: int, done: int, total: int) -> str:
        columns = min(room - 1, _MOST_BAR)
        if columns < _LEAST_BAR or not self._progress.sizes_known or not total:
            return ""
        full = min(columns, columns * done // total)
        return " " + self._full * full + self._empty * (columns - full)


class ProgressDisplay:
    """Shows transfers on a console; without one it shows nothing."""

    def __init__(self, console: Console | None) -> None:
        self._console = console
        self._seconds = 0.0

    @contextmanager
    def transfer(self, base: str) -> Generator[TransferProgress | None]:
        """Show a transfer for the length of the block; give what is to be told of it.

        Args:
            base: what the paths of its files begin with.
        """
        if self._console is None:
            yield None
            return
        from rich.live import Live  # only for a terminal

        progress = TransferProgress(printable(base))
        display = ProgressLines(progress, ascii_only=self._console.options.ascii_only)
        live = Live(display, console=self._console, transient=True, refresh_per_second=_REFRESHES)
        begun = time.monotonic()
        try:
            with live:
                yield progress
        finally:
            self._seconds += time.monotonic() - begun

    def close(self, files: int, size: int) -> None:
        """Say what was copied in all."""
        if self._console is not None:
            self._console.out(summary_line(files, size, self._seconds), highlight=False)


@contextmanager
def show_progress(*, quiet: bool) -> Generator[ProgressDisplay]:
    """Show transfers on standard error if that is a terminal, for the length of the block."""
    if quiet or not sys.stderr.isatty():
        yield ProgressDisplay(None)
        return
    from rich.console import Console  # only for a terminal

    yield ProgressDisplay(Console(stderr=True))


def summary_line(files: int, size: int, seconds: float) -> str:
    """Say what was copied, and how long it took."""
    count = "1 file" if files == 1 else f"{files} files"
    return f"{count}, {format_bytes(size)}, {seconds:.1f} s"


def format_bytes(size: float) -> str:
    """Return a number of bytes with its unit."""
    unit, scaled = _scaled(size)
    return f"{scaled:.0f} {unit}" if unit == _UNITS[0] else f"{scaled:.1f} {unit}"


def format_bytes_of_total(done: int, total: int) -> str:
    """Return how many bytes of how many, with the unit of all."""
    unit, scaled = _scaled(total)
    if unit == _UNITS[0]:
        return f"{done}/{total} {unit}"
    return f"{done * scaled / total:.1f}/{scaled:.1f} {unit}"


def _scaled(size: float) -> tuple[str, float]:
    for unit in _UNITS[:-1]:
        if size < _STEP:
            return unit, size
        size /= _STEP
    return _UNITS[-1], size


def format_duration(seconds: float) -> str:
    """Return a time as hours, minutes and seconds; as days where it is very long."""
    whole = max(0, round(seconds))
    if whole >= 100 * _HOUR:
        return f"{whole // _DAY} days"
    return f"{whole // _HOUR}:{whole // 60 % 60:02}:{whole % 60:02}"


def truncate_start(name: str, width: int) -> str:
    """Return the end of a name that fits into so many columns."""
    from rich.cells import cell_len  # only for a terminal

    if cell_len(name) <= width:
        return name
    while name and cell_len(name) > width - 1:
        name = name[1:]
    return f"…{name}" if width > 0 else ""
