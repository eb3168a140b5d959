"""-s and -e: the keys of a PKCS#11 token, which the agent loads the library of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssh_agent import AgentError, Constraints
from ssh_keys import Certificate, KeyFormatError
from ssh_stack.cli.add.conversation import open_agent, reason
from ssh_stack.cli.add.destinations import parse_destinations
from ssh_stack.cli.add.public_files import load_public, problem_of
from ssh_stack.cli.add.questions import secret
from ssh_stack.cli.command_exit import CommandExit
from ssh_wire.text import printable

if TYPE_CHECKING:
    from ssh_stack.cli.add.options import Options
    from ssh_stack.cli.report import Report

__all__ = ["add", "remove"]


def add(options: Options, report: Report) -> int:
    """Add the keys of a token, with the certificates of the files that are named."""
    with open_agent() as agent:
        certificates = tuple(map(_certificate, options.files)) if options.certificates else ()
        constraints = Constraints(
            lifetime=options.lifetime,
            confirm=options.has("c"),
            destinations=parse_destinations(options),
            certificates=certificates,
            certificates_only=bool(certificates) and not options.plain_keys,
        )
        pin = secret("Enter passphrase for PKCS#11: ")
        try:
            agent.add_smartcard(options.token, pin, constraints=constraints)
        except AgentError as error:
            report.plain(f'Could not add card "{printable(options.token)}": {reason(error)}')
            return 1
    if not options.has("q"):
        report.plain(f"Card added: {printable(options.token)}")
    return 0


def remove(options: Options, report: Report) -> int:
    """Remove the keys of a token."""
    with open_agent() as agent:
        try:
            agent.remove_smartcard(options.token)
        except AgentError as error:
            report.plain(f'Could not remove card "{printable(options.token)}": {reason(error)}')
            return 1
    if not options.has("q"):
        report.plain(f"Card removed: {printable(options.token)}")
    return 0


def _certificate(path: str) -> Certificate:
    try:
        found = load_public(path)
    except (OSError, KeyFormatError) as error:
        problem = f"load certificate {printable(path)}: {problem_of(error)}"
        raise CommandExit(problem) from None
    if isinstance(found, Certificate):
        return found
    problem = f"load certificate {printable(path)}: it is not a certificate"
    raise CommandExit(problem)
