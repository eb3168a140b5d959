"""Who is compared, each measured in a process that is fresh for every measurement."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

from benchmarks.clients.openssh import Failed, OpenSSH
from benchmarks.meter import Meter
from benchmarks.task import MIB, Sample, Task

if TYPE_CHECKING:
    from benchmarks.bed import Bed
    from benchmarks.figures import Figure

ROOT: Final = Path(__file__).parents[1]
OURS: Final = "ssh-stack"
_SECONDS: Final = 900
_OWN_MODULES: Final = ("benchmarks", "__main__", "__mp_main__")

_IMPORTER: Final = """
import sys, time
cpu, wall = time.process_time(), time.perf_counter()
for name in sys.argv[1:]:
    if name not in sys.modules:
        try:
            __import__(name)
        except ImportError:
            pass
wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
with open("/proc/self/status") as status:
    peak = next(line.split()[1] for line in status if line.startswith("VmHWM:"))
print(f'{{"wall": {wall}, "cpu": {cpu}, "peak": {peak}}}')
"""


class Contender(Protocol):
    """A client to be measured."""

    @property
    def name(self) -> str: ...

    @property
    def most(self) -> int | None:
        """The most bytes to give it; its figures are per byte, so they compare all the same."""

    def measure(self, figure: Figure, task: Task) -> tuple[Sample, Sample | None] | None:
        """Give what a task cost; then what of it is not the task's, if that is in it.

        None where the figure means nothing for this client.
        """


class PythonClient:
    """A client that is a library of Python."""

    def __init__(self, name: str, package: str, worker: str, most: int | None = None) -> None:
        self.name = name
        self.most = most
        self._package = package
        self._command = [sys.executable, "-m", f"benchmarks.clients.{worker}"]

    def measure(self, figure: Figure, task: Task) -> tuple[Sample, Sample | None]:
        if figure.operation == "modules":
            return self._import(task), None
        if figure.operation == "fresh":
            return self._fresh(task), None
        return _sample(self._run(task)), None

    def _run(self, task: Task) -> dict[str, Any]:
        return _answer([*self._command, json.dumps(task)])

    def _import(self, task: Task) -> Sample:
        """Import the package and what else is loaded when a connection is open."""
        self._task = task
        code = [sys.executable, "-c", _IMPORTER, self._package]
        return _sample(_answer([*code, *self._modules]))

    @cached_property
    def _modules(self) -> list[str]:
        loaded: list[str] = self._run(self._task)["modules"]
        return [name for name in loaded if name.split(".")[0] not in _OWN_MODULES]

    def _fresh(self, task: Task) -> Sample:
        """The whole process, from its start to its end."""
        meter = Meter()
        with meter:
            peak = self._run(task)["peak"]
        return {**meter.sample(), "peak": peak}


class OpenSSHClient:
    """OpenSSH's own programs."""

    name = "OpenSSH"
    most = None

    def __init__(self, bed: Bed) -> None:
        self._client = OpenSSH(bed.peer, bed.folder)

    def measure(self, figure: Figure, task: Task) -> tuple[Sample, Sample | None] | None:
        if figure.operation == "modules":
            return None
        sample = self._client.measure(task)
        if figure.kind == "small":
            return sample, None
        if figure.operation in {"stdout", "stdin"}:
            return sample, self._client.measure({**task, "operation": "fresh"})
        return sample, self._client.empty_batch(task)


def contenders(bed: Bed, most_slow: int) -> list[Contender]:
    """Everybody, ours first; `most_slow` is the most to ask of the slowest."""
    return [
        PythonClient(OURS, "ssh_stack", "ours"),
        OpenSSHClient(bed),
        PythonClient("AsyncSSH", "asyncssh", "asyncssh_client"),
        PythonClient("Paramiko", "paramiko", "paramiko_client", most_slow),
    ]


SLOW_SIZE: Final = 256 * MIB


def _answer(argv: list[str]) -> dict[str, Any]:
    done = subprocess.run(argv, capture_output=True, cwd=ROOT, timeout=_SECONDS, check=False)
    if done.returncode != 0:
        raise Failed(done.stderr.decode(errors="replace").strip())
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def _sample(answer: dict[str, Any]) -> Sample:
    return {"wall": answer["wall"], "cpu": answer["cpu"], "peak": answer["peak"]}
