# Generated from the async classes by tools/generate_sync.py; not to be edited.
"""`serve`, and the server that it starts."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Collection, Mapping, Sequence
from types import TracebackType
from typing import Any, Literal, Required, TypedDict, Unpack

from ssh_auth import AuthLimits
from ssh_connection import ConnectionLimits
from ssh_connection import aio as aio_ssh_connection
from ssh_connection.aio import (
    ForwardingRules,
    KeepaliveOptions,
    SessionHandler,
    SessionRequest,
    StreamService,
    User,
    X11Displays,
)
from ssh_connection.services import Service
from ssh_keys import Certificate
from ssh_sftp import FileSystem
from ssh_stack.server import serving as aio_serving
from ssh_stack.server.admission import MaxStartups
from ssh_stack.server.authorization import Authorization
from ssh_stack.server.options import HostKeySource
from ssh_stack.server.penalties import Penalties
from ssh_stack.server.sessions import SettingsFor
from ssh_stack.sources import RevokedSource
from ssh_stack.streams import Reader, Writer
from ssh_stack.sync._blocking import Blocking, BlockingOwner, unwrap
from ssh_stack.sync._portal import portal
from ssh_stack.sync.channel import Channel
from ssh_stack.sync.streams import ByteStream
from ssh_transport import Agreement, Algorithms, Limits
from ssh_wire.messages import connection as m

__all__ = ["Serve", "Server", "ServerConnection", "ServerOptionsKw", "serve"]


class ServerConnection(Blocking[aio_ssh_connection.ServerConnection]):
    """One client's connection."""

    @property
    def peer(self) -> tuple[str, int] | None:
        """The address and port that the client connected from; who accepts it sets this."""
        return self._wrapped.peer

    @property
    def local(self) -> tuple[str, int] | None:
        """The address and port that it connected to."""
        return self._wrapped.local

    @property
    def grace_exceeded(self) -> bool:
        """Whether the client took longer than the grace time to log in."""
        return self._wrapped.grace_exceeded

    @property
    def user(self) -> User | None:
        """Who is logged in; None until somebody is."""
        return self._wrapped.user

    @property
    def failed_attempts(self) -> int:
        """How many attempts to authenticate have failed or were abandoned."""
        return self._wrapped.failed_attempts

    def close(self) -> None:
        """Disconnect and clean up, in bounded time."""
        self._portal.wait(self._wrapped.close)

    @property
    def is_closed(self) -> bool:
        """Whether the connection has ended."""
        return self._wrapped.is_closed

    @property
    def session_id(self) -> bytes:
        """The session identifier: the exchange hash of the first key exchange."""
        return self._wrapped.session_id

    @property
    def agreement(self) -> Agreement:
        """The algorithms in use."""
        return self._wrapped.agreement

    def wait_closed(self) -> None:
        """Wait until the connection has ended and everything on it is cleaned up."""
        self._portal.wait(self._wrapped.wait_closed)

    def ping(self) -> float:
        """Ask the peer for a sign of life; return the round trip in seconds.

        It is asked by `ping@openssh.com` where it announced that, else by a global request.

        Raises:
            ConnectionLost: the connection is lost.
        """
        return self._portal.wait(self._wrapped.ping)

    def register(self, *services: Service | StreamService[Any]) -> None:
        """Serve channel types and global requests of one's own to the peer.

        Args:
            services: a row each; one replaces an earlier one of the same name.

        Raises:
            UsageError: a class of messages names no type.
        """
        self._portal.call(self._wrapped.register, *services)

    def open_channel(self, message: m.OpenHead) -> ByteStream:
        """Open a channel of any type; return its stream (RFC 4254 section 5.1).

        Args:
            message: the CHANNEL_OPEN; its sender, window and maximum packet size are filled in.

        Raises:
            ChannelOpenRefused: the peer refused it.
            ChannelClosed: the connection is closed.
            SSHTimeout: the server did not answer a client.
        """
        return ByteStream(self._portal, self._portal.wait(self._wrapped.open_channel, message))

    def rekey(self) -> None:
        """Begin a key exchange now; data goes on when it is done."""
        self._portal.call(self._wrapped.rekey)


class Server(BlockingOwner[aio_serving.Server]):
    """A server that listens, and the connections that it has."""

    @property
    def host(self) -> str:
        """The address that it listens on."""
        return self._wrapped.host

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return self._wrapped.port

    @property
    def is_closed(self) -> bool:
        """Whether it has been closed."""
        return self._wrapped.is_closed

    @property
    def connections(self) -> tuple[ServerConnection, ...]:
        """The connections that it has now."""
        return tuple(ServerConnection(self._portal, each) for each in self._wrapped.connections)

    def serve_forever(self) -> None:
        """Serve until the task is cancelled or the server is closed."""
        self._portal.wait(self._wrapped.serve_forever)

    def close(self) -> None:
        """Stop listening; disconnect every client and end what it runs, in bounded time.

        Clients are told DISCONNECT, by application (RFC 4253 section 11.1).
        """
        self._portal.wait(self._wrapped.close)

    def accept(self, stream: socket.socket | Channel | tuple[Reader, Writer]) -> ServerConnection:
        """Serve one client whose byte stream somebody else has accepted.

        Args:
            stream: a connected socket, a `Channel`, or a pair of a reader and a writer; it is
                closed with the connection.

        Raises:
            UsageError: it is not a stream, or the server is closed.
            OSError: it is a socket that is not connected.
        """
        return ServerConnection(
            self._portal, self._portal.wait(self._wrapped.accept, unwrap(stream))
        )

    def dial(self, host: str, port: int) -> ServerConnection:
        """Connect to a client that listens, and serve it: a reverse connection.

        `ssh_stack.listen_reverse` is such a client.  What it may do is what any client may: it
        has to log in.

        Args:
            host: the name or address of the client.
            port: its port.

        Raises:
            UsageError: an argument cannot be used, or the server is closed.
            OSError: the client cannot be reached.
        """
        return ServerConnection(self._portal, self._portal.wait(self._wrapped.dial, host, port))


class Serve(Blocking[aio_serving.Serve]):
    """A server that listens on entry and is closed on exit.

    `serve(…)` starts it too, and leaves closing to the caller.
    """

    def open(self) -> Server:
        """Begin to listen; the caller closes the server.

        Raises:
            OSError: the address cannot be listened on.
        """
        return Server(self._portal, self._portal.wait(self._wrapped.open))

    def __enter__(self) -> Server:
        return Server(self._portal, self._portal.wait(self._wrapped.__aenter__))

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._portal.leave(self._wrapped.__aexit__, kind, error, trace)


class ServerOptionsKw(TypedDict, total=False):
    """The fields of `ServerOptions` as keyword arguments."""

    host_keys: Required[Sequence[HostKeySource] | HostKeySource]
    auth: Required[Authorization | Sequence[Authorization]]
    host_certificates: Sequence[Certificate]
    session: SessionHandler | None
    subsystems: Mapping[str, SessionHandler]
    sftp: FileSystem | None
    forwarding: ForwardingRules | None
    agent_forwarding: bool
    x11_forwarding: bool | X11Displays
    services: Sequence[Service | StreamService[Any]]
    session_requests: Sequence[SessionRequest[Any]]
    env: Collection[str] | None
    permit_user_environment: bool | Sequence[str]
    settings_for: SettingsFor | None
    revoked_keys: RevokedSource | Sequence[RevokedSource] | None
    auth_limits: AuthLimits
    user_algorithms: Callable[[str], Sequence[str]] | None
    banner: str
    algorithms: Literal["strict", "default", "legacy"] | Algorithms
    moduli: str | os.PathLike[str] | None
    transport_limits: Limits
    limits: ConnectionLimits
    login_grace: float
    max_startups: MaxStartups
    penalties: Penalties | None
    keepalive: KeepaliveOptions | None
    rekey_bytes: int
    rekey_seconds: float
    close_timeout: float
    on_error: Callable[[aio_ssh_connection.ServerConnection, Exception], None] | None


def serve(host: str | None, port: int = 0, **options: Unpack[ServerOptionsKw]) -> Serve:
    """Serve SSH on `host:port`; what is not switched on is denied.

    Args:
        host: the address to listen on; None listens nowhere, and `Server.accept` is given
            the streams of clients.
        port: the port; 0 takes a free one.
        options: the fields of `ServerOptions`.

    Raises:
        UnknownOption: there is no option of that name.
        UsageError: an option has a value that cannot be used.
    """
    return Serve(
        portal(),
        aio_serving.serve(host, port, **{key: unwrap(value) for key, value in options.items()}),
    )
