"""Compares ssh-stack with OpenSSH, AsyncSSH and Paramiko; `benchmarks/README.md` explains."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import machine, report
from benchmarks.bed import Unfit, spread
from benchmarks.contenders import ROOT, SLOW_SIZE, contenders
from benchmarks.figures import FIGURES, chosen
from benchmarks.page import page
from benchmarks.rounds import run
from benchmarks.summary import summarise
from benchmarks.task import CIPHER, HOST_KEY, KEX, MIB


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="by default 5")
    parser.add_argument(
        "--size", type=int, default=1024, metavar="MIB", help="of a stream, by default 1024"
    )
    parser.add_argument(
        "--only", nargs="+", default=[], metavar="NAME", choices=[f.name for f in FIGURES]
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="by default in bench-results/")
    parser.add_argument("--page", type=Path, metavar="FILE", help="the table as Markdown, too")
    arguments = parser.parse_args()
    if arguments.rounds < 1 or arguments.size < 1:
        parser.error("there is no round without a number, and no size below 1 MiB")
    return arguments


def main() -> None:
    """Measure, print, store."""
    arguments = _arguments()
    figures = chosen(arguments.only)
    size: int = arguments.size * MIB
    started = datetime.now(UTC)
    with spread({size, min(size, SLOW_SIZE)}) as bed:
        facts = {**machine.facts(bed), "load before": machine.load()}
        everybody = contenders(bed, SLOW_SIZE)
        results = run(bed, figures, everybody, arguments.rounds, size)
        facts["load after"] = machine.load()
    settings = {
        "started": started.isoformat(timespec="seconds"),
        "rounds": arguments.rounds,
        "size": size,
        "cipher": CIPHER,
        "kex": KEX,
        "keys": HOST_KEY,
    }
    summaries = summarise(results, figures)
    name = f"{started:%Y%m%d-%H%M%S}.json"
    path = arguments.json or ROOT / "bench-results" / name
    report.store(path, facts, settings, summaries, results)
    if arguments.page:
        arguments.page.write_text(page(facts, figures, summaries))
    report.show(facts, figures, summaries, results)
    print(f"stored in {path}")


if __name__ == "__main__":
    try:
        main()
    except Unfit as problem:
        sys.exit(f"benchmarks: {problem}")
