"""A byte stream in memory: what two ends of a connection talk through in a test."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Final

from ssh_stack.streams import Reader, Writer

__all__ = ["MemoryLink"]

_HIGH_WATER: Final = 256 * 1024
"""Bytes that wait to be read, above which a writer waits."""


class MemoryLink:
    """A byte stream in memory, with two ends; each is a `Stream` for one connection.

        link = MemoryLink()
        await server.accept(link.right)
        connection = await ssh_stack.connect("box", stream=link.left)

    `cut`, `freeze` and `thaw` may be called from any thread.
    """

    def __init__(self) -> None:
        there, back = _Direction(), _Direction()
        there.opposite, back.opposite = back, there
        self._directions = (there, back)
        self.left: Final[tuple[Reader, Writer]] = (back, there)
        """One end: what it reads is what the other end writes."""
        self.right: Final[tuple[Reader, Writer]] = (there, back)
        """The other end."""

    def cut(self, error: Exception | None = None) -> None:
        """Break the stream for both ends.

        Args:
            error: what both ends are told; by default a `ConnectionResetError`.
        """
        reason = error or ConnectionResetError("the link was cut")
        for direction in self._directions:
            direction.in_loop(partial(direction.fail, reason))

    def freeze(self) -> None:
        """Deliver nothing any more and report nothing, as a line does that is dead."""
        for direction in self._directions:
            direction.in_loop(direction.freeze)

    def thaw(self) -> None:
        """Deliver again, first what was written meanwhile."""
        for direction in self._directions:
            direction.in_loop(direction.thaw)


class _Direction:
    """One direction: what is written to it is read from it."""

    opposite: _Direction

    def __init__(self) -> None:
        self._data = bytearray()
        self._error: Exception | None = None
        self._ended = False
        self._frozen = False
        self._changed = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    def in_loop(self, change: Callable[[], None]) -> None:
        """Make a change in the loop whose connections use the stream."""
        if self._loop is None:
            change()
        else:
            with suppress(RuntimeError):  # the loop is closed, and its connections with it
                self._loop.call_soon_threadsafe(change)

    # ------------------------------------------------------------- reader

    async def read(self, n: int, /) -> bytes:
        """Return up to `n` bytes; b"" at the end."""
        self._loop = asyncio.get_running_loop()
        while not self._is_readable():
            await self._wait()
        if self._error is not None:
            raise self._error
        data = bytes(self._data[:n])
        del self._data[:n]
        self._changed.set()
        return data

    def _is_readable(self) -> bool:
        if self._error is not None:
            return True
        return not self._frozen and (bool(self._data) or self._ended)

    async def _wait(self) -> None:
        self._changed.clear()
        await self._changed.wait()

    # ------------------------------------------------------------- writer

    def write(self, data: bytes, /) -> None:
        """Send data; what is written to a stream that has ended is lost."""
        if not self._ended and self._error is None:
            self._data += data
            self._changed.set()

    async def drain(self) -> None:
        """Wait until there is room."""
        while len(self._data) > _HIGH_WATER and self._error is None and not self._ended:
            await self._wait()

    def close(self) -> None:
        """End the stream behind what was written; this end reads no more either."""
        self._ended = True
        self._changed.set()
        self.opposite.abandon()

    def abandon(self) -> None:
        """Lose what is written from now on: the end that would read it is closed."""
        self._ended = True
        self._data.clear()
        self._changed.set()

    # ------------------------------------------------------------- the line

    def fail(self, error: Exception) -> None:
        self._error = error
        self._data.clear()
        self._changed.set()

    def freeze(self) -> None:
        self._frozen = True

    def thaw(self) -> None:
        self._frozen = False
        self._changed.set()
