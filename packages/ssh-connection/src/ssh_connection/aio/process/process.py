"""A command, shell or subsystem on the other side, from its start to its certain end."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from typing import TYPE_CHECKING, Final

from ssh_connection.aio.process.launch import Launch, signal_name
from ssh_connection.aio.streams import ByteReader, ByteWriter
from ssh_connection.errors import ChannelClosed, NoExitStatus, RequestRefused
from ssh_connection.results import Completed, ExitSignal
from ssh_transport import ConnectionLost
from ssh_wire.aio import close_after, timeout
from ssh_wire.messages import connection as m
from ssh_wire.text import printable

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from ssh_connection.aio.channel import Channel
    from ssh_connection.aio.process.copies import StreamCopies
    from ssh_connection.aio.process.redirect import OpenedStreams
    from ssh_connection.replies import PendingReply

__all__ = ["Process"]

_log = logging.getLogger("ssh_connection")
_END_OF_WRITE: Final = "eow@openssh.com"


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
        self._end_known = asyncio.Event()  # or the streams cannot be carried
        self._gone_known = asyncio.Event()
        self._detached = False
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
        forwards = [(channel.ask(each.message), each) for each in launch.requests]
        for name, value in launch.env.items():
            request = m.EnvRequest(recipient=0, name=name.encode(), value=value.encode())
            channel.notify(request)
        # all in one write: the terminal is refused, or there, when the command starts
        asked = [(channel.ask(launch.pty.request), "a terminal")] if launch.pty else []
        asked.append((channel.ask(launch.request), launch.title))
        await asyncio.gather(*(answer for answer, _ in (*forwards, *asked)))
        refused = [each for answer, each in forwards if not answer.result()]
        for each in refused:
            if not each.required:
                _log.warning("the server refused %s", each.what)
        needed = [each.what for each in refused if each.required]
        needed += [what for answer, what in asked if not answer.result()]
        if needed:
            self._channel.abort()
            raise RequestRefused(printable(needed[0]))

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
        from ssh_connection.aio.process.copies import StreamCopies  # only with redirections

        self._copies = StreamCopies(self, self.launch.title, streams, release)
        self._copies.start()

    def copying_failed(self) -> None:
        """End the process where its streams cannot be carried: a full disk, say."""
        with suppress(ChannelClosed):
            self.terminate()
        self._end_known.set()
        self._gone_known.set()

    def output_unread(self) -> None:
        """Have the command write to a pipe without a reader: the next of a pipeline has ended.

        "It is used to indicate that an endpoint will no longer accept data" (PROTOCOL section
        2.1); a peer that does not know this is sent the signal.
        """
        self.stdout.drop()
        self._take_stdout = self._channel.data_received = self._discard
        with suppress(ChannelClosed):
            if self._channel.takes_eow:
                self._channel.notify(m.ChannelRequest(recipient=0, kind=_END_OF_WRITE))
            else:
                self.send_signal("PIPE")

    # ------------------------------------------------------------- the user's side

    async def wait(self) -> int | ExitSignal:
        """Wait for the end; return the exit status, or the signal that ended it.

        The output must be read meanwhile: a process that cannot write does not end.

        Raises:
            ConnectionLost: the connection was lost first.
            NoExitStatus: the channel closed without either.
            RedirectFailed: what a stream is redirected to cannot be read or written.
        """
        await self._end_known.wait()
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
            RedirectFailed: what a stream is redirected to cannot be read or written.
        """
        await self._gone_known.wait()
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
            name: its name, with or without SIG: "TERM", "KILL", "INT", "INFO", … or one of
                another maker, with an @ in it.

        Raises:
            ChannelClosed: the process is gone.
            UsageError: there is no signal of that name.
        """
        self._channel.notify(m.SignalRequest(recipient=0, name=signal_name(name)))

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

        What has arrived can still be read; what has not is lost.  A process that is detached
        is left alone.  Whoever is cancelled while it is given its grace sends KILL at once.
        """
        if self._detached and not self._gone.is_set():
            return
        try:
            if self.launch.is_tied:
                self.stdin.write_eof()
            for signal in ("TERM", "KILL"):
                if self._ended.is_set():
                    break
                with suppress(ChannelClosed):
                    self.send_signal(signal)
                self._take_the_rest()
                with suppress(TimeoutError):
                    async with timeout(self.launch.grace):
                        await self._ended.wait()
        except asyncio.CancelledError:
            with suppress(ChannelClosed):
                self.kill()
            raise
        finally:
            self._channel.abort()
            if self._copies is not None:
                await self._copies.cut()
        with suppress(TimeoutError):
            async with timeout(self.launch.close_timeout):
                await self._gone.wait()
        if not self._gone.is_set():
            self.pipe_closed(ChannelClosed("the server does not close the channel"))

    def _take_the_rest(self) -> None:
        """Let arrive what the server has before the end, which would wait for a reader."""
        channel = self._channel
        for reader in (self.stdout, self.stderr):
            if channel.data_received == reader.feed:
                channel.data_received = reader.feed_rest
            if channel.stderr_received == reader.feed:
                channel.stderr_received = reader.feed_rest
            reader.prepay()

    def detach(self) -> None:
        """Let the process run on alone: what it writes is dropped, nothing more is sent to it.

        Leaving its scope does not end it any more; the end of the connection closes its channel.
        """
        self._detached = True
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
        # where its end and all output have arrived, a server may hang up instead of closing
        self._error = None if self._is_complete and isinstance(error, ConnectionLost) else error
        self.stdout.feed_eof(error)
        self.stderr.feed_eof(error)
        self.stdin.fail(error)
        self._note_end()
        self._gone.set()
        self._gone_known.set()

    @property
    def _is_complete(self) -> bool:
        told = self.exit_status is not None or self.exit_signal is not None
        return told and self._channel.core.eof_received

    def _note_end(self) -> None:
        self._ended.set()
        self._end_known.set()

    def pause_writing(self) -> None:
        """Pause standard input: too much is held back."""
        self.stdin.pause()

    def resume_writing(self) -> None:
        """Resume standard input: there is room again."""
        self.stdin.resume()

    def _request_received(self, request: m.RequestHead, reply: PendingReply) -> None:
        match request:
            case m.ExitStatus() if self.running:  # the first one counts
                self.exit_status = request.status
                self._note_end()
            case m.ExitSignal() if self.running:
                self.exit_signal = ExitSignal(
                    printable(request.name), request.core_dumped, printable(request.message)
                )
                self._note_end()
            case _ if request.kind == _END_OF_WRITE:
                self.stdin.fail(ChannelClosed("the command reads no more"))
            case _:
                pass
        self._channel.core.deny(reply)
