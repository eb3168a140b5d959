"""The table of keywords in docs/configuration.md says what the code does."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from ssh_stack.config.directives import ALIASES, BLOCKS, DIRECTIVES

if TYPE_CHECKING:
    from ssh_stack.config.directives import Directive

_PAGE: Final = Path(__file__).parents[2] / "docs" / "configuration.md"


def _fine(directive: Directive) -> str:
    """What needs nothing said about it."""
    if directive.fine is None:
        return "all values" if directive.otherwise == "silent" and not directive.field else ""
    words = ["none" if each == ("none",) else str(each) for each in directive.fine]
    return ", ".join(f"`{word}`" for word in words)


def _rows() -> list[str]:
    rows = [
        f"| `{row.name}` | {row.fate} | {_fine(row)} |"
        for row in sorted(DIRECTIVES.values(), key=lambda row: row.name.lower())
    ]
    return ["| keyword | support | values that are not reported |", "|---|---|---|", *rows]


def test_table_of_keywords_is_that_of_the_code() -> None:
    """Where it differs, the failure shows the table that belongs there."""
    lines = [line for line in _PAGE.read_text().splitlines() if line.startswith("|")]

    assert "\n".join(lines) == "\n".join(_rows())


def test_other_names_and_blocks_are_on_the_page() -> None:
    text = _PAGE.read_text().lower()

    assert [name for name in (*ALIASES, *BLOCKS) if f"`{name}`" not in text] == []
