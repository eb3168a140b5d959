"""Run one command on many hosts, a few at a time, and print a table of the results.

    python examples/many_hosts.py --at-once 20 --timeout 30 HOST [HOST...] -- COMMAND...

The exit status is 0 if the command succeeded everywhere.
"""

from __future__ import annotations

import argparse
import asyncio
import shlex
import sys

from rich.console import Console
from rich.table import Table

import ssh_stack
from ssh_stack import CommandFailed, Completed, HostResult, HostResults


def text_of(result: HostResult[Completed[str]]) -> str:
    """What is told of a host: what its command wrote, or what went wrong."""
    match result.error:
        case None:
            done = result.get()
        case CommandFailed(completed=done):
            return f"{done.stdout}{done.stderr}".rstrip() or f"{done.returncode}"
        case error:
            return str(error)
    return f"{done.stdout}{done.stderr}".rstrip()


def show(results: HostResults[Completed[str]]) -> None:
    """Print a row for each host."""
    table = Table("host", "result", "output")
    for result in results.values():
        verdict = "[green]ok[/green]" if result.ok else "[red]failed[/red]"
        table.add_row(result.host, verdict, text_of(result))
    Console().print(table)


def main() -> int:
    """Read the arguments, run, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--at-once", type=int, default=20, metavar="N")
    parser.add_argument("--timeout", type=float, default=30, metavar="SECONDS")
    parser.add_argument("hosts", nargs="+", metavar="HOST")
    words, _, command = " \0".join(sys.argv[1:]).partition(" \0-- \0")
    arguments = parser.parse_args(words.split(" \0"))
    if not command:
        parser.error("no command: write it behind --")
    console = Console(stderr=True)
    running = ssh_stack.run_on_hosts(
        dict.fromkeys(arguments.hosts),
        shlex.join(command.split(" \0")),
        at_once=arguments.at_once,
        timeout=arguments.timeout,
        max_output=100_000,
        on_result=lambda each: console.print(f"{each.host}: {each.duration:.1f} s"),
    )
    results = asyncio.run(running)
    show(results)
    return int(bool(results.failed))


if __name__ == "__main__":
    sys.exit(main())
