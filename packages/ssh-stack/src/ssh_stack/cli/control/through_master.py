"""Whether a call of `ssh` goes through a master, and what it does there (`muxclient` in mux.c)."""

from __future__ import annotations

import errno
import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from ssh_connection.control.errors import ControlRefused, MasterLost
from ssh_stack.cli.call import Call, wants_terminal
from ssh_stack.cli.command_exit import CommandExit
from ssh_stack.cli.control.commands import open_forwards, run_command
from ssh_stack.cli.control.control_socket import MAX_PATH, ControlSocket
from ssh_stack.cli.control.passenger import Passenger, Signalled
from ssh_stack.cli.control.requests import session_request, stdio_request
from ssh_stack.cli.print_config import config_of
from ssh_stack.cli.standard_streams import point_to_null
from ssh_stack.client.plan.forwards import ForwardsPlan, merge_forwards
from ssh_stack.client.plan.session import ConfiguredOnly, SessionPlan, merge_session
from ssh_wire import SSHError, lazy_attrs
from ssh_wire.text import printable

if TYPE_CHECKING:
    from ssh_stack.cli.arguments import Arguments
    from ssh_stack.cli.report import Report
    from ssh_stack.cli.terminal import RawMode
    from ssh_stack.config import HostConfig

__all__ = ["ask_master", "through_master"]

_STDIN: Final = 0
_STANDARD: Final = (0, 1, 2)
_SIGNALLED: Final = 128
_TRY: Final = frozenset({"no", "auto", "autoask"})
"""The values of ControlMaster with which a master that runs is used."""
_PORT: Final = 22


@lazy_attrs.frozen(kw_only=True)
class _Plan:
    """As much of a plan as a call through a master needs."""

    hostname: str
    port: int
    session: SessionPlan
    forwards: ForwardsPlan
    timeout: float | None

    @classmethod
    def of(cls, config: HostConfig, host: str) -> _Plan:
        return cls(
            hostname=config.hostname or host,
            port=config.port or _PORT,
            session=merge_session(ConfiguredOnly(), config, None),
            forwards=merge_forwards(config),
            timeout=config.connect_timeout or None,
        )


def through_master(arguments: Arguments, report: Report) -> int | None:
    """Do what a call asks for through a master; return the exit status.

    None is returned where there is no master to use, or where it refuses: then the call makes a
    connection of its own, as it does with OpenSSH.  It is returned for -O proxy too, which has
    the call connect to the master.

    Raises:
        CommandExit: -O could not be done.
        UsageError: the configuration cannot be used.
        OSError: a file of it cannot be read.
    """
    config = config_of(arguments)
    if config.control_path is None:
        if arguments.control_command:
            problem = "-O needs the socket of a master: give it with -S or ControlPath"
            raise CommandExit(problem)
        return None
    if arguments.control_command == "proxy":
        # a call as any other, over the master's connection instead of one of its own
        arguments.control_path = config.control_path
        arguments.replace("ControlMaster", "no")
        return None
    report.apply_log_level(config.log_level)
    plan = _Plan.of(config, arguments.host)
    if plan.session.control.master not in _TRY:
        return None
    control = ask_master(os.fspath(config.control_path), plan, arguments.control_command, report)
    if control is None:
        return None
    with control:
        return _use(control, plan, arguments, report)


def ask_master(path: str, plan: _Plan, command: str, report: Report) -> ControlSocket | None:
    """Connect to a master; return None where there is none that can be used.

    Raises:
        CommandExit: there is none, and -O wants one; or the path is too long.
    """
    if len(os.fsencode(path)) > MAX_PATH:
        problem = f"ControlPath {printable(path)} is longer than {MAX_PATH} bytes"
        raise CommandExit(problem)
    try:
        return ControlSocket.connect(path, plan.timeout)
    except (OSError, SSHError) as error:
        reason = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else error
        problem = f"control socket {printable(path)}: {reason}"
        if command:
            raise CommandExit(problem) from None
        number = error.errno if isinstance(error, OSError) else None
        if number == errno.ECONNREFUSED and plan.session.control.master != "no":
            report.note(f"{problem}; it is left over from a master, and removed")
            with suppress(OSError):
                os.unlink(path)  # noqa: PTH108 (pathlib costs a part of a start)
        elif number == errno.ENOENT:
            report.note(problem)
        else:
            report.warn(problem)
        return None


def _use(control: ControlSocket, plan: _Plan, arguments: Arguments, report: Report) -> int | None:
    try:
        if command := arguments.control_command:
            run_command(command, control, plan.forwards, report)
            return 0
        return _session(control, plan, Call.of(arguments, plan), report)
    except Signalled as end:
        return _SIGNALLED + end.number
    except (ControlRefused, MasterLost) as error:
        if arguments.control_command:
            raise
        report.warn(str(error))
        return None


def _session(control: ControlSocket, plan: _Plan, call: Call, report: Report) -> int | None:
    if call.kind == "none" and call.stdio_forward is None:
        return _forwards_only(control, plan, report)
    if call.no_input:
        point_to_null(_STDIN)
    terminal = call.stdio_forward is None and wants_terminal(call, report)
    passenger = Passenger(
        control,
        _raw_mode() if terminal and not call.background else None,
        _enter_background if call.background else None,
    )
    if call.stdio_forward is not None:
        return passenger.run(stdio_request(call.stdio_forward))
    if open_forwards(control, plan.forwards, report):
        return None
    status = passenger.run(session_request(call, plan.session, terminal=terminal))
    if terminal:
        report.show(f"Shared connection to {printable(plan.hostname)} closed.")
    return status


def _forwards_only(control: ControlSocket, plan: _Plan, report: Report) -> int | None:
    """-N: have the master open the forwards; there is nothing to wait for (ssh waits for none)."""
    return None if open_forwards(control, plan.forwards, report) else 0


def _raw_mode() -> RawMode:
    from ssh_stack.cli.terminal import RawMode  # only with a terminal

    return RawMode(_STDIN)


def _enter_background() -> None:
    """Go on in a child: nothing runs here but this thread."""
    sys.stdout.flush()
    sys.stderr.flush()
    if os.fork():
        os._exit(0)
    os.setsid()
    point_to_null(*_STANDARD)
