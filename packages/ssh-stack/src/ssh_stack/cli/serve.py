"""`ssh-stack serve`: a real server for the current user."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import sys
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from ssh_connection import ConnectionLimits
from ssh_connection.addresses import format_address, parse_tcp_address
from ssh_keys import AuthorizedKeysFile as KeyLines
from ssh_keys import PassphraseNeeded, PrivateKey
from ssh_keys.files import (
    ReadOnce,
    name_file_in_errors,
    read_authorized_keys,
    read_private_key,
    write_private_key,
)
from ssh_stack.cli.command_exit import FAILED, CommandExit
from ssh_stack.cli.errors import explain
from ssh_stack.cli.report import Report
from ssh_stack.cli.standard_streams import secure_standard_streams
from ssh_stack.config.values import parse_duration
from ssh_stack.local.user import expand_home, home_directory
from ssh_stack.server.authorization import Authorization, AuthorizedKeys, TrustedUserCAKeys
from ssh_stack.server.forwarding import AllowForwarding
from ssh_stack.server.permissions import ENFORCED
from ssh_stack.server.serving import Serve
from ssh_stack.server.serving import serve as start
from ssh_stack.server.shell import LocalShell
from ssh_wire import SSHError, UsageError, lazy_attrs

if TYPE_CHECKING:
    from ssh_sftp import FileSystem

__all__ = ["serve"]

_USAGE = 2  # as click ends for an option that it cannot use


@lazy_attrs.frozen(kw_only=True)
class _Options:
    """The command line."""

    listen: str
    host_keys: tuple[Path, ...]
    authorized_keys: Path
    trusted_user_ca_keys: Path | None
    authorized_principals: str | None
    revoked_keys: Path | None
    permit_user_environment: tuple[str, ...]
    sftp_root: Path | None
    allow_forwarding: bool
    allow_unix_forwarding: bool
    gateway_ports: bool
    allow_agent_forwarding: bool
    allow_x11_forwarding: bool
    channel_timeouts: tuple[str, ...]
    unused_connection_timeout: str | None
    algorithms: Literal["strict", "default", "legacy"]
    moduli: Path | None


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--listen",
    default="127.0.0.1:2222",
    show_default=True,
    metavar="ADDR:PORT",
    help="Where to listen; port 0 takes a free one.",
)
@click.option(
    "--host-key",
    "host_keys",
    multiple=True,
    type=click.Path(path_type=Path),
    help="A private key file, one of a kind; by default a key is made once and kept.",
)
@click.option(
    "--authorized-keys",
    type=click.Path(path_type=Path),
    default=Path("~/.ssh/authorized_keys"),
    show_default=True,
    help="The keys that may log in, with their options.",
)
@click.option(
    "--trusted-user-ca-keys",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Authorities whose certificates may log in where they name the user.",
)
@click.option(
    "--authorized-principals",
    metavar="FILE",
    help="The principals of such a certificate in the place of the user's name; %u is the user.",
)
@click.option(
    "--revoked-keys",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Keys and certificates that may not: a KRL, or public keys, one a line.",
)
@click.option(
    "--permit-user-environment",
    metavar="PATTERN",
    multiple=True,
    help="Variables that `environment` in front of a key may set.",
)
@click.option(
    "--sftp-root",
    type=click.Path(path_type=Path),
    help="Serve this folder and nothing else by SFTP; by default all that the user may see.",
)
@click.option("--allow-agent-forwarding", is_flag=True, help="Let clients forward their agent.")
@click.option("--allow-x11-forwarding", is_flag=True, help="Let clients forward X11.")
@click.option("--allow-forwarding", is_flag=True, help="Let clients forward TCP ports.")
@click.option(
    "--allow-unix-forwarding", is_flag=True, help="Let clients forward Unix sockets of this user."
)
@click.option(
    "--gateway-ports",
    is_flag=True,
    help="With --allow-forwarding, let clients listen on all addresses, not only on loopback.",
)
@click.option(
    "--channel-timeout",
    "channel_timeouts",
    multiple=True,
    metavar="TYPE=TIME",
    help="Close channels of a type (session:shell, direct-tcpip, *, global) that carry nothing.",
)
@click.option(
    "--unused-connection-timeout",
    metavar="TIME",
    help="End connections that have had no channel for as long, such as 10m.",
)
@click.option(
    "--algorithms",
    type=click.Choice(["strict", "default", "legacy"]),
    default="default",
    show_default=True,
    help="Which algorithms are offered.",
)
@click.option(
    "--moduli",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="The groups of group exchange, see moduli(5); by default those that everybody has.",
)
@click.option("-v", "--verbose", count=True, help="Say who comes and goes; twice for more.")
def serve(*, verbose: int, **values: object) -> None:
    """Serve commands, shells and files to the current user, by public key.

    TERM and INT end it: clients are disconnected, and what they run is ended.

    Exit status: 0 after such an end, 2 for an option that cannot be used, 255 otherwise.
    """
    secure_standard_streams()
    report = Report(quiet=False, verbose=verbose)
    level = (logging.WARNING, logging.INFO)[min(verbose, 1)] if verbose < 2 else logging.DEBUG  # noqa: PLR2004 (given twice)
    logging.basicConfig(level=level, format="ssh-stack: %(message)s", stream=sys.stderr)
    try:
        with ReadOnce().scope():
            prepared = _prepare(_Options(**values), report)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType] - click has checked them
        asyncio.run(_serve(prepared))
    except UsageError as error:
        report.error(explain(error))
        sys.exit(_USAGE)
    except CommandExit as stop:
        report.error(str(stop))
        sys.exit(stop.status)
    except (SSHError, OSError) as error:
        report.error(explain(error))
        sys.exit(FAILED)


@lazy_attrs.frozen
class _Prepared:
    """What is served and where, and the keys that prove who serves it."""

    listen: str
    server: Serve
    keys: tuple[PrivateKey, ...]


def _prepare(options: _Options, report: Report) -> _Prepared:
    listen = parse_tcp_address(options.listen)
    keys = tuple(_host_key(expand_home(path)) for path in options.host_keys) or (_own_host_key(),)
    authorized = expand_home(options.authorized_keys)
    auth: list[Authorization] = [AuthorizedKeys(authorized)]
    if options.trusted_user_ca_keys is not None:
        principals = options.authorized_principals
        named = None if principals is None else expand_home(Path(principals))
        auth.append(TrustedUserCAKeys(expand_home(options.trusted_user_ca_keys), named))
    _check_authorized_keys(authorized, report, alone=len(auth) == 1)
    revoked = options.revoked_keys
    server = start(
        listen.host,
        listen.port,
        host_keys=keys,
        auth=auth,
        revoked_keys=None if revoked is None else expand_home(revoked),
        session=LocalShell(),
        permit_user_environment=options.permit_user_environment,
        sftp=_file_system(options.sftp_root),
        forwarding=_forwarding(options),
        agent_forwarding=options.allow_agent_forwarding,
        x11_forwarding=options.allow_x11_forwarding,
        algorithms=options.algorithms,
        moduli=options.moduli,
        limits=_limits(options),
    )
    return _Prepared(options.listen, server, keys)


def _forwarding(options: _Options) -> AllowForwarding | None:
    """Return what clients may forward.

    Raises:
        UsageError: --gateway-ports has nothing to open.
    """
    if options.gateway_ports and not options.allow_forwarding:
        problem = "--gateway-ports needs --allow-forwarding"
        raise UsageError(problem)
    if not (options.allow_forwarding or options.allow_unix_forwarding):
        return None
    return AllowForwarding(
        tcp=options.allow_forwarding,
        gateway_ports=options.gateway_ports,
        unix_sockets=options.allow_unix_forwarding,
    )


def _limits(options: _Options) -> ConnectionLimits:
    """Return when channels and connections end that are not used.

    Raises:
        UsageError: it is not written so.
    """
    timeouts: list[tuple[str, float]] = []
    for each in options.channel_timeouts:
        kind, _, interval = each.rpartition("=")
        if not kind:
            problem = f"--channel-timeout takes TYPE=TIME, not {each!r}"
            raise UsageError(problem)
        timeouts.append((kind, _seconds("--channel-timeout", interval)))
    unused = options.unused_connection_timeout
    return ConnectionLimits(
        channel_timeouts=tuple(timeouts),
        unused_timeout=None
        if unused is None
        else _seconds("--unused-connection-timeout", unused) or None,
    )


def _seconds(name: str, word: str) -> float:
    found = parse_duration(word)
    if found is None:
        problem = f"{name} takes a time such as 90 or 1h30m, not {word!r}"
        raise UsageError(problem)
    return float(found)


async def _serve(prepared: _Prepared) -> None:
    """Serve until TERM or INT."""
    over = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, over.set)
    async with AsyncExitStack() as stack:
        try:
            server = await stack.enter_async_context(prepared.server)
        except OSError as error:
            problem = f"cannot listen on {prepared.listen}: {_os_error_text(error)}"
            raise CommandExit(problem) from None
        for key in prepared.keys:
            click.echo(f"Host key {key.public_key.kind} {key.public_key.fingerprint()}")
        click.echo(f"Listening on {format_address(server.host, server.port)}")
        sys.stdout.flush()
        await over.wait()


def _os_error_text(error: OSError) -> str:
    """Return the operating system's text of an error, without what asyncio adds to it."""
    if error.errno is None or isinstance(error, socket.gaierror):
        return error.strerror or str(error)
    return os.strerror(error.errno)


def _file_system(root: Path | None) -> FileSystem:
    from ssh_sftp.aio import Rooted, UnconfinedFiles  # loads when it is used

    return UnconfinedFiles(home_directory()) if root is None else Rooted(expand_home(root))


def _check_authorized_keys(authorized: Path, report: Report, *, alone: bool) -> None:
    """Say now what would keep everybody out later."""
    try:
        lines = read_authorized_keys(authorized)
    except FileNotFoundError:
        lines = KeyLines()
    refused = lines.not_enforced(ENFORCED)
    for problem in (*lines.problems, *refused):
        report.warn(f"{authorized}, line {problem.line} is not used: {problem.reason}")
    if alone and len(lines.keys) == len(refused):
        report.warn(f"{authorized} has no key: no user can log in yet")


def _host_key(path: Path) -> PrivateKey:
    try:
        with name_file_in_errors(path):
            return read_private_key(path, strict_permissions=True)
    except PassphraseNeeded:
        problem = f"{path} is encrypted: a host key must not be"
        raise CommandExit(problem) from None


def _own_host_key() -> PrivateKey:
    """Return the server's own key, made at the first start and readable by the user alone."""
    state = os.environ.get("XDG_STATE_HOME") or "~/.local/state"
    path = expand_home(state) / "ssh-stack" / "host_ed25519"
    try:
        return _host_key(path)
    except FileNotFoundError:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    key = PrivateKey.generate("ed25519", comment="ssh-stack serve")
    try:
        write_private_key(path, key)
    except FileExistsError:  # another server has just made it
        return _host_key(path)
    return key
