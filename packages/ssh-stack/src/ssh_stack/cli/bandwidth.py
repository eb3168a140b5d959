"""A byte stream with a bound on its rate, for `-l` of sftp(1) and scp(1).

What goes out waits in a queue and leaves a piece at a time; what comes in is received, and
then reading pauses for as long as so many bytes take.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from ssh_sftp import Pipe, PipeReceiver

__all__ = ["LimitedPipe"]

_PIECE_SECONDS: Final = 0.1
_HIGH: Final = 262_144  # bytes waiting to leave, above which the writer is paused


class LimitedPipe:
    """A `Pipe` over another one, which moves at most so many bytes a second in each direction.

    Args:
        pipe: the stream.
        bytes_per_second: the bound.
    """

    def __init__(self, pipe: Pipe, bytes_per_second: int) -> None:
        self._pipe = pipe
        self._rate = bytes_per_second
        self._piece = max(512, int(bytes_per_second * _PIECE_SECONDS))
        self._loop = asyncio.get_running_loop()
        self._receiver: PipeReceiver | None = None
        self._waiting: deque[bytes] = deque()
        self._size = 0
        self._timer: asyncio.TimerHandle | None = None
        self._at_eof = False
        self._full = False
        self._blocked = False
        self._resting: asyncio.TimerHandle | None = None
        self._paused = False

    # ------------------------------------------------------------- the pipe

    def connect(self, receiver: PipeReceiver) -> None:
        """Pass everything that arrives to `receiver` from now on."""
        self._receiver = receiver
        self._pipe.connect(self)

    def write(self, *parts: bytes | bytearray | memoryview) -> None:
        """Send the parts, in order and completely, when it is their turn."""
        data = b"".join(parts)
        self._waiting.append(data)
        self._size += len(data)
        if self._size > _HIGH and not self._full and self._receiver is not None:
            self._full = True
            self._receiver.pause_writing()
        if self._timer is None:
            self._send()

    def write_eof(self) -> None:
        """Send EOF behind what waits."""
        self._at_eof = True
        if not self._waiting and self._timer is None:
            self._pipe.write_eof()

    def close(self) -> None:
        """End the stream in both directions; what waits is dropped."""
        for timer in (self._timer, self._resting):
            if timer is not None:
                timer.cancel()
        self._waiting.clear()
        self._pipe.close()

    async def wait_closed(self) -> None:
        """Wait until it has ended."""
        await self._pipe.wait_closed()

    def pause_reading(self) -> None:
        """Deliver nothing until `resume_reading`."""
        self._paused = True
        self._pipe.pause_reading()

    def resume_reading(self) -> None:
        """Deliver data again."""
        self._paused = False
        if self._resting is None:
            self._pipe.resume_reading()

    # ------------------------------------------------------------- out

    def _send(self) -> None:
        """Send one piece, and the next when the time for this one is over."""
        self._timer = None
        if self._blocked or not self._waiting:
            return
        data = self._waiting.popleft()
        if len(data) > self._piece:
            data, rest = data[: self._piece], data[self._piece :]
            self._waiting.appendleft(rest)
        self._size -= len(data)
        self._timer = self._loop.call_later(len(data) / self._rate, self._next)
        self._pipe.write(data)

    def _next(self) -> None:
        self._send()
        if self._full and self._size <= _HIGH // 2 and self._receiver is not None:
            self._full = False
            self._receiver.resume_writing()
        if self._at_eof and not self._waiting:
            self._at_eof = False
            self._pipe.write_eof()

    def pause_writing(self) -> None:
        """Stop sending: the stream below is full."""
        self._blocked = True

    def resume_writing(self) -> None:
        """Send again."""
        self._blocked = False
        if self._timer is None:
            self._next()

    # ------------------------------------------------------------- in

    def data_received(self, data: memoryview) -> None:
        """Pass data on, and rest for as long as it takes at the rate."""
        if self._receiver is not None:
            seconds = len(data) / self._rate
            self._receiver.data_received(data)
            self._rest(seconds)

    def eof_received(self) -> None:
        """Pass EOF on."""
        if self._receiver is not None:
            self._receiver.eof_received()

    def pipe_closed(self, error: Exception | None) -> None:
        """Pass the end on."""
        if self._receiver is not None:
            self._receiver.pipe_closed(error)

    def _rest(self, seconds: float) -> None:
        end = self._loop.time() + seconds
        if self._resting is not None:  # data that was under way when reading paused
            end = self._resting.when() + seconds
            self._resting.cancel()
        else:
            self._pipe.pause_reading()
        self._resting = self._loop.call_at(end, self._rested)

    def _rested(self) -> None:
        self._resting = None
        if not self._paused:
            self._pipe.resume_reading()
