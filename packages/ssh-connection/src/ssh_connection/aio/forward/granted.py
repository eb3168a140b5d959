"""The remote forwards of a server: what it listens on for a client."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, Final

from ssh_connection.addresses import Address, TCPAddress, UnixAddress, is_port
from ssh_connection.aio.channel import Channel, open_channel
from ssh_connection.aio.forward.direct import is_path
from ssh_connection.aio.forward.listeners import listener_for
from ssh_connection.aio.forward.local import LocalForward
from ssh_connection.aio.forward.messages import address_of, forwarded_open
from ssh_connection.aio.forward.stages import fixed
from ssh_wire.messages import connection as m

if TYPE_CHECKING:
    from ssh_connection.aio.forward.messages import Cancel, Listen, Origin
    from ssh_connection.multiplexer import Multiplexer
    from ssh_connection.replies import PendingReply

__all__ = ["GrantedForwards"]

_HOSTS: Final = {"localhost": "127.0.0.1", "*": ""}


class GrantedForwards:
    """What a server listens on for one client: ports and Unix sockets, counted together.

    Args:
        permitted: whether the client may have an address listened on; anything but True denies.
        mux: carries the channels.
        spawn: runs a coroutine that ends with the connection at the latest.
    """

    def __init__(
        self,
        permitted: Callable[[Address], bool],
        mux: Multiplexer,
        spawn: Callable[[Coroutine[Any, Any, None]], object],
    ) -> None:
        self._permitted = permitted
        self._mux = mux
        self._spawn = spawn
        self._binding = 0
        self._listeners: dict[Address, LocalForward] = {}

    def may_listen(self, message: Listen) -> bool:
        """Return whether a client may have the address of a request listened on."""
        address = address_of(message)
        return (
            _is_listener(address, want_reply=message.want_reply)
            and address not in self._listeners
            and len(self._listeners) + self._binding < self._mux.limits.listeners
            # only an exact True: a rule that forgot to await must not allow
            and self._permitted(address) is True
        )

    def listen(self, message: Listen, reply: PendingReply) -> None:
        """Answer the request for a listener (RFC 4254 section 7.1, PROTOCOL section 2.4)."""
        self._binding += 1
        self._spawn(self._bind(address_of(message), reply))

    async def _bind(self, asked: Address, reply: PendingReply) -> None:
        async def channel(named: Address, origin: Origin) -> Channel:
            return await self._open(_with_port(named, forward), origin)

        listener = listener_for(_bind_address(asked))
        forward = LocalForward(listener, fixed(asked), channel, self._forget)
        try:
            await forward.listen()
        except (OSError, UnicodeError):
            self._mux.deny(reply)
            return
        finally:
            self._binding -= 1
        self._listeners[_with_port(asked, forward)] = forward
        chosen = isinstance(asked, TCPAddress) and not asked.port
        self._mux.grant(reply, m.ForwardedPort(port=forward.port).encode() if chosen else b"")

    async def _open(self, address: Address, origin: Origin) -> Channel:
        window = self._mux.limits.window
        return await open_channel(self._mux, forwarded_open(address, origin, window))

    def cancel(self, message: Cancel, reply: PendingReply) -> None:
        """Answer the cancelling of a listener (RFC 4254 section 7.1, PROTOCOL section 2.4)."""
        listener = self._listeners.get(address_of(message))
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


def _is_listener(address: Address, *, want_reply: bool) -> bool:
    """Return whether an address can be listened on, before any rule is asked."""
    if isinstance(address, UnixAddress):
        return is_path(address.path)
    # a port that the server chooses is of no use to a client that is not told
    return is_port(address.port) or (address.port == 0 and want_reply)


def _bind_address(address: Address) -> Address:
    """Return the address to listen on, for the client's names of it (RFC 4254 section 7.1)."""
    if isinstance(address, UnixAddress):
        return address
    return TCPAddress(_HOSTS.get(address.host, address.host), address.port)


def _with_port(address: Address, forward: LocalForward) -> Address:
    """Return the address as the client has written it, with the port that was chosen."""
    return address if isinstance(address, UnixAddress) else TCPAddress(address.host, forward.port)
