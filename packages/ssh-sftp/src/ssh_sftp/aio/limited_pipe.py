"""A byte stream with a bound on its rate: `SFTPOptions(limit=...)`, `-l` of sftp(1) and scp(1).

What goes out waits in a queue and leaves a piece at a time, and so does what comes in.  A session
asks for more when it has received something, so little waits on either side.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from ssh_sftp.pipe import Pipe, PipeReceiver

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
        self._arrived: deque[bytes] = deque()
        self._input_ends: list[Callable[[], None]] = []
        self._resting: asyncio.TimerHandle | None = None
        self._paused = False
        self._closed = False
        self._ended = False

    # ------------------------------------------------------------- the pipe

    def connect(self, receiver: PipeReceiver) -> None:
        """Pass everything that arrives to `receiver` from now on."""
        self._receiver = receiver
        self._pipe.connect(self)

    def write(self, *parts: bytes | bytearray | memoryview) -> None:
        """Send the parts, in order and completely, when it is their turn."""
        if self._ended:
            return  # the receiver is told of it behind what waits
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
        if self._ended:
            return
        self._at_eof = True
        if not self._waiting and self._timer is None:
            self._pipe.write_eof()

    def close(self) -> None:
        """End the stream in both directions; what waits is dropped."""
        for timer in (self._timer, self._resting):
            if timer is not None:
                timer.cancel()
        self._closed = True
        self._waiting.clear()
        self._arrived.clear()
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
        if self._resting is None and self._arrived:
            self._deliver()
        elif not self._arrived and not self._ended:
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
        """Keep data until it is its turn, and have no more sent meanwhile.

        Pausing alone would not do: a channel delivers what its window has room for.
        """
        if not self._arrived:
            self._pipe.pause_reading()
        self._arrived.append(bytes(data))
        if self._resting is None:
            self._deliver()

    def _deliver(self) -> None:
        """Pass one piece on, and the next when the time for this one is over."""
        self._resting = None
        if self._paused or self._receiver is None:
            return
        if not self._arrived:
            self._end_input()
            return
        data = self._arrived.popleft()
        if len(data) > self._piece:
            data, rest = data[: self._piece], data[self._piece :]
            self._arrived.appendleft(rest)
        if not self._arrived and not self._input_ends:
            self._pipe.resume_reading()
        self._resting = self._loop.call_later(len(data) / self._rate, self._deliver)
        self._receiver.data_received(memoryview(data))

    def eof_received(self) -> None:
        """Pass EOF on, behind what waits."""
        if self._receiver is not None:
            self._input_ends.append(self._receiver.eof_received)
            self._end_input()

    def pipe_closed(self, error: Exception | None) -> None:
        """Pass the end on, behind what waits; nothing can be sent any more."""
        self._ended = True
        self._waiting.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._receiver is not None:
            self._input_ends.append(partial(self._receiver.pipe_closed, error))
            self._end_input()

    def _end_input(self) -> None:
        if self._arrived and not self._closed:
            return
        ends, self._input_ends = self._input_ends, []
        for end in ends:
            end()
