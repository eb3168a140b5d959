"""Descriptors of a local process's streams, read and written by the loop without waiting.

asyncio's own pipe transports make an object of every read; a source reads into one buffer
that is kept, and hands out a view of it.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Final

__all__ = ["DescriptorReader", "DescriptorWriter"]

_SMALL: Final = 16 * 1024
_LARGE: Final = 7 * 32 * 1024  # as much as leaves in one write of the transport's
_PIPE: Final = 256 * 1024
_FINAL_READ_LIMIT: Final = 1024 * 1024
_SET_PIPE_SIZE: Final[int | None] = getattr(fcntl, "F_SETPIPE_SZ", None)


class DescriptorReader:
    """Reads a descriptor, which it owns from now on, until its end.

    Args:
        descriptor: a pipe, or the master side of a terminal.
        take: is handed what was read; the view is valid during the call.
        ended: called once, when there is no more.
    """

    def __init__(
        self,
        descriptor: int,
        take: Callable[[memoryview], None],
        ended: Callable[[], None],
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._descriptor = descriptor
        self._take = take
        self._ended = ended
        self._buffer = memoryview(bytearray(_SMALL))
        self._reading = False
        self._wanted = True
        self._left = -1  # bytes that are still read; -1 for all until the end
        os.set_blocking(descriptor, False)

    def pause(self) -> None:
        """Read nothing for now."""
        self._wanted = False
        self._watch(False)

    def resume(self) -> None:
        """Read, or read again."""
        self._wanted = True
        self._watch(True)
        if self._left >= 0:
            self._loop.call_soon(self._drain)

    def finish(self) -> None:
        """Read what is there already, and end: what others write later is nobody's."""
        if self._left < 0:
            self._left = _FINAL_READ_LIMIT
            self._drain()

    def stop(self) -> None:
        """Read no more, and end: whoever writes gets SIGPIPE."""
        self._end()

    def close(self) -> None:
        """Close the descriptor."""
        if self._descriptor >= 0:
            self._watch(False)
            os.close(self._descriptor)
            self._descriptor = -1

    def _watch(self, wanted: bool) -> None:  # noqa: FBT001 (on or off)
        if wanted is not self._reading and self._descriptor >= 0:
            self._reading = wanted
            if wanted:
                self._loop.add_reader(self._descriptor, self._readable)
            else:
                self._loop.remove_reader(self._descriptor)

    def _readable(self) -> None:
        with suppress(BlockingIOError, InterruptedError):
            self._read()

    def _drain(self) -> None:
        try:
            while self._wanted and self._descriptor >= 0:
                self._left -= self._read()
                if self._left <= 0:
                    break
            else:
                return
        except (BlockingIOError, InterruptedError):
            pass
        self._end()

    def _read(self) -> int:
        """Read once; return how much."""
        try:
            size = os.readv(self._descriptor, [self._buffer])
        except (BlockingIOError, InterruptedError):
            raise
        except OSError:
            size = 0  # EIO: no process has the terminal open any more
        if size == 0:
            self._end()
        else:
            self._take(self._buffer[:size])
            if size == _SMALL == len(self._buffer):
                self._grow()
        return size

    def _grow(self) -> None:
        """Enlarge the buffers for a program that writes in bulk."""
        self._buffer = memoryview(bytearray(_LARGE))
        if self._descriptor >= 0:
            _enlarge_pipe(self._descriptor)

    def _end(self) -> None:
        if self._descriptor >= 0:
            self.close()
            self._ended()


class DescriptorWriter:
    """Writes to a descriptor, which it owns from now on.

    Args:
        descriptor: a pipe, or the master side of a terminal.
        taken: told how many bytes the process has been given, or will never take.
        unread: called when the process reads no more, while there is something to write.
    """

    def __init__(
        self,
        descriptor: int,
        taken: Callable[[int], None],
        unread: Callable[[], None] | None = None,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._descriptor = descriptor
        self._taken = taken
        self._unread = unread
        self._waiting: deque[memoryview] = deque()
        self._closing = False
        self._wide = False
        os.set_blocking(descriptor, False)

    def write(self, data: memoryview) -> None:
        """Write `data`, which is valid during the call; keep what cannot be written yet."""
        if self._closing or self._descriptor < 0:
            self._taken(len(data))
            return
        written = 0 if self._waiting else self._put(data)
        if written < len(data) and self._descriptor >= 0:
            if not self._waiting:
                self._grow()
                self._loop.add_writer(self._descriptor, self._writable)
            self._waiting.append(memoryview(bytes(data[written:])))
        elif written < len(data):
            self._taken(len(data) - written)

    def write_eof(self) -> None:
        """Close behind all that was written."""
        self._closing = True
        if not self._waiting:
            self.close()

    def close(self) -> None:
        """Close the descriptor; what was not written is dropped, and counts as taken."""
        if self._descriptor >= 0:
            if self._waiting:
                self._loop.remove_writer(self._descriptor)
            os.close(self._descriptor)
            self._descriptor = -1
            dropped = sum(map(len, self._waiting))
            self._waiting.clear()
            if dropped:
                self._taken(dropped)

    def _put(self, data: memoryview) -> int:
        """Write once; return how much was written."""
        try:
            written = os.write(self._descriptor, data)
        except (BlockingIOError, InterruptedError):
            return 0
        except OSError:
            self.close()  # the process reads no more; what is sent to it goes nowhere
            if self._unread is not None:
                self._unread()
            return 0
        self._taken(written)
        return written

    def _grow(self) -> None:
        if not self._wide:
            self._wide = True
            _enlarge_pipe(self._descriptor)

    def _writable(self) -> None:
        while self._waiting:
            data = self._waiting[0]
            written = self._put(data)
            if not self._waiting:
                return  # it was closed
            if written < len(data):
                self._waiting[0] = data[written:]
                return
            self._waiting.popleft()
        self._loop.remove_writer(self._descriptor)
        if self._closing:
            self.close()


def _enlarge_pipe(descriptor: int) -> None:
    """Let a pipe hold more: there is much to carry."""
    if _SET_PIPE_SIZE is not None:
        with suppress(OSError):  # a terminal, or a user with many pipes
            fcntl.fcntl(descriptor, _SET_PIPE_SIZE, _PIPE)
