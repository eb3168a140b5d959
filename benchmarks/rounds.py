"""The rounds: each figure, each contender in turn, again and again."""

from __future__ import annotations

import sys
from subprocess import SubprocessError
from typing import TYPE_CHECKING

import attrs

from benchmarks.clients.openssh import Failed
from benchmarks.task import Sample

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.bed import Bed
    from benchmarks.contenders import Contender
    from benchmarks.figures import Figure


@attrs.frozen
class Measured:
    """What one contender needed for one figure in one round."""

    round: int
    figure: str
    contender: str
    size: int
    """The bytes of a stream."""
    sample: Sample
    overhead: Sample | None
    """What of the sample is not the figure's: connecting, where it is in it."""


@attrs.frozen
class Results:
    """Everything that was measured, and what could not be."""

    measured: list[Measured] = attrs.field(factory=list[Measured])
    failures: dict[tuple[str, str], str] = attrs.field(factory=dict[tuple[str, str], str])


def run(
    bed: Bed, figures: Sequence[Figure], contenders: Sequence[Contender], rounds: int, size: int
) -> Results:
    """Measure; each round begins with another contender."""
    results = Results()
    for number in range(rounds):
        first = number % len(contenders)
        order = [*contenders[first:], *contenders[:first]]
        for figure in figures:
            for contender in order:
                _measure(bed, figure, contender, number, size, results)
    return results


def _measure(
    bed: Bed, figure: Figure, contender: Contender, number: int, size: int, results: Results
) -> None:
    bed.clean()
    bed.even_out(figure, size)
    size = min(size, contender.most or size)
    try:
        outcome = contender.measure(figure, bed.task(figure, size))
        if outcome is None:
            return
        bed.check(figure, size)
    except (Failed, ValueError, OSError, SubprocessError) as error:
        results.failures[figure.name, contender.name] = str(error)
        last = str(error).strip().rpartition("\n")[2]
        _say(f"round {number + 1}: {figure.name}: {contender.name} failed: {last}")
        return
    measured = Measured(number + 1, figure.name, contender.name, size, *outcome)
    results.measured.append(measured)
    seconds = f"{measured.sample['wall']:.4f} s, CPU {measured.sample['cpu']:.4f} s"
    _say(f"round {number + 1}: {figure.name}: {contender.name}: {seconds}")


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
