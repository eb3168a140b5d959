"""What became of one host, and of all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, Generic, Self, TypeVar, cast

from ssh_wire import lazy_attrs

__all__ = ["HostResult", "HostResults"]

T = TypeVar("T")


@lazy_attrs.frozen
class HostResult(Generic[T]):
    """What became of the work on one host: a value or an error.

    Attributes:
        host: The host, as it was given.
        value: What the work returned; None where it failed.
        error: Why it failed; None where it did not.
        duration: Seconds from the start of the connection to its end.
    """

    host: str
    value: T | None
    error: Exception | None = None
    duration: float = 0.0

    @property
    def ok(self) -> bool:
        """Whether there is a value, and no error."""
        return self.error is None

    def get(self) -> T:
        """Return the value, or raise the error.

        Raises:
            Exception: what the work or the connection has failed of.
        """
        if self.error is not None:
            raise self.error
        return cast("T", self.value)


class HostResults(Mapping[str, HostResult[T]]):
    """The result of each host, by its name, in the order in which the hosts were given."""

    def __init__(self, results: Mapping[str, HostResult[T]]) -> None:
        self._results: Final = dict(results)

    def __getitem__(self, host: str) -> HostResult[T]:
        return self._results[host]

    def __iter__(self) -> Iterator[str]:
        return iter(self._results)

    def __len__(self) -> int:
        return len(self._results)

    def __repr__(self) -> str:
        return f"<{len(self)} hosts, {len(self.failed)} failed>"

    @property
    def succeeded(self) -> dict[str, T]:
        """The value of each host that has one."""
        return {host: each.get() for host, each in self.items() if each.ok}

    @property
    def failed(self) -> dict[str, Exception]:
        """The error of each host that failed."""
        return {host: each.error for host, each in self.items() if each.error is not None}

    def check(self) -> Self:
        """Return this, or raise where a host has failed.

        Raises:
            Exception: the error of the one host that failed, with a note of its name.
            ExceptionGroup: the errors of several hosts, each with its note.
        """
        failed = self.failed
        for host, error in failed.items():
            note = f"host {host}"
            if note not in getattr(error, "__notes__", ()):
                error.add_note(note)
        if len(failed) == 1:
            raise next(iter(failed.values()))
        if failed:
            problem = f"{len(failed)} of {len(self)} hosts failed"
            raise ExceptionGroup(problem, list(failed.values()))
        return self
