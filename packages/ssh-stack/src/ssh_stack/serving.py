"""`serve`: a listening socket, and the connections that came in by it."""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Unpack, cast

import attrs

from ssh_connection.aio import ServerConnection, ServerSettings, Session
from ssh_sftp.aio import SFTPServer
from ssh_stack.admission import Admission
from ssh_stack.authorization import combine
from ssh_stack.server_options import ServerOptions, ServerOptionsKw
from ssh_transport import Algorithms, TransportOptions, profiles
from ssh_wire import UsageError

if TYPE_CHECKING:
    from ssh_auth import Authenticated
    from ssh_sftp.filesystem import FileSystem

__all__ = ["Serve", "Server", "serve"]

_BACKLOG = 128
_log = logging.getLogger("ssh_stack.server")


class Server:
    """A server that listens, and the connections that it has."""

    def __init__(self, settings: ServerSettings, admission: Admission) -> None:
        self._settings = settings
        self._admission = admission
        self._listener: asyncio.Server | None = None
        self._connections: set[ServerConnection] = set()
        self._closing: set[asyncio.Task[None]] = set()
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
        loop = asyncio.get_running_loop()
        self._listener = await loop.create_server(
            lambda: _Arrival(self._arrived), host, port, backlog=_BACKLOG
        )
        name = self._listener.sockets[0].getsockname()
        self._address = (str(name[0]), int(name[1]))

    async def serve_forever(self) -> None:
        """Serve until the task is cancelled or the server is closed."""
        if self._listener is None:
            problem = "the server does not listen"
            raise UsageError(problem)
        await self._closed.wait()

    async def close(self) -> None:
        """Stop listening; disconnect every client, in bounded time."""
        self._closed.set()
        if self._listener is not None:
            self._listener.close()
        await asyncio.gather(*(connection.close() for connection in self.connections))
        await asyncio.gather(*self._closing, return_exceptions=True)
        if self._listener is not None:
            await self._listener.wait_closed()

    def _arrived(self, transport: asyncio.Transport) -> None:
        """Take a connection over, or refuse it."""
        name = transport.get_extra_info("peername")
        source = str(name[0]) if isinstance(name, tuple) else ""
        if not self._admission.admit(source, secrets.randbelow(1000) / 1000):
            transport.write(b"Exceeded MaxStartups\r\n")  # as sshd says it, before any SSH
            transport.close()
            return
        released = False

        def release() -> None:
            nonlocal released
            if not released:
                released = True
                self._admission.release(source)

        connection = _Connection(self._settings, release)
        self._connections.add(connection)
        transport.set_protocol(connection.driver)
        connection.driver.connection_made(transport)
        task = asyncio.get_running_loop().create_task(self._attend(connection, release))
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    async def _attend(self, connection: ServerConnection, release: Callable[[], None]) -> None:
        try:
            await connection.wait_closed()
        finally:
            release()
            self._connections.discard(connection)


class _Arrival(asyncio.Protocol):
    """A connection before it is known whether it is let in."""

    def __init__(self, arrived: Callable[[asyncio.Transport], None]) -> None:
        self._arrived = arrived

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._arrived(cast("asyncio.Transport", transport))


class _Connection(ServerConnection):
    """A connection that says when its user is authenticated."""

    def __init__(self, settings: ServerSettings, authenticated: Callable[[], None]) -> None:
        super().__init__(settings, os.urandom)
        self._when_authenticated = authenticated

    def _authenticated(self, event: Authenticated) -> None:
        super()._authenticated(event)
        self._when_authenticated()


class Serve:
    """A server that listens on entry and is closed on exit.

    `await serve(…).open()` starts it too, and leaves closing to the caller.
    """

    def __init__(self, host: str, port: int, options: ServerOptions) -> None:
        self._host = host
        self._port = port
        self._options = options
        self._settings = _settings(options)
        self._server: Server | None = None

    async def open(self) -> Server:
        """Begin to listen; the caller closes the server.

        Raises:
            OSError: the address cannot be listened on.
        """
        server = Server(self._settings, Admission(self._options.max_startups))
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
            await server.close()


def serve(host: str, port: int = 0, **options: Unpack[ServerOptionsKw]) -> Serve:
    """Serve SSH on `host:port`; what is not switched on is denied.

    Args:
        host: the address to listen on.
        port: the port; 0 takes a free one.
        options: the fields of `ServerOptions`.

    Raises:
        UsageError: an option has a value that cannot be used.
    """
    return Serve(host, port, ServerOptions(**options))


def _settings(options: ServerOptions) -> ServerSettings:
    authentication = combine(options.auth)
    if options.banner:
        authentication = attrs.evolve(authentication, banner=options.banner)
    authentication.policy  # noqa: B018 (says now what would be wrong with it at the first login)
    algorithms = options.algorithms
    if not isinstance(algorithms, Algorithms):
        algorithms = profiles(algorithms, "server")
    subsystems = {} if options.sftp is None else {"sftp": _SFTPSession(options.sftp)}
    return ServerSettings(
        host_keys=tuple(options.host_keys),
        authentication=authentication,
        transport=TransportOptions(algorithms=algorithms, limits=options.transport_limits),
        shell=options.session,
        subsystems=subsystems,
        env=options.env,
        forwarding=options.forwarding,
        login_grace=options.login_grace,
        keepalive=options.keepalive,
        limits=options.limits,
        close_timeout=options.close_timeout,
    )


class _SFTPSession:
    """Serves the subsystem "sftp"."""

    def __init__(self, filesystem: FileSystem) -> None:
        self._filesystem = filesystem

    async def __call__(self, session: Session) -> None:
        await SFTPServer(_SessionPipe(session), self._filesystem).serve()


class _SessionPipe:
    """The session as the SFTP server's pipe: closing it says how the server ended."""

    def __init__(self, session: Session) -> None:
        channel = session.channel
        self._session = session
        self.connect = channel.connect
        self.write = channel.write
        self.write_eof = channel.write_eof
        self.pause_reading = channel.pause_reading
        self.resume_reading = channel.resume_reading
        self.wait_closed = channel.wait_closed

    def close(self) -> None:
        """Report success and close; `scp` and `sftp` ask for the exit status."""
        self._session.exit(0)
