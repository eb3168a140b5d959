"""The way to the server: a TCP connection, a command, jump hosts, or a stream."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, TypeAlias

import attrs

from ssh_connection.aio import ClientConnection
from ssh_stack.client.connection import Connection
from ssh_stack.sources import DEFAULT
from ssh_wire import lazy_attrs

if TYPE_CHECKING:
    from ssh_stack.client.options import ClientOptions
    from ssh_stack.config import HostConfig
    from ssh_stack.errors import ConfigError
    from ssh_stack.streams import Stream

__all__ = ["RoutePlan", "merge_route"]

_Command: TypeAlias = str | tuple[str, ...]


@lazy_attrs.frozen(kw_only=True)
class RoutePlan:
    """The way to the server: the first that is given of a stream, a command, a connection, jumps.

    Attributes:
        stream: A byte stream to the server that is connected already.
        proxy_command: A command whose standard streams reach the server: text for the user's
            shell, or arguments that no shell reads (ProxyCommand).
        proxy_command_error: Why that command cannot be used; told where it would be.
        connection: A connection whose server connects to this one.
        jumps: Hosts to go through, first to last (ProxyJump).
        addresses: Which addresses may be used (AddressFamily).
        bind_address: The address of this machine to connect from (BindAddress).
        keepalive: Whether the system asks for signs of life (TCPKeepAlive).
    """

    stream: Stream | None = None
    proxy_command: _Command | None = None
    proxy_command_error: ConfigError | None = attrs.field(default=None, eq=False)
    connection: Connection | ClientConnection | None = None
    jumps: tuple[str, ...] = ()
    addresses: Literal["any", "inet", "inet6"] = "any"
    bind_address: str | None = None
    keepalive: bool = True


def merge_route(options: ClientOptions, config: HostConfig) -> RoutePlan:
    """Return the way to the server.

    An option that names a way leaves no other of the configuration: `jump=None` connects
    directly although there is a ProxyCommand.
    """
    named = options.stream is not None
    command, error = None, None
    if options.proxy_command is not DEFAULT:
        command = _command(options.proxy_command)
    elif options.jump is DEFAULT and not named:
        command, error = config.proxy_command, config.proxy_command_error
    jumps: Sequence[str] = ()
    connection = None
    if isinstance(options.jump, Connection | ClientConnection):
        connection = options.jump
    elif options.jump is not DEFAULT:
        jumps = _hosts(options.jump)
    elif command is None and not named:
        jumps = config.proxy_jump
    return RoutePlan(
        stream=options.stream,
        proxy_command=command,
        proxy_command_error=error,
        connection=connection,
        jumps=tuple(jumps),
        addresses=config.address_family,
        bind_address=config.bind_address,
        keepalive=config.tcp_keepalive,
    )


def _command(given: str | Sequence[str] | None) -> _Command | None:
    return given if given is None or isinstance(given, str) else tuple(given)


def _hosts(given: str | Sequence[str] | None) -> Sequence[str]:
    if isinstance(given, str):
        return [part.strip() for part in given.split(",")]
    return given or ()
