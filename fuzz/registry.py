"""Finds the targets: each file fuzz_NAME.py has one as `TARGET`, or several as `TARGETS`."""

from __future__ import annotations

import importlib
from pathlib import Path

from fuzz.target import Target

__all__ = ["files", "leaves", "load", "targets"]

HERE = Path(__file__).parent


def files() -> list[str]:
    """Return the NAMEs of the files that define targets."""
    return sorted(path.stem.removeprefix("fuzz_") for path in HERE.glob("fuzz_*.py"))


def load(file: str) -> list[Target]:
    """Return the targets of one file."""
    module = importlib.import_module(f"fuzz.fuzz_{file}")
    found = [*getattr(module, "TARGETS", ()), *filter(None, [getattr(module, "TARGET", None)])]
    if not found or not all(isinstance(target, Target) for target in found):
        problem = f"fuzz/fuzz_{file}.py defines neither TARGET nor TARGETS"
        raise TypeError(problem)
    return found


def targets() -> dict[str, Target]:
    """Return every target by its name.

    Raises:
        ValueError: two have the same name.
    """
    found: dict[str, Target] = {}
    for target in (target for file in files() for target in load(file)):
        if target.name in found:
            problem = f"two targets are named {target.name}"
            raise ValueError(problem)
        found[target.name] = target
    return found


def leaves() -> list[Target]:
    """Return every target that is one decoder: those that choose, by what they choose from."""
    return [leaf for target in targets().values() for leaf in target.members or (target,)]
