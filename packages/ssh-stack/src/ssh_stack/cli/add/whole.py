"""What concerns all keys of the agent: listed, removed, locked, tried; and its extensions."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Final

from ssh_agent import AgentError, AgentRefused
from ssh_keys import KeyFormatError, KeyPolicy, plain_key
from ssh_stack.cli.add.conversation import open_agent, reason
from ssh_stack.cli.add.key_files import title
from ssh_stack.cli.add.public_files import load_public, problem_of
from ssh_stack.cli.add.questions import secret
from ssh_stack.cli.command_exit import CommandExit
from ssh_wire.text import printable

if TYPE_CHECKING:
    from collections.abc import Callable

    from ssh_agent.blocking import AgentClient
    from ssh_stack.cli.add.options import Options
    from ssh_stack.cli.report import Report

__all__ = ["lock", "query", "remove_all", "show", "test", "unlock"]

_TEST_SIZE: Final = 1024


def show(options: Options, report: Report) -> int:
    """-l and -L: the fingerprints of the keys, or the keys themselves."""
    with open_agent() as agent:
        try:
            found = agent.identities(policy=KeyPolicy.LEGACY)
        except AgentError as error:
            report.plain(f"error fetching identities: {reason(error)}")
            return 1
    if not found and not found.skipped:
        sys.stdout.write("The agent has no identities.\n")
        return 1
    for each in found:
        if options.has("l"):
            fingerprint = each.key.fingerprint(options.hash)
            kind = title(each.listed)
            sys.stdout.write(f"{each.key.bits} {fingerprint} {each.comment} ({kind})\n")
        else:
            line = each.listed.with_comment("").to_openssh()
            sys.stdout.write(f"{line} {each.comment}\n")
    return 0


def remove_all(options: Options, report: Report) -> int:
    """-D: remove every key."""
    with open_agent() as agent:
        try:
            agent.remove_all()
        except AgentError:
            report.plain("Failed to remove all identities.")
            return 1
    if not options.has("q"):
        report.plain("All identities removed.")
    return 0


def lock(options: Options, report: Report) -> int:
    """-x: lock the agent."""
    del options
    with open_agent() as agent:
        password = secret("Enter lock password: ")
        if password != secret("Again: "):
            report.plain("Passwords do not match.")
            return 1
        return _lock(agent.lock, password, "", report)


def unlock(options: Options, report: Report) -> int:
    """-X: unlock it."""
    del options
    with open_agent() as agent:
        return _lock(agent.unlock, secret("Enter lock password: "), "un", report)


def _lock(work: Callable[[str], None], password: str, prefix: str, report: Report) -> int:
    try:
        work(password)
    except AgentError as error:
        report.plain(f"Failed to {prefix}lock agent: {reason(error)}")
        return 1
    report.plain(f"Agent {prefix}locked.")
    return 0


def query(options: Options, report: Report) -> int:
    """-Q: the extensions that the agent has."""
    del options, report
    with open_agent() as agent:
        try:
            names = agent.extensions()
        except AgentError as error:
            problem = f"unable to query supported extensions: {reason(error)}"
            raise CommandExit(problem) from None
    sys.stdout.write("".join(f"{name}\n" for name in names))
    return 0


def test(options: Options, report: Report) -> int:
    """-T: whether the private keys of public key files can be used."""
    if not options.files:
        problem = "no keys to test"
        raise CommandExit(problem)
    with open_agent() as agent:
        problems = [_problem(agent, path) for path in options.files]
    for problem in filter(None, problems):
        report.plain(problem)
    return int(any(problems))


def _problem(agent: AgentClient, path: str) -> str:
    """Return why a key cannot be used; empty when it can."""
    try:
        key = load_public(path)
    except (OSError, KeyFormatError) as error:
        return f"Couldn't read public key {printable(path)}: {problem_of(error)}"
    algorithms = plain_key(key).algorithms
    algorithm = "rsa-sha2-256" if "rsa-sha2-256" in algorithms else algorithms[0]
    try:
        agent.sign(key, os.urandom(_TEST_SIZE), algorithm)  # the client verifies it
    except AgentRefused as error:
        return f"Agent signature failed for {printable(path)}: {reason(error)}"
    except AgentError as error:
        return f"Signature verification failed for {printable(path)}: {error}"
    return ""
