"""A scan of any number of hosts, of which a bounded number is connected to at a time."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
from collections import deque
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ssh_stack.cli.command_exit import CommandExit
from ssh_stack.cli.errors import explain
from ssh_stack.cli.keyscan.hosts import Host, hosts_of, without_comment
from ssh_stack.cli.keyscan.output import as_object, lines_of
from ssh_stack.cli.keyscan.probe import ProbeResult, probe
from ssh_wire import UsageError
from ssh_wire.text import printable

if TYPE_CHECKING:
    from ssh_stack.cli.keyscan.options import Options
    from ssh_stack.cli.report import Report

__all__ = ["Scan"]

_NOTHING_FOUND: Final = 1
_AT_A_TIME: Final = 32
"""How many hosts are scanned at once."""
_OF_ONE_HOST: Final = 3
"""How many connections one host has at once: sshd drops some of more than ten (MaxStartups)."""


class Scan:
    """One call of keyscan."""

    def __init__(self, options: Options, report: Report) -> None:
        self._options = options
        self._report = report
        self._found = False
        self._objects: list[dict[str, Any]] = []

    async def run(self) -> int:
        """Scan every host; print what is found in the order of the hosts."""
        running: deque[tuple[Host, asyncio.Task[list[ProbeResult]]]] = deque()
        try:
            for host in self._hosts():
                running.append((host, asyncio.create_task(self._scan(host))))
                while len(running) >= _AT_A_TIME:
                    await self._print_next(running)
            while running:
                await self._print_next(running)
        finally:
            for _, task in running:
                task.cancel()
            await asyncio.gather(*(task for _, task in running), return_exceptions=True)
        if self._options.json:
            sys.stdout.write(f"{json.dumps(self._objects, indent=2)}\n")
        return 0 if self._found else _NOTHING_FOUND

    def _hosts(self) -> Iterator[Host]:
        """Iterate over the hosts; what is not one is printed, and the others are scanned."""
        files = chain.from_iterable(map(self._lines_of, self._options.files))
        for word in chain(files, self._options.names):
            try:
                yield from hosts_of(word)
            except UsageError as error:
                self._report.error(explain(error))

    def _lines_of(self, path: str) -> Iterator[str]:
        """Iterate over the lines of a file, without their comments."""
        try:
            if path == "-":
                yield from map(without_comment, sys.stdin)
                return
            with Path(path).open(encoding="utf-8", errors="backslashreplace") as file:
                yield from map(without_comment, file)
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            problem = f"{printable(path)}: {reason}"
            raise CommandExit(problem) from None

    async def _scan(self, host: Host) -> list[ProbeResult]:
        turns = asyncio.Semaphore(_OF_ONE_HOST)

        async def one(kind: str) -> ProbeResult:
            async with turns:
                return await probe(host.addresses, kind, self._options)

        return await asyncio.gather(*map(one, self._options.kinds))

    async def _print_next(
        self, running: deque[tuple[Host, asyncio.Task[list[ProbeResult]]]]
    ) -> None:
        host, task = running.popleft()
        results = await task
        self._found = self._found or any(each.credential is not None for each in results)
        self._report_errors(host, results)
        if self._options.json:
            self._objects += [as_object(host, each, self._options) for each in results]
            return
        for line in lines_of(host, results, self._options):
            sys.stdout.write(f"{line}\n")
        sys.stdout.flush()

    def _report_errors(self, host: Host, results: list[ProbeResult]) -> None:
        """Print each reason once for a host, however many connections it ended."""
        where = f"{host.addresses[0]} port {self._options.port}"
        reasons = [_reason(each.error) for each in results if each.error is not None]
        for reason in dict.fromkeys(reasons):
            self._report.error(f"{printable(where)}: {reason}")
        for each in results:
            if each.credential is None and each.error is None:
                self._report.note(f"{printable(where)}: no key of type {each.kind}")


def _reason(error: Exception) -> str:
    if isinstance(error, socket.gaierror) and error.strerror:
        return error.strerror
    if isinstance(error, OSError) and error.errno is not None:
        return os.strerror(error.errno)  # asyncio adds the address, which is there already
    return explain(error)
