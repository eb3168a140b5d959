"""Fuzz: `python -m fuzz` lists the targets, `python -m fuzz NAME --runs N` runs one."""

from __future__ import annotations

import argparse
import sys
import time

from fuzz.mutation import mutations
from fuzz.registry import files, load
from fuzz.target import Target


def main() -> int:
    """Run what the command line says; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m fuzz", description=__doc__)
    parser.add_argument("name", nargs="?", help="the target; without one they are listed")
    parser.add_argument("--runs", type=int, default=1_000_000, help="how many inputs")
    parser.add_argument("--seed", type=int, default=0, help="of the mutations, without atheris")
    parser.add_argument("--mutate", action="store_true", help="mutate seeds, without atheris")
    parser.add_argument("--input", help="give the target the content of this file, once")
    arguments, options = parser.parse_known_args()
    if arguments.name is None:
        list_targets()
        return 0
    file, target = find(arguments.name)
    if arguments.input is not None:
        with open(arguments.input, "rb") as stream:  # noqa: PTH123 (one line)
            print("decoded" if target.run(stream.read()) else "refused, as declared")
    elif arguments.mutate:
        mutate(target, arguments.runs, arguments.seed)
    else:
        # a fresh import, so that the engine can instrument it
        for module in [name for name in sys.modules if name.startswith(("ssh_", "fuzz."))]:
            del sys.modules[module]
        from fuzz.engine import fuzz  # noqa: PLC0415 (atheris is of the group "fuzz")

        fuzz(file, target.name, arguments.runs, options)
    return 0


def list_targets() -> None:
    for file in files():
        for target in load(file):
            print(f"{target.name:28} fuzz_{file}.py  {len(target.seeds)} seeds")


def find(name: str) -> tuple[str, Target]:
    for file in files():
        for target in load(file):
            if target.name == name:
                return file, target
    problem = f"there is no target {name}; python -m fuzz lists them"
    raise SystemExit(problem)


def mutate(target: Target, runs: int, seed: int) -> None:
    decoded, begun = 0, time.monotonic()
    for number, data in enumerate(mutations(target, runs, seed)):
        try:
            decoded += target.run(data)
        except Exception:
            print(f"input {number} of seed {seed}: {data!r}")
            raise
    seconds = time.monotonic() - begun
    print(f"{target.name}: {runs} inputs in {seconds:.1f} s, {decoded} decoded, no finding")


if __name__ == "__main__":
    sys.exit(main())
