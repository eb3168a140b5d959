"""What a server connection is told when it is made: frozen, with its defaults."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from ssh_auth import AuthLimits, failure_delay
from ssh_connection.aio.server.authentication import ServerAuthentication
from ssh_connection.aio.server.forwarding import ForwardingRules
from ssh_connection.aio.server.identity import HostSigner
from ssh_connection.aio.server.session_policy import SessionHandler
from ssh_connection.aio.settings import KeepaliveOptions
from ssh_connection.limits import ConnectionLimits
from ssh_keys import PrivateKey
from ssh_transport import TransportOptions
from ssh_wire import lazy_attrs

if TYPE_CHECKING:
    from ssh_connection.aio.server.connection import ServerConnection
    from ssh_connection.aio.server.session import User
    from ssh_connection.aio.server.session_policy import SessionRequest
    from ssh_connection.aio.server.x11_displays import X11Displays
    from ssh_connection.aio.services.stream import StreamService
    from ssh_connection.services import Service
    from ssh_keys import Certificate

__all__ = ["LOG", "ServerSettings", "SessionSettings"]

LOG: Final = logging.getLogger("ssh_connection.server")
"""Where a server's faults are logged, unless its settings name another logger."""


@lazy_attrs.frozen(kw_only=True)
class SessionSettings:
    """What an authenticated user is served; what is not set is denied."""

    shell: SessionHandler | None = None
    """Runs shells and commands."""
    subsystems: Mapping[str, SessionHandler] = lazy_attrs.field(factory=dict[str, SessionHandler])
    """Runs subsystems, by name."""
    env: frozenset[str] = frozenset()
    """The environment variables that a client may set."""
    permit_user_environment: Sequence[str] = ()
    """Patterns of the variables that permissions may set (sshd's PermitUserEnvironment)."""
    forwarding: ForwardingRules | None = None
    """Where to the client may forward."""
    agent_forwarding: bool = False
    """Whether a client may forward its agent to a session."""
    x11: X11Displays | None = None
    """Where sessions have displays that a client forwards."""
    services: Sequence[Service | StreamService[Any]] = ()
    """Channel types and global requests of one's own."""
    requests: Sequence[SessionRequest[Any]] = ()
    """Requests of one's own on the channels of sessions."""
    limits: ConnectionLimits = lazy_attrs.field(factory=ConnectionLimits)
    """How many sessions and variables a client may have."""


@lazy_attrs.frozen(kw_only=True)
class ServerSettings:
    """Everything that a server connection needs to know; what is not set is denied."""

    host_keys: Sequence[PrivateKey | HostSigner]
    """The keys that prove who the server is, or what signs with them."""
    host_certificates: Sequence[Certificate] = ()
    """What authorities say about these keys."""
    authentication: ServerAuthentication
    """Who may log in."""
    auth_limits: AuthLimits = lazy_attrs.field(factory=AuthLimits)
    """How often a client may try, and how much it may ask for, until it is authenticated."""
    failure_delay: Callable[[str, bytes, float], float] | None = failure_delay
    """How long a failed attempt waits for its answer, in seconds.

    Given the user, the server's secret, and how long it has taken.  None answers at once: the time
    of an answer may then tell which users there are.
    """
    transport: TransportOptions
    """Algorithms, limits and rekey thresholds of the transport."""
    shell: SessionHandler | None = None
    """Runs shells and commands."""
    subsystems: Mapping[str, SessionHandler] = lazy_attrs.field(factory=dict[str, SessionHandler])
    """Runs subsystems, by name."""
    env: frozenset[str] = frozenset()
    """The environment variables that a client may set."""
    permit_user_environment: Sequence[str] = ()
    """Patterns of the variables that permissions may set (sshd's PermitUserEnvironment)."""
    forwarding: ForwardingRules | None = None
    """Where to the client may forward."""
    agent_forwarding: bool = False
    """Whether a client may forward its agent to a session."""
    x11: X11Displays | None = None
    """Where sessions have displays that a client forwards."""
    services: Sequence[Service | StreamService[Any]] = ()
    """Channel types and global requests of one's own."""
    requests: Sequence[SessionRequest[Any]] = ()
    """Requests of one's own on the channels of sessions."""
    settings_for: Callable[[User], SessionSettings | None] | None = None
    """What one user is served, in the place of all that; None for all that.

    Called once, when the user is authenticated; it is a plain function.  A function that raises
    or returns something else ends the connection (sshd's `Match User`).
    """
    login_grace: float = 120.0
    """Seconds from the connection to the authentication."""
    keepalive: KeepaliveOptions | None = lazy_attrs.field(factory=KeepaliveOptions)
    """How a dead peer is found; None never asks."""
    limits: ConnectionLimits = lazy_attrs.field(factory=ConnectionLimits)
    """How much of everything a connection may have."""
    close_timeout: float = 5.0
    """Seconds that closing may take before the connection is cut."""
    log: logging.Logger = LOG
    """Told what goes wrong in functions that were given to the server."""
    on_authenticated: Callable[[ServerConnection], None] | None = None
    """Called when the user of a connection is authenticated."""
    on_end: Callable[[ServerConnection, Exception | None], None] | None = None
    """Called once when a connection has ended, with what ended it.

    None stands for an end that one side meant: `ServerConnection.close`, or the client's
    DISCONNECT with the reason BY_APPLICATION (RFC 4253 section 11.1).
    """

    def session_settings(self, user: User) -> SessionSettings:
        """Return what a user is served.

        Raises:
            TypeError: `settings_for` returned something else.
        """
        found = None if self.settings_for is None else self.settings_for(user)
        if found is None:
            return SessionSettings(
                shell=self.shell,
                subsystems=self.subsystems,
                env=self.env,
                permit_user_environment=self.permit_user_environment,
                forwarding=self.forwarding,
                agent_forwarding=self.agent_forwarding,
                x11=self.x11,
                services=self.services,
                requests=self.requests,
                limits=self.limits,
            )
        if type(found) is not SessionSettings:
            problem = f"settings_for returned a {type(found).__name__}, not a SessionSettings"
            raise TypeError(problem)
        return found
