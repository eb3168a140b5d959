"""X11 at a server: a display for the programs of a session (RFC 4254 section 6.3)."""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, Final

from ssh_connection.aio.channel import Channel, open_channel
from ssh_connection.aio.server.session_listener import Connections, SessionListener
from ssh_connection.aio.server.session_policy import SessionRequest
from ssh_connection.aio.server.x11_displays import SessionX11, X11Displays
from ssh_connection.x11 import is_xauth_word
from ssh_connection.x11.display import BASE_PORT, MAX_DISPLAY
from ssh_wire.messages import connection as m

if TYPE_CHECKING:
    from ssh_connection.aio.server.session import Session
    from ssh_connection.multiplexer import Multiplexer

__all__ = ["MAX_CONNECTIONS", "bind_display", "x11_requests"]

MAX_CONNECTIONS: Final = 256
"""Connections of one session to the display; further ones wait."""
_MAX_DISPLAYS: Final = 1000  # that are tried, as sshd does
_BACKLOG: Final = 128

_log = logging.getLogger("ssh_connection.server")


def x11_requests(
    displays: X11Displays,
    mux: Multiplexer,
    spawn: Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]],
) -> tuple[SessionRequest[Any], ...]:
    """Return the request of a session by which a client forwards X11.

    Args:
        displays: where the displays are.
        mux: carries the X11 channels.
        spawn: runs a coroutine that ends with the connection at the latest.
    """

    async def open_x11(origin: tuple[str, int]) -> Channel:
        message = m.X11Open(
            sender=0,
            window=mux.limits.window,
            max_packet=0,
            origin_host=origin[0],
            origin_port=origin[1],
        )
        return await open_channel(mux, message)

    def take(session: Session, request: m.X11Request) -> bool:
        if session.has_started or session.x11 is not None:
            return False
        # both go to xauth, which would read a newline in them as a command (CVE-2016-3115)
        if not (is_xauth_word(request.protocol) and is_xauth_word(request.cookie)):
            return False
        try:
            number, sockets = bind_display(displays)
        except OSError as error:
            _log.warning("X11 cannot be forwarded: %s", error)
            return False
        connections = Connections(
            open_channel=open_x11,
            spawn=spawn,
            most=MAX_CONNECTIONS,
            single=request.single_connection,
        )
        session.x11 = SessionX11.at(displays, number, request)
        session.channel.on_closed(SessionListener(sockets, connections).close)
        return True

    return (SessionRequest(message=m.X11Request, take=take),)


def bind_display(displays: X11Displays) -> tuple[int, list[socket.socket]]:
    """Listen at the port of the first display that is free.

    Raises:
        OSError: none is.
    """
    for number in range(displays.offset, min(displays.offset + _MAX_DISPLAYS, MAX_DISPLAY)):
        sockets = _bind(BASE_PORT + number, localhost=displays.localhost)
        if sockets:
            return number, sockets
    problem = f"no display from {displays.offset} on is free"
    raise OSError(problem)


def _bind(port: int, *, localhost: bool) -> list[socket.socket]:
    """Listen at a port of each family; return nothing where another program has one of them."""
    hosts = ("127.0.0.1", "::1") if localhost else ("0.0.0.0", "::")  # noqa: S104 (as it is told)
    bound: list[socket.socket] = []
    for family, host in zip((socket.AF_INET, socket.AF_INET6), hosts, strict=True):
        try:
            listening = socket.socket(family, socket.SOCK_STREAM)
        except OSError:
            continue  # a machine may lack a family
        try:
            if family == socket.AF_INET6:
                listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            if localhost:
                listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind((host, port))
            listening.listen(_BACKLOG)
            listening.setblocking(False)
        except OSError as error:
            listening.close()
            if _is_absent(error):
                continue
            for each in bound:
                each.close()
            return []
        bound.append(listening)
    return bound


def _is_absent(error: OSError) -> bool:
    """Return whether a machine has no address of a family at all."""
    return error.errno == errno.EADDRNOTAVAIL
