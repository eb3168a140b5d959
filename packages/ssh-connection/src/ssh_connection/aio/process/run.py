"""`run`: one command from start to end, both streams always drained."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Literal

from ssh_connection.aio.process.launch import Launch
from ssh_connection.aio.process.process import Process
from ssh_connection.aio.process.redirect import Redirects
from ssh_connection.errors import (
    ChannelTimedOut,
    CommandFailed,
    NoExitStatus,
    RedirectFailed,
    SSHTimeout,
)
from ssh_connection.results import Completed
from ssh_transport import ConnectionLost
from ssh_wire import SSHError, UsageError, lazy_attrs
from ssh_wire.aio import timeout

if TYPE_CHECKING:
    from ssh_connection.pty import Pty

__all__ = ["CommandInterrupted", "OutputTooLarge", "RunOptions", "run_command"]


class CommandInterrupted(ConnectionLost):
    """The connection was lost while a command ran.

    Attributes:
        completed: what had arrived by then.
    """

    def __init__(self, message: str, completed: Completed[bytes]) -> None:
        super().__init__(message)
        self.completed: Completed[bytes] | Completed[str] = completed


class OutputTooLarge(SSHError):
    """A command wrote more than `max_output`; it was ended.

    Attributes:
        completed: what had arrived by then.
    """

    def __init__(self, limit: int, completed: Completed[bytes]) -> None:
        super().__init__(f"{completed.command!r} wrote more than {limit} bytes")
        self.completed: Completed[bytes] | Completed[str] = completed


@lazy_attrs.frozen(kw_only=True)
class RunOptions:
    """How `run` runs a command."""

    redirects: Redirects = lazy_attrs.field(factory=Redirects)
    """Where its streams come from and go to; by default it reads nothing and all is collected."""
    timeout: float | None = None
    """Seconds for all of it, the opening of the channel included."""
    check: bool = False
    """Raise `CommandFailed` unless it ends with status 0."""
    env: Mapping[str, str] = lazy_attrs.field(factory=dict[str, str])
    """Environment variables to ask for."""
    pty: Pty | None = None
    """The terminal to ask for."""
    max_output: int | None = None
    """The most bytes to collect of both streams together."""
    on_cancel: Literal["terminate", "detach"] = "terminate"
    """What becomes of the remote process when the call is cancelled."""
    dies_with_channel: bool = False
    """Whether the command ends with its channel, at servers that deliver no signals, too."""
    grace: float = 2.0
    """Seconds between TERM and KILL."""

    def __attrs_post_init__(self) -> None:
        for name, unit in (("timeout", "seconds"), ("max_output", "bytes")):
            value: object = getattr(self, name)
            number = isinstance(value, int | float) and not isinstance(value, bool)
            if value is not None and not number:
                problem = f"{name} is a number of {unit}, or None, not a {type(value).__name__}"
                raise UsageError(problem)


class _Collector:
    """Keeps what a command writes, up to a limit."""

    def __init__(self, limit: int | None) -> None:
        self.stdout: list[bytes] = []
        self.stderr: list[bytes] = []
        self.exceeded = asyncio.Event()
        self._left = limit

    def take_stdout(self, data: memoryview) -> None:
        self._take(self.stdout, data)

    def take_stderr(self, data: memoryview) -> None:
        self._take(self.stderr, data)

    def _take(self, chunks: list[bytes], data: memoryview) -> None:
        if self._left is not None:
            if len(data) > self._left:
                data = data[: self._left]
                self.exceeded.set()
            self._left -= len(data)
        chunks.append(bytes(data))

    def joined(self, chunks: list[bytes]) -> bytes:
        """Return what was kept, and keep it no longer: the result has it."""
        whole = b"".join(chunks)
        chunks.clear()
        return whole


class _Run:
    """One run of a command."""

    def __init__(
        self,
        command: str,
        options: RunOptions,
        opener: Callable[[Launch], Awaitable[Process]],
    ) -> None:
        self.command = command
        self.options = options
        self.opener = opener
        self.process: Process | None = None
        self.loop = asyncio.get_running_loop()
        self.started = self.loop.time()
        self.collector = _Collector(options.max_output)

    def completed(self) -> Completed[bytes]:
        process = self.process
        return Completed(
            command=self.command,
            exit_status=process.exit_status if process else None,
            exit_signal=process.exit_signal if process else None,
            stdout=self.collector.joined(self.collector.stdout),
            stderr=self.collector.joined(self.collector.stderr),
            duration=self.loop.time() - self.started,
        )

    async def conduct(self) -> Completed[bytes]:
        clock = timeout(self.options.timeout)
        try:
            async with clock:
                await self._start_and_wait()
        except BaseException as error:
            await self._end()
            if isinstance(error, TimeoutError) and clock.expired():
                seconds = self.options.timeout or 0.0
                raise SSHTimeout("run", seconds, self.completed()) from None
            if isinstance(error, ConnectionLost):
                raise CommandInterrupted(str(error), self.completed()) from error
            if isinstance(error, RedirectFailed | ChannelTimedOut):
                error.completed = self.completed()
            raise
        return self._judge(self.completed())

    async def _start_and_wait(self) -> None:
        options = self.options
        launch = Launch(
            command=self.command,
            env=options.env,
            pty=options.pty,
            grace=options.grace,
            dies_with_channel=options.dies_with_channel,
        )
        async with AsyncExitStack() as stack:
            streams = await options.redirects.open(stack)
            process = self.process = await self.opener(launch)
            out, err = streams.sinks
            kept_out, kept_err = self.collector.take_stdout, self.collector.take_stderr
            await process.start(
                stdout=out or (None if streams.writes[0] else kept_out),
                stderr=err or (None if streams.writes[1] else kept_err),
                merged=streams.merged,
            )
            if streams.is_plain:
                if not launch.is_tied:
                    await streams.feed(process.stdin)  # nothing that it would wait for
            else:
                process.redirect(
                    lazy_attrs.evolve(streams, feeds=not launch.is_tied), stack.pop_all()
                )
        if options.max_output is None:
            await process.wait_closed()
        else:
            await self._wait_bounded(process, options.max_output)
        if process.error is not None:
            raise process.error

    async def _wait_bounded(self, process: Process, limit: int) -> None:
        closed = self.loop.create_task(process.wait_closed())
        exceeded = self.loop.create_task(self.collector.exceeded.wait())
        tasks = (closed, exceeded)
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        if self.collector.exceeded.is_set():
            raise OutputTooLarge(limit, self.completed())
        await process.wait_closed()  # it raises what the task has raised

    async def _end(self) -> None:
        if self.process is None:
            return
        if self.options.on_cancel == "terminate":
            await self.process.close()
        else:
            self.process.detach()

    def _judge(self, completed: Completed[bytes]) -> Completed[bytes]:
        if completed.exit_status is None and completed.exit_signal is None:
            raise NoExitStatus(completed)
        if self.options.check and completed.exit_status != 0:
            raise CommandFailed(completed)
        return completed


async def run_command(
    command: str, options: RunOptions, opener: Callable[[Launch], Awaitable[Process]]
) -> Completed[bytes]:
    """Run a command to its end and return all that came of it.

    Args:
        command: the command line.
        options: how to run it.
        opener: opens the session and returns the process, not started yet.

    Raises:
        CommandFailed: `check` was asked for and it failed.
        CommandInterrupted: the connection was lost; has what had arrived.
        NoExitStatus: the server closed the channel without a status.
        OutputTooLarge: it wrote more than `max_output`.
        RedirectFailed: a stream that is redirected cannot be read or written.
        SSHTimeout: `timeout` ran out; has what had arrived.
    """
    return await _Run(command, options, opener).conduct()
