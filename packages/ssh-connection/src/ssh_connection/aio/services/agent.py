"""The agent of a client, at a server: a socket for the programs of a session (RFC 9987)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, Final

from ssh_agent.aio import AgentListener, is_allowed, peer_uid
from ssh_connection.aio.channel import Channel, open_channel
from ssh_connection.aio.server.session_listener import Connections, SessionListener
from ssh_connection.aio.server.session_policy import SessionRequest
from ssh_wire.messages.openssh import (
    AgentConnectOpen,
    AgentConnectRequest,
    AgentForwardingRequest,
    AgentOpen,
)

if TYPE_CHECKING:
    import socket

    from ssh_connection.aio.server.session import Session
    from ssh_connection.multiplexer import Multiplexer

__all__ = ["MAX_CONNECTIONS", "agent_requests"]

MAX_CONNECTIONS: Final = 32
"""Connections of one session to the agent; further ones wait."""

_log = logging.getLogger("ssh_connection.server")


def agent_requests(
    mux: Multiplexer, spawn: Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]]
) -> tuple[SessionRequest[Any], ...]:
    """Return the requests of a session by which a client forwards its agent.

    Args:
        mux: carries the channels to the agent.
        spawn: runs a coroutine that ends with the connection at the latest.
    """

    def take(session: Session, message: AgentOpen | AgentConnectOpen) -> bool:
        if session.has_started or session.agent_socket is not None:
            return False
        try:
            listener = AgentListener.open()
        except OSError as error:
            _log.warning("the agent cannot be forwarded: %s", error)
            return False

        async def open_agent(_origin: tuple[str, int]) -> Channel:
            return await open_channel(mux, message)

        connections = Connections(
            open_channel=open_agent, spawn=spawn, most=MAX_CONNECTIONS, permitted=_is_ours
        )
        sockets = SessionListener([listener.socket], connections, listener.close)
        session.agent_socket = listener.path
        session.channel.on_closed(sockets.close)
        return True

    def old(session: Session, _request: AgentForwardingRequest) -> bool:
        return take(session, AgentOpen(sender=0, window=mux.limits.window, max_packet=0))

    def new(session: Session, _request: AgentConnectRequest) -> bool:
        return take(session, AgentConnectOpen(sender=0, window=mux.limits.window, max_packet=0))

    return (
        SessionRequest(message=AgentForwardingRequest, take=old),
        SessionRequest(message=AgentConnectRequest, take=new),
    )


def _is_ours(accepted: socket.socket) -> bool:
    return is_allowed(peer_uid(accepted))
