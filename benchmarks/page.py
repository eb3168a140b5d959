"""The result as the table of docs/explanations/performance.md."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from benchmarks.contenders import OURS

if TYPE_CHECKING:
    from benchmarks.figures import Figure
    from benchmarks.summary import Summary

_OTHERS: Final = ("OpenSSH", "AsyncSSH", "Paramiko")
_NOTE: Final = "% Written by `python -m benchmarks --page FILE`; do not edit."


def page(facts: dict[str, str], figures: tuple[Figure, ...], summaries: list[Summary]) -> str:
    """Return the table as Markdown, with the facts of the machine below it."""
    rows = {(row.figure.name, row.contender): row for row in summaries}
    heads = ("figure", OURS, *(f"wall, CPU of {name}" for name in _OTHERS))
    lines = [_NOTE, "", f"| {' | '.join(heads)} |", f"|{'---|' * len(heads)}"]
    for figure in figures:
        ours = rows.get((figure.name, OURS))
        if ours is not None:
            ratios = (_ratios(ours, rows.get((figure.name, name))) for name in _OTHERS)
            lines.append(f"| {figure.title} | {_own(figure, ours)} | {' | '.join(ratios)} |")
    lines += ["", "; ".join(f"{name}: {value}" for name, value in facts.items()), ""]
    return "\n".join(lines)


def _own(figure: Figure, row: Summary) -> str:
    if figure.kind == "bulk":
        return f"{row.rate:.0f} MB/s, {row.cpu:.2f} s CPU per GiB"
    return f"{row.wall * 1000:.3g} ms, {row.cpu * 1000:.3g} ms CPU"


def _ratios(ours: Summary, other: Summary | None) -> str:
    if other is None:
        return "–"
    wall, cpu = ours.ratios(other)
    return f"× {wall:.2f}, × {cpu:.2f}"
