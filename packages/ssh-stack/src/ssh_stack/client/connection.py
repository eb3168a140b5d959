"""An authenticated connection, as a user of `connect` has it."""

from __future__ import annotations

from contextlib import AsyncExitStack
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from ssh_connection.aio import ClientConnection, Commands, Forwards, Scope
from ssh_wire.aio import close_after

if TYPE_CHECKING:
    from collections.abc import Callable

    from ssh_auth import AuthAttempt
    from ssh_connection.aio import (
        ByteStream,
        StreamService,
    )
    from ssh_connection.control.proxy_server import ProxyServer
    from ssh_connection.services import Service
    from ssh_keys import PublicKey
    from ssh_sftp import SFTPOptions
    from ssh_sftp.aio import SFTPClient
    from ssh_stack.config import HostConfig
    from ssh_transport import Agreement, CompressionCounts
    from ssh_wire.messages.connection import OpenHead

__all__ = ["Connection", "compression_counts", "pass_through"]


class Connection(Commands, Forwards):
    """An authenticated connection: commands, streams, forwards and SFTP.

    Args:
        client: the connection to the server, established.
        config: what the configuration says about the host.
        resources: closed behind the connection: jump hosts, an agent.
    """

    def __init__(
        self, client: ClientConnection, config: HostConfig, resources: AsyncExitStack
    ) -> None:
        Commands.__init__(self, client.sessions)
        Forwards.__init__(self, client.forwarding)
        self._client = client
        self._config = config
        self._resources = resources

    # ------------------------------------------------------------- about the connection

    @property
    def host(self) -> str:
        """The server's name, as it was asked for."""
        return self._client.host

    @property
    def port(self) -> int:
        """The server's port."""
        return self._client.port

    @property
    def config(self) -> HostConfig:
        """What the configuration says about the host, and what of it is not honoured."""
        return self._config

    @property
    def username(self) -> str:
        """The user that is logged in."""
        return self._client.username

    @property
    def host_key(self) -> PublicKey:
        """The server's host key."""
        return self._client.host_key

    @property
    def server_software(self) -> str:
        """The softwareversion that the server identified itself with, escaped."""
        return self._client.server_software

    @property
    def auth_attempts(self) -> tuple[AuthAttempt, ...]:
        """What was tried to log in, the one that succeeded last."""
        return self._client.auth_attempts

    @property
    def session_id(self) -> bytes:
        """The session identifier: the exchange hash of the first key exchange."""
        return self._client.session_id

    @property
    def agreement(self) -> Agreement:
        """The algorithms in use."""
        return self._client.agreement

    @property
    def channels(self) -> tuple[str, ...]:
        """What is open, a line for each channel: its number, type and state."""
        return self._client.channels

    @property
    def is_closed(self) -> bool:
        """Whether the connection has ended."""
        return self._client.is_closed

    @property
    def end(self) -> Exception | None:
        """What ended the connection; None while it is open."""
        return self._client.end

    # ------------------------------------------------------------- streams and forwards

    def sftp(self, options: SFTPOptions | None = None) -> Scope[SFTPClient]:
        """Open an SFTP session.

        Args:
            options: how it behaves: `SFTPOptions(atomic=False)` writes files in place,
                `SFTPOptions(fsync=True)` has them on stable storage before they get their names.

        Raises:
            UsageError: `options` is no `SFTPOptions`.
            RequestRefused: (on entry) the server has no SFTP.
            SFTPProtocolError: (on entry) something else answered; what it printed is quoted.
        """
        from ssh_stack.client.sftp import start_sftp  # loads when it is used

        return start_sftp(self, options)

    def no_more_sessions(self) -> None:
        """Promise to open no further session; those that are open go on.

        Servers of OpenSSH, and those of this package, are told by no-more-sessions@openssh.com
        (OpenSSH's PROTOCOL section 2.2): they end a connection that opens one all the same.

        Raises:
            ConnectionLost: the connection is lost.
        """
        self._client.no_more_sessions()

    async def open_channel(self, message: OpenHead) -> ByteStream:
        """Open a channel of any type; return its stream (RFC 4254 section 5.1).

        Args:
            message: the CHANNEL_OPEN; its sender, window and maximum packet size are filled in.

        Raises:
            ChannelOpenRefused: the server refused it.
            SSHTimeout: the server did not answer.
        """
        return await self._client.open_channel(message)

    def register(self, *services: Service | StreamService[Any]) -> None:
        """Serve channel types and global requests of one's own to the server.

        Args:
            services: a row each, such as `StreamService(message, handler)`; one replaces an
                earlier one of the same name.

        Raises:
            UsageError: a class of messages names no type.
        """
        self._client.register(*services)

    # ------------------------------------------------------------- its life

    async def ping(self) -> float:
        """Ask the peer for a sign of life; return the round trip in seconds.

        Raises:
            ConnectionLost: the connection is lost.
        """
        return await self._client.ping()

    def flush_after(self, work: Callable[[], object]) -> None:
        """Do something that writes to channels, and send it at once, not a turn of the loop later.

        It spares a short message one turn; what follows in the same turn is sent apart.
        """
        self._client.flush_after(work)

    def rekey(self) -> None:
        """Begin a key exchange now; data goes on when it is done."""
        self._client.rekey()

    async def wait_closed(self) -> None:
        """Wait until the connection has ended and everything on it is cleaned up."""
        await self._client.wait_closed()

    async def close(self) -> None:
        """Disconnect and clean up, jump hosts and agent included, in bounded time."""
        try:
            await self._client.close()
        finally:
            await self._resources.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await close_after(error, self.close)


def compression_counts(
    connection: Connection,
) -> tuple[CompressionCounts | None, CompressionCounts | None]:
    """Return what a connection has expanded and compressed; None for a direction without."""
    return connection._client.compression_counts  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] (the class is this module's)


def pass_through(connection: Connection, wake: Callable[[], None]) -> ProxyServer:
    """Let a client of a master in proxy mode use a connection (PROTOCOL.mux section 9).

    Args:
        connection: the master's.
        wake: called when there is something to send it, room for what it sends, or an end.

    Raises:
        ConnectionLost: the connection is lost.
    """
    return connection._client.pass_through(wake)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] (the class is this module's)
