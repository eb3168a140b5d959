"""Forwarded TCP ports, from both ends.

local forward    we listen, each connection becomes a direct-tcpip channel
remote forward   the peer listens, each forwarded-tcpip channel becomes a connection
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Protocol

from ssh_connection.aio.bridge import Bridge
from ssh_wire import SSHError

if TYPE_CHECKING:
    from ssh_connection.aio.channel import Channel

__all__ = ["Forward", "LocalForward", "RemoteForward", "dial_bridge"]


class Forward(Protocol):
    """A forward that is in force until it is closed."""

    @property
    def host(self) -> str:
        """The address that is listened on."""
        ...

    @property
    def port(self) -> int:
        """The port that is listened on."""
        ...

    async def close(self) -> None:
        """Stop listening and close the connections that are under way."""


async def dial_bridge(host: str, port: int) -> Bridge:
    """Connect a socket to `host:port`, ready to be joined with a channel.

    Raises:
        OSError: it cannot be reached.
    """
    loop = asyncio.get_running_loop()
    _, bridge = await loop.create_connection(Bridge, host, port)
    return bridge


class _Bridges:
    """The connections of one forward, closed with it."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()
        self._bridges: set[Bridge] = set()

    def start(self, bridge: Bridge, opening: Awaitable[Channel]) -> None:
        """Carry `bridge` over the channel that `opening` brings."""
        self._bridges.add(bridge)
        task = asyncio.get_running_loop().create_task(self._carry(bridge, opening))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _carry(self, bridge: Bridge, opening: Awaitable[Channel]) -> None:
        try:
            bridge.join(await opening)
            await bridge.wait_done()
        except (SSHError, OSError):
            pass  # the peer refused: the one who connected sees the connection closed
        finally:
            bridge.abort()
            self._bridges.discard(bridge)

    async def close(self) -> None:
        for bridge in tuple(self._bridges):
            bridge.abort()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


class LocalForward:
    """A port on our side; connections to it leave from the other side."""

    def __init__(self, opener: Callable[[tuple[str, int]], Awaitable[Channel]]) -> None:
        self._opener = opener
        self._bridges = _Bridges()
        self._server: asyncio.Server | None = None
        self._host, self._port = "", 0

    async def listen(self, host: str, port: int) -> None:
        """Begin to listen; port 0 takes a free one.

        Raises:
            OSError: the address cannot be listened on.
        """
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._accept, host or None, port)
        name = self._server.sockets[0].getsockname()
        self._host, self._port = str(name[0]), int(name[1])

    def _accept(self) -> Bridge:
        return _Accepted(self._accepted)

    def _accepted(self, bridge: Bridge) -> None:
        self._bridges.start(bridge, self._opener(bridge.peer))

    @property
    def host(self) -> str:
        """The address that is listened on."""
        return self._host

    @property
    def port(self) -> int:
        """The port that is listened on."""
        return self._port

    async def close(self) -> None:
        """Stop listening and close the connections that are under way."""
        if self._server is not None:
            self._server.close()
        await self._bridges.close()
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


class RemoteForward:
    """A port on the other side; connections to it leave from ours."""

    def __init__(
        self,
        listening: tuple[str, int],
        target: tuple[str, int],
        cancel: Callable[[RemoteForward], Awaitable[None]],
    ) -> None:
        self._listening = listening
        self._target = target
        self._cancel = cancel
        self._bridges = _Bridges()

    async def dial(self) -> Bridge:
        """Connect to the target for a connection that came in.

        Raises:
            OSError: the target cannot be reached.
        """
        return await dial_bridge(*self._target)

    def carry(self, bridge: Bridge, channel: Channel) -> None:
        """Carry a connection that came in."""
        self._bridges.start(bridge, _ready(channel))

    @property
    def host(self) -> str:
        """The address that the other side listens on."""
        return self._listening[0]

    @property
    def port(self) -> int:
        """The port that the other side listens on."""
        return self._listening[1]

    async def close(self) -> None:
        """Have the other side stop listening, and close the connections under way."""
        await self._cancel(self)
        await self._bridges.close()


async def _ready(channel: Channel) -> Channel:
    return channel
