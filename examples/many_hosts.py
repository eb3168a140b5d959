"""Run one command on many hosts, a few at a time, and print a table of the results.

    python examples/many_hosts.py --at-once 20 --timeout 30 HOST [HOST...] -- COMMAND...

The exit status is 0 if the command succeeded everywhere.
"""

from __future__ import annotations

import argparse
import asyncio
import sys

import attrs
from rich.console import Console
from rich.table import Table

import ssh_stack


@attrs.frozen
class Result:
    """What became of the command on one host."""

    host: str
    succeeded: bool
    text: str


async def run_on(host: str, command: list[str], limit: float) -> Result:
    """Connect, run, disconnect; a failure of any kind is a result, too."""
    try:
        async with asyncio.timeout(limit), ssh_stack.connect(host) as conn:
            done = await conn.run(command, text=True, max_output=100_000)
    except (ssh_stack.SSHError, TimeoutError) as error:
        return Result(host, succeeded=False, text=str(error) or f"no result within {limit:g} s")
    return Result(host, done.ok, (done.stdout + done.stderr).rstrip() or f"{done.returncode}")


async def run_on_all(
    hosts: list[str], command: list[str], at_once: int, limit: float
) -> list[Result]:
    """Run the command on every host, at most `at_once` at a time; results in the hosts' order."""
    slots = asyncio.Semaphore(at_once)

    async def one(host: str) -> Result:
        async with slots:
            return await run_on(host, command, limit)

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one(host)) for host in hosts]
    return [task.result() for task in tasks]


def show(results: list[Result]) -> None:
    """Print a row for each host."""
    table = Table("host", "result", "output")
    for result in results:
        verdict = "[green]ok[/green]" if result.succeeded else "[red]failed[/red]"
        table.add_row(result.host, verdict, result.text)
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
    results = asyncio.run(
        run_on_all(arguments.hosts, command.split(" \0"), arguments.at_once, arguments.timeout)
    )
    show(results)
    return int(not all(result.succeeded for result in results))


if __name__ == "__main__":
    sys.exit(main())
