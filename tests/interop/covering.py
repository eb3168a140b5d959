"""A few rows of a table in which every two values that are together in one of its rows still are.

A fault that needs two particular algorithms at once shows in such a selection, though it is a
small part of the table.
"""

from __future__ import annotations

import heapq
from itertools import combinations
from typing import TYPE_CHECKING, TypeAlias, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Pair", "Row", "covering", "pairs"]

Row: TypeAlias = tuple[str, ...]
"""One value of each kind."""

Pair: TypeAlias = tuple[tuple[int, str], tuple[int, str]]
"""Two values of different kinds, each with the number of its kind."""

_R = TypeVar("_R", bound=Row)


def pairs(row: Row) -> frozenset[Pair]:
    """Return every two values of a row."""
    return frozenset(combinations(enumerate(row), 2))


def covering(rows: Sequence[_R]) -> list[_R]:
    """Return rows, in the order of the table, that have every pair that the table has.

    Greedy: the row with the most new pairs comes next, of equals the first.  What a row adds
    never grows, so only the row that leads by its last count is counted again.
    """
    wanted = [pairs(row) for row in rows]
    covered: set[Pair] = set()
    chosen: list[int] = []
    leaders = [(-len(found), index) for index, found in enumerate(wanted)]
    heapq.heapify(leaders)
    while leaders:
        claimed, index = leaders[0]
        count = len(wanted[index] - covered)
        if count == 0:
            heapq.heappop(leaders)
        elif -count != claimed:
            heapq.heapreplace(leaders, (-count, index))
        else:
            heapq.heappop(leaders)
            chosen.append(index)
            covered |= wanted[index]
    return [rows[index] for index in sorted(chosen)]
