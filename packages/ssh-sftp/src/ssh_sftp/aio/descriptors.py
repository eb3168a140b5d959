"""A pipe made of two file descriptors: standard input and output, pipes, a socket.

asyncio's pipe transports treat a write end that becomes readable as closed, but sftp and sshd give
their children sockets.  This module watches, reads and writes descriptors of any type, and reuses
one buffer for reading.
"""

from __future__ import annotations

import asyncio
import os
from typing import Final

from ssh_sftp.pipe import Buffer, PipeReceiver

__all__ = ["DescriptorPipe"]

_CHUNK: Final = 262_144
_HIGH: Final = 1_048_576
_LOW: Final = 262_144


class DescriptorPipe:
    """A `Pipe` over a descriptor to read and one to write, which it owns.

    The two may be the same.
    """

    def __init__(self, read: int, write: int) -> None:
        self._loop = asyncio.get_running_loop()
        self._input = read
        self._output = write
        os.set_blocking(read, False)
        os.set_blocking(write, False)
        self._buffer = memoryview(bytearray(_CHUNK))
        self._waiting = bytearray()
        self._receiver: PipeReceiver | None = None
        self._reading = False
        self._paused = False
        self._closing = False
        self._closed: asyncio.Future[None] = self._loop.create_future()

    # ------------------------------------------------------------------ pipe

    def connect(self, receiver: PipeReceiver) -> None:
        """Pass everything that is read to `receiver`."""
        self._receiver = receiver
        self.resume_reading()

    def write(self, *parts: Buffer) -> None:
        """Send the parts."""
        if self._closing:
            return
        if self._waiting:
            for part in parts:
                self._waiting += part
        else:
            self._write_now(parts)
        if len(self._waiting) > _HIGH and not self._paused and self._receiver is not None:
            self._paused = True
            self._receiver.pause_writing()

    def write_eof(self) -> None:
        """Close after what is buffered: the two descriptors may be one."""
        self.close()

    def close(self) -> None:
        """Send what is buffered, and close both descriptors."""
        if not self._closing:
            self._closing = True
            self.pause_reading()
            if not self._waiting:
                self._loop.call_soon(self._finish, None)

    async def wait_closed(self) -> None:
        """Wait until both are closed."""
        await asyncio.shield(self._closed)

    def pause_reading(self) -> None:
        """Read nothing for now."""
        if self._reading:
            self._reading = False
            self._loop.remove_reader(self._input)

    def resume_reading(self) -> None:
        """Read again, once a receiver is connected."""
        if not self._reading and not self._closing and self._receiver is not None:
            self._reading = True
            self._loop.add_reader(self._input, self._readable)

    # ------------------------------------------------------------------ inside

    def _readable(self) -> None:
        receiver = self._receiver
        if receiver is None:
            self.pause_reading()
            return
        try:
            size = os.readv(self._input, [self._buffer])
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self._lost(error)
            return
        if size:
            receiver.data_received(self._buffer[:size])
        else:
            self.pause_reading()
            receiver.eof_received()

    def _write_now(self, parts: tuple[Buffer, ...]) -> None:
        data = memoryview(parts[0] if len(parts) == 1 else b"".join(parts))
        try:
            sent = os.write(self._output, data)
        except (BlockingIOError, InterruptedError):
            sent = 0
        except OSError as error:
            self._loop.call_soon(self._lost, error)
            return
        if sent < len(data):
            self._waiting += data[sent:]
            self._loop.add_writer(self._output, self._writable)

    def _writable(self) -> None:
        try:
            with memoryview(self._waiting) as view:
                sent = os.write(self._output, view)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self._lost(error)
            return
        del self._waiting[:sent]
        if not self._waiting:
            self._loop.remove_writer(self._output)
            if self._closing:
                self._finish(None)
                return
        if self._paused and len(self._waiting) <= _LOW and self._receiver is not None:
            self._paused = False
            self._receiver.resume_writing()

    def _lost(self, error: OSError) -> None:
        self._closing = True
        self._finish(error)

    def _finish(self, error: Exception | None) -> None:
        if self._closed.done():
            return
        self._closed.set_result(None)
        self.pause_reading()
        self._loop.remove_writer(self._output)
        for descriptor in {self._input, self._output}:
            os.close(descriptor)
        if self._receiver is not None:
            self._receiver.pipe_closed(error)
