"""Unix sockets of a server: connections to them, and listeners (PROTOCOL section 2.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssh_connection.services import ChannelType, GlobalRequestType
from ssh_wire.messages import openssh

if TYPE_CHECKING:
    from ssh_connection.aio.forward.direct import DirectConnections
    from ssh_connection.aio.forward.granted import GrantedForwards
    from ssh_connection.aio.forward.requested import RemoteForwards
    from ssh_connection.services import Service

__all__ = ["client_rows", "server_rows"]


def server_rows(direct: DirectConnections, granted: GrantedForwards) -> tuple[Service, ...]:
    """Return the rows of a server.

    Args:
        direct: what connects for the client.
        granted: what listens for the client.
    """
    return (
        ChannelType(
            message=openssh.DirectStreamlocalOpen,
            opened=direct.connect,
            permitted=direct.may_connect,
        ),
        GlobalRequestType(
            message=openssh.StreamlocalForward,
            received=granted.listen,
            permitted=granted.may_listen,
        ),
        GlobalRequestType(message=openssh.CancelStreamlocalForward, received=granted.cancel),
    )


def client_rows(requested: RemoteForwards) -> tuple[Service, ...]:
    """Return the rows of a client: connections to the sockets that it has asked for, alone.

    Args:
        requested: what the server listens on.
    """
    return (
        ChannelType(
            message=openssh.ForwardedStreamlocalOpen,
            opened=requested.accept,
            permitted=requested.is_requested,
        ),
    )
