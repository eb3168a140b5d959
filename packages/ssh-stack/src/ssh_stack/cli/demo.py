"""`ssh-stack demo`: both sides on this machine, everything tried once and compared."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.table import Table

from ssh_stack.cli.demonstration import Demonstration, Finding
from ssh_stack.cli.report import Report
from ssh_stack.cli.runner import run

if TYPE_CHECKING:
    from ssh_stack.client.connection import Connection

__all__ = ["demo"]


@click.command()
@click.option("-v", "--verbose", count=True, help="Show what differed where a step fails.")
def demo(*, verbose: int) -> None:
    """Try everything once, on this machine alone.

    A server with fresh keys listens on a loopback port; a client refuses and is refused
    where it should be, runs commands, moves files both ways and forwards a port.  The exit
    status is 0 if every byte matched.
    """
    sys.exit(_DemoOutput(Report(verbose=verbose)).run())


class _DemoOutput:
    """Tells the findings as they come, and what they add up to."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._console = Console(highlight=False)
        self._findings: list[Finding] = []
        self._port = 0

    def run(self) -> int:
        """Run the demonstration; return the exit status."""
        return run(self._work, self._report, lambda: ("127.0.0.1", self._port))

    async def _work(self) -> int:
        with tempfile.TemporaryDirectory(prefix="ssh-stack-demo-") as folder:
            demonstration = Demonstration(
                Path(folder), self._print_finding, self._print_negotiated
            )
            await demonstration.run()
        failed = [finding for finding in self._findings if not finding.matched]
        if failed:
            hint = "" if self._report.verbose else "; -v shows what differed"
            text = f"{len(failed)} of {len(self._findings)} failed{hint}"
            self._console.print(f"[red]{text}[/red]")
            return 1
        self._console.print("[green]Every byte matched.[/green]")
        return 0

    def _print_finding(self, finding: Finding) -> None:
        self._findings.append(finding)
        outcome = "[green]ok    [/green]" if finding.matched else "[red]FAILED[/red]"
        self._console.print(f"{outcome} {finding.what}", markup=True)
        lines = [finding.figures] if finding.matched else [finding.problem]
        if not finding.matched and self._report.verbose:
            lines += finding.difference.splitlines()
        for line in filter(None, lines):
            self._console.print(f"       {line}", style="dim", markup=False, soft_wrap=True)

    def _print_negotiated(self, connection: Connection) -> None:
        agreed = connection.agreement
        table = Table(title="negotiated", title_justify="left", show_header=False)
        for name, value in (
            ("server", f"{connection.server_software} on port {connection.port}"),
            ("host key", f"{connection.host_key.kind} {connection.host_key.fingerprint()}"),
            ("key exchange", f"{agreed.kex}{' (strict)' if agreed.strict else ''}"),
            ("cipher", agreed.client_to_server.cipher),
            ("MAC", agreed.client_to_server.mac or "part of the cipher"),
            ("login", "; ".join(map(str, connection.auth_attempts))),
        ):
            table.add_row(name, value)
        self._port = connection.port
        self._console.print(table)
