"""Byte streams that somebody else connected: the way of one connection, in either role."""

from __future__ import annotations

import asyncio
import inspect
import socket
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeAlias, cast

from ssh_connection.aio import Channel
from ssh_wire import UsageError

if TYPE_CHECKING:
    from ssh_transport.aio import Driver

__all__ = ["Reader", "Stream", "Writer", "attach", "check_stream"]

_READ: Final = 64 * 1024


class Reader(Protocol):
    """Where bytes come from: `asyncio.StreamReader` is one."""

    def read(self, n: int, /) -> Awaitable[bytes]:
        """Return up to `n` bytes; b"" at the end."""
        ...


class Writer(Protocol):
    """Where bytes go: `asyncio.StreamWriter` is one, and the `stdin` of a `Process`.

    What has `drain` is waited for by it; else what `write` returns is awaited.  What has no
    `close` is told `write_eof`.
    """

    def write(self, data: bytes, /) -> object:
        """Send data, or keep it."""
        ...


Stream: TypeAlias = socket.socket | Channel | tuple[Reader, Writer]
"""A connected socket, a channel of another connection, or a pair of reader and writer."""


def check_stream(stream: object) -> None:
    """Refuse what is not a stream.

    Raises:
        UsageError: it has none of the three types.
    """
    pair = isinstance(stream, tuple) and len(cast("tuple[object, ...]", stream)) == 2  # noqa: PLR2004
    if pair:
        reader, writer = cast("tuple[object, object]", stream)
        pair = callable(getattr(reader, "read", None)) and callable(getattr(writer, "write", None))
    if not pair and not isinstance(stream, socket.socket | Channel):
        problem = "stream is a connected socket, a Channel, or a pair (reader, writer)"
        raise UsageError(problem)


async def attach(driver: Driver, stream: Stream) -> None:
    """Let a driver talk through a stream, which it owns from now on.

    Raises:
        OSError: it is a socket that is not connected.
    """
    match stream:
        case socket.socket():
            stream.getpeername()  # says so at once where it is not connected
            loop = asyncio.get_running_loop()
            stream.setblocking(False)
            await loop.create_connection(lambda: driver, sock=stream)
        case Channel():
            from ssh_connection.aio import connect_driver  # rarely used

            connect_driver(driver, stream)
        case (reader, writer):
            _Pair(driver, reader, writer).begin()


class _Pair(asyncio.Transport):
    """A reader and a writer as the transport of a driver."""

    def __init__(self, driver: Driver, reader: Reader, writer: Writer) -> None:
        super().__init__()
        self._loop = asyncio.get_running_loop()
        self._driver = driver
        self._reader = reader
        self._writer = writer
        self._may_read = asyncio.Event()
        self._may_read.set()
        self._waiting: list[bytes] = []  # of a writer that is awaited
        self._reading: asyncio.Task[None] | None = None
        self._draining: asyncio.Task[None] | None = None
        self._drains = hasattr(writer, "drain")
        self._closing = False
        self._lost = False

    def begin(self) -> None:
        """Start the driver, then read."""
        self._driver.connection_made(self)
        self._reading = self._loop.create_task(self._read())

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if self._lost:
            return
        kept = bytes(data)  # a writer may keep what the driver writes over
        if self._drains:
            self._writer.write(kept)
        else:
            self._waiting.append(kept)
        if self._draining is None:
            self._draining = self._loop.create_task(self._drain())

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        del high, low  # the writer has its own

    def get_write_buffer_size(self) -> int:
        return 0  # what is kept was copied

    def get_extra_info(self, name: str, default: Any = None) -> Any:  # noqa: ANN401 (asyncio's)
        del name
        return default

    def pause_reading(self) -> None:
        self._may_read.clear()

    def resume_reading(self) -> None:
        self._may_read.set()

    def is_closing(self) -> bool:
        return self._closing

    def close(self) -> None:
        if not self._closing:
            self._closing = True
            if self._draining is None:
                self._loop.call_soon(self._end, None)

    def abort(self) -> None:
        self._closing = True
        self._end(None)

    async def _read(self) -> None:
        try:
            while True:
                await self._may_read.wait()
                data = await self._reader.read(_READ)
                if not data:
                    break
                self._driver.feed(data)
        except Exception as error:  # noqa: BLE001 (whatever a stream raises, it is over)
            self._end(error)
            return
        self._reading = None
        self._driver.feed_eof()
        self.close()

    async def _drain(self) -> None:
        """Wait for the writer, and let the driver wait with it."""
        self._driver.pause_writing()
        try:
            await self._room()
        except Exception as error:  # noqa: BLE001 (whatever a stream raises, it is over)
            self._end(error)
            return
        self._draining = None
        self._driver.resume_writing()
        if self._closing and self._draining is None:
            self._end(None)

    async def _room(self) -> None:
        """Wait until the writer has taken what was written, or has room for more."""
        if self._drains:
            await cast("Callable[[], Awaitable[None]]", getattr(self._writer, "drain"))()  # noqa: B009
        while self._waiting:
            data = b"".join(self._waiting)
            self._waiting.clear()
            written = self._writer.write(data)
            if inspect.isawaitable(written):
                await written

    def _end(self, error: Exception | None) -> None:
        if self._lost:
            return
        self._lost = self._closing = True
        current = asyncio.current_task(self._loop)
        for task in (self._reading, self._draining):
            if task is not None and task is not current:
                task.cancel()
        end = getattr(self._writer, "close", None) or getattr(self._writer, "write_eof", None)
        if callable(end):
            end()
        self._loop.call_soon(self._driver.connection_lost, error)
