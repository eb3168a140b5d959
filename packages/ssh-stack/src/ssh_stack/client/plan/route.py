"""The way to the server: a TCP connection, a command, jump hosts, or a stream."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from ssh_connection.aio import ClientConnection
from ssh_stack.client.connection import Connection
from ssh_stack.client.plan.choice import choose
from ssh_stack.sources import DEFAULT
from ssh_wire import lazy_attrs

if TYPE_CHECKING:
    from ssh_stack.client.options import ClientOptions
    from ssh_stack.config import HostConfig
    from ssh_stack.streams import Stream
    from ssh_stack.usage_errors import ConfigError

__all__ = ["RoutePlan", "merge_route"]

_Command: TypeAlias = str | tuple[str, ...]

_QOS: Final = (0xB8, 0)
"""The classes of traffic where nothing is configured: EF, and CS0, as in OpenSSH since 10.1."""


@lazy_attrs.frozen(kw_only=True)
class RoutePlan:
    """The way to the server: the first that is given of a stream, a command, a connection, jumps.

    Attributes:
        stream: A byte stream to the server that is connected already.
        proxy_command: A command whose standard streams reach the server: text for the user's
            shell, or arguments that no shell reads (ProxyCommand).
        proxy_command_error: Why that command cannot be used; told where it would be.
        on_proxy_stderr: Takes what that command writes to standard error.
        connection: A connection whose server connects to this one.
        jumps: Hosts to go through, first to last (ProxyJump).
        proxy_passes_socket: Whether that command passes a connected socket (ProxyUseFdpass).
        addresses: Which addresses may be used (AddressFamily).
        bind_address: The address of this machine to connect from (BindAddress).
        bind_interface: The interface of this machine to connect from, where there is no such
            address (BindInterface).
        attempts: How often connecting is tried, a second apart (ConnectionAttempts).
        attempt_timeout: How long one of several attempts may take, in seconds; None for as long
            as all of them.
        qos: The byte of the IP header for interactive sessions, and for all else; None for the
            system's (IPQoS).
        keepalive: Whether the system asks for signs of life (TCPKeepAlive).
    """

    stream: Stream | None = None
    proxy_command: _Command | None = None
    proxy_command_error: ConfigError | None = lazy_attrs.field(default=None, eq=False)
    proxy_passes_socket: bool = False
    on_proxy_stderr: Callable[[bytes], None] | None = None
    connection: Connection | ClientConnection | None = None
    jumps: tuple[str, ...] = ()
    addresses: Literal["any", "inet", "inet6"] = "any"
    bind_address: str | None = None
    bind_interface: str | None = None
    attempts: int = 1
    attempt_timeout: float | None = None
    qos: tuple[int | None, int | None] = _QOS
    keepalive: bool = True


def merge_route(options: ClientOptions, config: HostConfig, seconds: float) -> RoutePlan:
    """Return the way to the server.

    An option that names a way leaves no other of the configuration: `jump=None` connects
    directly although there is a ProxyCommand.

    Args:
        options: what `connect` was told.
        config: what the configuration says about the host.
        seconds: how long one attempt may take.
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
        proxy_passes_socket=config.proxy_use_fdpass,
        on_proxy_stderr=options.on_proxy_stderr,
        addresses=config.address_family,
        bind_address=config.bind_address,
        bind_interface=config.bind_interface if config.bind_address is None else None,
        attempts=config.connection_attempts,
        attempt_timeout=seconds if config.connection_attempts > 1 else None,
        qos=choose(DEFAULT, config.ip_qos, _QOS),
        keepalive=config.tcp_keepalive,
    )


def _command(given: str | Sequence[str] | None) -> _Command | None:
    return given if given is None or isinstance(given, str) else tuple(given)


def _hosts(given: str | Sequence[str] | None) -> Sequence[str]:
    if isinstance(given, str):
        return [part.strip() for part in given.split(",")]
    return given or ()
