from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ssh_stack.cli.keygen.sieve import primes_below, survivors


def is_prime(number: int) -> bool:
    return number > 1 and all(number % each for each in range(2, int(number**0.5) + 1))


@given(st.integers(0, 500))
def test_primes_are_those_that_division_finds(limit: int) -> None:
    assert primes_below(limit) == [each for each in range(limit) if is_prime(each)]


@given(st.integers(1_000, 10**9), st.integers(0, 300), st.integers(3, 200))
def test_numbers_without_small_factors_are_left(start: int, count: int, limit: int) -> None:
    start |= 1
    factors = [each for each in range(3, limit) if is_prime(each)]
    expected = [
        q
        for q in range(start, start + 2 * count, 2)
        if all(q % each and (2 * q + 1) % each for each in factors)
    ]
    assert list(survivors(start, count, limit)) == expected
