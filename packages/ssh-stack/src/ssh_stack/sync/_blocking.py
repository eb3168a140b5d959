"""What every blocking class is: an async object, and the portal to where it lives."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

from ssh_stack.sync._portal import Owner, Portal

__all__ = ["Blocking", "BlockingOwner", "unwrap"]

A = TypeVar("A")
O = TypeVar("O", bound=Owner)  # noqa: E741 (an owner)


class _Wrapper:
    """Has an async object, of whatever class."""

    _wrapped: Any

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
    """Closed at the end of the program, with a warning, if nobody did before."""

    def __init__(self, portal: Portal, wrapped: O) -> None:
        super().__init__(portal, wrapped)
        portal.own(wrapped)


def unwrap(value: object) -> Any:  # noqa: ANN401 (whatever the async function takes there)
    """Return the async object of a blocking one, and anything else as it is."""
    return value._wrapped if isinstance(value, _Wrapper) else value  # noqa: SLF001
