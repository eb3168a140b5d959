"""Keep files and functions at a size that one can read in a sitting.

A file stops at 500 lines and a function at 60; a function over 40 is named,
as a hint. Generated files say so on their first line and may be of any size.
"""

from __future__ import annotations

import ast
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT: Final = Path(__file__).parents[1]
SOURCES: Final = ("packages/*/src", "benchmarks", "examples", "fuzz", "tools", "tests/interop")
FILE_LIMIT: Final = 500
FUNCTION_LIMIT: Final = 60
FUNCTION_HINT: Final = 40


def main() -> int:
    """Print what is too long; give 1 if anything passes its limit."""
    failed = False
    for path in _files():
        text = path.read_text()
        if "generated" in text.partition("\n")[0].lower():
            continue
        name = path.relative_to(ROOT)
        if (lines := text.count("\n")) > FILE_LIMIT:
            print(f"{name}: {lines} lines, the limit is {FILE_LIMIT}")
            failed = True
        for function, length in _functions(text):
            if length > FUNCTION_HINT:
                print(f"{name}:{function.lineno}: {function.name} has {length} lines")
            failed |= length > FUNCTION_LIMIT
    return int(failed)


def _files() -> Iterator[Path]:
    for pattern in SOURCES:
        for folder in sorted(ROOT.glob(pattern)):
            yield from sorted(folder.rglob("*.py"))


def _functions(text: str) -> Iterator[tuple[ast.FunctionDef | ast.AsyncFunctionDef, int]]:
    """Each function and its lines of code: signature and docstring are not counted."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.body[1:] if ast.get_docstring(node) is not None else node.body
            if body:
                yield node, (node.end_lineno or 0) - body[0].lineno + 1


if __name__ == "__main__":
    sys.exit(main())
