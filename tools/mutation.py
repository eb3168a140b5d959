"""Change what accepts and rejects users in one place at a time, and run the tests on each change.

A change that no test notices is a survivor: it is printed.  `nox -s mutation` runs it; it takes
some ten minutes.  The operators are those of cosmic-ray, without those that change types alone,
as `|` in an annotation is.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import io
import os
import re
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

# without types of their own
TREES: Final[Any] = importlib.import_module("cosmic_ray.ast")
MUTATING: Final[Any] = importlib.import_module("cosmic_ray.mutating")
OPERATORS: Final[Any] = importlib.import_module("cosmic_ray.plugins")

ROOT: Final = Path(__file__).parents[1]
PACKAGE: Final = ROOT / "packages" / "ssh-auth"
CHANGED: Final = (
    *("permissions.py", "server/results.py", "server/progress.py", "server/policy.py"),
    *("server/core.py", "server/verification.py", "server/attempt_counter.py"),
    *("server/methods/base.py", "server/methods/none.py", "server/methods/password.py"),
    *("server/methods/publickey.py", "server/methods/keyboard_interactive.py"),
    *("server/methods/hostbased.py", "server/methods/gssapi.py"),
)
"""What decides who is authenticated, and what a user may do."""
LEFT_OUT: Final = re.compile(
    r"core/(ReplaceBinaryOperator_|RemoveDecorator|NumberReplacer|Variable)"
)
"""Operators of annotations, of `final` and `property`, and of sizes that a limit may have."""
EQUIVALENT: Final = re.compile(r"if TYPE_CHECKING|@lazy_attrs\.")
"""Lines of which no change can be noticed: what a type checker alone reads, and how it calls."""
SECONDS: Final = 60
LEAST: Final = 0.95


class Mutant(NamedTuple):
    """One change."""

    path: str
    operator: str
    occurrence: int
    line: int


def mutants(paths: tuple[str, ...]) -> Iterator[Mutant]:
    """Iterate over every change of some files."""
    for path in paths:
        text = (PACKAGE / "src" / "ssh_auth" / path).read_text()
        lines = text.splitlines()
        tree: Any = TREES.get_ast(text)
        for name in sorted(OPERATORS.operator_names()):
            if LEFT_OUT.match(name):
                continue
            positions: list[Any] = [
                position
                for node in TREES.ast_nodes(tree)
                for position in OPERATORS.get_operator(name)().mutation_positions(node)
            ]
            for occurrence, position in enumerate(positions):
                number = int(position[0][0])  # of the line where it begins
                if not EQUIVALENT.match(lines[number - 1]):
                    yield Mutant(path, name, occurrence, number)


def survives(mutant: Mutant, copy: Path) -> bool:
    """Return whether the tests pass with a change; `copy` is a folder with the package in it."""
    source = PACKAGE / "src" / "ssh_auth" / mutant.path
    operator: Any = OPERATORS.get_operator(mutant.operator)()
    changed: str | None = MUTATING.mutate_code(source.read_text(), operator, mutant.occurrence)
    if changed is None:
        return False
    target = copy / "ssh_auth" / mutant.path
    target.write_text(changed)
    try:
        return passes(copy)
    finally:
        target.write_text(source.read_text())


def passes(copy: Path) -> bool:
    """Return whether the tests pass with the package in `copy`."""
    child = os.fork()
    if not child:
        try:
            _test(copy)
        finally:
            os._exit(99)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def _test(copy: Path) -> None:
    """Run the tests in this process, and end it."""
    import pytest  # noqa: PLC0415 (in the child alone: it looks at what is loaded)

    signal.alarm(SECONDS)
    sys.path.insert(0, str(copy))
    sys.dont_write_bytecode = True
    tests = [str(path) for path in sorted((PACKAGE / "tests").glob("test_server_*.py"))]
    tests.append(str(PACKAGE / "tests" / "test_permissions.py"))
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        status = pytest.main(["-x", "-q", "-p", "no:cacheprovider", "-p", "no:randomly", *tests])
    os._exit(int(status))


def main() -> int:
    """Print the survivors; return 1 if too many survive."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("paths", nargs="*", default=list(CHANGED), help="files below ssh_auth")
    parser.add_argument("--share", default="0/1", help="the n-th of so many parts")
    options = parser.parse_args()
    part, parts = map(int, options.share.split("/"))
    for name in ("cryptography.hazmat.primitives.asymmetric.rsa", "ssh_keys.public", "ssh_wire"):
        importlib.import_module(name)  # once, before the children
    every = list(mutants(tuple(options.paths)))[part::parts]
    found: list[Mutant] = []
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        shutil.copytree(PACKAGE / "src" / "ssh_auth", copy / "ssh_auth")
        if not passes(copy):
            print("the tests fail without a change")
            return 2
        for number, mutant in enumerate(every, 1):
            if survives(mutant, copy):
                found.append(mutant)
                print(f"{mutant.path}:{mutant.line}: {mutant.operator} survives", flush=True)
            if number % 50 == 0:
                print(f"# {number} of {len(every)}, {len(found)} survive", flush=True)
    killed = 1 - len(found) / max(len(every), 1)
    print(f"{len(every)} changes, {killed:.1%} noticed")
    return int(killed < LEAST)


if __name__ == "__main__":
    sys.exit(main())
