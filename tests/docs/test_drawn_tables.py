"""The pages of docs/reference that are drawn from the code are up to date."""

from __future__ import annotations

import draw_tables
import pytest

from ssh_stack.config.directives import ALIASES, BLOCKS


@pytest.mark.parametrize("name", draw_tables.pages())
def test_drawn_page_is_up_to_date(name: str) -> None:
    """Where it is not, `python tools/draw_tables.py` writes it."""
    assert (draw_tables.FOLDER / name).read_text() == draw_tables.pages()[name]


def test_other_names_and_blocks_are_on_the_page_of_keywords() -> None:
    text = draw_tables.pages()["directives.md"].lower()

    assert [name for name in (*ALIASES, *BLOCKS) if f"`{name}`" not in text] == []
