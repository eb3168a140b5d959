"""How long other programs take with our client in the place of ssh, beside OpenSSH's own.

`python -m benchmarks.dropin` runs the jobs of `tests/interop/dropin` at the machine's own sshd:
in each round every job with both clients, which take turns at being the first. Only the time
of the program that calls ssh counts.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Final

from benchmarks import machine
from tests.interop import local
from tests.interop.dropin.catalogue import JOBS
from tests.interop.dropin.rig import OPENSSH, OURS, Client, Missing, Place, Rig

_CLIENTS: Final = (OURS, OPENSSH)


def main() -> None:
    """Measure and print a table of medians."""
    arguments = _arguments()
    if reason := local.unavailable():
        sys.exit(f"benchmarks.dropin: {reason}")
    samples: dict[tuple[str, str], list[float]] = {}
    print(f"load before: {machine.load()}")
    with tempfile.TemporaryDirectory(prefix="dropin-") as folder:
        (Path(folder) / "sshd").mkdir()
        with local.serve(Path(folder) / "sshd") as server:
            for number in range(arguments.rounds):
                for name in arguments.only or JOBS:
                    for client in _CLIENTS if number % 2 else reversed(_CLIENTS):
                        seconds = _measure(name, client, Place.of(server))
                        if seconds is not None:
                            samples.setdefault((name, client.name), []).append(seconds)
    print(f"load after: {machine.load()}")
    _show(samples)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.dropin", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="by default 5")
    parser.add_argument("--only", nargs="+", default=[], metavar="JOB", choices=list(JOBS))
    return parser.parse_args()


def _measure(name: str, client: Client, place: Place) -> float | None:
    """Return the seconds of one job; None where its program is missing or fails."""
    with tempfile.TemporaryDirectory(prefix="dropin-job-") as folder:
        rig = Rig.build(client, Path(folder) / "rig", {"target": place, "jump": place})
        try:
            JOBS[name](rig)
        except Missing as missing:
            print(f"{name}: {missing}", file=sys.stderr)
            return None
        except AssertionError as failure:
            print(f"{name}: {client.name} fails: {failure}", file=sys.stderr)
            return None
    print(f"{name}: {client.name}: {rig.seconds:.3f} s", file=sys.stderr, flush=True)
    return rig.seconds


def _show(samples: dict[tuple[str, str], list[float]]) -> None:
    print(f"\n| job | {OURS.name}, s | {OPENSSH.name}, s | ratio |\n|---|---|---|---|")
    for name in JOBS:
        ours, theirs = (samples.get((name, client.name)) for client in _CLIENTS)
        if ours and theirs:
            mine, other = statistics.median(ours), statistics.median(theirs)
            print(f"| {name} | {mine:.2f} | {other:.2f} | {mine / other:.2f} |")


if __name__ == "__main__":
    main()
