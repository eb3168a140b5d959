"""`ssh-stack cp`: files and trees over SFTP, with either side here or on a host."""

from __future__ import annotations

import sys

from ssh_keys.files import ReadOnce
from ssh_stack.cli.command_exit import FAILED
from ssh_stack.cli.copy_options import CopyOptions, WrongUse, parse_copy_options
from ssh_stack.cli.errors import explain
from ssh_stack.cli.program import program_name
from ssh_stack.cli.report import Report
from ssh_stack.cli.runner import run
from ssh_stack.cli.standard_streams import secure_standard_streams
from ssh_wire import SSHError, UsageError

__all__ = ["main"]

_WRONG_USE = 1


def main(words: list[str]) -> int:
    """Copy files and trees; either side may be remote; return the exit status."""
    secure_standard_streams()
    report = Report()
    as_scp = program_name() == "scp"
    try:
        options = parse_copy_options(words, as_scp=as_scp)
    except UsageError as error:
        report.error(explain(error))
        if not isinstance(error, WrongUse):
            return FAILED
        from ssh_stack.cli.program_usage import cp_usage  # only where it is needed

        report.plain(cp_usage().rstrip("\n"))
        return _WRONG_USE
    if options.help:
        from ssh_stack.cli.program_usage import cp_help  # only when it is asked for

        sys.stdout.write(cp_help())
        return 0
    report.quiet, report.verbose = options.letters.quiet, options.letters.verbose
    if options.all_local and not as_scp:
        report.error("both sides are on this machine: cp does that")
        return FAILED
    try:
        return _copy(options, report)
    except (SSHError, OSError) as error:
        report.error(explain(error))
        return FAILED


def _copy(options: CopyOptions, report: Report) -> int:
    from ssh_stack.cli.copy_job import CopyJob  # not for --help
    from ssh_stack.cli.progress import show_progress  # the same

    for path in options.letters.missing:
        report.warn(f"identity file {path} is not accessible")
    job = CopyJob(options, report)
    # the configuration may be a pipe, and is for both sides
    with ReadOnce().scope(), show_progress(quiet=options.letters.quiet) as display:
        job.bars = display
        return run(job.run, report, job.address)
