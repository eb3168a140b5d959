"""What `cp` shows on a terminal: some lines while it copies, and one when it is done.

    12/340 files 45.2/123.4 MB 11.3 MB/s 0:00:07 ━━━━━━━━─────
    deep/er/file under way 30.1/64.0 MB
    another 2.0/17.3 MB
    and 3 more

The first line is for a source as a whole, the others for the files that are under way, those with
the most left to do.  All are erased when the source is done or has failed.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from ssh_sftp.aio import RunningFile, TransferProgress
from ssh_wire.text import printable

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult

__all__ = ["ProgressDisplay", "ProgressLines", "show_progress", "summary_line"]

_REFRESHES: Final = 10  # a second
_MARGIN: Final = 2  # for the "^C" that a terminal writes: a line that it fills would wrap
_LEAST_NAME: Final = 10
_LEAST_BAR: Final = 8
_LEAST_LINES: Final = 2
_MOST_FILES: Final = 8  # a line each
_MOST_BAR: Final = 30
_UNITS: Final = ("bytes", "kB", "MB", "GB", "TB", "PB", "EB")
_STEP: Final = 1000
_HOUR: Final = 3600
_DAY: Final = 24 * _HOUR


class ProgressLines:
    """The lines for the present state of a transfer; rich asks for them."""

    def __init__(
        self, progress: TransferProgress, base: str = "", *, ascii_only: bool = False
    ) -> None:
        self._progress = progress
        self._base = base.rstrip("/") + "/"
        self._full, self._empty = "#." if ascii_only else "━─"

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Render the lines."""
        from rich.text import Text  # only for a terminal

        del console
        room = max(_LEAST_LINES, min(_MOST_FILES + _LEAST_LINES, options.max_height - _MARGIN))
        for line in self.lines(options.max_width - _MARGIN, room):
            yield Text(line, no_wrap=True, overflow="crop")

    def lines(self, width: int, height: int = _MOST_FILES + _LEAST_LINES) -> list[str]:
        """Return the lines for a terminal of so many columns, at most `height` of them."""
        if self._progress.files_found <= 1:
            return [self._total(width)]
        running = self._progress.running
        most = height - 1 if len(running) < height else height - _LEAST_LINES
        lines = [
            self._total(width),
            *(self._file(each, width) for each in _largest(running, most)),
        ]
        if len(running) > most:
            lines.append(truncate_start(f"and {len(running) - most} more", width))
        return lines

    def _file(self, file: RunningFile, width: int) -> str:
        name = printable(file.path).removeprefix(self._base)
        done, total = file.done, file.size
        size = format_bytes_of_total(done, total) if total else format_bytes(done)
        room = width - len(size) - 1
        if room < _LEAST_NAME:
            return truncate_start(name, width)
        return f"{truncate_start(name, room)} {size}"

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
        seconds = progress.seconds_left
        left = "-:--:--" if seconds is None else format_duration(seconds)
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

        progress = TransferProgress()
        ascii_only = self._console.options.ascii_only
        display = ProgressLines(progress, printable(base), ascii_only=ascii_only)
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


def _largest(files: Sequence[RunningFile], most: int) -> list[RunningFile]:
    """Return the files with the most left to do, in the order in which they began."""
    by_rest = sorted(files, key=lambda each: (each.size or 0) - each.done, reverse=True)
    chosen = {each.path for each in by_rest[:most]}
    return [each for each in files if each.path in chosen]


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
