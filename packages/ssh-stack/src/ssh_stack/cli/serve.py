"""`ssh-stack serve`: a real server for the current user."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ssh_connection.addresses import format_address, parse_address
from ssh_keys import PrivateKey
from ssh_keys.files import read_private_key, write_private_key
from ssh_stack.authorization import AuthorizedKeys
from ssh_stack.forwarding import AllowForwarding
from ssh_stack.serving import serve as start
from ssh_stack.shell import LocalShell
from ssh_wire import SSHError

if TYPE_CHECKING:
    from ssh_sftp.filesystem import FileSystem
    from ssh_stack.server_options import ServerOptionsKw

__all__ = ["serve"]

_ENVIRONMENT = frozenset({"LANG", "LC_ALL", "LC_CTYPE", "LC_MESSAGES", "LC_TIME", "TERM", "TZ"})


@click.command()
@click.option("--listen", default="127.0.0.1:2222", show_default=True, metavar="ADDR:PORT")
@click.option(
    "--host-key",
    "host_keys",
    multiple=True,
    type=click.Path(path_type=Path),
    help="A private key file; by default one is made and kept.",
)
@click.option(
    "--authorized-keys",
    type=click.Path(path_type=Path),
    default=Path("~/.ssh/authorized_keys"),
    show_default=True,
    help="The keys that may log in.",
)
@click.option(
    "--sftp-root",
    type=click.Path(path_type=Path),
    help="Serve this folder and nothing else by SFTP; by default all that the user may see.",
)
@click.option("--allow-forwarding", is_flag=True, help="Let clients forward TCP ports.")
@click.option(
    "--algorithms",
    type=click.Choice(["strict", "default", "legacy"]),
    default="default",
    show_default=True,
)
def serve(
    *,
    listen: str,
    host_keys: tuple[Path, ...],
    authorized_keys: Path,
    sftp_root: Path | None,
    allow_forwarding: bool,
    algorithms: str,
) -> None:
    """Serve commands, shells and files to the current user, by public key."""
    try:
        host, port = parse_address(listen)
        keys = [read_private_key(path.expanduser()) for path in host_keys] or [_kept_key()]
        options: ServerOptionsKw = {
            "host_keys": keys,
            "auth": AuthorizedKeys(authorized_keys.expanduser()),
            "session": LocalShell(),
            "sftp": _file_system(sftp_root),
            "forwarding": AllowForwarding() if allow_forwarding else None,
            "env": _ENVIRONMENT,
            "algorithms": algorithms,  # type: ignore[typeddict-item]  # pyright: ignore[reportAssignmentType] - click has checked it
        }
        asyncio.run(_serve(host, port, options))
    except (SSHError, OSError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        where = f"{error.filename}: " if isinstance(error, OSError) and error.filename else ""
        click.echo(f"ssh-stack serve: {where}{reason}", err=True)
        sys.exit(1)


async def _serve(host: str, port: int, options: ServerOptionsKw) -> None:
    """Serve until TERM or INT."""
    over = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, over.set)
    async with start(host, port, **options) as server:
        for key in options["host_keys"]:
            public = key.public_key
            click.echo(f"Host key {public.kind} {public.fingerprint()}")
        click.echo(f"Listening on {format_address(server.host, server.port)}")
        await over.wait()


def _file_system(root: Path | None) -> FileSystem:
    from ssh_sftp.aio import Rooted, Whole  # noqa: PLC0415 (loads when it is used)

    return Whole(str(Path.home())) if root is None else Rooted(root.expanduser())


def _kept_key() -> PrivateKey:
    """The server's own key, made at the first start and readable by the user alone."""
    state = os.environ.get("XDG_STATE_HOME") or "~/.local/state"
    path = Path(state).expanduser() / "ssh-stack" / "host_ed25519"
    try:
        return read_private_key(path)
    except FileNotFoundError:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        key = PrivateKey.generate("ed25519", comment="ssh-stack serve")
        write_private_key(path, key)
        return key
