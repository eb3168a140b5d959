"""Every fuzz target: damaged inputs and any bytes decode or raise what is declared.

The damaged inputs are always the same, so a failure is repeated by its number.
"""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fuzz.mutation import mutations
from fuzz.registry import leaves
from fuzz.target import Target

DAMAGED = 20_000
SAMPLED = 40
"""Of how many inputs the memory is measured; tracing slows a decoder down twentyfold."""

LEAVES = [pytest.param(target, id=target.name) for target in leaves()]


@pytest.mark.parametrize("target", LEAVES)
def test_seeds_decode(target: Target) -> None:
    assert all(target.run(seed) for seed in target.seeds)


@pytest.mark.parametrize("target", LEAVES)
def test_damaged_inputs_decode_or_are_refused_as_declared(target: Target) -> None:
    decoded = 0
    for number, data in enumerate(mutations(target, DAMAGED)):
        try:
            decoded += target.run(data)
        except Exception as error:
            error.add_note(f"input {number}: {data!r}")
            raise
    # the damage is real: some of it is refused, where anything may be
    assert decoded < DAMAGED or not target.allowed


@pytest.mark.parametrize("target", LEAVES)
@settings(max_examples=500, deadline=None)
@given(noise=st.binary(max_size=64), which=st.integers(0, 255), place=st.integers(0, 4095))
def test_any_bytes_decode_or_are_refused_as_declared(
    target: Target, noise: bytes, which: int, place: int
) -> None:
    seed = target.seeds[which % len(target.seeds)]
    cut = place % (len(seed) + 1)

    target.run(noise)
    target.run(seed[:cut] + noise + seed[cut:])


@pytest.mark.row("W01")
@pytest.mark.parametrize("target", LEAVES)
def test_memory_is_bounded_by_the_input(target: Target) -> None:
    for data in [*target.seeds, *mutations(target, SAMPLED, seed=1)]:
        assert target.memory(data) <= target.may_hold(data)
