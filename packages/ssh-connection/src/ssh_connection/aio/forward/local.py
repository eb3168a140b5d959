"""A forward that listens here: each connection leaves from the other side.

The client's local and dynamic forwards are this, and the server's listeners for a client.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from ssh_connection.aio.forward.binding import stop_listening
from ssh_connection.aio.forward.bridge import Bridge
from ssh_connection.aio.forward.connections import ChannelOpener, Listening, carry

if TYPE_CHECKING:
    from ssh_connection.addresses import Address
    from ssh_connection.aio.forward.listeners import Listener
    from ssh_connection.aio.forward.stages import Negotiate

__all__ = ["LocalForward"]


class LocalForward(Listening):
    """A listener on our side; connections to it leave from the other side.

    Args:
        listener: what listens.
        negotiate: finds out what a connection is to reach.
        opener: opens a channel to that.
        closed: called when the forward is closed.
    """

    def __init__(
        self,
        listener: Listener,
        negotiate: Negotiate,
        opener: ChannelOpener,
        closed: Callable[[LocalForward], object],
    ) -> None:
        super().__init__()
        self._listener = listener
        self._negotiate = negotiate
        self._opener = opener
        self._closed = closed
        self._server: asyncio.Server | None = None

    async def listen(self) -> None:
        """Begin to listen.

        Raises:
            OSError: the address cannot be listened on.
        """
        server = self._server = await self._listener.bind(self._accept)
        try:
            await server.start_serving()
        except BaseException:
            self.abort()
            raise

    def _accept(self) -> Bridge:
        return _Accepted(self._accepted)

    def _accepted(self, bridge: Bridge) -> None:
        self._carried.start(carry(bridge, self._negotiate, self._opener), bridge)

    @property
    def address(self) -> Address:
        """Where the forward listens."""
        return self._listener.address

    def stop_listening(self) -> None:
        """Take no more connections; those that are under way go on."""
        if self._server is not None:
            stop_listening(self._server)
            self._listener.remove()

    def abort(self) -> None:
        """Stop listening and cut the connections that are under way."""
        self.stop_listening()
        self._carried.stop()

    async def close(self) -> None:
        """Stop listening and close the connections that are under way."""
        self.abort()
        self._closed(self)
        await self._carried.wait()
        if self._server is not None:
            await self._server.wait_closed()


class _Accepted(Bridge):
    """A bridge whose socket came in; tells the listener once it is there."""

    def __init__(self, accepted: Callable[[Bridge], None]) -> None:
        super().__init__()
        self._accepted = accepted

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._accepted(self)
