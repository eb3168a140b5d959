"""direct-tcpip: connections to TCP ports that a server makes for its client."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssh_connection.services import ChannelType
from ssh_wire.messages import connection as m

if TYPE_CHECKING:
    from ssh_connection.aio.forward.direct import DirectConnections
    from ssh_connection.services import Service

__all__ = ["rows"]


def rows(direct: DirectConnections) -> tuple[Service, ...]:
    """Return the rows of a server (RFC 4254 section 7.2).

    Args:
        direct: what connects for the client.
    """
    return (
        ChannelType(
            message=m.DirectTCPIPOpen, opened=direct.connect, permitted=direct.may_connect
        ),
    )
