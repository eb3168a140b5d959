"""`ssh-stack dissect`: what went over the wire, as text.

All the work is `ssh_wire.dissect`'s, and `python -m ssh_wire` is the same without this
package; here are the options and the one line of a failure.
"""

from __future__ import annotations

import sys
from typing import IO, TYPE_CHECKING

import click

from ssh_stack.cli.errors import explain
from ssh_wire import SSHError
from ssh_wire.dissect import FORMS, PHASES, Options, report

if TYPE_CHECKING:
    from ssh_wire.dissect import Form

__all__ = ["dissect"]


@click.command()
@click.argument("file", type=click.File("rb"), default="-")
@click.option("--form", type=click.Choice(FORMS), help="What the input is; found out by default.")
@click.option("--phase", metavar="PHASE", help=f"The phase of one payload: {PHASES}.")
@click.option("--kex", metavar="METHOD", help="The key exchange method.")
@click.option("--server", is_flag=True, help="A stream is the server's.")
@click.option("--secrets", is_flag=True, help="Show passwords and the like.")
@click.option("--full", is_flag=True, help="Show all of long fields.")
def dissect(  # noqa: PLR0913 (one for each option)
    file: IO[bytes],
    *,
    form: Form | None,
    phase: str | None,
    kex: str | None,
    server: bool,
    secrets: bool,
    full: bool,
) -> None:
    """Show what went over the wire, up to the encryption.

    FILE holds hex, the bytes that one side sent, or a capture (pcap or pcapng); without it,
    standard input is read.
    """
    options = Options(
        form=form,
        phase=phase,
        method=kex,
        sender="server" if server else "client",
        secrets=secrets,
        full=full,
    )
    try:
        for line in report(file.read(), options):
            click.echo(line)
    except (SSHError, OSError) as error:
        click.echo(f"ssh-stack: {explain(error)}", err=True)
        sys.exit(1)
