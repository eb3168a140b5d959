"""A command, shell or subsystem on the other side, from its start to its certain end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from typing import TYPE_CHECKING

from ssh_connection.aio.process.launch import Launch
from ssh_connection.aio.process.redirect import OpenedStreams, StreamCopies
from ssh_connection.aio.streams import ByteReader, ByteWriter
from ssh_connection.errors import ChannelClosed, NoExitStatus, RequestRefused
from ssh_connection.results import Completed, ExitSignal
from ssh_wire.aio import close_after, timeout
from ssh_wire.messages import connection as m
from ssh_wire.text import printable

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from ssh_connection.aio.channel import Channel
    from ssh_connection.replies import PendingReply

__all__ = ["Process"]


class Process:
    """A running command with its three streams.

    Leaving its scope while it runs ends it: TERM, after the grace KILL, then the channel.
    """

    launch: Launch
    """What was started, and in which surroundings."""
    stdin: ByteWriter
    """Its standard input."""
    stdout: ByteReader
    """Its standard output."""
    stderr: ByteReader
    """Its standard error; empty when it has a terminal."""
    exit_status: int | None
    """Its exit status, once it has ended with one."""
    exit_signal: ExitSignal | None
    """The signal that ended it, if one did."""

    def __init__(self, channel: Channel, launch: Launch) -> None:
        self.launch = launch
        self.stdin = ByteWriter(channel)
        self.stdout = ByteReader(channel.consumed)
        self.stderr = ByteReader(channel.consumed)
        self.exit_status = None
        self.exit_signal = None
        self._channel = channel
        self._take_stdout: Callable[[memoryview], None] = self.stdout.feed
        self._error: Exception | None = None
        self._ended = asyncio.Event()
        self._gone = asyncio.Event()
        self._copies: StreamCopies | None = None

    # ------------------------------------------------------------- starting

    async def start(
        self,
        *,
        stdout: Callable[[memoryview], None] | None = None,
        stderr: Callable[[memoryview], None] | None = None,
        merged: bool = False,
    ) -> None:
        """Ask for the surroundings and start the command.

        Args:
            stdout: takes standard output as it arrives, instead of the stream; its views are
                valid during the call.
            stderr: the same for standard error.
            merged: whether standard error goes where standard output goes.

        Raises:
            RequestRefused: the server refused the terminal or the command.
            ChannelClosed: the server closed the channel before it answered.
            ConnectionLost: the connection was lost before it answered.
        """
        channel = self._channel
        channel.on_request = self._request_received
        self._take_stdout = stdout or self.stdout.feed
        channel.connect(self, auto_adjust=stdout is not None)
        channel.data_received = self._take_stdout
        if merged:
            channel.stderr_received = self._take_stdout
        else:
            channel.stderr_received = self._credited(stderr) if stderr else self.stderr.feed
        launch = self.launch
        for name, value in launch.env.items():
            request = m.EnvRequest(recipient=0, name=name.encode(), value=value.encode())
            channel.notify(request)
        # all in one write: the terminal is refused, or there, when the command starts
        asked = [(channel.ask(launch.pty.request), "a terminal")] if launch.pty else []
        asked.append((channel.ask(launch.request), launch.title))
        answers = await asyncio.gather(*(answer for answer, _ in asked))
        for granted, (_, what) in zip(answers, asked, strict=True):
            if not granted:
                self._channel.abort()
                raise RequestRefused(printable(what))

    def _credited(self, taker: Callable[[memoryview], None]) -> Callable[[memoryview], None]:
        if self._channel.core.auto_adjust:
            return taker

        def take(data: memoryview) -> None:
            taker(data)
            self._channel.consumed(len(data))

        return take

    def redirect(self, streams: OpenedStreams, release: AsyncExitStack) -> None:
        """Carry the streams between the command and what they are redirected to.

        Args:
            streams: where they come from and go to.
            release: closes what was opened for them, when they are carried no more.
        """
        self._copies = StreamCopies(self.stdin, (self.stdout, self.stderr), streams, release)
        self._copies.start(self._copying_failed)

    def _copying_failed(self) -> None:
        """End the process where its streams cannot be carried: a full disk, say."""
        with suppress(ChannelClosed):
            self.terminate()
        self._channel.abort()
        self._ended.set()

    # ------------------------------------------------------------- the user's side

    async def wait(self) -> int | ExitSignal:
        """Wait for the end; return the exit status, or the signal that ended it.

        The output must be read meanwhile: a process that cannot write does not end.

        Raises:
            ConnectionLost: the connection was lost first.
            NoExitStatus: the channel closed without either.
            OSError: what its streams are redirected to cannot be read or written.
        """
        await self._ended.wait()
        if self._copies is not None:
            await self._copies.finish()
        if self.exit_status is not None:
            return self.exit_status
        if self.exit_signal is not None:
            return self.exit_signal
        if self._error is not None:
            raise self._error
        raise NoExitStatus(Completed(self.launch.title, None, None, b"", b"", 0.0))

    async def wait_closed(self) -> Exception | None:
        """Wait until all output has arrived and the channel is closed.

        Return the error that ended the connection, if one did.

        Raises:
            OSError: what its streams are redirected to cannot be read or written.
        """
        await self._gone.wait()
        if self._copies is not None:
            await self._copies.finish()
        return self._error

    @property
    def error(self) -> Exception | None:
        """What ended the connection or the channel; None while it lasts, or after a clean end."""
        return self._error

    @property
    def running(self) -> bool:
        """Whether it has not ended yet, as far as is known."""
        return not self._ended.is_set()

    def send_signal(self, name: str) -> None:
        """Send a signal (RFC 4254 section 6.9).

        Args:
            name: its name, with or without SIG: "TERM", "KILL", "INT", …

        Raises:
            ChannelClosed: the process is gone.
        """
        self._channel.notify(m.SignalRequest(recipient=0, name=name.removeprefix("SIG")))

    def terminate(self) -> None:
        """Send TERM."""
        self.send_signal("TERM")

    def kill(self) -> None:
        """Send KILL."""
        self.send_signal("KILL")

    def resize(self, columns: int, rows: int) -> None:
        """Tell the server the terminal's new size (RFC 4254 section 6.7)."""
        self._channel.notify(m.WindowChange(recipient=0, columns=columns, rows=rows))

    def send_break(self, milliseconds: int = 0) -> None:
        """Send a BREAK (RFC 4335); a server that has none ignores it.

        Args:
            milliseconds: how long it lasts; 0 for the server's usual time.

        Raises:
            ChannelClosed: the process is gone.
        """
        self._channel.notify(m.BreakRequest(recipient=0, length=milliseconds))

    async def close(self) -> None:
        """End the process if it runs, and close the channel, in bounded time.

        What has arrived can still be read; what has not is lost.
        """
        try:
            for signal in ("TERM", "KILL"):
                if self._ended.is_set():
                    break
                with suppress(ChannelClosed):
                    self.send_signal(signal)
                with suppress(TimeoutError):
                    async with timeout(self.launch.grace):
                        await self._ended.wait()
        finally:
            self._channel.abort()
            if self._copies is not None:
                await self._copies.cut()
        with suppress(TimeoutError):
            async with timeout(self.launch.close_timeout):
                await self._gone.wait()
        if not self._gone.is_set():
            self.pipe_closed(ChannelClosed("the server does not close the channel"))

    def detach(self) -> None:
        """Let the process run on alone: what it writes is dropped, nothing more is sent to it."""
        self._channel.data_received = self._channel.stderr_received = self._discard
        self.stdout.drop()
        self.stderr.drop()

    def _discard(self, data: memoryview) -> None:
        if not self._channel.core.auto_adjust:
            self._channel.consumed(len(data))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await close_after(error, self.close)

    # ------------------------------------------------------------- the channel's side

    def data_received(self, data: memoryview) -> None:
        """Take standard output that came before the command: some devices greet at once."""
        self._take_stdout(data)

    def eof_received(self) -> None:
        """End both output streams."""
        self.stdout.feed_eof()
        self.stderr.feed_eof()

    def pipe_closed(self, error: Exception | None) -> None:
        """Handle the end of the channel."""
        self._error = error
        self.stdout.feed_eof(error)
        self.stderr.feed_eof(error)
        self.stdin.fail(error)
        self._ended.set()
        self._gone.set()

    def pause_writing(self) -> None:
        """Pause standard input: too much is held back."""
        self.stdin.pause()

    def resume_writing(self) -> None:
        """Resume standard input: there is room again."""
        self.stdin.resume()

    def _request_received(self, request: m.AnyChannelRequest, reply: PendingReply) -> None:
        match request:
            case m.ExitStatus() if self.running:  # the first one counts
                self.exit_status = request.status
                self._ended.set()
            case m.ExitSignal() if self.running:
                self.exit_signal = ExitSignal(
                    printable(request.name), request.core_dumped, printable(request.message)
                )
                self._ended.set()
            case _:
                pass
        self._channel.core.deny(reply)
