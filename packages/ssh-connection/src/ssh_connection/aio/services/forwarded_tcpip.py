"""forwarded-tcpip: TCP ports that a server listens on for its client (RFC 4254 section 7)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssh_connection.services import ChannelType, GlobalRequestType
from ssh_wire.messages import connection as m

if TYPE_CHECKING:
    from ssh_connection.aio.forward.granted import GrantedForwards
    from ssh_connection.aio.forward.requested import RemoteForwards
    from ssh_connection.services import Service

__all__ = ["client_rows", "server_rows"]


def server_rows(granted: GrantedForwards) -> tuple[Service, ...]:
    """Return the rows of a server: requests to listen, and to listen no more.

    Args:
        granted: what listens for the client.
    """
    return (
        GlobalRequestType(
            message=m.TCPIPForward, received=granted.listen, permitted=granted.may_listen
        ),
        GlobalRequestType(message=m.CancelTCPIPForward, received=granted.cancel),
    )


def client_rows(requested: RemoteForwards) -> tuple[Service, ...]:
    """Return the rows of a client: the connections that come in.

    "Implementations MUST reject these messages unless they have previously requested a remote
    TCP/IP port forwarding with the given port number" (RFC 4254 section 7.2).

    Args:
        requested: what the server listens on.
    """
    return (
        ChannelType(
            message=m.ForwardedTCPIPOpen,
            opened=requested.accept,
            permitted=requested.is_requested,
        ),
    )
