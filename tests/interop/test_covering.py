"""The covering selection: every pair is there, and little else."""

from __future__ import annotations

from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from tests.interop.covering import Pair, Row, covering, pairs

VALUES = st.integers(0, 4).map(str)
TABLES = st.integers(1, 4).flatmap(lambda kinds: st.lists(st.tuples(*[VALUES] * kinds)))


def covered(rows: list[Row]) -> frozenset[Pair]:
    return frozenset[Pair]().union(*map(pairs, rows))


def test_pairs_of_a_row_keep_their_kinds() -> None:
    assert pairs(("a", "b", "a")) == {
        ((0, "a"), (1, "b")),
        ((0, "a"), (2, "a")),
        ((1, "b"), (2, "a")),
    }


@given(TABLES)
def test_every_pair_is_covered(rows: list[Row]) -> None:
    assert covered(covering(rows)) == covered(rows)


@given(TABLES)
def test_no_row_comes_twice_and_none_is_made_up(rows: list[Row]) -> None:
    chosen = covering(rows)

    assert len(set(chosen)) == len(chosen)
    assert set(chosen) <= set(rows)


@given(TABLES)
def test_order_of_the_rows_is_that_of_the_table(rows: list[Row]) -> None:
    places = list(map(rows.index, covering(rows)))

    assert places == sorted(places)


@given(TABLES)
def test_same_table_gives_the_same_rows(rows: list[Row]) -> None:
    assert covering(rows) == covering(rows)


@given(TABLES)
def test_each_row_adds_a_pair_to_those_that_were_taken_before(rows: list[Row]) -> None:
    assert len(covering(rows)) <= len(covered(rows))


def test_greedy_choice_covers_a_square_in_its_fewest_rows() -> None:
    rows = list(product("abc", "xy", "12"))

    # three values beside two are six pairs, each in a row of its own
    assert len(covering(rows)) == 6


def test_table_of_one_kind_has_no_pairs() -> None:
    assert covering([("a",), ("b",)]) == []
    assert covering([]) == []
