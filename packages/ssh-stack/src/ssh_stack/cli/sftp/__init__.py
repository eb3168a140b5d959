"""`ssh-stack sftp`: files on a server, with the commands of sftp(1).

options           the command line, read as sftp's getopt reads it
loop              from the connection to the exit status: one command after the other
lines             where the commands come from
grammar, words    the commands, and a line read as one of them
state             what the commands share
remote_actions    the commands that are requests to the server
transfer_actions  get and put
resume            reget and reput
local_actions     the commands that the server does not see
patterns          names that a pattern matches, on the server and here
listing           what ls and df print
completion        what the Tab key offers
"""

from __future__ import annotations

import sys

from ssh_keys.files import ReadOnce
from ssh_stack.cli.command_exit import FAILED
from ssh_stack.cli.errors import explain
from ssh_stack.cli.report import Report
from ssh_stack.cli.sftp.options import Options, parse_options
from ssh_stack.cli.standard_streams import secure_standard_streams
from ssh_wire import SSHError, UsageError

__all__ = ["main"]

_USAGE_STATUS = 1


def main(words: list[str]) -> int:
    """Work with the files of a server, as OpenSSH's sftp does; return the exit status."""
    secure_standard_streams()
    report = Report()
    try:
        options = parse_options(words)
    except UsageError as error:
        from ssh_stack.cli.program_usage import sftp_usage  # only where it is needed

        report.error(explain(error))
        report.plain(sftp_usage().rstrip("\n"))
        return _USAGE_STATUS
    if options.help:
        from ssh_stack.cli.program_usage import sftp_help  # only when it is asked for

        sys.stdout.write(sftp_help())
        return 0
    return _run(options, report)


def _run(options: Options, report: Report) -> int:
    from ssh_stack.cli.sftp.loop import run_sftp  # not for --help

    report.quiet, report.verbose = options.letters.quiet, options.letters.verbose
    for path in options.letters.missing:
        report.warn(f"identity file {path} is not accessible")
    try:
        # the configuration may be a pipe
        with ReadOnce().scope():
            return run_sftp(options, report)
    except (SSHError, OSError) as error:
        report.error(explain(error))
        return FAILED
