"""Bounds on unauthenticated connections."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssh_stack import MaxStartups
from ssh_stack.server.admission import Admission, RefusalReports, network
from ssh_wire import UsageError


def admitted(admission: Admission, count: int, chance: float = 0.0) -> int:
    """How many of `count` from different places are accepted."""
    return sum(admission.admit(f"10.0.{n // 256}.{n % 256}", chance) for n in range(count))


def test_first_ten_connections_are_admitted_and_at_most_hundred() -> None:
    assert admitted(Admission(MaxStartups()), 20, chance=0.0) == 10
    assert admitted(Admission(MaxStartups()), 200, chance=0.999999) == 100


@pytest.mark.parametrize(("waiting", "refused"), [(10, 0.3), (55, 0.65), (99, 0.99222)])
def test_probability_of_refusal_grows_linearly_from_start_to_full(
    waiting: int, refused: float
) -> None:
    admission = Admission(MaxStartups())
    assert admitted(admission, waiting, chance=0.999999) == waiting

    assert not admission.admit("somebody", refused - 0.001)
    assert admission.admit("somebody", refused + 0.001)


def test_connection_that_ends_makes_room() -> None:
    admission = Admission(MaxStartups(start=1, full=1))
    assert admission.admit("one", 0.5)
    assert not admission.admit("two", 0.5)
    admission.release("one")

    assert admission.waiting == 0
    assert admission.admit("two", 0.5)


@pytest.mark.row("R13")
def test_one_source_has_no_more_than_its_share() -> None:
    admission = Admission(MaxStartups(start=1000, full=1000))

    assert sum(admission.admit("10.0.0.1", 0.5) for _ in range(500)) == 16
    assert admission.admit("10.0.0.2", 0.5)


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 5), st.floats(0, 0.999))))
def test_count_of_unauthenticated_connections_is_exact(
    steps: list[tuple[bool, int, float]],
) -> None:
    admission = Admission(MaxStartups(start=3, rate=50, full=8, per_source=4))
    inside: list[str] = []
    for comes, place, chance in steps:
        if comes and admission.admit(str(place), chance):
            inside.append(str(place))
        elif not comes and inside:
            admission.release(inside.pop(place % len(inside)))

        assert admission.waiting == len(inside) <= 8
        assert all(inside.count(each) <= 4 for each in inside)


@pytest.mark.parametrize(
    ("host", "source"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8::1", "2001:db8::/64"),
        ("2001:db8::ffff:2", "2001:db8::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
        ("/run/socket", "/run/socket"),
    ],
)
def test_source_is_ipv4_address_or_ipv6_network(host: str, source: str) -> None:
    assert network(host) == source


def test_max_startups_is_parsed_as_in_sshd_config() -> None:
    assert MaxStartups.parse("10:30:100") == MaxStartups()


@pytest.mark.parametrize("text", ["", "10", "10:30", "a:b:c", "10:30:100:1", "-1:30:100", "1:²:3"])
def test_malformed_max_startups_raises_usage_error(text: str) -> None:
    with pytest.raises(UsageError):
        MaxStartups.parse(text)


@pytest.mark.parametrize(
    "bounds", [{"start": 0}, {"start": 101}, {"rate": 101}, {"rate": -1}, {"per_source": 0}]
)
def test_invalid_bounds_raise_usage_error(bounds: dict[str, int]) -> None:
    with pytest.raises(UsageError):
        MaxStartups(**bounds)


def test_refusals_are_reported_once_per_minute() -> None:
    refusals = RefusalReports()

    told = [refusals.report(second / 10) for second in range(1_300)]

    assert [(at, told[at]) for at in range(1_300) if told[at] is not None] == [
        (0, 0),
        (600, 599),
        (1_200, 599),
    ]
