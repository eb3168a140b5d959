"""The client's end of a connection: from the byte stream to commands, streams and forwards."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import cached_property
from typing import TYPE_CHECKING, Final, TypeVar

from ssh_connection.aio.client.commands import Commands
from ssh_connection.aio.client.establish import ClientEndpoint
from ssh_connection.aio.client.sessions import Sessions
from ssh_connection.aio.scope import Scope
from ssh_wire import lazy
from ssh_wire.aio import timeout

if TYPE_CHECKING:
    from ssh_connection import addresses, errors
    from ssh_connection.addresses import Address
    from ssh_connection.aio import channel as aio_channel
    from ssh_connection.aio import streams
    from ssh_connection.aio.channel import Channel
    from ssh_connection.aio.client import forwards, unrequested
    from ssh_connection.aio.client.settings import ClientSettings
    from ssh_connection.aio.forward import tcp
    from ssh_connection.aio.forward.tcp import LocalForward, RemoteForward
    from ssh_connection.aio.streams import ByteStream
    from ssh_connection.channel import ChannelProtocol
    from ssh_wire.messages import connection as m
else:
    # what is opened, loads when it is opened
    addresses = lazy.module("ssh_connection.addresses")
    aio_channel = lazy.module("ssh_connection.aio.channel")
    errors = lazy.module("ssh_connection.errors")
    forwards = lazy.module("ssh_connection.aio.client.forwards")
    m = lazy.module("ssh_wire.messages.connection")
    streams = lazy.module("ssh_connection.aio.streams")
    unrequested = lazy.module("ssh_connection.aio.client.unrequested")
    tcp = lazy.module("ssh_connection.aio.forward.tcp")

__all__ = ["ClientConnection"]

_T = TypeVar("_T")
_UNREQUESTED: Final = {
    "auth-agent@openssh.com": "the agent",
    "agent-connect": "the agent",
    "x11": "X11",
}
"""Channels that reach what belongs to the user, which nothing here asks for yet, and what."""


class ClientConnection(ClientEndpoint, Commands):
    """An authenticated connection to a server."""

    def __init__(self, settings: ClientSettings, random: Callable[[int], bytes]) -> None:
        ClientEndpoint.__init__(self, settings, random)
        Commands.__init__(
            self, Sessions(self._open, settings.limits, settings.environment, settings.on_bulk)
        )
        self._warned: set[str] = set()

    @cached_property
    def _remote_forwards(self) -> forwards.RemoteForwards:
        """The ports that the server listens on for us; made when the first is asked for."""
        found = forwards.RemoteForwards(self._mux, lambda: self.end, self._settings.timeouts.close)
        self._children.own(found)
        return found

    @property
    def channels(self) -> tuple[str, ...]:
        """What is open, a line for each channel: its number, type and state."""
        return tuple(
            f"#{each.number} {each.kind}, {each.state.value}"
            for each in self._mux.channels.values()
        )

    @property
    def sessions(self) -> Sessions:
        """What opens sessions and starts processes in them."""
        return self._sessions

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
        if not protected:
            self._require_forwarding()
        self._bulk()
        return await self._open(
            m.DirectTCPIPOpen(
                sender=0,
                window=self._mux.limits.window,
                max_packet=0,
                host=host,
                port=port,
                origin_host=origin[0],
                origin_port=origin[1],
            )
        )

    def forward_local(self, listen: Address, target: Address) -> Scope[LocalForward]:
        """Listen here; carry each connection to `target`, as seen from the server.

        Args:
            listen: "address:port", or a port of localhost; port 0 takes a free one.
            target: "host:port", or a port of the server's localhost.
        """
        target_host, target_port = addresses.parse_address(target)
        host, port = addresses.parse_address(listen)

        async def channel(origin: tuple[str, int]) -> Channel:
            return await self.open_tcp_channel(target_host, target_port, origin)

        async def opener() -> LocalForward:
            self._require_open()
            self._require_forwarding()
            forward = tcp.LocalForward(channel, self._children.disown)
            await forward.listen(host, port)
            self._children.own(forward)
            return forward

        return Scope(opener)

    def forward_remote(self, listen: Address, target: Address) -> Scope[RemoteForward]:
        """Have the server listen; carry each connection to `target`, as seen from here.

        Args:
            listen: "address:port" at the server, or a port of its localhost; port 0 lets it
                choose.
            target: "host:port", or a port of localhost.
        """
        host, port = addresses.parse_address(listen)
        to = addresses.parse_address(target)

        async def opener() -> RemoteForward:
            self._require_open()
            self._require_forwarding()
            return await self._in_time(self._remote_forwards.listen(host, port, to))

        return Scope(opener)

    def _require_forwarding(self) -> None:
        """Raise ForwardingDisabled where the settings forbid it."""
        forbid = self._settings.forbid_forwarding
        reason = forbid() if forbid is not None else ""
        if reason:
            raise errors.ForwardingDisabled(reason)

    # ------------------------------------------------------------- channels

    async def _open(self, message: m.AnyChannelOpen) -> Channel:
        self._require_open()
        channel = aio_channel.Channel()
        channel.adopt(self._mux.open(message, channel))
        await self._in_time(channel.wait_opened())
        return channel

    async def _in_time(self, answer: Awaitable[_T]) -> _T:
        """Wait for the server's answer, as long as it may take to open something."""
        seconds = self._settings.timeouts.open
        clock = timeout(seconds)
        try:
            async with clock:
                return await answer
        except TimeoutError as error:
            if not clock.expired():
                raise
            name = "open"
            doing = "waiting for the server's answer"
            raise errors.SSHTimeout(name, seconds, doing=doing) from error

    def channel_requested(self, message: m.AnyChannelOpen, channel: ChannelProtocol) -> None:
        """Answer the opening of a channel: take only connections to ports that we asked for.

        "Implementations MUST reject these messages unless they have previously requested a
        remote TCP/IP port forwarding with the given port number" (RFC 4254 section 7.2).
        """
        taken = isinstance(message, m.ForwardedTCPIPOpen) and self._remote_forwards.accept(
            message, channel
        )
        if taken:
            self._bulk()
        elif (what := _UNREQUESTED.get(message.kind)) is not None:
            unrequested.refuse(what, channel, self.host, self._warned)
        else:
            super().channel_requested(message, channel)

    def _bulk(self) -> None:
        if self._settings.on_bulk is not None:
            self._settings.on_bulk()
