"""From what a command line says to a connection, for every command that makes one."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from ssh_keys.files import ReadOnce
from ssh_stack.cli.host_key_warnings import report_log_records
from ssh_stack.cli.prompts import TerminalPrompter
from ssh_stack.cli.tracing import tracer
from ssh_stack.client.connecting import Connect, connect
from ssh_stack.sources import DEFAULT, Default

if TYPE_CHECKING:
    from ssh_stack.cli.arguments import Target
    from ssh_stack.cli.report import Report
    from ssh_stack.client.connection import Connection
    from ssh_stack.config import HostConfig, Unsupported

__all__ = ["connect_from_arguments", "report_connection"]

_SYSTEM: Final = "/etc/"
_OPTION: Final = "option"
_STDERR: Final = 2


def connect_from_arguments(target: Target, report: Report) -> Connect:
    """Return the connection to be made, with a user to ask if there is a terminal.

    Args:
        target: where to.
        report: told what of the configuration is not honoured.

    Raises:
        UsageError: an option or a configuration line cannot be used.
        OSError: a configuration file that was named cannot be read.
    """
    with ReadOnce.current().scope():  # the configuration may be a pipe
        connecting = _connect(target, report)
        traced = bool(report.verbose or report.talkative)
        report.apply_log_level(connecting.config.log_level)
        if connecting.config.log_verbose:
            # it names files of OpenSSH's sources, which are not ours: everything is told
            report.level = "DEBUG3"
        if not traced and (report.verbose or report.talkative):
            connecting = _connect(target, report)  # with a trace, which the file asks for
    report_log_records(report)
    if report.syslog:
        report.send_to_syslog(connecting.config.syslog_facility)
    if report.verbose:
        _report_configuration(connecting.config, report)
    _report_unsupported(connecting.config, report)
    return connecting


def _connect(target: Target, report: Report) -> Connect:
    config: str | Default | None = target.config
    if config is None:
        config = DEFAULT
    elif config == "none":
        config = None
    prompter = TerminalPrompter.if_available()
    connecting = connect(
        target.host,
        config_options=target.lines,
        config_command=target.command,
        config=config,
        prompter=prompter,
        on_banner=report.banner,
        on_proxy_stderr=_pass_on,
        trace=tracer(report),
        control_path=target.control_path,
    )
    if prompter is not None:
        trust = connecting.plan.trust
        prompter.fingerprint_hash = trust.fingerprint_hash
        prompter.visual_host_key = trust.visual
    return connecting


def _pass_on(data: bytes) -> None:
    """Write what a proxy command says, as it is: with ssh it has ssh's own standard error.

    mosh reads the server's address there.
    """
    with suppress(OSError):
        os.write(_STDERR, data)


def _report_unsupported(config: HostConfig, report: Report) -> None:
    """Say once, in one line, what of the configuration is not honoured.

    What the system's own files ask for is printed with -v only: every machine of a
    distribution has the same lines, and their user did not write them.
    """
    # what refuses the connection is told when it does
    passed = [each for each in config.unsupported if not each.refuses]
    mine = [each for each in passed if not _is_system_line(each)]
    if names := list(dict.fromkeys(str(each) for each in mine)):
        report.warn(f"not supported yet, ignored: {', '.join(names)}")
    for each in passed:
        if _is_system_line(each):
            report.note(f"not supported yet, ignored: {each}")
    for note in config.notes:
        report.note(note)


def _is_system_line(line: Unsupported) -> bool:
    return line.source.startswith(_SYSTEM)


def report_connection(connection: Connection, report: Report) -> None:
    """Say, with -v, what came of connecting."""
    report.note(f"connected to {connection.host} port {connection.port} as {connection.username}")


def _report_configuration(config: HostConfig, report: Report) -> None:
    """Say, with -v, which lines of which files count for the host, and with -vv what they say."""
    places: dict[str, list[int]] = {}
    for values in config.found.values():
        for line in filter(None, (value.line for value in values)):
            places.setdefault(line.source, []).append(line.number)
            report.note(f"configuration: {line.spelling} {line.rest} ({line.place})", 2)
    for source, numbers in places.items():
        if source != _OPTION:
            lines = ", ".join(map(str, sorted(set(numbers))))
            report.note(f"configuration: {source} has lines for the host: {lines}")
