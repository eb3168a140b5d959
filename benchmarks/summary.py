"""Medians and ratios of what was measured, and who leads."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

import attrs

from benchmarks.contenders import OURS
from benchmarks.figures import Figure
from benchmarks.task import GIB

if TYPE_CHECKING:
    from benchmarks.rounds import Measured, Results


@attrs.frozen
class Summary:
    """One contender's medians for one figure; a stream's seconds are those of a GiB."""

    figure: Figure
    contender: str
    wall: float
    cpu: float
    peak: int
    """In KiB."""
    net_wall: float
    """The wall time without connecting, where that is in it."""
    net_cpu: float
    size: int
    """The bytes of a stream that it was measured with."""

    @property
    def rate(self) -> float:
        """Millions of bytes per second."""
        return GIB / self.wall / 1e6

    def ratios(self, other: Summary) -> tuple[float, float]:
        """Wall time and processor time, divided by those of another, its net ones."""
        return self.net_wall / other.net_wall, self.net_cpu / other.net_cpu


def summarise(results: Results, figures: tuple[Figure, ...]) -> list[Summary]:
    """The medians by figure and contender."""
    found: list[Summary] = []
    for figure in figures:
        rows = [row for row in results.measured if row.figure == figure.name]
        names = sorted({row.contender for row in rows})
        found += [_summary(figure, [row for row in rows if row.contender == n]) for n in names]
    return found


def verdict(figure: Figure, summaries: list[Summary]) -> str:
    """Whether ours leads in a figure, and if not, who does and by how much."""
    rows = {row.contender: row for row in summaries if row.figure == figure}
    ours = rows.pop(OURS, None)
    if ours is None:
        return "ours was not measured"
    behind: list[str] = []
    for name, row in rows.items():
        named = zip(("wall", "CPU"), ours.ratios(row), strict=True)
        behind += [f"{name} (×{ratio:.2f} its {what})" for what, ratio in named if ratio > 1]
    return f"behind {', '.join(behind)}" if behind else "leads"


def _summary(figure: Figure, rows: list[Measured]) -> Summary:
    size = rows[0].size
    scale = GIB / size if figure.kind == "bulk" else 1.0
    walls = [row.sample["wall"] * scale for row in rows]
    cpus = [row.sample["cpu"] * scale for row in rows]
    # connecting is paid once, whatever the size: it comes off before the scaling
    nets = [row.overhead or {"wall": 0.0, "cpu": 0.0} for row in rows]
    return Summary(
        figure=figure,
        contender=rows[0].contender,
        wall=median(walls),
        cpu=median(cpus),
        peak=round(median(row.sample["peak"] for row in rows)),
        net_wall=median(w - n["wall"] * scale for w, n in zip(walls, nets, strict=True)),
        net_cpu=median(c - n["cpu"] * scale for c, n in zip(cpus, nets, strict=True)),
        size=size,
    )
