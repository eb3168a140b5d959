"""Two pipes joined in memory: what one side writes, the other receives."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Final

from ssh_sftp.pipe import Buffer, PipeReceiver

__all__ = ["MemoryPipe", "memory_pipes"]

_HIGH: Final = 1_048_576


class MemoryPipe:
    """One end of a stream in memory."""

    def __init__(self, chunk: int) -> None:
        self._loop = asyncio.get_running_loop()
        self._chunk = chunk
        self._peer: MemoryPipe | None = None
        self._receiver: PipeReceiver | None = None
        self._queue: deque[bytes] = deque()
        self._waiting = 0
        self._scheduled = False
        self._reading = True
        self._eof = False
        self._told_eof = False
        self._paused = False
        self._closed = asyncio.Event()

    def join(self, peer: MemoryPipe) -> None:
        """Make `peer` the other end."""
        self._peer = peer

    def connect(self, receiver: PipeReceiver) -> None:
        """Pass everything that arrives to `receiver`."""
        self._receiver = receiver
        self._schedule()

    def write(self, *parts: Buffer) -> None:
        """Send the parts to the other end."""
        peer = self._peer
        if peer is None or self._closed.is_set():
            return
        waiting = peer.take(b"".join(parts))
        if waiting > _HIGH and not self._paused and self._receiver is not None:
            self._paused = True
            self._receiver.pause_writing()

    def write_eof(self) -> None:
        """Send EOF."""
        if self._peer is not None:
            self._peer.take_eof()

    def close(self) -> None:
        """Close the stream, and tell the other end."""
        if not self._closed.is_set():
            self.write_eof()
            self._closed.set()
            self._queue.clear()
            self._loop.call_soon(self._tell_closed)

    async def wait_closed(self) -> None:
        """Wait until it has ended."""
        await self._closed.wait()

    def pause_reading(self) -> None:
        """Deliver nothing until `resume_reading`."""
        self._reading = False

    def resume_reading(self) -> None:
        """Deliver data again."""
        self._reading = True
        self._schedule()

    def _tell_closed(self) -> None:
        if self._receiver is not None:
            receiver, self._receiver = self._receiver, None
            receiver.pipe_closed(None)

    def _schedule(self) -> None:
        if not self._scheduled and (self._queue or self._eof):
            self._scheduled = True
            self._loop.call_soon(self._deliver)

    def _deliver(self) -> None:
        self._scheduled = False
        receiver = self._receiver
        while self._queue and self._reading and receiver is not None:
            data = self._queue.popleft()
            self._waiting -= len(data)
            view = memoryview(data)
            for start in range(0, len(data), self._chunk):
                receiver.data_received(view[start : start + self._chunk])
        if self._peer is not None:
            self._peer.relax(self._waiting)
        if self._eof and not self._queue and not self._told_eof and self._receiver is not None:
            self._told_eof = True
            self._receiver.eof_received()

    def take(self, data: bytes) -> int:
        """Queue data of the other end; return how much is queued."""
        if not self._closed.is_set():
            self._queue.append(data)
            self._waiting += len(data)
            self._schedule()
        return self._waiting

    def take_eof(self) -> None:
        """Receive EOF of the other end."""
        self._eof = True
        self._schedule()

    def relax(self, waiting: int) -> None:
        """Resume writing when the other end has few bytes left to take."""
        if self._paused and waiting <= _HIGH // 2 and self._receiver is not None:
            self._paused = False
            self._receiver.resume_writing()


def memory_pipes(chunk: int = 32_768) -> tuple[MemoryPipe, MemoryPipe]:
    """Return two joined pipes; data is delivered in pieces of at most `chunk` bytes."""
    left, right = MemoryPipe(chunk), MemoryPipe(chunk)
    left.join(right)
    right.join(left)
    return left, right
