"""`ssh-stack keygen`: keys, certificates, signatures and trust files, with ssh-keygen's letters.

options     the command line, read as ssh-keygen's getopt reads it
prompts     questions to the user at the terminal
keys        key files as they are given, private or public
create      new keys, and other passphrases and comments for old ones
kinds       short names of kinds of key, and their default files
show        fingerprints, public halves, other formats, DNS records
hosts       known_hosts: find, hash, remove
host_lines  known_hosts: its lines as ssh-keygen reads them
certify     certificates: issue them
inspect     certificates: show what they say
validity    when a certificate is good
revoke      lists of revoked keys
sign        signatures of files
moduli      groups for group exchange: candidates, and which of them are safe primes
tokens      keys in PKCS#11 tokens
fido        keys in FIDO tokens
agent_keys  keys in the agent
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module
from typing import Final, cast

from ssh_keys.files import ReadOnce
from ssh_stack.cli.command_exit import FAILED, CommandExit
from ssh_stack.cli.errors import explain
from ssh_stack.cli.keygen.options import MODES, Options, parse_options
from ssh_stack.cli.report import Report
from ssh_stack.cli.standard_streams import secure_standard_streams
from ssh_wire import SSHError

__all__ = ["main"]

_INTERRUPTED: Final = 130


def main(words: list[str]) -> int:
    """Make, show, convert, certify and revoke keys, as ssh-keygen does; return the exit status."""
    secure_standard_streams()
    if words[:1] == ["--help"]:
        from ssh_stack.cli.usage import keygen_help  # only when it is asked for

        sys.stdout.write(keygen_help())
        return 0
    return _main(words)


def _main(words: list[str]) -> int:
    report = Report()
    try:
        options = parse_options(words)
        report = Report(quiet=options.quiet)
        with ReadOnce().scope():
            return _work(options)(options, report)
    except CommandExit as stop:
        if str(stop):
            report.error(str(stop))
        return stop.status
    except (SSHError, OSError) as error:
        report.error(explain(error))
        return FAILED
    except KeyboardInterrupt:
        return _INTERRUPTED


def _work(options: Options) -> Callable[[Options, Report], int]:
    module, name = MODES[options.mode]
    found = getattr(import_module(f"ssh_stack.cli.keygen.{module}"), name)
    return cast("Callable[[Options, Report], int]", found)
