"""What an authenticated user is served: the rows of the registry, from each service."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssh_connection.aio.forward.direct import DirectConnections
from ssh_connection.aio.forward.granted import GrantedForwards
from ssh_connection.aio.server.forwarding import ForwardingPolicy
from ssh_connection.aio.services import direct_tcpip, forwarded_tcpip, streamlocal
from ssh_connection.aio.services.session import ServerSessions
from ssh_connection.aio.services.stream import rows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ssh_auth import AuthContext
    from ssh_connection.aio.children import Children
    from ssh_connection.aio.server.session import User
    from ssh_connection.aio.server.settings import SessionSettings
    from ssh_connection.multiplexer import Multiplexer
    from ssh_connection.services import Service

__all__ = ["services_for"]


def services_for(
    user: User,
    settings: SessionSettings,
    context: AuthContext,
    mux: Multiplexer,
    children: Children,
) -> Iterator[Service]:
    """Yield what a user is served; those of the settings come last, and replace the others.

    Args:
        user: the user that is authenticated.
        settings: what is switched on.
        context: what a session tells of the connection.
        mux: carries the channels and the answers.
        children: owns what is served.
    """
    yield from ServerSessions(user, settings, context, mux, children.spawn).rows
    if settings.forwarding is not None and user.permissions.permits_forwarding:
        policy = ForwardingPolicy(user, settings.forwarding)
        direct = DirectConnections(policy.may_connect, children.spawn)
        granted = GrantedForwards(policy.may_listen, mux, children.spawn)
        children.own(granted)
        yield from direct_tcpip.rows(direct)
        yield from forwarded_tcpip.server_rows(granted)
        yield from streamlocal.server_rows(direct, granted)
    yield from rows(settings.services, children.spawn)
