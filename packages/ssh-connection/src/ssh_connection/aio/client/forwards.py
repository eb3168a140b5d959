"""Streams through the server, and forwards in both directions, for a client."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from ssh_connection.aio.scope import Scope
from ssh_wire import lazy

if TYPE_CHECKING:
    from ssh_connection import addresses, errors
    from ssh_connection.addresses import Address, AddressLike, PathLike, TCPAddress
    from ssh_connection.aio import streams
    from ssh_connection.aio.channel import Channel
    from ssh_connection.aio.children import Children
    from ssh_connection.aio.client.settings import ClientSettings
    from ssh_connection.aio.forward import listeners, local, requested, stages
    from ssh_connection.aio.forward import messages as forward_messages
    from ssh_connection.aio.forward.listeners import Listener
    from ssh_connection.aio.forward.local import LocalForward
    from ssh_connection.aio.forward.remote import RemoteForward
    from ssh_connection.aio.forward.requested import Destination
    from ssh_connection.aio.forward.stages import Negotiate
    from ssh_connection.aio.streams import ByteStream
    from ssh_wire.messages import connection as m
else:
    # what is opened, loads when it is opened
    addresses = lazy.module("ssh_connection.addresses")
    errors = lazy.module("ssh_connection.errors")
    forward_messages = lazy.module("ssh_connection.aio.forward.messages")
    listeners = lazy.module("ssh_connection.aio.forward.listeners")
    local = lazy.module("ssh_connection.aio.forward.local")
    requested = lazy.module("ssh_connection.aio.forward.requested")
    stages = lazy.module("ssh_connection.aio.forward.stages")
    streams = lazy.module("ssh_connection.aio.streams")

__all__ = ["Forwarding", "Forwards"]


class Forwarding:
    """Opens channels through the server, and listens for forwards.

    Args:
        settings: whether anything may be forwarded, and how large windows are.
        children: owns the listeners, which end with the connection.
        require_open: raises what ended the connection.
        open_channel: opens a channel.
        listen_at_server: has the server listen, and an answer take each connection.
    """

    def __init__(
        self,
        settings: ClientSettings,
        children: Children,
        require_open: Callable[[], None],
        open_channel: Callable[[m.OpenHead], Awaitable[Channel]],
        listen_at_server: Callable[[Address, Destination], Awaitable[RemoteForward]],
    ) -> None:
        self._settings = settings
        self._children = children
        self._require_open = require_open
        self._open_channel = open_channel
        self._listen_at_server = listen_at_server

    def require_permitted(self) -> None:
        """Check that something may be forwarded.

        Raises:
            ForwardingDisabled: the settings forbid it.
        """
        forbid = self._settings.forbid_forwarding
        reason = forbid() if forbid is not None else ""
        if reason:
            raise errors.ForwardingDisabled(reason)

    async def open(
        self, address: Address, origin: tuple[str, int], *, protected: bool = False
    ) -> Channel:
        """Have the server connect to an address.

        Args:
            address: as the server resolves it.
            origin: who wants the connection, for the server's records.
            protected: what is sent protects itself, as SSH does: it is opened even where nothing
                is to be forwarded.

        Raises:
            ChannelOpenRefused: the server may not, or cannot reach it.
            ForwardingDisabled: this connection forwards nothing.
        """
        if not protected:
            self.require_permitted()
        if self._settings.on_bulk is not None:
            self._settings.on_bulk()
        window = self._settings.limits.window
        return await self._open_channel(forward_messages.direct_open(address, origin, window))

    def listen_here(self, listener: Listener, negotiate: Negotiate) -> Scope[LocalForward]:
        """Listen here; the server connects to what the negotiation with each connection says."""

        async def opener() -> LocalForward:
            self._require_open()
            self.require_permitted()
            forward = local.LocalForward(listener, negotiate, self.open, self._children.disown)
            await forward.listen()
            self._children.own(forward)
            return forward

        return Scope(opener)

    def listen_there(self, address: Address, answer: Destination) -> Scope[RemoteForward]:
        """Have the server listen; the answer takes each connection."""

        async def opener() -> RemoteForward:
            self._require_open()
            self.require_permitted()
            return await self._listen_at_server(address, answer)

        return Scope(opener)


class Forwards:
    """What opens streams through the server, and forwards (RFC 4254 section 7).

    Args:
        forwarding: opens and listens.
    """

    def __init__(self, forwarding: Forwarding) -> None:
        self._forwarding = forwarding

    async def open_tcp(self, host: str, port: int) -> ByteStream:
        """Have the server connect to `host:port`; return the stream.

        Raises:
            ChannelOpenRefused: the server may not, or cannot reach it.
            ForwardingDisabled: this connection forwards nothing.
        """
        return streams.ByteStream(await self.open_tcp_channel(host, port))

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
        address = addresses.TCPAddress(host, port)
        return await self._forwarding.open(address, origin, protected=protected)

    async def open_unix(self, path: str | PathLike) -> ByteStream:
        """Have the server connect to a Unix socket; return the stream.

        Args:
            path: its path, as the server resolves it.

        Raises:
            ChannelOpenRefused: the server may not, or cannot reach it.
            ForwardingDisabled: this connection forwards nothing.
        """
        return streams.ByteStream(await self.open_unix_channel(path))

    async def open_unix_channel(self, path: str | PathLike) -> Channel:
        """Have the server connect to a Unix socket; return the channel (PROTOCOL section 2.4).

        Args:
            path: its path, as the server resolves it.

        Raises:
            ChannelOpenRefused: the server may not, or cannot reach it.
            ForwardingDisabled: this connection forwards nothing.
        """
        return await self._forwarding.open(addresses.parse_unix_address(path), ("", 0))

    def forward_local(
        self,
        listen: AddressLike,
        target: AddressLike,
        *,
        socket_mask: int = 0o177,
        socket_unlink: bool = False,
    ) -> Scope[LocalForward]:
        """Listen here; carry each connection to `target`, as seen from the server.

        Args:
            listen: "address:port", or a port of localhost; port 0 takes a free one.  A path is a
                Unix socket.
            target: "host:port", or a port of the server's localhost.  A path is a Unix socket.
            socket_mask: the umask of a Unix socket (StreamLocalBindMask).
            socket_unlink: whether it replaces a socket that is there (StreamLocalBindUnlink).
        """
        to = addresses.parse_address(target)
        listener = listeners.listener_for(
            addresses.parse_address(listen), mask=socket_mask, unlink=socket_unlink
        )
        return self._forwarding.listen_here(listener, stages.fixed(to))

    def forward_dynamic(
        self, listen: AddressLike, *, socket_mask: int = 0o177, socket_unlink: bool = False
    ) -> Scope[LocalForward]:
        """Listen here as a SOCKS proxy; the server connects to what each connection asks for.

        Args:
            listen: "address:port", or a port of localhost; port 0 takes a free one.  A path is a
                Unix socket.
            socket_mask: the umask of a Unix socket (StreamLocalBindMask).
            socket_unlink: whether it replaces a socket that is there (StreamLocalBindUnlink).
        """
        listener = listeners.listener_for(
            addresses.parse_address(listen), mask=socket_mask, unlink=socket_unlink
        )
        return self._forwarding.listen_here(listener, stages.socks)

    def forward_remote(self, listen: AddressLike, target: AddressLike) -> Scope[RemoteForward]:
        """Have the server listen; carry each connection to `target`, as seen from here.

        Args:
            listen: "address:port" at the server, or a port of its localhost; port 0 lets it
                choose.  A path is a Unix socket of the server.
            target: "host:port", or a port of localhost.  A path is a Unix socket.
        """
        answer = requested.answer_by(addresses.parse_address(target))
        return self._forwarding.listen_there(addresses.parse_address(listen), answer)

    def forward_remote_dynamic(
        self, listen: AddressLike, permitted: Callable[[TCPAddress], bool] | None = None
    ) -> Scope[RemoteForward]:
        """Have the server listen as a SOCKS proxy; this side connects to what is asked for.

        Whoever can connect to the server's port reaches, without `permitted`, all that this
        machine reaches.

        Args:
            listen: "address:port" at the server, or a port of its localhost; port 0 lets it
                choose.  A path is a Unix socket of the server.
            permitted: whether an address may be connected to (PermitRemoteOpen); anything but
                True refuses it.
        """
        at = addresses.parse_address(listen)
        return self._forwarding.listen_there(at, requested.answer_by_socks(permitted))
