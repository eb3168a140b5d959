"""A pipe made of two file descriptors: standard input and output, a process's pipes."""

from __future__ import annotations

import asyncio
import os
from typing import Final, Self

from ssh_sftp.pipe import Buffer, PipeReceiver

__all__ = ["DescriptorPipe"]

_HIGH: Final = 1_048_576


class DescriptorPipe(asyncio.Protocol):
    """A `Pipe` over a descriptor to read and one to write."""

    def __init__(self) -> None:
        self._receiver: PipeReceiver | None = None
        self._reading: asyncio.ReadTransport | None = None
        self._writing: asyncio.WriteTransport | None = None
        self._closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @classmethod
    async def open(cls, read: int, write: int) -> Self:
        """Return a pipe over two descriptors, which it owns from now on."""
        loop = asyncio.get_running_loop()
        pipe = cls()
        pipe._writing, _ = await loop.connect_write_pipe(
            lambda: _Writer(pipe), os.fdopen(write, "wb", buffering=0)
        )
        pipe._writing.set_write_buffer_limits(high=_HIGH)
        pipe._reading, _ = await loop.connect_read_pipe(
            lambda: pipe, os.fdopen(read, "rb", buffering=0)
        )
        pipe._reading.pause_reading()
        return pipe

    # ------------------------------------------------------------------ pipe

    def connect(self, receiver: PipeReceiver) -> None:
        """Hand everything that is read to `receiver`."""
        self._receiver = receiver
        self.resume_reading()

    def write(self, *parts: Buffer) -> None:
        """Send the parts."""
        if self._writing is not None and not self._writing.is_closing():
            self._writing.write(parts[0] if len(parts) == 1 else b"".join(parts))

    def write_eof(self) -> None:
        """Say that nothing more will be written."""
        if self._writing is not None:
            self._writing.close()

    def close(self) -> None:
        """Send what is waiting, and close both descriptors."""
        if self._reading is not None:
            self._reading.close()
        if self._writing is not None:
            self._writing.close()

    async def wait_closed(self) -> None:
        """Wait until both are closed."""
        await asyncio.shield(self._closed)

    def pause_reading(self) -> None:
        """Read nothing for now."""
        if self._reading is not None and not self._reading.is_closing():
            self._reading.pause_reading()

    def resume_reading(self) -> None:
        """Read again."""
        if self._reading is not None and not self._reading.is_closing():
            self._reading.resume_reading()

    # ------------------------------------------------------------------ what asyncio calls

    def data_received(self, data: bytes) -> None:
        """Hand data over."""
        if self._receiver is not None:
            self._receiver.data_received(memoryview(data))

    def eof_received(self) -> None:
        """Hand the end of the input over."""
        if self._receiver is not None:
            self._receiver.eof_received()

    def writing_paused(self) -> None:
        """More is waiting to leave than may."""
        if self._receiver is not None:
            self._receiver.pause_writing()

    def writing_resumed(self) -> None:
        """What was waiting has left."""
        if self._receiver is not None:
            self._receiver.resume_writing()

    def writing_lost(self, error: Exception | None) -> None:
        """The output is closed."""
        if not self._closed.done():
            self._closed.set_result(None)
            if self._reading is not None:
                self._reading.close()
            if self._receiver is not None:
                self._receiver.pipe_closed(error)


class _Writer(asyncio.Protocol):
    """Tells a pipe about its output."""

    def __init__(self, pipe: DescriptorPipe) -> None:
        self._pipe = pipe

    def pause_writing(self) -> None:
        self._pipe.writing_paused()

    def resume_writing(self) -> None:
        self._pipe.writing_resumed()

    def connection_lost(self, exc: Exception | None) -> None:
        self._pipe.writing_lost(exc)
