from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from ssh_sftp.aio import TransferProgress
from ssh_stack.cli.progress import (
    ProgressDisplay,
    ProgressLines,
    format_bytes,
    format_bytes_of_total,
    format_duration,
    summary_line,
    truncate_start,
)
from ssh_wire.text import printable


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def moves(
    *files: tuple[str, int | None], clock: Callable[[], float] | None = None
) -> TransferProgress:
    made = TransferProgress(clock=clock or Clock())
    for name, size in files:
        made.found(f"/t/{name}", size)
    return made


def rendered(display: ProgressLines, width: int) -> list[str]:
    """What a terminal of so many columns shows, line by line."""
    file = io.StringIO()
    console = Console(width=width, file=file, force_terminal=False, color_system=None)
    console.print(display, end="")
    return file.getvalue().splitlines()


def test_progress_of_tree_has_files_bytes_rate_and_time_left() -> None:
    clock = Clock()
    told = moves(("a", 40_000_000), ("d/b", 20_000_000), ("c", 5), clock=clock)
    told(5, 5, "/t/c")
    clock.now += 2.0
    told(10_000_000, 40_000_000, "/t/a")
    told(19_000_000, 20_000_000, "/t/d/b")
    first, *running = rendered(ProgressLines(told, "/t"), 80)

    assert first.startswith("1/3 files 29.0/60.0 MB 14.5 MB/s 0:00:02 ━")
    assert running == ["a 10.0/40.0 MB", "d/b 19.0/20.0 MB"]


def test_each_running_file_has_a_line_until_the_terminal_is_full() -> None:
    """Then those with the most left to do have one, in the order in which they began."""
    told = moves(*((str(number), 100) for number in range(20)))
    for number in range(9):
        told(10 * number, 100, f"/t/{number}")
    lines = ProgressLines(told, "/t").lines(60)
    assert lines[1:] == [f"{number} {10 * number}/100 bytes" for number in range(9)]

    told(90, 100, "/t/9")
    lines = ProgressLines(told, "/t").lines(60)
    assert lines[1:] == [*(f"{n} {10 * n}/100 bytes" for n in range(8)), "and 2 more"]
    lines = ProgressLines(told, "/t").lines(60, 4)
    assert lines[1:] == ["0 0/100 bytes", "1 10/100 bytes", "and 8 more"]


def test_finished_file_has_no_line_of_its_own() -> None:
    told = moves(("a", 10), ("b", 10))
    told(10, 10, "/t/a")
    lines = rendered(ProgressLines(told, "/t"), 80)

    assert len(lines) == 1
    assert lines[0].startswith("1/2 files 10/20 bytes")


def test_progress_of_one_file_has_one_line() -> None:
    told = moves(("a", 10_000_000))
    told(4_000_000, 10_000_000, "/t/a")
    (line,) = rendered(ProgressLines(told, "/t"), 60)

    assert line.startswith("4.0/10.0 MB")
    assert "files" not in line
    assert 0 < line.count("━") < line.count("━") + line.count("─")


def test_progress_with_unknown_sizes_has_no_bar_and_no_time_left() -> None:
    clock = Clock()
    told = moves(("a", None), ("b", 5), clock=clock)
    clock.now += 1.0
    told(2_000_000, None, "/t/a")
    first, second = rendered(ProgressLines(told, "/t"), 80)

    assert first == "0/2 files 2.0 MB 2.0 MB/s -:--:--"
    assert second == "a 2.0 MB"


def test_rate_is_average_of_last_seconds() -> None:
    clock = Clock()
    told = moves(("a", 10**9), clock=clock)
    for second in range(1, 20):
        clock.now += 1.0
        told(10**6 * min(second, 10), 10**9, "/t/a")
        told.bytes_found = round(told.rate)  # as a display asks, again and again
    assert told.bytes_found == 0


@pytest.mark.parametrize("width", [50, 40, 30, 20])
def test_progress_lines_fit_narrow_terminal(width: int) -> None:
    clock = Clock()
    name = "deep/er/naïve 中文 name of file"
    told = moves(*((f"{name} {n}", 10**9) for n in range(1234)), clock=clock)
    clock.now += 1.0
    told(999_900_000, 10**9, f"/t/{name} 7")
    lines = rendered(ProgressLines(told, "/t"), width)

    assert len(lines) == 2
    assert all(cell_len(line) <= width - 2 for line in lines)  # room for "^C"
    if width == 50:
        assert lines == [
            "0/1234 files 0.0/1.2 TB 999.9 MB/s 0:20:33",
            "deep/er/naïve 中文 name of file 7 1.0/1.0 GB",
        ]


@given(
    sizes=st.lists(st.one_of(st.none(), st.integers(0, 10**15)), min_size=1, max_size=5),
    names=st.text(min_size=1, max_size=100).map(printable),
    width=st.integers(10, 120),
    seconds=st.floats(0, 1000),
)
def test_progress_lines_fit_any_width(
    sizes: list[int | None], names: str, width: int, seconds: float
) -> None:
    clock = Clock()
    told = moves(*((f"{names}{n}", size) for n, size in enumerate(sizes)), clock=clock)
    clock.now += seconds
    for number, size in enumerate(sizes):
        told((size or 7) // 2, size, f"/t/{names}{number}")
    lines = ProgressLines(told, "/t").lines(width)

    assert 1 <= len(lines) <= 1 + len(sizes)
    assert all(cell_len(line) <= width for line in lines)


def test_progress_bar_is_ascii_on_ascii_terminal() -> None:
    told = moves(("a", 10))
    told(5, 10, "/t/a")
    (line,) = ProgressLines(told, "/t", ascii_only=True).lines(60)

    assert "#####" in line
    assert line.isascii()


def test_progress_is_erased_when_transfer_fails() -> None:
    """What is written to the terminal ends where it began, also after an error."""
    file = io.StringIO()
    console = Console(width=50, file=file, force_terminal=True)
    printed = ProgressDisplay(console)

    def fail() -> None:
        with printed.transfer("/t") as told:
            assert told is not None
            told.found("/t/a", 10)
            told.found("/t/b", 10)
            told(5, 10, "/t/a")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    output = file.getvalue()

    assert "0/2 files" in output
    assert output.endswith("\x1b[2K") or output.rstrip("\x1b[?25h").endswith("\x1b[2K")
    assert output.count("\x1b[?25l") == output.count("\x1b[?25h")


def test_summary_line_names_files_bytes_and_seconds() -> None:
    file = io.StringIO()
    printed = ProgressDisplay(Console(width=50, file=file, force_terminal=True))
    printed.close(22, 3_000_000)

    assert file.getvalue() == "22 files, 3.0 MB, 0.0 s\n"
    assert summary_line(1, 5, 61.04) == "1 file, 5 bytes, 61.0 s"
    ProgressDisplay(None).close(1, 1)


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 bytes"), (999, "999 bytes"), (1000, "1.0 kB"), (8_589_934_592, "8.6 GB")],
)
def test_bytes_are_formatted_with_decimal_units(size: int, text: str) -> None:
    assert format_bytes(size) == text
    assert format_bytes_of_total(size, size) == f"{text.split(maxsplit=1)[0]}/{text}"


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0:00:00"), (3_725.4, "1:02:05"), (10**7, "115 days")]
)
def test_duration_is_formatted_as_hours_minutes_seconds_or_days(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text


@pytest.mark.parametrize(
    ("name", "width", "text"),
    [("short", 5, "short"), ("longer", 5, "…nger"), ("中文字", 5, "…文字"), ("x" * 9, 0, "")],
)
def test_long_name_is_truncated_at_start(name: str, width: int, text: str) -> None:
    assert truncate_start(name, width) == text
