"""One call of `ssh`, from the connection to the exit status."""

from __future__ import annotations

import asyncio
import os
import time
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, Final

from ssh_connection import ExitSignal
from ssh_stack.cli.command_exit import FAILED, CommandExit
from ssh_stack.cli.connect_from_arguments import report_connection
from ssh_stack.cli.relay import STANDARD_STREAMS, Disconnected, OutputClosed, Streams, relay
from ssh_wire import lazy_attrs

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

    from ssh_connection.aio import Process
    from ssh_stack.cli.background import Background
    from ssh_stack.cli.call import Call
    from ssh_stack.cli.forwards import Forwards
    from ssh_stack.cli.report import Report
    from ssh_stack.client.connecting import Connect
    from ssh_stack.client.connection import Connection

__all__ = ["Session"]

_STDIN: Final = 0
_GRACE: Final = 0.5  # seconds between TERM and KILL: somebody pressed Ctrl-C and waits


class Session:
    """Connects, forwards, and runs what was asked for.

    Args:
        connecting: the connection to be made.
        call: what to do with it.
        report: told of what happens.
        background: the way to the background, where the program goes there.
    """

    def __init__(
        self,
        connecting: Connect,
        call: Call,
        report: Report,
        background: Background | None = None,
    ) -> None:
        self._connecting = connecting
        self._call = call
        self._report = report
        self._background = background
        self._executor: ThreadPoolExecutor | None = None

    async def run(self) -> int:
        """Connect, do what was asked for, return the exit status."""
        if self._call.escape is not None and self._call.may_have_terminal:
            from ssh_stack.cli.detach import use_own_threads  # only with a terminal

            self._executor = use_own_threads()
        began = time.monotonic()
        try:
            async with self._connecting as connection:
                report_connection(connection, self._report)
                forwards = await self._open_forwards(connection)
                try:
                    return await self._work(connection, forwards)
                finally:
                    if forwards is not None:
                        await forwards.close()
        finally:
            self._report_transfer(time.monotonic() - began)

    async def _work(self, connection: Connection, forwards: Forwards | None) -> int:
        call = self._call
        if call.stdio_forward is not None:
            return await self._stdio_forward(connection, *call.stdio_forward)
        if call.kind == "none":
            self._enter_background()
            return await _wait_for_loss(connection)
        return await self._command(connection, forwards)

    # ------------------------------------------------------------- forwards

    async def _open_forwards(self, connection: Connection) -> Forwards | None:
        """Open what is to be forwarded.

        Raises:
            CommandExit: ExitOnForwardFailure is set and one cannot be opened, or there is
                nothing else to do and none can.
        """
        call, plan = self._call, self._call.forwards
        if not (plan.local or plan.remote or call.command_line):
            return None
        from ssh_stack.cli.forwards import Forwards  # only where there are some

        forwards = Forwards(connection, self._report, gateway=plan.gateway_ports)
        failed = await forwards.open_all("local", plan.local)
        if not (failed and plan.exit_on_failure):
            failed += await forwards.open_all("remote", plan.remote)
        if failed and plan.exit_on_failure:
            problem = "a forward could not be opened, and ExitOnForwardFailure is set"
            raise CommandExit(problem)
        if failed and call.kind == "none" and not forwards.count:
            problem = "none of the forwards could be opened"
            raise CommandExit(problem)
        return forwards

    async def _stdio_forward(self, connection: Connection, host: str, port: int) -> int:
        from ssh_stack.cli.relay import relay_channel  # only with -W

        channel = await connection.open_tcp_channel(host, port)
        with suppress(OutputClosed):
            await relay_channel(channel, connection.flush_after)
        return 0

    # ------------------------------------------------------------- a command or shell

    async def _command(self, connection: Connection, forwards: Forwards | None) -> int:
        process = await self._start(connection)
        try:
            if process.launch.pty is None:
                await self._relay(process, connection)
            else:
                await self._relay_terminal(process, connection, forwards)
            end = await process.wait()
        except Disconnected:
            return FAILED
        except OutputClosed:
            # the end of the connection closes the command's output: it gets its SIGPIPE
            self._report.note("standard output is closed")
            return FAILED
        except asyncio.CancelledError:
            process.launch = lazy_attrs.evolve(process.launch, grace=_GRACE)
            await process.close()
            raise
        status = self._status(end, connection, process)
        if forwards is not None:  # "waiting for forwarded connection[s] … to terminate" (ssh(1))
            await forwards.wait_idle()
        return status

    async def _start(self, connection: Connection) -> Process:
        call = self._call
        if call.kind == "subsystem":
            return await connection.subsystem(call.command or "").open()
        pty = None
        if self._wants_terminal():
            from ssh_stack.cli.terminal import local_pty  # only with a terminal

            pty = local_pty(_STDIN)
        return await connection.start(call.command, pty=pty).open()

    async def _relay(self, process: Process, connection: Connection) -> None:
        if self._background is None:
            await relay(process, connection.flush_after)
            return
        with ExitStack() as stack:
            out, err = os.dup(STANDARD_STREAMS.stdout), os.dup(STANDARD_STREAMS.stderr)
            stack.callback(os.close, out)
            stack.callback(os.close, err)
            self._enter_background()
            await relay(process, connection.flush_after, Streams(_STDIN, out, err))

    async def _relay_terminal(
        self, process: Process, connection: Connection, forwards: Forwards | None
    ) -> None:
        from ssh_stack.cli.interaction import Interaction  # only with a terminal

        await Interaction(
            connection=connection,
            process=process,
            fd=_STDIN,
            forwards=forwards,
            report=self._report,
            call=self._call,
            executor=self._executor,
        ).relay()

    def _wants_terminal(self) -> bool:
        """Decide as ssh does: a shell gets one, a command when asked, and stdin has to be one."""
        match self._call.terminal:
            case "force":
                return True
            case "no":
                return False
            case "yes" if not os.isatty(_STDIN):
                self._report.warn("no terminal is allocated, because stdin is not a terminal")
                return False
            case "yes":
                return True
            case "auto":
                return self._call.command is None and os.isatty(_STDIN)

    # ------------------------------------------------------------- the end

    def _enter_background(self) -> None:
        if self._background is not None:
            self._report.note("going to the background")
            # as ssh: messages go on where somebody debugs on standard error
            debugs = self._report.verbose > 0 and self._report.on_terminal
            self._background.enter(keep_stderr=debugs)

    def _report_transfer(self, seconds: float) -> None:
        report = self._report
        if report.sent:  # they are counted
            report.note(
                f"transferred: sent {report.sent}, received {report.received} bytes "
                f"in {seconds:.1f} seconds",
                0,
            )

    def _status(self, end: int | ExitSignal, connection: Connection, process: Process) -> int:
        if isinstance(end, ExitSignal):
            core = " (core dumped)" if end.core_dumped else ""
            why = f": {end.message}" if end.message else ""
            self._report.warn(f"the remote command was ended by signal {end.name}{core}{why}")
            return FAILED
        if process.launch.pty is not None:
            self._report.warn(f"connection to {connection.host} closed")
        self._report.note(f"exit status {end}")
        return end & 0xFF


async def _wait_for_loss(connection: Connection) -> int:
    await connection.wait_closed()
    raise connection.end or CommandExit()
