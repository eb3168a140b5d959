"""Which rows of the table of negative tests are covered, and by what.

A test names its row with `@pytest.mark.row("T05")`.  `rows.toml` lists the rows that no
test has yet, each with its reason; a row is in exactly one of the two places.  By hand:
`python -m tests.adversary.test_rows` prints the rows with the files of their tests.
"""

from __future__ import annotations

import ast
import sys
import tomllib
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parents[2]
SERIES = {"W": 12, "T": 46, "K": 16, "A": 25, "G": 11, "C": 24, "F": 16, "X": 9, "R": 21}


def rows() -> set[str]:
    return {f"{series}{n:02}" for series, last in SERIES.items() for n in range(1, last + 1)}


def marked() -> dict[str, set[str]]:
    """The rows that tests name, with the files of the tests."""
    found: dict[str, set[str]] = defaultdict(set)
    for folder in ("packages", "tests"):
        for path in (ROOT / folder).rglob("test_*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("mark.row"):
                    for argument in node.args:
                        found[ast.literal_eval(argument)].add(str(path.relative_to(ROOT)))
    return found


def missing() -> dict[str, str]:
    """The rows without a test, with the reason."""
    reasons: dict[str, str] = tomllib.loads((Path(__file__).parent / "rows.toml").read_text())[
        "missing"
    ]
    return reasons


def test_every_row_is_covered_or_says_why_not() -> None:
    assert rows() - marked().keys() == missing().keys() & rows()
    assert missing().keys() <= rows()


def test_marks_name_rows_that_exist() -> None:
    conformance = {f"P{number}" for number in range(1, 90)}  # the second table: what must be
    assert marked().keys() <= rows() | conformance


def main() -> None:
    reasons = missing()
    found = marked()
    for row in sorted(rows()):
        files = ", ".join(sorted(found.get(row, ())))
        sys.stdout.write(f"{row}  {files or 'none: ' + reasons[row]}\n")


if __name__ == "__main__":
    main()
