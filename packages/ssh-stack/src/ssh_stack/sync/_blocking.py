"""What every blocking class is: an async object, and the portal to where it lives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, NoReturn, TypeVar

from ssh_connection.aio.scope import Openable, usage_of
from ssh_stack.sync._portal import Owner, Portal

__all__ = ["Blocking", "BlockingOwner", "unwrap"]

A = TypeVar("A")
O = TypeVar("O", bound=Owner)  # noqa: E741 (an owner)


class _Wrapper:
    """Has an async object, of whatever class."""

    _wrapped: Any

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> NoReturn:
            problem = f"{type(self).__name__!r} object has no attribute {name!r}"
            wrapped = self.__dict__.get("_wrapped")
            if isinstance(wrapped, Openable) and not name.startswith("_"):
                usage = usage_of(wrapped).removeprefix("async ").replace("ssh_stack", "sync")
                problem += f": it is not open yet; use `{usage}`, or `open()`"
            raise AttributeError(problem, name=name, obj=self)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, _Wrapper):
            return NotImplemented
        return bool(self._wrapped == other._wrapped)

    def __hash__(self) -> int:
        return hash(self._wrapped)

    def __repr__(self) -> str:
        return f"<blocking {self._wrapped!r}>"


class Blocking(_Wrapper, Generic[A]):
    """Blocks where its async object awaits."""

    def __init__(self, portal: Portal, wrapped: A) -> None:
        self._portal = portal
        self._wrapped: A = wrapped


class BlockingOwner(Blocking[O]):
    """Closed at the end of the program, with a warning, unless it was closed before."""

    def __init__(self, portal: Portal, wrapped: O) -> None:
        super().__init__(portal, wrapped)
        portal.own(wrapped)


def unwrap(value: object) -> Any:  # noqa: ANN401 (whatever the async function takes there)
    """Return the async object of a blocking one, and anything else as it is."""
    if not isinstance(value, _Wrapper):
        return value
    return value._wrapped  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] (this module's)
