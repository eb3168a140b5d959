"""Clock, processor time and memory of the process that it runs in."""

from __future__ import annotations

import json
import resource
import sys
import time
from typing import TYPE_CHECKING, Self, cast

if TYPE_CHECKING:
    from benchmarks.task import Sample, Task


def processor_time() -> float:
    """User and system seconds of this process and of its children that have ended."""
    own = resource.getrusage(resource.RUSAGE_SELF)
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def peak_memory() -> int:
    """The most KiB that were resident since this program was started."""
    # ru_maxrss would do for a process that was not forked off a larger one.
    with open("/proc/self/status") as status:  # noqa: PTH123 - pathlib is an import to measure
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM:"))


class Meter:
    """Measures what is done inside `with meter:`, once or many times."""

    def __init__(self) -> None:
        self._walls: list[float] = []
        self._cpu = 0.0
        self._wall_before = 0.0
        self._cpu_before = 0.0

    def __enter__(self) -> Self:
        self._cpu_before = processor_time()
        self._wall_before = time.perf_counter()
        return self

    def __exit__(self, *_: object) -> None:
        self._walls.append(time.perf_counter() - self._wall_before)
        self._cpu += processor_time() - self._cpu_before

    def sample(self) -> Sample:
        """What was measured."""
        walls = sorted(self._walls) or [0.0]
        wall = (walls[(len(walls) - 1) // 2] + walls[len(walls) // 2]) / 2
        return {"wall": wall, "cpu": self._cpu / len(walls), "peak": peak_memory()}


def read_task() -> Task:
    """The task, from the command line."""
    return cast("Task", json.loads(sys.argv[1]))


def write_sample(meter: Meter, task: Task) -> None:
    """Say what was measured; after the operation "modules", what is loaded."""
    modules = list(sys.modules) if task["operation"] == "modules" else []
    sys.stdout.write(json.dumps({**meter.sample(), "modules": modules}))
