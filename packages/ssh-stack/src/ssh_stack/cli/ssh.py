"""`ssh-stack ssh`: a drop-in for ssh where other programs call it."""

from __future__ import annotations

import asyncio
import os
import sys
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Final

import attrs
import click

from ssh_connection import ExitSignal
from ssh_stack.cli.arguments import Arguments, Terminal, parse_arguments
from ssh_stack.cli.connect_from_arguments import connect_from_arguments, report_connection
from ssh_stack.cli.errors import FAILED, CommandExit, explain
from ssh_stack.cli.forwards import open_forwards
from ssh_stack.cli.relay import Disconnected, OutputClosed, relay, relay_terminal
from ssh_stack.cli.report import Report
from ssh_stack.cli.runner import RawCommand, run, secure_standard_streams
from ssh_stack.cli.terminal import local_pty
from ssh_wire import SSHError, UsageError

if TYPE_CHECKING:
    from ssh_connection.aio import Process
    from ssh_stack.client.connecting import Connect
    from ssh_stack.client.connection import Connection
    from ssh_stack.config import HostConfig

__all__ = ["ssh"]

_STDIN: Final = 0
_TERMINALS: Final[dict[str, Terminal]] = {
    "auto": "auto",
    "force": "forced",
    "no": "none",
    "yes": "wanted",
}
_GRACE: Final = 0.5  # seconds between TERM and KILL: somebody pressed Ctrl-C and waits


@click.command(cls=RawCommand, add_help_option=False)
@click.pass_context
def ssh(ctx: click.Context) -> None:
    """Connect and run a command or a shell, as OpenSSH's ssh does."""
    if ctx.args[:1] in (["--help"], ["-h"]):
        from ssh_stack.cli.usage import ssh_help  # only when it is asked for

        click.echo(ssh_help(), nl=False)
        return
    secure_standard_streams()
    sys.exit(_main(ctx.args))


def _main(words: list[str]) -> int:
    report = Report()
    try:
        arguments = parse_arguments(words)
        if _answer_query(arguments):
            return 0
        session = _session(arguments, report)
    except CommandExit as stop:
        if str(stop):
            report.error(str(stop))
        return stop.status
    except (SSHError, OSError) as error:
        report.error(explain(error))
        return FAILED
    return 0 if session is None else run(session.run, report, session.address)


def _session(arguments: Arguments, report: Report) -> _Session | None:
    """Return the session that is asked for; None where only its configuration is."""
    if not arguments.host:
        from ssh_stack.cli.usage import SSH_USAGE  # only where it is needed

        click.echo(SSH_USAGE, err=True, nl=False)
        raise CommandExit
    if arguments.log is not None:
        report.append_to(arguments.log)
    report.quiet, report.verbose = arguments.quiet, arguments.verbose
    if arguments.show == "config":
        from ssh_stack.cli.print_config import config_answer  # only for -G

        sys.stdout.write(config_answer(arguments))
        return None
    connecting = _prepare(arguments, report)
    _apply(connecting.config, arguments)
    return _Session(arguments, report, connecting)


def _answer_query(arguments: Arguments) -> bool:
    """Answer -Q or -V, where one is given."""
    if arguments.query is not None:
        from ssh_stack.cli.queries import answer  # only for -Q

        click.echo("\n".join(answer(arguments.query)))
    elif arguments.show == "version":
        click.echo(f"ssh-stack {_version()}", err=True)
    else:
        return False
    return True


def _version() -> str:
    from importlib.metadata import version  # only for -V

    return version("ssh-stack")


def _prepare(arguments: Arguments, report: Report) -> Connect:
    if arguments.no_input:
        _close_input()
    for path in arguments.missing:
        report.warn(f"identity file {path} is not accessible")
    return connect_from_arguments(arguments.target, report, arguments.ignored, forwards=True)


def _apply(config: HostConfig, arguments: Arguments) -> None:
    """Take from the configuration what the command line does not say itself."""
    arguments.no_command = arguments.no_command or config.session_type == "none"
    arguments.subsystem = arguments.subsystem or config.session_type == "subsystem"
    if config.remote_command is not None and not arguments.subsystem:
        if arguments.command is not None:
            problem = "RemoteCommand of the configuration excludes a command here"
            raise UsageError(problem)
        arguments.command = config.remote_command
    if config.stdin_null and not arguments.no_input:
        _close_input()
    if arguments.terminal == "auto" and config.request_tty is not None:
        arguments.terminal = _TERMINALS[config.request_tty]
    if config.clear_all_forwardings:
        arguments.local.clear()
        arguments.remote.clear()


def _close_input() -> None:
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, _STDIN)
    os.close(null)


class _Session:
    """One call of the command, from the connection to the exit status."""

    def __init__(self, arguments: Arguments, report: Report, connecting: Connect) -> None:
        self._arguments = arguments
        self._report = report
        self._connecting = connecting

    def address(self) -> tuple[str, int]:
        """Return host and port, for messages."""
        config = self._connecting.config
        return config.hostname or self._arguments.host, config.port or 22

    async def run(self) -> int:
        """Connect, do what was asked for, return the exit status."""
        arguments = self._arguments
        async with self._connecting as connection, AsyncExitStack() as stack:
            report_connection(connection, self._report)
            wanted = len(arguments.local) + len(arguments.remote)
            opened = await open_forwards(
                connection, arguments.local, arguments.remote, self._report, stack
            )
            if opened < wanted and connection.config.exit_on_forward_failure:
                problem = "a forward could not be opened, and ExitOnForwardFailure is set"
                raise CommandExit(problem)
            if arguments.no_command:
                if wanted and not opened:
                    problem = "none of the forwards could be opened"
                    raise CommandExit(problem)
                return await _wait_for_loss(connection)
            return await self._command(connection)

    async def _command(self, connection: Connection) -> int:
        arguments = self._arguments
        if arguments.subsystem:
            if arguments.command is None:
                problem = "-s needs the name of a subsystem"
                raise CommandExit(problem)
            scope = connection.subsystem(arguments.command)
        else:
            pty = local_pty(_STDIN) if self._wants_terminal() else None
            scope = connection.start(arguments.command, pty=pty)
        process = await scope.open()
        try:
            await self._relay(process)
            end = await process.wait()
        except Disconnected:
            return FAILED
        except OutputClosed:
            # the end of the connection closes the command's output: it gets its SIGPIPE
            self._report.note("standard output is closed")
            return FAILED
        except asyncio.CancelledError:
            process.launch = attrs.evolve(process.launch, grace=_GRACE)
            await process.close()
            raise
        return self._status(end, connection, process)

    async def _relay(self, process: Process) -> None:
        if process.launch.pty is None:
            await relay(process)
        else:
            escape = self._connecting.config.escape_char != "none"
            await relay_terminal(process, escape=escape)

    def _wants_terminal(self) -> bool:
        """Decide as ssh does: a shell gets one, a command when asked, and stdin has to be one."""
        arguments = self._arguments
        match arguments.terminal:
            case "forced":
                return True
            case "none":
                return False
            case "wanted" if not os.isatty(_STDIN):
                self._report.warn("no terminal is allocated, because stdin is not a terminal")
                return False
            case "wanted":
                return True
            case _:
                return arguments.command is None and os.isatty(_STDIN)

    def _status(self, end: int | ExitSignal, connection: Connection, process: Process) -> int:
        if isinstance(end, ExitSignal):
            core = " (core dumped)" if end.core_dumped else ""
            why = f": {end.message}" if end.message else ""
            self._report.warn(f"the remote command was ended by signal {end.name}{core}{why}")
            return FAILED
        if process.launch.pty is not None:
            self._report.warn(f"connection to {connection.host} closed")
        return end & 0xFF


async def _wait_for_loss(connection: Connection) -> int:
    await connection.wait_closed()
    raise connection.end or CommandExit()
