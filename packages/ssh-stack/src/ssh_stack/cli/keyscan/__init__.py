"""`ssh-stack keyscan`: the public host keys of servers, with ssh-keyscan's letters.

options    the command line, read as ssh-keyscan's getopt reads it
hosts      which hosts that names, and those of the files of -f
probe      one connection: the key of one kind
scan       many of them, a bounded number at a time
output     the lines of known_hosts, SSHFP records, JSON
"""

from __future__ import annotations

import sys

from ssh_stack.cli.errors import explain
from ssh_stack.cli.keyscan.options import Options, parse_options
from ssh_stack.cli.report import Report
from ssh_stack.cli.runner import run
from ssh_stack.cli.standard_streams import secure_standard_streams
from ssh_wire import UsageError

__all__ = ["main"]

_FAILED = 1


def main(words: list[str]) -> int:
    """Gather the public host keys of servers, as ssh-keyscan does; return the exit status."""
    secure_standard_streams()
    report = Report()
    try:
        options = parse_options(words)
    except UsageError as error:
        from ssh_stack.cli.program_usage import keyscan_usage  # only where it is needed

        report.error(explain(error))
        report.plain(keyscan_usage().rstrip("\n"))
        return _FAILED
    if options.help:
        from ssh_stack.cli.program_usage import keyscan_help  # only when it is asked for

        sys.stdout.write(keyscan_help())
        return 0
    return _scan(options, report)


def _scan(options: Options, report: Report) -> int:
    from ssh_stack.cli.keyscan.scan import Scan  # not for --help

    report.verbose = options.verbose
    scan = Scan(options, report)
    return run(scan.run, report, lambda: ("", 0))
