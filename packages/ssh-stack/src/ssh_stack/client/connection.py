"""An authenticated connection, as a user of `connect` has it."""

from __future__ import annotations

from contextlib import AsyncExitStack
from types import TracebackType
from typing import TYPE_CHECKING, Self

from ssh_connection.aio import ClientConnection, Commands, Scope
from ssh_wire.aio import close_after

if TYPE_CHECKING:
    from collections.abc import Callable

    from ssh_auth import AuthAttempt
    from ssh_connection.addresses import Address
    from ssh_connection.aio import ByteStream, Channel, LocalForward, RemoteForward
    from ssh_keys import PublicKey
    from ssh_sftp import SFTPOptions
    from ssh_sftp.aio import SFTPClient
    from ssh_stack.config import HostConfig
    from ssh_transport import Agreement

__all__ = ["Connection"]


class Connection(Commands):
    """An authenticated connection: commands, streams, forwards and SFTP.

    Args:
        client: the connection to the server, established.
        config: what the configuration says about the host.
        resources: closed behind the connection: jump hosts, an agent.
    """

    def __init__(
        self, client: ClientConnection, config: HostConfig, resources: AsyncExitStack
    ) -> None:
        super().__init__(client.sessions)
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

    async def open_tcp(self, host: str, port: int) -> ByteStream:
        """Have the server connect to `host:port`; return the stream.

        Raises:
            ChannelOpenRefused: the server may not, or cannot reach it.
            ForwardingDisabled: this connection forwards nothing.
        """
        return await self._client.open_tcp(host, port)

    async def open_tcp_channel(
        self,
        host: str,
        port: int,
        origin: tuple[str, int] = ("127.0.0.1", 0),
        *,
        protected: bool = False,
    ) -> Channel:
        """Have the server connect to `host:port`; return the channel (RFC 4254 section 7.2).

        Args:
            host: the name or address to connect to, as the server resolves it.
            port: its port.
            origin: who wants the connection, for the server's records.
            protected: what is sent through the channel protects itself, as SSH does; it is
                opened even where this connection forwards nothing.

        Raises:
            ChannelOpenRefused: the server may not, or cannot reach it.
            ForwardingDisabled: this connection forwards nothing.
        """
        return await self._client.open_tcp_channel(host, port, origin, protected=protected)

    def forward_local(self, listen: Address, target: Address) -> Scope[LocalForward]:
        """Listen here; carry each connection to `target`, as seen from the server.

        Args:
            listen: "address:port", or a port of localhost; port 0 takes a free one.
            target: "host:port", or a port of the server's localhost.
        """
        return self._client.forward_local(listen, target)

    def forward_remote(self, listen: Address, target: Address) -> Scope[RemoteForward]:
        """Have the server listen; carry each connection to `target`, as seen from here.

        Args:
            listen: "address:port" at the server, or a port of its localhost; port 0 lets it
                choose.
            target: "host:port", or a port of localhost.
        """
        return self._client.forward_remote(listen, target)

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
