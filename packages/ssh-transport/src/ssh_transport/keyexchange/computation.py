"""One computation of a key exchange, where it takes so long that others should not wait for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from ssh_wire import UsageError

__all__ = ["Computation"]

T = TypeVar("T")


class Computation(Generic[T]):
    """A computation that may run in another thread, and what came of it.

    Args:
        compute: gives the result; it touches nothing that others change meanwhile.
    """

    __slots__ = ("_compute", "_error", "_results")

    def __init__(self, compute: Callable[[], T]) -> None:
        self._compute = compute
        self._results: tuple[T, ...] = ()
        self._error: BaseException | None = None

    def run(self) -> None:
        """Compute; an error is kept for whoever asks for the result."""
        try:
            self._results = (self._compute(),)
        except BaseException as error:  # noqa: BLE001 (raised where the result is taken)
            self._error = error

    def result(self) -> T:
        """Return what was computed.

        Raises:
            UsageError: nothing was computed yet.
            BaseException: whatever the computation raised.
        """
        if self._error is not None:
            raise self._error
        if not self._results:
            problem = "the arithmetic of the key exchange is not done yet"
            raise UsageError(problem)
        return self._results[0]
