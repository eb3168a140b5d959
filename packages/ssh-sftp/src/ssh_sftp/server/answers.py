"""Answers of a file system that come at once or later, and checks of their types.

A method returns its value, or an awaitable of it.  Handlers pass either through `then`, so that
they are written once.  Nothing here knows an event loop: `Turn` yields to whatever runs it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Generator, Iterable
from typing import Any, Final, TypeAlias, TypeVar, cast

from ssh_sftp import messages as m
from ssh_sftp.numbers import StatusCode
from ssh_sftp.pipe import Buffer
from ssh_sftp.server.statuses import status
from ssh_wire import Message

__all__ = [
    "Answer",
    "Turn",
    "data_of",
    "done",
    "entries_of",
    "is_later",
    "of_type",
    "one_name",
    "then",
    "value_of",
    "wrong",
]

Answer: TypeAlias = Message | Coroutine[Any, Any, Message]
"""A reply, or what gives it when it has run."""

T = TypeVar("T")

_OK: Final = StatusCode.OK


class Turn:
    """Await it to let other tasks run: an event loop resumes the task in its next round."""

    def __await__(self) -> Generator[None, None, None]:
        """Yield once."""
        yield


def is_later(value: object) -> bool:
    """Return whether a value is an awaitable."""
    return hasattr(value, "__await__")


def then(value: object, make: Callable[[object], Message]) -> Answer:
    """Return the reply that `make` makes of a value, once that is there."""
    if is_later(value):
        return _later(cast("Awaitable[object]", value), make)
    return make(value)


async def _later(value: Awaitable[object], make: Callable[[object], Message]) -> Message:
    return make(await value)


def done(number: int, value: object) -> Answer:
    """Return the reply "Success" to a request, once a method that returns nothing is done."""
    if is_later(value):
        return _later(cast("Awaitable[object]", value), lambda _: status(number, _OK))
    return status(number, _OK)


async def value_of(value: object) -> object:
    """Return a value, awaited where it is an awaitable."""
    return await cast("Awaitable[object]", value) if is_later(value) else value


# ------------------------------------------------------------------ types


def of_type(kind: type[T], value: object, method: str) -> T:
    """Return a value, checked to be of this type.

    Raises:
        TypeError: it is of another type.
    """
    if isinstance(value, kind):
        return value
    raise wrong(value, kind.__name__, method)


def one_name(number: int, method: str) -> Callable[[object], Message]:
    """Return what makes the reply of one name."""

    def make(name: object) -> Message:
        text = of_type(str, name, method)
        return m.Name(id=number, entries=(m.NameEntry(filename=text, longname=text),))

    return make


def data_of(value: object, most: int) -> Buffer:
    """Return what READ read, checked.

    Raises:
        TypeError: it is not bytes, or more than was asked for.
    """
    if isinstance(value, bytes | bytearray | memoryview):
        data = cast("Buffer", value)
        if len(data) <= most:
            return data
        problem = f"read() returned {len(data)} bytes, and at most {most} were asked for"
        raise TypeError(problem)
    raise wrong(value, "bytes", "read")


def entries_of(value: object) -> tuple[m.NameEntry, ...]:
    """Return the names that READDIR read, checked.

    Raises:
        TypeError: they are not names.
    """
    if not isinstance(value, Iterable):
        raise wrong(value, "a sequence of NameEntry", "read")
    found = cast("Iterable[object]", value)
    return tuple(of_type(m.NameEntry, entry, "read") for entry in found)


def wrong(value: object, wanted: str, method: str) -> TypeError:
    """Return the error for a method that returned something else than is expected."""
    told = value if isinstance(value, int) else type(value).__name__
    problem = f"{method}() returned {told}, where {wanted} is expected"
    return TypeError(problem)
