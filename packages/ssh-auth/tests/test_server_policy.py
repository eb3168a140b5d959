from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssh_auth import ServerPolicy
from ssh_auth.server.methods import FACTORS
from ssh_auth.server.policy import Remaining, demand
from ssh_wire import UsageError

KEY_THEN_PASSWORD = ("publickey", "password")


def test_policy_without_sequences_is_completed_by_any_method() -> None:
    remaining = Remaining(ServerPolicy(methods=KEY_THEN_PASSWORD).required)

    assert remaining.methods == KEY_THEN_PASSWORD
    assert remaining.after("password") is None


def test_sequence_is_completed_in_its_order() -> None:
    remaining = Remaining(ServerPolicy(sequences=(KEY_THEN_PASSWORD,)).required)
    assert remaining.methods == ("publickey",)
    assert not remaining.takes("password")

    after = remaining.after("publickey")

    assert after is not None
    assert after.methods == ("password",)
    assert after.after("password") is None


def test_one_of_several_sequences_is_enough() -> None:
    policy = ServerPolicy(sequences=(KEY_THEN_PASSWORD, ("publickey", "keyboard-interactive")))

    after = Remaining(policy.required).after("publickey")

    assert after is not None
    assert after.methods == ("password", "keyboard-interactive")


@pytest.mark.row("A05")
def test_none_is_taken_and_never_listed() -> None:
    remaining = Remaining(ServerPolicy(methods=("none", "password")).required)

    assert remaining.takes("none")
    assert remaining.methods == ("password",)


@pytest.mark.parametrize(
    ("methods", "sequences"),
    [
        ((), ()),
        (("gssapi",), ()),
        (("publickey",), ((),)),
        (("publickey",), (("publickey", "magic"),)),
        (("publickey",), (("none", "password"),)),
    ],
)
def test_policy_that_no_client_can_complete_is_refused(
    methods: tuple[str, ...], sequences: tuple[tuple[str, ...], ...]
) -> None:
    with pytest.raises(UsageError):
        ServerPolicy(methods=methods, sequences=sequences)


def test_demand_is_added_before_the_methods_that_remain() -> None:
    remaining = Remaining((("password",), ("keyboard-interactive",)))

    assert demand(("password",), None).sequences == (("password",),)
    assert demand(("password",), remaining).sequences == (
        ("password",),
        ("password", "keyboard-interactive"),
    )


factors = st.sampled_from(sorted(FACTORS))


@given(
    st.lists(st.lists(factors, min_size=1, max_size=3).map(tuple), min_size=1, max_size=4),
    st.lists(factors, min_size=1, max_size=5),
)
def test_nothing_remains_exactly_when_a_sequence_was_completed(
    sequences: list[tuple[str, ...]], done: list[str]
) -> None:
    remaining: Remaining | None = Remaining(tuple(sequences))
    completed: list[str] = []
    for method in done:
        assert remaining is not None
        assert remaining.takes(method) == any(
            list(each[: len(completed) + 1]) == [*completed, method] for each in sequences
        )
        if not remaining.takes(method):
            continue
        completed.append(method)
        remaining = remaining.after(method)
        assert (remaining is None) == (tuple(completed) in sequences)
        if remaining is None:
            break


def test_every_pair_of_factors_can_be_required() -> None:
    for sequence in product(FACTORS, repeat=2):
        assert ServerPolicy(sequences=(sequence,)).required == (sequence,)


def test_demand_goes_before_sequences_that_do_not_begin_with_it_whatever_the_names() -> None:
    for method in ("hostbased", "publickey", "password"):
        for first in ("hostbased", "publickey", "password"):
            expected = (first, "x") if first == method else (method, first, "x")
            assert demand((method,), Remaining(((first, "x"),))) == Remaining((expected,))
