"""`ssh-stack ssh`: a drop-in for ssh where other programs call it."""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING

from ssh_keys.files import ReadOnce
from ssh_stack.cli.arguments import Arguments, parse_arguments
from ssh_stack.cli.command_exit import FAILED, CommandExit
from ssh_stack.cli.control import may_share
from ssh_stack.cli.report import Report
from ssh_stack.cli.standard_streams import point_to_null, secure_standard_streams
from ssh_wire import SSHError

if TYPE_CHECKING:
    from ssh_stack.cli.background import Background
    from ssh_stack.cli.call import Call
    from ssh_stack.client.connecting import Connect

__all__ = ["main"]

_STDIN = 0


def main(words: list[str]) -> int:
    """Connect and run a command or a shell, as OpenSSH's ssh does; return the exit status."""
    if words[:1] in (["--help"], ["-h"]):
        from ssh_stack.cli.ssh_usage import ssh_help  # only when it is asked for

        sys.stdout.write(ssh_help())
        return 0
    secure_standard_streams()
    return _main(words)


def _main(words: list[str]) -> int:
    report = Report()
    try:
        arguments = parse_arguments(words)
        if _answer(arguments):
            return 0
        _require_host(arguments)
        _choose_log(arguments, report)
        with ReadOnce.current().scope():  # the configuration may be a pipe, and is read twice
            status = _without_connection(arguments, report)
            if status is not None:
                return status
            from ssh_stack.cli.call import Call  # for what connects

            connecting = _prepare(arguments, report)
        call = Call.of(arguments, connecting.plan)
        if call.no_input:
            point_to_null(_STDIN)
    except CommandExit as stop:
        if str(stop):
            report.error(str(stop))
        return stop.status
    except BrokenPipeError:  # whoever read what was asked for has read enough
        return FAILED
    except (SSHError, OSError) as error:
        from ssh_stack.cli.errors import explain  # knows every failure there is

        report.error(explain(error))
        return FAILED
    return _run(connecting, call, arguments, report)


def _run(connecting: Connect, call: Call, arguments: Arguments, report: Report) -> int:
    from ssh_stack.cli.runner import run  # asyncio
    from ssh_stack.cli.session import Session  # nothing else needs what it needs

    def work(background: Background | None = None) -> int:
        session = Session(connecting, call, report, background)
        return run(session.run, report, lambda: (call.host, call.port))

    keeps = call.is_master and call.control.persist != "no"
    if not call.background and not keeps:
        return work()
    from ssh_stack.cli.background import run_child  # only with -f and ControlPersist

    return run_child(work, partial(_use_new_master, arguments, call, report) if keeps else None)


def _use_new_master(arguments: Arguments, call: Call, report: Report) -> int:
    """Do what a call asks for through the master that it has just put into the background."""
    if call.kind == "none" and call.stdio_forward is None:
        return 0
    from ssh_stack.cli.control.through_master import through_master

    arguments.replace("ControlMaster", "no")
    status = through_master(arguments, report)
    if status is None:
        report.error("the new master cannot be used")
        return FAILED
    return status


def _answer(arguments: Arguments) -> bool:
    """Answer -Q or -V, where one is given."""
    match arguments.answer:
        case ("query", kind):
            from ssh_stack.cli.queries import answer  # only for -Q

            sys.stdout.writelines(f"{name}\n" for name in answer(kind))
        case ("version", _):
            from importlib.metadata import version  # only for -V

            sys.stderr.write(f"ssh-stack {version('ssh-stack')}\n")
        case _:
            return False
    return True


def _require_host(arguments: Arguments) -> None:
    if not arguments.host:
        from ssh_stack.cli.ssh_usage import ssh_usage  # only where it is needed

        sys.stderr.write(ssh_usage())
        raise CommandExit


def _without_connection(arguments: Arguments, report: Report) -> int | None:
    """Print the configuration, or have a master do it, before what a connection needs is loaded.

    None is returned where a connection is to be made.
    """
    if arguments.print_config:
        from ssh_stack.cli.print_config import config_answer  # only for -G

        sys.stdout.write(config_answer(arguments))
        return 0
    if may_share(arguments):
        from ssh_stack.cli.control.through_master import through_master

        return through_master(arguments, report)
    return None


def _choose_log(arguments: Arguments, report: Report) -> None:
    """Have messages go where -E and -y say, as many as -q and -v ask for."""
    if arguments.level is not None:
        report.level = arguments.level
    if arguments.log is not None:
        report.append_to(arguments.log)
    if arguments.syslog:
        report.send_to_syslog()


def _prepare(arguments: Arguments, report: Report) -> Connect:
    """Read the configuration; tell what of it, and of the command line, is not honoured."""
    from ssh_stack.cli.connect_from_arguments import connect_from_arguments  # as above

    for path in arguments.missing:
        report.warn(f"identity file {path} is not accessible")
    return connect_from_arguments(arguments.target, report)
