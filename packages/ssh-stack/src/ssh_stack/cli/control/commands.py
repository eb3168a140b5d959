"""-O: what a call asks of a running master."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Final, TypeAlias

from ssh_connection.control import messages as m
from ssh_connection.control.client import require_granted
from ssh_connection.control.errors import ControlRefused, MasterLost
from ssh_stack.cli.command_exit import CommandExit
from ssh_stack.cli.control.passenger import master_pid
from ssh_stack.cli.control.requests import describe, forward_requests

if TYPE_CHECKING:
    from ssh_stack.cli.control.control_socket import ControlSocket
    from ssh_stack.cli.report import Report
    from ssh_stack.client.plan.forwards import ForwardsPlan

__all__ = ["open_forwards", "run_command"]

_Command: TypeAlias = "Callable[[ControlSocket, ForwardsPlan, Report], None]"


def run_command(name: str, control: ControlSocket, forwards: ForwardsPlan, report: Report) -> None:
    """Do what -O asks for.

    Args:
        name: what it is; all but "proxy", which connects to the master by itself.
        control: the connection to the master.
        forwards: what is to be forwarded or cancelled.
        report: told of what happened.

    Raises:
        CommandExit: a forward could not be opened or cancelled.
        ControlRefused: the master refused.
        MasterLost: it ended.
    """
    _COMMANDS[name](control, forwards, report)


def _check(control: ControlSocket, _forwards: ForwardsPlan, report: Report) -> None:
    # OpenSSH's own words: programs look for them
    report.plain(f"Master running (pid={master_pid(control)})")


def _exit(control: ControlSocket, _forwards: ForwardsPlan, report: Report) -> None:
    # a master may end before its answer leaves (mux.c: "exit happens too soon")
    with suppress(MasterLost):
        require_granted("the end of the master", control.ask(m.Terminate()))
    report.show("Exit request sent.")


def _stop(control: ControlSocket, _forwards: ForwardsPlan, report: Report) -> None:
    require_granted("the end of its socket", control.ask(m.StopListening()))
    report.show("Stop listening request sent.")


def _forward(control: ControlSocket, forwards: ForwardsPlan, report: Report) -> None:
    if open_forwards(control, forwards, report, printing=True):
        problem = "a forward could not be opened by the master"
        raise CommandExit(problem)


def open_forwards(
    control: ControlSocket, forwards: ForwardsPlan, report: Report, *, printing: bool = False
) -> int:
    """Have a master open forwards; return how many of them failed.

    Args:
        control: the connection to the master.
        forwards: what is to be forwarded.
        report: told of each that fails.
        printing: whether a port that the server chose is printed on standard output.
    """
    failed = 0
    for request in forward_requests(forwards):
        answer = control.ask(request)
        try:
            require_granted(describe(request), answer)
        except ControlRefused as error:
            report.warn(str(error))
            failed += 1
        if isinstance(answer, m.RemotePort):
            report.note(f"{describe(request)}: the server listens on port {answer.port}")
            if printing:
                sys.stdout.write(f"{answer.port}\n")
    return failed


def _cancel(control: ControlSocket, forwards: ForwardsPlan, report: Report) -> None:
    failed = 0
    for request in forward_requests(forwards):
        closing = m.CloseForward(
            kind=request.kind,
            listen_host=request.listen_host,
            listen_port=request.listen_port,
            connect_host=request.connect_host,
            connect_port=request.connect_port,
        )
        try:
            require_granted(f"cancelling the {describe(request)}", control.ask(closing))
        except ControlRefused as error:
            report.warn(str(error))
            failed += 1
    if failed:
        problem = "a forward could not be cancelled by the master"
        raise CommandExit(problem)


def _information(name: str) -> _Command:
    def command(control: ControlSocket, _forwards: ForwardsPlan, _report: Report) -> None:
        if not control.offers(m.INFO):
            problem = (
                "the master does not tell about its connection: it is older than OpenSSH 10.1"
            )
            raise CommandExit(problem)
        answer = control.ask(m.InfoRequest(name=name))
        require_granted(f"information about the {name}", answer)
        if isinstance(answer, m.Info):
            sys.stdout.write(answer.text.replace("\r\n", "\n"))

    return command


_COMMANDS: Final[Mapping[str, _Command]] = {
    "cancel": _cancel,
    "channels": _information("channels"),
    "check": _check,
    "conninfo": _information("connection"),
    "exit": _exit,
    "forward": _forward,
    "stop": _stop,
}
