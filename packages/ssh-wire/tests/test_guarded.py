from __future__ import annotations

import asyncio

import pytest

from ssh_wire.guarded import guarded, guarded_fully


def test_exception_in_a_guarded_block_is_reported_and_ends() -> None:
    errors: list[Exception] = []
    with guarded(errors.append) as guard:
        raise ValueError
    assert [type(error) for error in errors] == [ValueError]
    assert guard.failed


def test_guarded_block_without_an_exception_reports_nothing() -> None:
    errors: list[Exception] = []
    with guarded(errors.append) as guard:
        pass
    assert not errors
    assert not guard.failed


@pytest.mark.parametrize("kind", [asyncio.CancelledError, KeyboardInterrupt])
def test_interrupt_passes_a_guarded_block_and_is_reported_by_a_full_one(
    kind: type[BaseException],
) -> None:
    errors: list[BaseException] = []
    with pytest.raises(kind), guarded(errors.append):
        raise kind
    assert not errors
    with guarded_fully(errors.append):
        raise kind
    assert [type(error) for error in errors] == [kind]


def test_exception_of_the_report_goes_on() -> None:
    def report(error: Exception) -> None:
        raise OSError from error

    with pytest.raises(OSError), guarded(report):  # noqa: PT011 (it has no text)
        raise ValueError
