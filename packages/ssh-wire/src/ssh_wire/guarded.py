"""The boundary around functions and handlers of users: what they raise is reported."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, Self, TypeVar

__all__ = ["Guard", "guarded", "guarded_fully"]


E = TypeVar("E", bound=BaseException)


class Guard(Generic[E]):
    """A context that reports exceptions and ends them; see `guarded`.

    Attributes:
        failed: whether an exception was raised.
    """

    __slots__ = ("_kind", "_report", "failed")

    def __init__(self, kind: type[E], report: Callable[[E], object]) -> None:
        self._kind = kind
        self._report = report
        self.failed: bool = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: object
    ) -> bool:
        if not isinstance(error, self._kind):
            return False
        self.failed = True
        self._report(error)
        return True


def guarded(report: Callable[[Exception], object]) -> Guard[Exception]:
    """Return a context in which code of users may raise any `Exception`.

        with guarded(scheduler.fail):
            progress(done, total, path)

    Args:
        report: called with the exception, which then ends; what it raises goes on.
    """
    return Guard(Exception, report)


def guarded_fully(report: Callable[[BaseException], object]) -> Guard[BaseException]:
    """Return a context in which anything may be raised, `KeyboardInterrupt` included.

    Args:
        report: called with the exception; it may raise it again.
    """
    return Guard(BaseException, report)
