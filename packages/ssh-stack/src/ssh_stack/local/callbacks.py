"""Functions of the caller's that are asked for a secret or a decision."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeAlias, cast

from ssh_wire import UsageError

__all__ = [
    "TextCallback",
    "call_for_answer",
    "call_for_answers",
    "call_for_decision",
    "call_for_name",
    "call_for_text",
]

TextCallback: TypeAlias = Callable[..., Awaitable[str | None] | str | None]
"""An async function, or a plain one, which is called in a thread: `getpass.getpass`, say."""


async def call_for_text(function: TextCallback, *args: object, what: str) -> str | None:
    """Return what a function answers.

    Args:
        function: the function.
        args: what it is called with.
        what: the name of the option that it was given as.

    Raises:
        UsageError: the answer is neither text nor None.
    """
    return _checked_text(await _call(function, args), what)


async def call_for_decision(
    function: Callable[..., Awaitable[bool] | bool], *args: object
) -> bool:
    """Return whether a function answers True; anything else does not accept.

    Args:
        function: the function.
        args: what it is called with.
    """
    return await _call(function, args) is True


async def call_for_name(function: Callable[[], Awaitable[str] | str]) -> str:
    """Return the name that a function answers.

    Raises:
        UsageError: the answer is not text.
    """
    name = await _call(function, ())
    if not isinstance(name, str):
        problem = f"the function given as client_host returned {type(name).__name__}, not text"
        raise UsageError(problem)
    return name


async def call_for_answers(
    function: Callable[..., Awaitable[Sequence[str] | None] | Sequence[str] | None],
    *args: object,
) -> Sequence[str] | None:
    """Return the answers of a function to a server's prompts; they are checked when sent."""
    return cast("Sequence[str] | None", await _call(function, args))


async def call_for_answer(function: Callable[..., object], *args: object) -> object:
    """Return what a function answers, whatever it is.

    Args:
        function: the function.
        args: what it is called with.
    """
    return await _call(function, args)


async def _call(function: Callable[..., object], args: tuple[object, ...]) -> object:
    if is_async(function):
        answer = function(*args)
    else:
        answer = await asyncio.to_thread(function, *args)
    return await answer if inspect.isawaitable(answer) else answer


def _checked_text(answer: object, what: str) -> str | None:
    if answer is None or isinstance(answer, str):
        return answer
    problem = f"the function given as {what} returned {type(answer).__name__}, not text or None"
    raise UsageError(problem)


def is_async(function: object) -> bool:
    """Return whether a function, or a callable object, is called without waiting for it."""
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(
        getattr(type(function), "__call__", None)  # noqa: B004 (not whether it is callable)
    )
