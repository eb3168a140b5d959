"""The byte stream that SFTP runs over, as two small protocols.

An SSH channel, a pair of pipes to a process and the in-memory pair of `ssh_sftp.testing`
are all a `Pipe`.  Data is pushed: the pipe calls its receiver, and what it hands over is
valid during the call only.
"""

from __future__ import annotations

from typing import Protocol

from ssh_wire.primitives import Buffer

__all__ = ["Buffer", "Pipe", "PipeReceiver", "Transmit"]


class Transmit(Protocol):
    """Something that takes the parts of outgoing data, in order and whole."""

    def __call__(self, *parts: Buffer) -> None:
        """Send the parts; what cannot leave now is copied before this returns."""


class PipeReceiver(Protocol):
    """What a pipe tells the one that uses it."""

    def data_received(self, data: memoryview) -> None:
        """Take data; it is valid during the call, and acknowledged when it returns."""

    def eof_received(self) -> None:
        """Learn that the peer sends no more."""

    def pipe_closed(self, error: Exception | None) -> None:
        """Learn that the pipe is gone; nothing else is called afterwards."""

    def pause_writing(self) -> None:
        """Stop writing: more is waiting to leave than the pipe likes to hold."""

    def resume_writing(self) -> None:
        """Write again."""


class Pipe(Protocol):
    """A byte stream in both directions."""

    def connect(self, receiver: PipeReceiver) -> None:
        """Hand everything that arrives to `receiver` from now on."""

    def write(self, *parts: Buffer) -> None:
        """Send the parts, whole and in order; what cannot leave now is copied."""

    def write_eof(self) -> None:
        """Say that nothing more will be written."""

    def close(self) -> None:
        """End the stream in both directions."""

    async def wait_closed(self) -> None:
        """Wait until it has ended."""

    def pause_reading(self) -> None:
        """Let the peer wait: nothing is handed over until `resume_reading`."""

    def resume_reading(self) -> None:
        """Hand over data again."""
