from __future__ import annotations

import pytest

from ssh_auth import AuthLimits, TooManyAttempts
from ssh_auth.server.attempt_counter import AttemptCounter


@pytest.mark.row("A12")
@pytest.mark.parametrize(
    ("count", "allowed"),
    [
        ("count_failure", 5),  # the sixth ends it
        ("count_request", 128),
        ("count_query", 32),
        ("count_round", 64),
    ],
)
def test_counter_allows_as_many_as_its_cap_and_then_ends(count: str, allowed: int) -> None:
    counter = AttemptCounter(AuthLimits())
    for _ in range(allowed):
        getattr(counter, count)()

    with pytest.raises(TooManyAttempts):
        getattr(counter, count)()


@pytest.mark.row("A05")
def test_first_none_is_counted_once() -> None:
    counter = AttemptCounter(AuthLimits())

    assert [counter.first_none() for _ in range(3)] == [True, False, False]
