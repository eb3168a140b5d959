"""Ways to a server: a TCP connection, a channel of another connection, a command, a stream."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING

from ssh_stack.client.tcp import connect_tcp
from ssh_wire import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ssh_connection.aio import ClientConnection, Dialer
    from ssh_stack.client.connection import Connection
    from ssh_stack.client.plan.route import RoutePlan
    from ssh_stack.config.tokens import Tokens
    from ssh_stack.streams import Stream
    from ssh_transport.aio import Driver

__all__ = [
    "jump_dialer",
    "passed_socket_dialer",
    "proxy_arguments",
    "proxy_dialer",
    "stream_dialer",
    "tcp_dialer",
]


def tcp_dialer(
    host: str,
    port: int,
    route: RoutePlan,
    connected: Callable[[socket.socket], None],
    failures: list[OSError],
) -> Dialer:
    """Connect to `host:port`, as the route says.

    Args:
        host: the name or address.
        port: the port.
        route: how to connect.
        connected: told of the socket, before anything is sent.
        failures: told what becomes of each address, as it happens.
    """

    async def dial(driver: Driver) -> None:
        sock = await connect_tcp(host, port, route, failures)
        if route.keepalive:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        connected(sock)
        await asyncio.get_running_loop().create_connection(lambda: driver, sock=sock)

    return dial


def stream_dialer(stream: Stream) -> Dialer:
    """Use a byte stream that is connected already."""
    from ssh_stack.streams import attach  # rarely given

    async def dial(driver: Driver) -> None:
        await attach(driver, stream)

    return dial


def jump_dialer(connection: Connection | ClientConnection, host: str, port: int) -> Dialer:
    """Connect to `host:port` through another connection."""
    from ssh_connection.aio import connect_driver  # only with a jump host

    async def dial(driver: Driver) -> None:
        channel = await connection.open_tcp_channel(host, port, protected=True)
        connect_driver(driver, channel)

    return dial


def proxy_dialer(
    command: str | Sequence[str],
    tokens: Tokens,
    on_stderr: Callable[[bytes], None] | None = None,
) -> Dialer:
    """Connect through the standard streams of a program; it ends with the connection.

    Args:
        command: a command for the user's shell, or arguments that no shell reads.
        tokens: what is put in for %-tokens.
        on_stderr: takes what the program writes to standard error.

    Raises:
        UsageError: a token is not known, or what it stands for cannot be part of a command.
    """
    arguments = proxy_arguments(command, tokens)

    async def dial(driver: Driver) -> None:
        from shlex import join

        from ssh_stack.client.proxy_process import connect_proxy  # rarely used

        text = arguments[-1] if isinstance(command, str) else join(arguments)
        await connect_proxy(driver, arguments, text, on_stderr)

    return dial


def passed_socket_dialer(
    command: str | Sequence[str], tokens: Tokens, connected: Callable[[socket.socket], None]
) -> Dialer:
    """Connect through a socket that a program passes (ProxyUseFdpass).

    Args:
        command: as for `proxy_dialer`.
        tokens: what is put in for %-tokens.
        connected: told of the socket, before anything is sent.

    Raises:
        UsageError: as for `proxy_dialer`.
    """
    arguments = proxy_arguments(command, tokens)

    async def dial(driver: Driver) -> None:
        from shlex import join

        from ssh_stack.client.proxy_socket import receive_socket  # rarely used

        text = arguments[-1] if isinstance(command, str) else join(arguments)
        sock = await receive_socket(arguments, text)
        connected(sock)
        await asyncio.get_running_loop().create_connection(lambda: driver, sock=sock)

    return dial


def proxy_arguments(command: str | Sequence[str], tokens: Tokens) -> list[str]:
    """Return the arguments of the program that runs a command, with tokens replaced.

    Raises:
        UsageError: the command is empty, a token is not known, or what it stands for cannot be
            part of a command.
    """
    from ssh_stack.local.shell_command import (  # only with a proxy command
        expand_command,
        shell_arguments,
    )

    if not command or not command[0].strip():
        problem = "the proxy command is empty"
        raise UsageError(problem)
    if isinstance(command, str):
        # "the user's shell 'exec' directive to avoid a lingering shell process"
        return shell_arguments(f"exec {_replaced(command, tokens, expand_command)}")
    from ssh_stack.config.tokens import expand  # only with a proxy command

    return [_replaced(argument, tokens, expand) for argument in command]


def _replaced(text: str, tokens: Tokens, replace: Callable[[str, Tokens], str]) -> str:
    try:
        return replace(text, tokens)
    except UsageError as error:
        problem = f"proxy command {text!r}: {error}"
        raise UsageError(problem) from None
