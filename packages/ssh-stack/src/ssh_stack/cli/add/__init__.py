"""`ssh-stack add`: the keys of the agent, with ssh-add's letters.

options       the command line, read as ssh-add's getopt reads it
conversation  the agent, and what is printed when it refuses
questions     passphrases and PINs
key_files     private keys and their certificates, added and removed
tokens        the keys of a PKCS#11 token, added and removed
whole         all keys: listed, removed, locked, tried
destinations  -h and -H: where a key may be used
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module
from typing import Final, cast

from ssh_stack.cli.add.options import InvalidLifetime, Options, parse_options
from ssh_stack.cli.command_exit import CommandExit
from ssh_stack.cli.errors import explain
from ssh_stack.cli.report import Report
from ssh_stack.cli.standard_streams import secure_standard_streams
from ssh_wire import SSHError, UsageError

__all__ = ["main"]

_FAILED: Final = 1
_INTERRUPTED: Final = 130
_WORK: Final = {
    # what is done: the module of this package that does it, and its function there
    "add": ("key_files", "add"),
    "remove": ("key_files", "remove"),
    "add_token": ("tokens", "add"),
    "remove_token": ("tokens", "remove"),
    "list": ("whole", "show"),
    "remove_all": ("whole", "remove_all"),
    "lock": ("whole", "lock"),
    "unlock": ("whole", "unlock"),
    "query": ("whole", "query"),
    "test": ("whole", "test"),
}


def main(words: list[str]) -> int:
    """Add, list and remove the keys of an agent, as ssh-add does; return the exit status."""
    secure_standard_streams()
    report = Report()
    try:
        options = parse_options(words)
    except InvalidLifetime:
        report.plain("Invalid lifetime")
        return _FAILED
    except CommandExit as stop:
        report.plain(str(stop))
        return stop.status
    except UsageError as error:
        from ssh_stack.cli.program_usage import add_usage  # only where it is needed

        report.error(explain(error))
        report.plain(add_usage().rstrip("\n"))
        return _FAILED
    if options.help:
        from ssh_stack.cli.program_usage import add_help  # only when it is asked for

        sys.stdout.write(add_help())
        return 0
    return _run(options, report)


def _run(options: Options, report: Report) -> int:
    module, name = _WORK[options.action]
    try:
        work = getattr(import_module(f"ssh_stack.cli.add.{module}"), name)
        return cast("Callable[[Options, Report], int]", work)(options, report)
    except CommandExit as stop:
        report.plain(str(stop))
        return stop.status
    except (SSHError, OSError) as error:
        report.error(explain(error))
        return _FAILED
    except KeyboardInterrupt:
        return _INTERRUPTED
