# Generated from the async classes by tools/generate_sync.py; not to be edited.
"""A command, shell or subsystem on the other side."""

from __future__ import annotations

from functools import cached_property
from types import TracebackType
from typing import Self

from ssh_connection import ExitSignal
from ssh_connection import aio as aio_ssh_connection
from ssh_connection.aio import Launch
from ssh_stack.sync._blocking import Blocking
from ssh_stack.sync.streams import ByteReader, ByteWriter

__all__ = ["Process"]


class Process(Blocking[aio_ssh_connection.Process]):
    """A running command with its three streams.

    Leaving its scope while it runs ends it: TERM, after the grace KILL, then the channel.
    """

    @property
    def launch(self) -> Launch:
        """What was started, and in which surroundings."""
        return self._wrapped.launch

    @cached_property
    def stdin(self) -> ByteWriter:
        """Its standard input."""
        return ByteWriter(self._portal, self._wrapped.stdin)

    @cached_property
    def stdout(self) -> ByteReader:
        """Its standard output."""
        return ByteReader(self._portal, self._wrapped.stdout)

    @cached_property
    def stderr(self) -> ByteReader:
        """Its standard error; empty when it has a terminal."""
        return ByteReader(self._portal, self._wrapped.stderr)

    @property
    def exit_status(self) -> int | None:
        """Its exit status, once it has ended with one."""
        return self._wrapped.exit_status

    @property
    def exit_signal(self) -> ExitSignal | None:
        """The signal that ended it, if one did."""
        return self._wrapped.exit_signal

    def wait(self) -> int | ExitSignal:
        """Wait for the end; return the exit status, or the signal that ended it.

        The output must be read meanwhile: a process that cannot write does not end.

        Raises:
            ConnectionLost: the connection was lost first.
            NoExitStatus: the channel closed without either.
            RedirectFailed: what a stream is redirected to cannot be read or written.
        """
        return self._portal.wait(self._wrapped.wait)

    def wait_closed(self) -> Exception | None:
        """Wait until all output has arrived and the channel is closed.

        Return the error that ended the connection, if one did.

        Raises:
            RedirectFailed: what a stream is redirected to cannot be read or written.
        """
        return self._portal.wait(self._wrapped.wait_closed)

    @property
    def error(self) -> Exception | None:
        """What ended the connection or the channel; None while it lasts, or after a clean end."""
        return self._wrapped.error

    @property
    def running(self) -> bool:
        """Whether it has not ended yet, as far as is known."""
        return self._wrapped.running

    def send_signal(self, name: str) -> None:
        """Send a signal (RFC 4254 section 6.9).

        Args:
            name: its name, with or without SIG: "TERM", "KILL", "INT", "INFO", … or one of
                another maker, with an @ in it.

        Raises:
            ChannelClosed: the process is gone.
            UsageError: there is no signal of that name.
        """
        self._portal.call(self._wrapped.send_signal, name)

    def terminate(self) -> None:
        """Send TERM."""
        self._portal.call(self._wrapped.terminate)

    def kill(self) -> None:
        """Send KILL."""
        self._portal.call(self._wrapped.kill)

    def resize(self, columns: int, rows: int) -> None:
        """Tell the server the terminal's new size (RFC 4254 section 6.7)."""
        self._portal.call(self._wrapped.resize, columns, rows)

    def send_break(self, milliseconds: int = 0) -> None:
        """Send a BREAK (RFC 4335); a server that has none ignores it.

        Args:
            milliseconds: how long it lasts; 0 for the server's usual time.

        Raises:
            ChannelClosed: the process is gone.
        """
        self._portal.call(self._wrapped.send_break, milliseconds)

    def close(self) -> None:
        """End the process if it runs, and close the channel, in bounded time.

        What has arrived can still be read; what has not is lost.  A process that is detached
        is left alone.  Whoever is cancelled while it is given its grace sends KILL at once.
        """
        self._portal.wait(self._wrapped.close)

    def detach(self) -> None:
        """Let the process run on alone: what it writes is dropped, nothing more is sent to it.

        Leaving its scope does not end it any more; the end of the connection closes its channel.
        """
        self._portal.call(self._wrapped.detach)

    def __enter__(self) -> Self:
        self._portal.wait(self._wrapped.__aenter__)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._portal.leave(self._wrapped.__aexit__, kind, error, trace)
