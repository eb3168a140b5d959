# Generated from the async classes by tools/generate_sync.py; not to be edited.
"""The streams of a command as text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property
from types import TracebackType
from typing import Self

from ssh_connection import ExitSignal, Expected
from ssh_connection import aio as aio_ssh_connection
from ssh_connection.aio import Launch
from ssh_stack.sync._blocking import Blocking
from ssh_stack.sync.process import Process

__all__ = ["TextProcess", "TextReader", "TextWriter"]


class TextReader(Blocking[aio_ssh_connection.TextReader]):
    """Text that the peer sends; bytes that are not of the encoding become U+FFFD."""

    def read(self, n: int = -1) -> str:
        """Return up to `n` characters as soon as there are any; "" at the end.

        Args:
            n: the most characters to return; -1 reads everything up to the end.

        Raises:
            ConnectionLost: the connection was lost before the end; what came before is kept.
        """
        return self._portal.wait(self._wrapped.read, n)

    def readline(self) -> str:
        """Return a line with its newline, as it came; at the end, what there is."""
        return self._portal.wait(self._wrapped.readline)

    def expect(
        self, *patterns: str | re.Pattern[str], timeout: float | None = None
    ) -> Expected[str]:
        """Wait for the first of some patterns, and read up to its end.

        What is not found is not read: whoever waits too long, or for what does not come, can
        read what came instead.

        Args:
            patterns: texts, which stand for themselves, and compiled regular expressions; a
                regular expression that could match more still matches what has arrived.
            timeout: seconds to wait; None for as long as it takes.

        Raises:
            ExpectTimeout: none came in time; has what came instead.
            PatternNotFound: the stream ended without one; has what came instead.
            ConnectionLost: the connection was lost before one came.
            asyncio.LimitOverrunError: a million characters came without one.
        """
        return self._portal.wait(self._wrapped.expect, *patterns, timeout=timeout)

    def lines(self) -> Iterator[str]:
        """Yield line after line, each with its newline, up to the end."""
        return self._portal.iterate(self._wrapped.lines)

    def __iter__(self) -> Iterator[str]:
        return self._portal.iterate(self._wrapped.__aiter__)

    @property
    def at_eof(self) -> bool:
        """Whether everything was read and nothing more will come."""
        return self._wrapped.at_eof


class TextWriter(Blocking[aio_ssh_connection.TextWriter]):
    """Text that the peer is to receive.

    Attributes:
        encoding: the encoding of the text.
    """

    def write(self, text: str) -> None:
        """Send text; wait while the peer or the network is slower than we are.

        Raises:
            ChannelClosed: the channel is closed, or EOF was sent.
            ConnectionLost: the connection is lost.
        """
        self._portal.wait(self._wrapped.write, text)

    def write_eof(self) -> None:
        """Tell the peer that nothing more follows."""
        self._portal.call(self._wrapped.write_eof)


class TextProcess(Blocking[aio_ssh_connection.TextProcess]):
    """A running command whose streams are text; `process` has everything else.

    Leaving its scope while it runs ends it: TERM, after the grace KILL, then the channel.
    """

    @cached_property
    def stdin(self) -> TextWriter:
        """Its standard input."""
        return TextWriter(self._portal, self._wrapped.stdin)

    @cached_property
    def stdout(self) -> TextReader:
        """Its standard output."""
        return TextReader(self._portal, self._wrapped.stdout)

    @cached_property
    def stderr(self) -> TextReader:
        """Its standard error; empty when it has a terminal."""
        return TextReader(self._portal, self._wrapped.stderr)

    @cached_property
    def process(self) -> Process:
        """The process with its streams of bytes."""
        return Process(self._portal, self._wrapped.process)

    @property
    def launch(self) -> Launch:
        """What was started, and in which surroundings."""
        return self._wrapped.launch

    @property
    def exit_status(self) -> int | None:
        """Its exit status, once it has ended with one."""
        return self._wrapped.exit_status

    @property
    def exit_signal(self) -> ExitSignal | None:
        """The signal that ended it, if one did."""
        return self._wrapped.exit_signal

    @property
    def running(self) -> bool:
        """Whether it has not ended yet, as far as is known."""
        return self._wrapped.running

    def wait(self) -> int | ExitSignal:
        """Wait for the end; return the exit status, or the signal that ended it.

        The output must be read meanwhile: a process that cannot write does not end.

        Raises:
            ConnectionLost: the connection was lost first.
            NoExitStatus: the channel closed without either.
            OSError: what its streams are redirected to cannot be read or written.
        """
        return self._portal.wait(self._wrapped.wait)

    def send_signal(self, name: str) -> None:
        """Send a signal (RFC 4254 section 6.9).

        Args:
            name: its name, with or without SIG: "TERM", "KILL", "INT", …

        Raises:
            ChannelClosed: the process is gone.
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

    def close(self) -> None:
        """End the process if it runs, and close the channel, in bounded time."""
        self._portal.wait(self._wrapped.close)

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
