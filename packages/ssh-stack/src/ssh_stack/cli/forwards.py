"""-L and -R: how they are written, and opening them."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from functools import partial
from typing import TYPE_CHECKING

from ssh_connection.addresses import format_address
from ssh_wire import SSHError, UsageError, lazy_attrs
from ssh_wire.numbers import MAX_PORT

if TYPE_CHECKING:
    from ssh_connection.aio import Forward
    from ssh_stack.cli.report import Report
    from ssh_stack.client.connection import Connection

__all__ = ["ForwardSpec", "open_forwards", "parse_forward"]

_PARTS = (3, 4)


@lazy_attrs.frozen
class ForwardSpec:
    """`[bind:]port:host:hostport`."""

    bind: str
    """The address to listen on; "" for all of them."""
    port: int
    """The port to listen on; 0 takes a free one."""
    host: str
    """The host to connect to, as seen from the other side."""
    hostport: int
    """The port to connect to."""

    def __str__(self) -> str:
        return f"{self.bind or '*'}:{self.port} to {self.host}:{self.hostport}"


def parse_forward(text: str) -> ForwardSpec:
    """Read the value of an -L or -R; IPv6 addresses are in brackets.

    Raises:
        UsageError: it has another form.
    """
    parts = _split(text)
    if len(parts) not in _PARTS or any("/" in part for part in parts):
        problem = f"bad forwarding {text!r}: it is written [bind:]port:host:hostport"
        raise UsageError(problem)
    bind = parts[0] if len(parts) == max(_PARTS) else "localhost"
    port, host, hostport = parts[-3:]
    if not host:
        problem = f"bad forwarding {text!r}: it has no host"
        raise UsageError(problem)
    first = _port(port, text, least=0)
    return ForwardSpec("" if bind == "*" else bind, first, host, _port(hostport, text, least=1))


def _split(text: str) -> list[str]:
    """Split at colons that are not in brackets."""
    parts, inside = [""], False
    for char in text:
        if char in "[]":
            inside = char == "["
        elif char == ":" and not inside:
            parts.append("")
        else:
            parts[-1] += char
    return parts


def _port(digits: str, text: str, least: int) -> int:
    if not (digits.isascii() and digits.isdigit() and least <= int(digits) <= MAX_PORT):
        problem = f"bad forwarding {text!r}: {digits!r} is not a port"
        raise UsageError(problem)
    return int(digits)


async def open_forwards(
    connection: Connection,
    local: Sequence[ForwardSpec],
    remote: Sequence[ForwardSpec],
    report: Report,
    stack: AsyncExitStack,
) -> int:
    """Open all forwards; return how many of them there are now.

    One that cannot be opened is a warning, as it is for ssh: the others may be what counts.
    """
    attempts: list[Callable[[], Awaitable[Forward]]] = []
    attempts += [partial(_local, connection, spec, stack) for spec in local]
    attempts += [partial(_remote, connection, spec, stack) for spec in remote]
    opened = 0
    for attempt, spec in zip(attempts, (*local, *remote), strict=True):
        try:
            forward = await attempt()
        except (SSHError, OSError) as error:
            if connection.is_closed:
                raise
            report.warn(f"cannot forward {spec}: {_reason(error)}")
            continue
        opened += 1
        if spec.port:
            report.note(f"forwarding {spec}")
        else:  # the words that programs look for in ssh's output
            report.show(f"Allocated port {forward.port} for forward to {_target(spec)}")
    return opened


async def _local(connection: Connection, spec: ForwardSpec, stack: AsyncExitStack) -> Forward:
    target = (spec.host, spec.hostport)
    try:
        scope = connection.forward_local((spec.bind, spec.port), target)
        return await stack.enter_async_context(scope)
    except OSError:
        if spec.bind != "localhost":
            raise
    # "localhost" has two addresses, and a machine may lack one of them
    scope = connection.forward_local(("127.0.0.1", spec.port), target)
    return await stack.enter_async_context(scope)


async def _remote(connection: Connection, spec: ForwardSpec, stack: AsyncExitStack) -> Forward:
    scope = connection.forward_remote((spec.bind, spec.port), (spec.host, spec.hostport))
    return await stack.enter_async_context(scope)


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.errno is not None:
        return os.strerror(error.errno)
    return str(error)


def _target(spec: ForwardSpec) -> str:
    return format_address(spec.host, spec.hostport)
