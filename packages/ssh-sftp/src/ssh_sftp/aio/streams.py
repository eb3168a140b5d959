"""A pipe made of a reader and a writer, as `asyncio` streams have them."""

from __future__ import annotations

import asyncio
from typing import Final, Protocol

from ssh_sftp.pipe import Buffer, PipeReceiver

__all__ = ["StreamPipe", "StreamReader", "StreamWriter"]

_CHUNK: Final = 262_144
_HIGH: Final = 1_048_576


class StreamReader(Protocol):
    """The part of `asyncio.StreamReader` that is used."""

    async def read(self, n: int = -1, /) -> bytes:
        """Return up to `n` bytes, or b"" at EOF."""
        ...


class StreamWriter(Protocol):
    """The part of `asyncio.StreamWriter` that is used."""

    def write(self, data: bytes, /) -> None:
        """Buffer bytes to send."""

    async def drain(self) -> None:
        """Wait until the buffer has room."""

    def close(self) -> None:
        """Close the stream."""


class StreamPipe:
    """A `Pipe` over a reader and a writer."""

    def __init__(self, reader: StreamReader, writer: StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._receiver: PipeReceiver | None = None
        self._running = asyncio.Event()
        self._running.set()
        self._undrained = 0
        self._paused = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._draining = False
        self._closed = False
        self._over = asyncio.Event()

    def connect(self, receiver: PipeReceiver) -> None:
        """Pass everything that is read to `receiver`."""
        first = self._receiver is None
        self._receiver = receiver
        if first:
            self._spawn(asyncio.ensure_future(self._read(receiver)))

    def write(self, *parts: Buffer) -> None:
        """Send the parts."""
        if self._closed:
            return
        data = b"".join(parts)
        self._writer.write(data)
        self._undrained += len(data)
        if not self._draining:
            self._draining = True
            self._spawn(asyncio.ensure_future(self._drain()))
        if self._undrained > _HIGH and not self._paused and self._receiver is not None:
            self._paused = True
            self._receiver.pause_writing()

    def write_eof(self) -> None:
        """Send EOF, if the writer can."""
        finish = getattr(self._writer, "write_eof", None)
        if finish is not None:
            finish()

    def close(self) -> None:
        """End the stream in both directions."""
        if not self._closed:
            self._closed = True
            self._writer.close()
            for task in self._tasks:
                task.cancel()
            if not self._tasks:
                self._finish(None)

    async def wait_closed(self) -> None:
        """Wait until it has ended."""
        await self._over.wait()

    def pause_reading(self) -> None:
        """Read nothing more for now."""
        self._running.clear()

    def resume_reading(self) -> None:
        """Read again."""
        self._running.set()

    def _spawn(self, task: asyncio.Task[None]) -> None:
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and isinstance(error := task.exception(), Exception):
            self._finish(error)
            self.close()
        elif self._closed and not self._tasks:
            self._finish(None)

    def _finish(self, error: Exception | None) -> None:
        if not self._over.is_set():
            self._over.set()
            if self._receiver is not None:
                self._receiver.pipe_closed(error)

    async def _read(self, receiver: PipeReceiver) -> None:
        while data := await self._reader.read(_CHUNK):
            receiver.data_received(memoryview(data))
            if not self._running.is_set():
                await self._running.wait()
        receiver.eof_received()

    async def _drain(self) -> None:
        while self._undrained:
            self._undrained = 0
            await self._writer.drain()
            if self._paused and not self._undrained and self._receiver is not None:
                self._paused = False
                self._receiver.resume_writing()
        self._draining = False
