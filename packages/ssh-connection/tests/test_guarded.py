"""What handlers and functions of users raise ends at the boundary around them."""

from __future__ import annotations

import pytest

from ssh_connection.guarded import guarded


def test_exception_is_reported_and_goes_no_further() -> None:
    errors: list[Exception] = []
    fault = ValueError("mine")

    with guarded(errors.append) as guard:
        raise fault

    assert errors == [fault]
    assert guard.failed


def test_code_that_returns_reports_nothing() -> None:
    errors: list[Exception] = []

    with guarded(errors.append) as guard:
        errors.clear()

    assert not errors
    assert not guard.failed


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit, GeneratorExit])
def test_end_of_the_program_passes(kind: type[BaseException]) -> None:
    errors: list[Exception] = []

    with pytest.raises(kind), guarded(errors.append):
        raise kind

    assert not errors
