"""Waiting for a prompt or another text in a stream, losing nothing of it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from typing import AnyStr, Protocol, TypeVar

from ssh_connection.expect import EXPECT_LIMIT, Expected, ExpectTimeout, PatternNotFound, Search
from ssh_wire.aio import timeout

__all__ = ["Peekable", "expect"]


_Data_co = TypeVar("_Data_co", bytes, str, covariant=True)


class Peekable(Protocol[_Data_co]):
    """A stream that shows what has arrived before it is read."""

    def peek(self) -> _Data_co:
        """Return what is unread."""
        ...

    async def wait_for_more(self) -> bool:
        """Wait until more arrives; return False at the end."""
        ...

    async def read(self, n: int = -1) -> _Data_co:
        """Read what is there."""
        ...


async def expect(
    stream: Peekable[AnyStr],
    patterns: Sequence[AnyStr | re.Pattern[AnyStr]],
    kind: type[AnyStr],
    seconds: float | None,
) -> Expected[AnyStr]:
    """Wait for the first of some patterns, and read up to its end.

    Args:
        stream: the stream.
        patterns: what is waited for.
        kind: the type of its data.
        seconds: how long to wait; None for as long as it takes.

    Raises:
        ExpectTimeout: none came in time.
        PatternNotFound: the stream ended without one.
        asyncio.LimitOverrunError: too much came without one.
    """
    search = Search(patterns, kind)
    clock = timeout(seconds)
    try:
        async with clock:
            found = await _find(stream, search)
    except TimeoutError:
        if not clock.expired():
            raise
        raise ExpectTimeout(search.what, seconds or 0.0, stream.peek()) from None
    size = len(found.before) + len(found.text)
    if size:
        await stream.read(size)  # it is there, so this does not wait
    return found


async def _find(stream: Peekable[AnyStr], search: Search[AnyStr]) -> Expected[AnyStr]:
    more = True
    while (found := search.find(data := stream.peek())) is None:
        if not more:
            raise PatternNotFound(search.what, data)
        if len(data) >= EXPECT_LIMIT:
            problem = f"no match within {EXPECT_LIMIT}: {search.what}"
            raise asyncio.LimitOverrunError(problem, len(data))
        more = await stream.wait_for_more()
    return found
