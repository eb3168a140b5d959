"""The boundary around handlers and functions of users: what they raise ends there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Self

__all__ = ["Guard", "guarded"]


class Guard:
    """A context in which code of others runs; see `guarded`.

    Attributes:
        failed: whether it raised.
    """

    __slots__ = ("_report", "failed")

    def __init__(self, report: Callable[[Exception], object]) -> None:
        self._report = report
        self.failed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: object
    ) -> bool:
        if not isinstance(error, Exception):
            return False
        self.failed = True
        self._report(error)
        return True


def guarded(report: Callable[[Exception], object]) -> Guard:
    """Return a context in which handlers and functions of the user may raise what they like.

        with guarded(errors.append) as guard:
            on_resize(80, 24)
        if guard.failed: ...

    Args:
        report: takes an exception; what is not an `Exception` passes.
    """
    return Guard(report)
