"""What the server listens on for clients in proxy mode: each has its own connections."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ssh_connection.addresses import Address, TCPAddress
from ssh_connection.aio.forward.messages import address_of, cancel_request
from ssh_connection.aio.forward.remote import RemoteForward
from ssh_connection.aio.forward.requested import granted_at
from ssh_connection.errors import ChannelClosed
from ssh_wire import SSHError
from ssh_wire.messages import connection as m
from ssh_wire.numbers import MAX_PORT

if TYPE_CHECKING:
    from ssh_connection.aio.forward.messages import Cancel, Listen
    from ssh_connection.aio.forward.requested import RemoteForwards
    from ssh_connection.channel import ChannelProtocol
    from ssh_connection.control.proxy_server import ProxyServer
    from ssh_connection.multiplexer import GlobalAnswer, Multiplexer

__all__ = ["PassedForward", "PassedForwards"]


class PassedForward(RemoteForward):
    """A listener on the other side, of a client in proxy mode.

    Attributes:
        client: who has asked for it.
    """

    def __init__(self, address: Address, client: ProxyServer, forwards: RemoteForwards) -> None:
        super().__init__(address, _never, forwards.cancel)
        self.client = client

    def take(self, message: m.OpenHead, core: ChannelProtocol) -> None:
        """Have the client answer a connection that came in."""
        self.client.offer(message, core)


async def _never(core: ChannelProtocol) -> None:
    """Carry nothing: the client does."""


class PassedForwards:
    """Asks for listeners in a client's name, and cancels them.

    Args:
        mux: carries the requests.
        forwards: every listener of the connection; made when the first is asked for.
    """

    def __init__(self, mux: Multiplexer, forwards: Callable[[], RemoteForwards]) -> None:
        self._mux = mux
        self._forwards = forwards

    def listen(
        self, message: Listen, client: ProxyServer, answered: Callable[[GlobalAnswer], None]
    ) -> None:
        """Have the server listen, unless it does already for somebody else."""
        forwards, address = self._forwards(), address_of(message)
        is_port = not isinstance(address, TCPAddress) or address.port <= MAX_PORT
        if not is_port or forwards.has(address):
            answered(m.RequestFailure())
            return

        def granted(reply: GlobalAnswer | None) -> None:
            # at once: the first connection may follow the answer in the same read
            if reply is None:
                return
            try:
                forward = PassedForward(granted_at(reply, address), client, forwards)
            except SSHError:
                answered(m.RequestFailure())
                return
            if forwards.has(forward.address):  # asked for twice before the first answer
                answered(m.RequestFailure())
            elif client.gone:
                self._mux.request(cancel_request(forward.address))
            else:
                forwards.add(forward)
                answered(reply)

        self._mux.request(message, granted)

    def stop(
        self, message: Cancel, client: ProxyServer, answered: Callable[[GlobalAnswer], None]
    ) -> None:
        """Have the server listen no more, where this client has asked it to."""
        forwards = self._forwards()
        for forward in self._of(client):
            if forward.address == address_of(message):
                self._mux.request(
                    forwards.forget(forward),
                    lambda reply: None if reply is None else answered(reply),
                )
                return
        answered(m.RequestFailure())

    def abandon(self, client: ProxyServer) -> None:
        """Have the server listen no more for this client: it has left."""
        for forward in self._of(client):
            message = self._forwards().forget(forward)
            try:
                self._mux.request(message)
            except ChannelClosed:  # the connection has ended, and all that listens with it
                continue

    def _of(self, client: ProxyServer) -> list[PassedForward]:
        return [
            forward
            for forward in self._forwards().all
            if isinstance(forward, PassedForward) and forward.client is client
        ]
