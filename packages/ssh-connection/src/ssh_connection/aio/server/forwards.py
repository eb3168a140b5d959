"""A server's forwards: where a client may have it connect to, and listen.

Nothing is forwarded without rules, and whatever a rule fails to decide is refused.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, Protocol

from ssh_connection.addresses import is_port
from ssh_connection.aio.channel import Channel
from ssh_connection.aio.forward.tcp import LocalForward, connect_channel
from ssh_wire import OpenFailureReason
from ssh_wire.messages import connection as m

if TYPE_CHECKING:
    from ssh_connection.aio.server.session import User
    from ssh_connection.channel import ChannelProtocol
    from ssh_connection.multiplexer import Multiplexer
    from ssh_connection.replies import PendingReply

__all__ = ["ForwardingRules", "ServerForwards"]


class ForwardingRules(Protocol):
    """Where a client may have the server connect to, and listen."""

    def may_connect(self, user: User, host: str, port: int) -> bool:
        """Return whether the server connects to `host:port` for `user` (direct-tcpip)."""
        ...

    def may_listen(self, user: User, address: str, port: int) -> bool:
        """Return whether the server listens on `address:port` for `user` (tcpip-forward)."""
        ...


class ServerForwards:
    """The forwards of one client.

    Args:
        user: who is logged in.
        rules: what it may.
        mux: carries the channels.
        spawn: runs a coroutine that ends with the connection at the latest.
    """

    def __init__(
        self,
        user: User,
        rules: ForwardingRules,
        mux: Multiplexer,
        spawn: Callable[[Coroutine[Any, Any, None]], object],
    ) -> None:
        self._user = user
        self._rules = rules
        self._mux = mux
        self._spawn = spawn
        self._binding = 0
        self._listeners: dict[tuple[str, int], LocalForward] = {}

    def connect(self, message: m.DirectTCPIPOpen, core: ChannelProtocol) -> None:
        """Answer the request for a connection (RFC 4254 section 7.2)."""
        host, port = message.host, message.port
        allowed = (
            is_port(port)
            and bool(host)
            and host.isprintable()
            and self._user.permissions.permits_open(host, port)
            # only an exact True: a rule that forgot to await must not allow
            and self._rules.may_connect(self._user, host, port) is True
        )
        if allowed:
            self._spawn(connect_channel(core, host, port))
        else:
            core.refuse(OpenFailureReason.ADMINISTRATIVELY_PROHIBITED, "forwarding is not allowed")

    def listen(self, message: m.TCPIPForward, reply: PendingReply) -> None:
        """Answer the request for a port (RFC 4254 section 7.1)."""
        address, port = message.address, message.port
        allowed = (
            (port == 0 or is_port(port))
            and (address, port) not in self._listeners
            and len(self._listeners) + self._binding < self._mux.limits.listeners
            and self._user.permissions.permits_listen(address, port)
            and self._rules.may_listen(self._user, address, port) is True
        )
        if allowed:
            self._binding += 1
            self._spawn(self._bind(address, port, reply))
        else:
            self._mux.deny(reply)

    async def _bind(self, address: str, port: int, reply: PendingReply) -> None:
        async def channel(origin: tuple[str, int]) -> Channel:
            return await self._open(address, listener.port, origin)

        listener = LocalForward(channel, self._forget)
        try:
            await listener.listen(_bind_address(address), port)
        except (OSError, UnicodeError):
            self._mux.deny(reply)
            return
        finally:
            self._binding -= 1
        self._listeners[address, listener.port] = listener
        self._mux.grant(reply, b"" if port else m.ForwardedPort(port=listener.port).encode())

    async def _open(self, address: str, port: int, origin: tuple[str, int]) -> Channel:
        channel = Channel()
        message = m.ForwardedTCPIPOpen(
            sender=0,
            window=self._mux.limits.window,
            max_packet=0,
            address=address,
            port=port,
            origin_host=origin[0],
            origin_port=origin[1],
        )
        channel.adopt(self._mux.open(message, channel))
        await channel.wait_opened()
        return channel

    def cancel(self, message: m.CancelTCPIPForward, reply: PendingReply) -> None:
        """Answer the cancelling of a port (RFC 4254 section 7.1)."""
        listener = self._listeners.get((message.address, message.port))
        if listener is None:
            self._mux.deny(reply)
        else:
            listener.abort()
            self._forget(listener)
            self._spawn(listener.close())
            self._mux.grant(reply)

    def _forget(self, listener: LocalForward) -> None:
        for place, known in tuple(self._listeners.items()):
            if known is listener:
                del self._listeners[place]

    def abort(self) -> None:
        """Stop listening and cut everything."""
        for listener in self._listeners.values():
            listener.abort()

    async def close(self) -> None:
        """Stop listening; wait until nothing is left."""
        await asyncio.gather(*(each.close() for each in tuple(self._listeners.values())))


def _bind_address(address: str) -> str:
    """Return the address to listen on, for the client's names of it (RFC 4254 section 7.1)."""
    if address == "localhost":
        return "127.0.0.1"
    return "" if address == "*" else address
