"""One call of `ssh`, from the connection to the exit status."""

from __future__ import annotations

import asyncio
import os
import time
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, Final

from ssh_connection import ExitSignal
from ssh_connection.addresses import UnixAddress
from ssh_stack.cli.call import wants_terminal
from ssh_stack.cli.command_exit import FAILED, CommandExit
from ssh_stack.cli.connect_from_arguments import report_connection
from ssh_stack.cli.relay import STANDARD_STREAMS, Disconnected, OutputClosed, Streams, relay
from ssh_wire import lazy_attrs
from ssh_wire.text import printable

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

    from ssh_connection.addresses import Address
    from ssh_connection.aio import Process
    from ssh_stack.cli.background import Background
    from ssh_stack.cli.call import Call
    from ssh_stack.cli.control.master import Master
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
        # a master that is kept goes to the background, whatever becomes of its first session
        self._background = background if call.background else None
        self._keeper = background if call.control.persist != "no" else None
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
                    master = await self._open_master(connection, forwards)
                    if master is not None:
                        return await self._share(connection, master)
                    return await self._work(connection, forwards)
                finally:
                    if forwards is not None:
                        await forwards.close()
        finally:
            self._report_transfer(time.monotonic() - began)

    async def _work(self, connection: Connection, forwards: Forwards | None) -> int:
        call = self._call
        if call.stdio_forward is not None:
            return await self._stdio_forward(connection, call.stdio_forward)
        if call.kind == "none":
            self._promise_no_more(connection)
            self._enter_background()
            return await _wait_for_loss(connection)
        return await self._command(connection, forwards)

    # ------------------------------------------------------------- sharing

    async def _open_master(
        self, connection: Connection, forwards: Forwards | None
    ) -> Master | None:
        if forwards is None or not self._call.is_master:
            return None
        from ssh_stack.cli.control.open_master import open_master  # only with ControlMaster

        return open_master(connection, forwards, self._call, self._report)

    async def _share(self, connection: Connection, master: Master) -> int:
        """Serve clients beside the session of this call, and after it."""
        call = self._call
        persist = call.control.persist
        try:
            if self._keeper is not None and persist != "no":
                self._report.note("the master goes to the background")
                self._keeper.enter(keep_stderr=self._debugs)
                await master.wait(persist or None)
                return 0
            if call.kind == "none" and call.stdio_forward is None:
                self._enter_background()
                await master.wait(None)
                return 0 if connection.end is None else FAILED
            work = asyncio.ensure_future(self._work(connection, master.forwards))
            await master.wait_beside(work)
            if not work.done():
                work.cancel()
                await asyncio.wait({work})
                return FAILED
            status = work.result()
            await master.wait("no")
            return status
        finally:
            await master.close()

    # ------------------------------------------------------------- forwards

    async def _open_forwards(self, connection: Connection) -> Forwards | None:
        """Open what is to be forwarded.

        Raises:
            CommandExit: ExitOnForwardFailure is set and one cannot be opened, or there is
                nothing else to do and none can.
        """
        call, plan = self._call, self._call.forwards
        asked = plan.local or plan.remote or plan.dynamic
        if not (asked or call.command_line or call.is_master):
            return None
        from ssh_stack.cli.forwards import Forwards  # only where there are some

        forwards = Forwards(connection, self._report, plan)
        failed = await forwards.open_all("local", (*plan.local, *plan.dynamic))
        if not (failed and plan.exit_on_failure):
            failed += await forwards.open_all("remote", plan.remote)
        if failed and plan.exit_on_failure:
            problem = "a forward could not be opened, and ExitOnForwardFailure is set"
            raise CommandExit(problem)
        if failed and call.kind == "none" and not forwards.count:
            problem = "none of the forwards could be opened"
            raise CommandExit(problem)
        return forwards

    async def _stdio_forward(self, connection: Connection, target: Address) -> int:
        from ssh_stack.cli.relay import relay_channel  # only with -W

        if isinstance(target, UnixAddress):
            channel = await connection.open_unix_channel(target.path)
        else:
            channel = await connection.open_tcp_channel(target.host, target.port)
        with suppress(OutputClosed):
            await relay_channel(channel, connection.flush_after)
        return 0

    # ------------------------------------------------------------- a command or shell

    async def _command(self, connection: Connection, forwards: Forwards | None) -> int:
        process = await self._start(connection)
        self._promise_no_more(connection)
        try:
            if process.launch.pty is None:
                await self._relay(process, connection)
            else:
                await self._relay_terminal(process, connection, forwards)
            end = await process.wait()
        except Disconnected:
            self._tell_closed(connection, process)
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

    def _promise_no_more(self, connection: Connection) -> None:
        """Open no further session, as ssh promises where it is not a master."""
        call = self._call
        if not (call.is_master or call.is_proxied or connection.is_closed):
            connection.no_more_sessions()

    async def _start(self, connection: Connection) -> Process:
        call = self._call
        if call.kind == "subsystem":
            return await connection.subsystem(call.command or "").open()
        pty = None
        if wants_terminal(call, self._report):
            from ssh_stack.cli.terminal import local_pty  # only with a terminal

            interval = call.keystroke_interval
            pty = lazy_attrs.evolve(local_pty(_STDIN), keystroke_interval=interval)
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

    # ------------------------------------------------------------- the end

    def _enter_background(self) -> None:
        if self._background is not None:
            self._report.note("going to the background")
            self._background.enter(keep_stderr=self._debugs)

    @property
    def _debugs(self) -> bool:
        """Whether messages go on, as with ssh where somebody debugs on standard error."""
        return self._report.verbose > 0 and self._report.on_terminal

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
        self._tell_closed(connection, process)
        self._report.note(f"exit status {end}")
        return end & 0xFF

    def _tell_closed(self, connection: Connection, process: Process) -> None:
        if process.launch.pty is not None:
            # in ssh's own words, which end a session on a terminal whatever ended it
            self._report.show(f"Connection to {printable(connection.host)} closed.")


async def _wait_for_loss(connection: Connection) -> int:
    await connection.wait_closed()
    raise connection.end or CommandExit()
