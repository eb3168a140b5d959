"""The result as a table and as JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import attrs
from rich.console import Console
from rich.table import Table

from benchmarks.contenders import OURS
from benchmarks.summary import verdict
from benchmarks.task import GIB

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.figures import Figure
    from benchmarks.rounds import Results
    from benchmarks.summary import Summary

_WIDTH: Final = 160
_COLUMNS: Final = (OURS, "OpenSSH", "AsyncSSH", "Paramiko")


def show(
    facts: dict[str, str], figures: tuple[Figure, ...], summaries: list[Summary], results: Results
) -> None:
    """Print the table, then who leads where."""
    console = Console(width=_WIDTH, highlight=False)
    table = Table(
        title="Medians, of streams per GiB; ×: ours divided by theirs, below 1 ours is better"
    )
    table.add_column("figure", width=24)
    for name in _COLUMNS:
        table.add_column(name)
    by_place = {(row.figure.name, row.contender): row for row in summaries}
    for figure in figures:
        ours = by_place.get((figure.name, OURS))
        cells = [
            _cell(
                by_place.get((figure.name, name)), ours, results.failures.get((figure.name, name))
            )
            for name in _COLUMNS
        ]
        table.add_row(_title(figure), *cells, end_section=True)
    console.print(table)
    console.print(" · ".join(f"{name}: {value}" for name, value in facts.items()), style="dim")
    for figure in figures:
        console.print(f"{figure.name:>9}: {verdict(figure, summaries)}")
    for (name, contender), reason in results.failures.items():
        console.print(f"{name}: {contender} failed: {reason}", markup=False)


def store(
    path: Path,
    facts: dict[str, str],
    settings: dict[str, Any],
    summaries: list[Summary],
    results: Results,
) -> None:
    """Write everything that is known, down to the single measurement."""
    ours = {row.figure.name: row for row in summaries if row.contender == OURS}
    document = {
        "facts": facts,
        "settings": settings,
        "medians": [_row(row, ours.get(row.figure.name)) for row in summaries],
        "measurements": [attrs.asdict(row) for row in results.measured],
        "failures": [
            {"figure": figure, "contender": contender, "reason": reason}
            for (figure, contender), reason in results.failures.items()
        ],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=1) + "\n")


def _row(row: Summary, ours: Summary | None) -> dict[str, Any]:
    document = {**attrs.asdict(row), "figure": row.figure.name}
    if row.figure.kind == "bulk":
        document["mb_per_second"] = row.rate
    else:
        del document["size"]
    if ours is not None and row.contender != OURS:
        document["ours_wall"], document["ours_cpu"] = ours.ratios(row)
    return document


def _title(figure: Figure) -> str:
    note = f"\n(OpenSSH: {figure.openssh})" if figure.openssh else ""
    return f"[bold]{figure.name}[/bold]\n{figure.title}{note}"


def _cell(row: Summary | None, ours: Summary | None, failure: str | None) -> str:
    if row is None:
        return "failed" if failure else "–"
    lines = [_times(row), f"{row.peak / 1024:.0f} MiB"]
    if row.net_wall != row.wall:
        lines.append(f"net {_seconds(row.net_wall)} · CPU {_seconds(row.net_cpu)}")
    if row.figure.kind == "bulk" and ours is not None and row.size != ours.size:
        lines[-1] += f" · with {row.size / GIB:.3g} GiB"
    if ours is not None and row is not ours:
        wall, cpu = ours.ratios(row)
        lines.append(f"× {_ratio(wall)} wall · × {_ratio(cpu)} CPU")
    return "\n".join(lines)


def _times(row: Summary) -> str:
    if row.figure.kind == "bulk":
        return f"[bold]{row.rate:.0f} MB/s[/bold] · {row.wall:.2f} s · CPU {row.cpu:.2f} s"
    return f"[bold]{_seconds(row.wall)}[/bold] · CPU {_seconds(row.cpu)}"


def _seconds(value: float) -> str:
    return f"{value:.2f} s" if value >= 1 else f"{value * 1000:.3g} ms"


def _ratio(value: float) -> str:
    text = f"{value:.2f}"
    return f"[green]{text}[/green]" if value <= 1 else f"[red]{text}[/red]"
