"""The byte stream that SFTP runs over, as two small protocols.

An SSH channel, a pair of pipes to a process and the in-memory pair of `ssh_sftp.testing` are all a
`Pipe`.  The pipe calls its receiver with data, which is valid during the call only.
"""

from __future__ import annotations

from typing import Protocol

from ssh_wire.primitives import Buffer

__all__ = ["Buffer", "Pipe", "PipeReceiver", "Transmit"]


class Transmit(Protocol):
    """A function that sends the parts of outgoing data, in order and completely."""

    def __call__(self, *parts: Buffer) -> None:
        """Send the parts; data that is buffered is copied before this returns."""


class PipeReceiver(Protocol):
    """The callbacks of a pipe."""

    def data_received(self, data: memoryview) -> None:
        """Receive data; it is valid during the call, and counts as consumed when it returns."""

    def eof_received(self) -> None:
        """Receive EOF of the peer."""

    def pipe_closed(self, error: Exception | None) -> None:
        """Handle the end of the pipe; no other callback follows."""

    def pause_writing(self) -> None:
        """Stop writing: the buffer of the pipe is full."""

    def resume_writing(self) -> None:
        """Resume writing."""


class Pipe(Protocol):
    """A byte stream in both directions."""

    def connect(self, receiver: PipeReceiver) -> None:
        """Pass everything that arrives to `receiver` from now on."""

    def write(self, *parts: Buffer) -> None:
        """Send the parts, in order and completely; data that is buffered is copied."""

    def write_eof(self) -> None:
        """Send EOF."""

    def close(self) -> None:
        """End the stream in both directions."""

    async def wait_closed(self) -> None:
        """Wait until it has ended."""

    def pause_reading(self) -> None:
        """Deliver nothing until `resume_reading`."""

    def resume_reading(self) -> None:
        """Deliver data again."""
