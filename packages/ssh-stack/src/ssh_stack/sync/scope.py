# Generated from the async classes by tools/generate_sync.py; not to be edited.
"""Things that are opened, used and closed."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Any, Generic, Protocol, TypeVar

from ssh_connection import aio as aio_ssh_connection
from ssh_stack.sync._blocking import Blocking
from ssh_stack.sync._portal import Portal

__all__ = ["Closeable", "Scope"]


class Closeable(Protocol):
    """What a scope can own."""

    def close(self) -> None:
        """Close it, and everything it owns, in bounded time."""


T = TypeVar("T", bound=Closeable)


class Scope(Blocking[aio_ssh_connection.Scope[Any]], Generic[T]):
    """Opens a thing on entry and closes it on exit.

    `with scope as thing` is the usual way; `scope` or `scope.open()` leaves
    closing to the caller.
    """

    def __init__(
        self,
        portal: Portal,
        wrapped: aio_ssh_connection.Scope[Any],
        wrap: Callable[[Portal, Any], T],
    ) -> None:
        super().__init__(portal, wrapped)
        self._wrap = wrap

    def open(self) -> T:
        """Open it; the caller closes it."""
        return self._wrap(self._portal, self._portal.wait(self._wrapped.open))

    def __enter__(self) -> T:
        return self._wrap(self._portal, self._portal.wait(self._wrapped.__aenter__))

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._portal.leave(self._wrapped.__aexit__, kind, error, trace)
