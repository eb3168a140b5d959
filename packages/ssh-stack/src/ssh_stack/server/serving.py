"""`serve`: a listening socket, and the connections that came in by it."""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import socket
from collections.abc import Callable, Generator
from types import TracebackType
from typing import TYPE_CHECKING, Any, Unpack, cast

from ssh_auth import ACCEPTED_ALGORITHMS
from ssh_connection.addresses import format_address
from ssh_connection.aio import (
    Channel,
    ServerConnection,
    ServerSettings,
    bind,
    stop_listening,
)
from ssh_connection.aio.callbacks import logged
from ssh_connection.aio.scope import Openable
from ssh_stack.arguments import check_host, check_names, check_port
from ssh_stack.keylog import key_log
from ssh_stack.server.admission import Admission, RefusalReports, network
from ssh_stack.server.authorization import combine
from ssh_stack.server.options import ServerOptions, ServerOptionsKw
from ssh_stack.server.penalties import Offence, Penalties, PenaltyBook
from ssh_stack.server.revoked_keys import RevokedKeys
from ssh_stack.server.sessions import session_settings, settings_for_users
from ssh_stack.streams import Reader, Writer, attach, check_stream
from ssh_transport import Algorithms, ServerTransport, TransportOptions, profiles
from ssh_wire import UsageError, lazy_attrs
from ssh_wire.aio import close_after
from ssh_wire.text import printable

if TYPE_CHECKING:
    from ssh_connection.aio import Channel
    from ssh_transport import Group

__all__ = ["Serve", "Server", "serve"]

_BACKLOG = 1024
_log = logging.getLogger("ssh_stack.server")


class Server:
    """A server that listens, and the connections that it has."""

    def __init__(
        self,
        settings: ServerSettings,
        admission: Admission,
        on_error: Callable[[ServerConnection, Exception], None] | None = None,
        penalties: Penalties | None = None,
    ) -> None:
        self._settings = lazy_attrs.evolve(
            settings, on_authenticated=self._authenticated, on_end=self._ended
        )
        self._admission = admission
        self._penalties = penalties
        self._book = PenaltyBook(penalties or Penalties())
        self._refusals = RefusalReports()
        self._on_error = on_error
        self._listener: asyncio.Server | None = None
        self._connections: set[ServerConnection] = set()
        self._unauthenticated: dict[ServerConnection, str] = {}
        """Connections that MaxStartups counts, and the network that each has come from."""
        self._faults: dict[ServerConnection, Exception] = {}
        self._attending: set[asyncio.Task[None]] = set()
        self._address = ("", 0)
        self._closed = asyncio.Event()

    @property
    def host(self) -> str:
        """The address that it listens on."""
        return self._address[0]

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return self._address[1]

    @property
    def is_closed(self) -> bool:
        """Whether it has been closed."""
        return self._closed.is_set()

    @property
    def connections(self) -> tuple[ServerConnection, ...]:
        """The connections that it has now."""
        return tuple(self._connections)

    async def listen(self, host: str, port: int) -> None:
        """Begin to listen.

        Raises:
            OSError: the address cannot be listened on.
        """
        ServerTransport.preload()  # clients may take all descriptors before the first is served
        self._listener = await bind(
            lambda: _AcceptingProtocol(self._accept_transport), host, port, backlog=_BACKLOG
        )
        name = self._listener.sockets[0].getsockname()
        self._address = (str(name[0]), int(name[1]))

    async def serve_forever(self) -> None:
        """Serve until the task is cancelled or the server is closed."""
        await self._closed.wait()

    async def close(self) -> None:
        """Stop listening; disconnect every client and end what it runs, in bounded time.

        Clients are told DISCONNECT, by application (RFC 4253 section 11.1).
        """
        self._closed.set()
        if self._listener is not None:
            stop_listening(self._listener)
        await asyncio.gather(*(connection.close() for connection in self.connections))
        await asyncio.gather(*self._attending, return_exceptions=True)
        if self._listener is not None:
            await self._listener.wait_closed()

    async def accept(
        self, stream: socket.socket | Channel | tuple[Reader, Writer]
    ) -> ServerConnection:
        """Serve one client whose byte stream somebody else has accepted.

        Args:
            stream: a connected socket, a `Channel`, or a pair of a reader and a writer; it is
                closed with the connection.

        Raises:
            UsageError: it is not a stream, or the server is closed.
            OSError: it is a socket that is not connected.
        """
        check_stream(stream)
        if self.is_closed:
            problem = "the server is closed"
            raise UsageError(problem)
        connection = ServerConnection(self._settings, os.urandom)
        if isinstance(stream, socket.socket):
            connection.peer = _address(stream.getpeername())
            connection.local = _address(stream.getsockname())
        await attach(connection.driver, stream)
        self._attach(connection)
        return connection

    async def dial(self, host: str, port: int) -> ServerConnection:
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
        check_host(host)
        check_port(port)
        if self.is_closed:
            problem = "the server is closed"
            raise UsageError(problem)
        connection = ServerConnection(self._settings, os.urandom)
        # one address after the other: cancelled, asyncio's happy eyeballs leave a socket open
        transport, _ = await asyncio.get_running_loop().create_connection(
            lambda: connection.driver, host, port
        )
        connection.peer, connection.local = (
            _address(transport.get_extra_info(name)) for name in ("peername", "sockname")
        )
        self._attach(connection)
        return connection

    def _accept_transport(self, transport: asyncio.Transport) -> None:
        """Take a connection over, or refuse it."""
        peer, local = (_address(transport.get_extra_info(n)) for n in ("peername", "sockname"))
        source = network(peer[0]) if peer is not None else ""
        if self.is_closed:
            transport.abort()
            return
        if self._book.refuses(source, asyncio.get_running_loop().time()):
            self._report_refusal(peer, "its network has failed to log in too often")
            transport.write(b"Not allowed at this time\r\n")  # as sshd says it
            transport.close()
            return
        if not self._admission.admit(source, secrets.randbelow(1000) / 1000):
            self._report_refusal(peer)
            transport.write(b"Exceeded MaxStartups\r\n")  # as sshd says it, before any SSH
            transport.close()
            return
        try:
            connection = ServerConnection(self._settings, os.urandom)
        except BaseException:
            self._admission.release(source)
            raise
        connection.peer, connection.local = peer, local
        self._unauthenticated[connection] = source
        transport.set_protocol(connection.driver)
        self._attach(connection)  # before it begins, which may fail
        connection.driver.connection_made(transport)

    def _attach(self, connection: ServerConnection) -> None:
        self._connections.add(connection)
        task = asyncio.get_running_loop().create_task(self._watch_connection(connection))
        self._attending.add(task)
        task.add_done_callback(self._attending.discard)

    def _report_refusal(
        self, peer: tuple[str, int] | None, reason: str = "too many are not logged in"
    ) -> None:
        untold = self._refusals.report(asyncio.get_running_loop().time())
        if untold is not None:
            before = f" ({untold} more since the last report)" if untold else ""
            text = "connection from %s refused: %s%s"
            _log.warning(text, _address_text(peer), reason, before)

    async def _watch_connection(self, connection: ServerConnection) -> None:
        """Wait for the end of a connection and of all that ran on it."""
        try:
            await connection.wait_closed()
        finally:
            self._release(connection)
            self._connections.discard(connection)
        self._report(connection)

    def _authenticated(self, connection: ServerConnection) -> None:
        self._release(connection)
        user = connection.user.name if connection.user is not None else ""
        _log.info("%s logged in from %s", printable(user), _address_text(connection.peer))

    def _release(self, connection: ServerConnection) -> None:
        """Count a connection no longer among those that are not authenticated."""
        source = self._unauthenticated.pop(connection, None)
        if source is not None:
            self._admission.release(source)
            if connection.user is None and not self.is_closed:
                self._penalise(connection, source)

    def _penalise(self, connection: ServerConnection, source: str) -> None:
        """Count what a client did that has gone without a login."""
        peer, given = connection.peer, self._penalties
        if given is None or peer is None or given.exempts(peer[0]):
            return
        offence = Offence.NO_AUTH
        if connection.grace_exceeded:
            offence = Offence.GRACE_EXCEEDED
        elif connection.failed_attempts:
            offence = Offence.AUTH_FAILURE
        if self._book.penalise(source, offence, asyncio.get_running_loop().time()):
            _log.warning("connections from %s are refused for a time: %s", source, offence.value)

    def _ended(self, connection: ServerConnection, fault: Exception | None) -> None:
        if fault is not None:
            self._faults[connection] = fault

    def _report(self, connection: ServerConnection) -> None:
        """Report what ended a connection that neither side meant to end."""
        error = self._faults.pop(connection, None)
        if error is None:
            return
        _log.info("connection from %s: %s", _address_text(connection.peer), error)
        if self._on_error is not None:
            with logged(_log, "on_error failed"):
                self._on_error(connection, error)


class _AcceptingProtocol(asyncio.Protocol):
    """A connection that is not authenticated yet."""

    def __init__(self, arrived: Callable[[asyncio.Transport], None]) -> None:
        self._accept_transport = arrived

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        accepted = cast("asyncio.Transport", transport)
        try:
            self._accept_transport(accepted)
        except BaseException:
            accepted.abort()  # asyncio reports the error and would leave the connection open
            raise


class Serve(Openable, usage="async with ssh_stack.serve(…) as server"):
    """A server that listens on entry and is closed on exit.

    `await serve(…)` starts it too, and leaves closing to the caller.
    """

    def __init__(self, host: str | None, port: int, options: ServerOptions) -> None:
        self._host = host
        self._port = port
        self._options = options
        self._settings = _settings(options)
        self._server: Server | None = None

    def __await__(self) -> Generator[Any, Any, Server]:
        return self.open().__await__()

    async def open(self) -> Server:
        """Begin to listen; the caller closes the server.

        Raises:
            OSError: the address cannot be listened on.
        """
        options = self._options
        admission = Admission(options.max_startups)
        server = Server(self._settings, admission, options.on_error, options.penalties)
        if self._host is not None:
            await server.listen(self._host, self._port)
        return server

    async def __aenter__(self) -> Server:
        self._server = await self.open()
        return self._server

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        server, self._server = self._server, None
        if server is not None:
            await close_after(error, server.close)


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
    check_names(options, [field.name for field in lazy_attrs.fields(ServerOptions)], "serve")
    check_port(port, zero=True)
    if host is not None:
        check_host(host)
    return Serve(host, port, ServerOptions(**options))


def _settings(options: ServerOptions) -> ServerSettings:
    authentication = combine(options.auth)
    if options.banner:
        authentication = lazy_attrs.evolve(authentication, banner=options.banner)
    if options.user_algorithms is not None:
        authentication = lazy_attrs.evolve(authentication, algorithms=options.user_algorithms)
    authentication.check()
    if options.revoked_keys is not None:
        authentication = RevokedKeys(options.revoked_keys).guard(authentication)
    served = session_settings(options, options.limits)
    return ServerSettings(
        host_keys=tuple(options.host_keys),
        host_certificates=tuple(options.host_certificates),
        authentication=authentication,
        auth_limits=options.auth_limits,
        log=_log,
        transport=_transport(options),
        shell=served.shell,
        subsystems=served.subsystems,
        env=served.env,
        permit_user_environment=served.permit_user_environment,
        forwarding=served.forwarding,
        agent_forwarding=served.agent_forwarding,
        x11=served.x11,
        services=served.services,
        requests=served.requests,
        settings_for=settings_for_users(options.settings_for, options.limits),
        login_grace=options.login_grace,
        keepalive=options.keepalive,
        limits=options.limits,
        close_timeout=options.close_timeout,
    )


def _transport(options: ServerOptions) -> TransportOptions:
    algorithms = options.algorithms
    if not isinstance(algorithms, Algorithms):
        algorithms = profiles(algorithms, "server")
    transport = TransportOptions(
        algorithms=algorithms,
        groups=_groups(options.moduli),
        limits=options.transport_limits,
        rekey_bytes=options.rekey_bytes,
        rekey_seconds=options.rekey_seconds,
        server_sig_algs=ACCEPTED_ALGORITHMS,
        on_secret=key_log(os.environ),
    )
    transport.check()
    names = {name for key in options.host_keys for name in key.public_key.algorithms}
    if names.isdisjoint(algorithms.host_keys):
        problem = "no host key can make a signature that the algorithms allow"
        raise UsageError(problem)
    return transport


def _groups(path: str | os.PathLike[str] | None) -> tuple[Group, ...]:
    """Read a file of moduli.

    Raises:
        OSError: it cannot be read.
        UsageError: no group is in it.
    """
    if path is None:
        return ()
    from ssh_transport import groups_of  # only where there is such a file

    with open(path, encoding="latin-1") as lines:  # noqa: PTH123 (paths of any kind)
        found = groups_of(lines)
    if not found:
        problem = f"{os.fspath(path)}: no safe prime is in it, see moduli(5)"
        raise UsageError(problem)
    return found


def _address(name: object) -> tuple[str, int] | None:
    """Return the host and port of a socket's name; None if it has no such thing."""
    if not isinstance(name, tuple):
        return None
    host, port = cast("tuple[object, ...]", name)[:2]
    return str(host), int(cast("int", port))


def _address_text(address: tuple[str, int] | None) -> str:
    return format_address(*address) if address is not None else "a local client"
