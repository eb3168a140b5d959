"""Things that are opened, used and closed: the ownership tree's one building block."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Generic, Protocol, TypeVar

__all__ = ["Closeable", "Owned", "Scope"]


class Closeable(Protocol):
    """What a scope can own."""

    async def close(self) -> None:
        """Close it, and everything it owns, in bounded time."""


class Owned(Closeable, Protocol):
    """What a connection owns, and ends with itself."""

    def abort(self) -> None:
        """Stop at once; `close` waits for what is left of it."""


T = TypeVar("T", bound=Closeable)


class Scope(Generic[T]):
    """Opens a thing on entry and closes it on exit.

    `async with scope as thing` is the usual way; `await scope.open()` leaves closing to
    the caller.
    """

    def __init__(self, opener: Callable[[], Awaitable[T]]) -> None:
        self._opener = opener
        self._thing: T | None = None

    async def open(self) -> T:
        """Open it; the caller closes it."""
        return await self._opener()

    async def __aenter__(self) -> T:
        self._thing = await self._opener()
        return self._thing

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        thing, self._thing = self._thing, None
        if thing is not None:
            await thing.close()
