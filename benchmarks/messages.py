"""The codecs of hot messages beside AsyncSSH's and Paramiko's: `python -m benchmarks.messages`.

Needs no server and no engine.  Every round measures each message with each library in
turn; what is told is the median of the rounds and ours divided by theirs.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from typing import Final

from rich.console import Console
from rich.table import Table

from benchmarks.codecs import CODECS, Codec
from benchmarks.contenders import OURS, ROOT

_CONTENDERS: Final = (OURS, "AsyncSSH", "Paramiko")
_SECONDS: Final = 0.05
"""How long one measurement is to take, about."""

Row = dict[str, float]


def per_call(function: Callable[[], object]) -> float:
    """Microseconds of processor time that one call needs."""
    count = 1
    while (spent := _spent(function, count)) < _SECONDS:
        count *= 4 if spent < _SECONDS / 8 else 2
    return spent / count * 1e6


def _spent(function: Callable[[], object], count: int) -> float:
    before = time.process_time()
    for _ in range(count):
        function()
    return time.process_time() - before


def check(codec: Codec) -> bytes:
    """All encode to the same bytes, and ours decodes them: what is compared is the same work."""
    (encoded,) = {encode() for encode in codec.encode.values()}
    for decode in codec.decode.values():
        decode(encoded)
    return encoded


def measure(rounds: int) -> dict[str, Row]:
    """The medians, by message and contender."""
    found: dict[str, dict[str, list[float]]] = {}
    inputs = {codec.name: check(codec) for codec in CODECS}
    for number in range(rounds):
        first = number % len(_CONTENDERS)
        for codec in CODECS:
            data = inputs[codec.name]
            for name in (*_CONTENDERS[first:], *_CONTENDERS[:first]):
                for what, function in (
                    ("encode", codec.encode[name]),
                    ("decode", partial(codec.decode[name], data)),
                ):
                    row = found.setdefault(f"{codec.name}: {what}", {})
                    row.setdefault(name, []).append(per_call(function))
    return {
        title: {name: median(times) for name, times in row.items()} for title, row in found.items()
    }


def show(rows: dict[str, Row]) -> None:
    """Print the table."""
    table = Table(title="Messages: µs of processor time; ×: ours divided by theirs")
    for column in ("message", *_CONTENDERS):
        table.add_column(column)
    for title, row in rows.items():
        theirs = [_cell(row[OURS], row[name]) for name in _CONTENDERS[1:]]
        table.add_row(title, f"[bold]{row[OURS]:.2f}[/bold]", *theirs)
    Console(highlight=False, width=120).print(table)


def _cell(ours: float, theirs: float) -> str:
    ratio = ours / theirs
    colour = "green" if ratio <= 1 else "red"
    return f"{theirs:.2f} · × [{colour}]{ratio:.2f}[/{colour}]"


def main() -> None:
    """Measure, print, store."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.messages", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="by default 5")
    parser.add_argument("--json", type=Path, metavar="FILE", help="by default in bench-results/")
    arguments = parser.parse_args()
    rows = measure(arguments.rounds)
    show(rows)
    path = arguments.json or ROOT / "bench-results" / "messages.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"rounds": arguments.rounds, "medians": rows}, indent=1) + "\n")
    print(f"stored in {path}")


if __name__ == "__main__":
    main()
