"""What became of the hosts is data; `check` makes exceptions of it where they are wanted."""

from __future__ import annotations

import pytest

from ssh_stack import HostResult, HostResults, SSHError

ONE = HostResult("one", 1, None, 0.5)


def results(*errors: Exception) -> HostResults[int]:
    failed = [HostResult[int](f"bad{n}", None, error) for n, error in enumerate(errors)]
    return HostResults({each.host: each for each in (*failed, ONE)})


def test_result_gives_its_value_or_raises_its_error() -> None:
    assert (ONE.ok, ONE.get()) == (True, 1)
    bad = HostResult[int]("bad", None, SSHError("no route"))
    assert not bad.ok
    with pytest.raises(SSHError, match="no route"):
        bad.get()


def test_value_may_be_none() -> None:
    nothing = HostResult[None]("one", None)
    assert nothing.ok
    nothing.get()
    assert HostResults({"one": nothing}).succeeded == {"one": None}


def test_results_are_a_mapping_in_the_order_of_the_hosts() -> None:
    error = SSHError("no route")
    found = results(error)

    assert list(found) == ["bad0", "one"]
    assert (len(found), found["one"]) == (2, ONE)
    assert found.succeeded == {"one": 1}
    assert found.failed == {"bad0": error}
    assert repr(found) == "<2 hosts, 1 failed>"


def test_check_returns_results_without_a_failure() -> None:
    assert results().check()["one"].get() == 1


def test_check_raises_the_error_of_one_host_with_its_name() -> None:
    found = results(SSHError("no route"))
    with pytest.raises(SSHError):
        found.check()
    with pytest.raises(SSHError) as caught:
        found.check()
    assert caught.value.__notes__ == ["host bad0"]


def test_check_raises_a_group_of_the_errors_of_several_hosts() -> None:
    with pytest.raises(ExceptionGroup, match="2 of 3 hosts failed") as caught:
        results(SSHError("no route"), TypeError("bug")).check()
    assert [each.__notes__ for each in caught.value.exceptions] == [["host bad0"], ["host bad1"]]
