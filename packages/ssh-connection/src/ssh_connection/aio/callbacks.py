"""Functions that the user of a server gives to it: which are refused, and how they are called."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Awaitable, Callable
from functools import partial
from types import FunctionType, MethodType
from typing import Any, Final, cast

from ssh_wire import UsageError
from ssh_wire.guarded import Guard, guarded

__all__ = ["awaited", "check_async", "logged"]

_AWAITED: Final = ("Awaitable", "Coroutine", "Future", "Task")
"""What the annotation of a plain function names that returns something to await."""


def check_async(name: str, function: object, count: int) -> None:
    """Refuse a function that cannot be meant, before it is needed.

    Args:
        name: what it was given as.
        function: what was given.
        count: with how many arguments it is called.

    Raises:
        UsageError: it is not callable, takes other arguments, or is a plain function or a
            generator where an async function is wanted.
    """
    if not callable(function):
        problem = f"{name} is an async function, and not a {type(function).__name__}"
        raise UsageError(problem)
    if not _takes(function, count):
        problem = f"{name} is called with {count} arguments; {_name(function)} takes others"
        raise UsageError(problem)
    if _is_plain(function):
        problem = f"{name} is an async function, and {_name(function)} is not: write `async def`"
        raise UsageError(problem)


async def awaited(function: Callable[..., Awaitable[Any]], *args: object) -> Any:  # noqa: ANN401 (whatever the function returns)
    """Call a function of the user, and await what it returns.

    Raises:
        TypeError: it returned something that cannot be awaited.
    """
    answer: object = function(*args)
    if not inspect.isawaitable(answer):
        problem = f"{_name(function)} returned {type(answer).__name__}: it is not async"
        raise TypeError(problem)
    return await answer


def logged(log: logging.Logger, message: str, *arguments: object) -> Guard[Exception]:
    """Return a context in which functions of the user may raise what they like: it is logged.

        with logged(log, "on_error failed") as guard:
            on_error(error)
        if guard.failed: ...

    Args:
        log: logs an exception; what is not an `Exception` passes.
        message: what failed, with the format of `logging`.
        arguments: for the message.
    """

    def report(error: Exception) -> None:
        log.error(message, *arguments, exc_info=error)

    return guarded(report)


def _takes(function: Callable[..., object], count: int) -> bool:
    """Return whether a function can be called with so many positional arguments."""
    try:
        inspect.signature(function).bind(*range(count))
    except TypeError:
        return False
    except ValueError:  # a builtin that does not say
        return True
    return True


def _is_plain(function: Callable[..., object]) -> bool:
    """Return whether a function is known to return something that cannot be awaited."""
    while isinstance(function, partial):
        function = cast("Callable[..., object]", function.func)
    if not isinstance(function, FunctionType | MethodType | type):
        function = getattr(type(function), "__call__", function)  # noqa: B004 (of an object)
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        return True
    if inspect.iscoroutinefunction(function) or not isinstance(
        function, FunctionType | MethodType
    ):
        return False
    returned = str(function.__annotations__.get("return", ""))
    # a lambda, or a function that says so, may pass on what an async one returns
    return function.__name__ != "<lambda>" and not any(name in returned for name in _AWAITED)


def _name(function: object) -> str:
    return str(getattr(function, "__qualname__", type(function).__qualname__))
