"""Things that are opened, used and closed: the ownership tree's one building block."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator
from types import TracebackType
from typing import TYPE_CHECKING, Any, ClassVar, Generic, NoReturn, Protocol, TypeVar

from ssh_wire.aio import close_after

__all__ = ["Closeable", "Openable", "Owned", "Scope", "usage_of"]


class Closeable(Protocol):
    """What a scope can own."""

    async def close(self) -> None:
        """Close it, and everything it owns, in bounded time."""


class Owned(Closeable, Protocol):
    """What a connection owns, and ends with itself."""

    def abort(self) -> None:
        """Stop at once; `close` waits for what is left of it."""


class Openable:
    """What has to be opened before it can be used; says how, where that was forgotten.

    A subclass gives `usage`, the statement that opens it: `class X(Openable, usage="…")`.
    """

    _usage: ClassVar[str] = "async with … as name"

    def __init_subclass__(cls, *, usage: str = "", **others: object) -> None:
        super().__init_subclass__(**others)
        if usage:
            cls._usage = usage

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> NoReturn:
            kind = type(self).__name__
            problem = f"{kind!r} object has no attribute {name!r}"
            if not name.startswith("_"):
                problem += f": it is not open yet; use `{self._usage}`, or `await` it"
            raise AttributeError(problem, name=name, obj=self)

    def __enter__(self) -> NoReturn:
        problem = f"`with` cannot wait: use `{self._usage}`, or the blocking API, ssh_stack.sync"
        raise TypeError(problem)

    def __exit__(self, *_: object) -> None:
        """Never called; Python looks for it before it calls `__enter__`."""


def usage_of(thing: Openable) -> str:
    """Return the statement that opens a thing."""
    return thing._usage  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] (the class is this module's)


T = TypeVar("T", bound=Closeable)


class Scope(Openable, Generic[T]):
    """Opens a thing on entry and closes it on exit.

    `async with scope as thing` is the usual way; `await scope` or `await scope.open()` leaves
    closing to the caller.
    """

    def __init__(self, opener: Callable[[], Awaitable[T]]) -> None:
        self._opener = opener
        self._thing: T | None = None

    async def open(self) -> T:
        """Open it; the caller closes it."""
        return await self._opener()

    def __await__(self) -> Generator[Any, Any, T]:
        return self.open().__await__()

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
            await close_after(error, thing.close)
