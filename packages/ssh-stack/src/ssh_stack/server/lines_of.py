"""Functions that return lines of a file: sshd's AuthorizedKeysCommand and its kin."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

from ssh_auth import AuthContext
from ssh_stack.local.callbacks import is_async

__all__ = ["LinesOf", "text_of"]

LinesOf: TypeAlias = Callable[[AuthContext], str | bytes | Awaitable[str | bytes]]
"""Returns the content of a file for one connection."""


async def text_of(function: Callable[..., Any], *arguments: object) -> str | bytes:
    """Return what a function returns, which must be text.

    Raises:
        TypeError: it is something else.
    """
    if is_async(function):
        answer = function(*arguments)
    else:
        answer = await asyncio.to_thread(function, *arguments)
    text: object = await answer if inspect.isawaitable(answer) else answer
    if not isinstance(text, str | bytes):
        problem = f"a function that returns lines returned a {type(text).__name__}"
        raise TypeError(problem)
    return text
