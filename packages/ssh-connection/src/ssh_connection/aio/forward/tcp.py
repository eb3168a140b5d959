"""Forwarded TCP ports, from both ends.

local forward    we listen, each connection becomes a direct-tcpip channel
remote forward   the peer listens, each forwarded-tcpip channel becomes a connection
"""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from ssh_connection.aio.channel import Channel
from ssh_connection.aio.forward.binding import bind
from ssh_connection.aio.forward.bridge import Bridge
from ssh_connection.errors import ChannelClosed
from ssh_wire import OpenFailureReason, SSHError

if TYPE_CHECKING:
    from ssh_connection.channel import ChannelProtocol

__all__ = ["Forward", "LocalForward", "RemoteForward", "carry", "connect_channel", "dial_bridge"]


_ATTEMPTS = 10  # to find a port that is free on all addresses


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

    @property
    def connections(self) -> int:
        """How many connections are under way."""
        ...

    async def wait_idle(self) -> None:
        """Wait until the connections that are under way have ended."""

    async def close(self) -> None:
        """Stop listening and close the connections that are under way."""


async def dial_bridge(host: str, port: int) -> Bridge:
    """Connect a socket to `host:port`, ready to be joined with a channel.

    Raises:
        OSError: it cannot be reached.
    """
    loop = asyncio.get_running_loop()
    try:
        _, bridge = await loop.create_connection(Bridge, host, port)
    except UnicodeError as error:  # a name that the resolver cannot even ask for
        problem = "no such host"
        raise OSError(errno.EINVAL, problem) from error
    return bridge


async def carry(bridge: Bridge, opening: Callable[[], Awaitable[Channel]]) -> None:
    """Join `bridge` with the channel that `opening` brings; return when both are closed."""
    try:
        bridge.join(await opening())
        await bridge.wait_done()
    except (SSHError, OSError):
        pass  # the peer refused, or is gone: whoever has the socket sees it closed
    finally:
        bridge.abort()


async def connect_channel(core: ChannelProtocol, host: str, port: int) -> None:
    """Answer a channel that the peer asked for with a connection to `host:port`."""
    try:
        bridge = await dial_bridge(host, port)
    except OSError as error:
        _refuse(core, error.strerror)
        return

    async def confirmed() -> Channel:
        channel = Channel(core)
        core.confirm(channel)
        return channel

    await carry(bridge, confirmed)


def _refuse(core: ChannelProtocol, reason: str | None = None) -> None:
    """Refuse a channel, unless it was answered already or its connection is lost."""
    with suppress(ChannelClosed):
        core.refuse(OpenFailureReason.CONNECT_FAILED, reason or "cannot connect")


class _Connections:
    """The connections of one forward, closed with it."""

    def __init__(self) -> None:
        self._tasks: dict[asyncio.Task[None], Bridge | None] = {}
        self._stopped = False

    def start(
        self, work: Coroutine[Any, Any, None], bridge: Bridge | None = None
    ) -> asyncio.Task[None]:
        """Carry one connection, whose socket is `bridge` if there is one already."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks[task] = bridge
        task.add_done_callback(self._tasks.pop)
        if self._stopped:
            self.stop()
        return task

    def stop(self) -> None:
        """Cut all connections."""
        self._stopped = True
        for task, bridge in tuple(self._tasks.items()):
            task.cancel()
            if bridge is not None:
                bridge.abort()

    def __len__(self) -> int:
        return len(self._tasks)

    async def wait(self) -> None:
        """Wait until they are gone."""
        if self._tasks:
            await asyncio.wait(tuple(self._tasks))


class LocalForward:
    """A port on our side; connections to it leave from the other side."""

    def __init__(
        self,
        opener: Callable[[tuple[str, int]], Awaitable[Channel]],
        closed: Callable[[LocalForward], object],
    ) -> None:
        self._opener = opener
        self._closed = closed
        self._carried = _Connections()
        self._server: asyncio.Server | None = None
        self._host, self._port = "", 0

    async def listen(self, host: str, port: int) -> None:
        """Begin to listen; port 0 takes a free one.

        Raises:
            OSError: the address cannot be listened on.
        """
        server = self._server = await self._bind(host or None, port)
        name = server.sockets[0].getsockname()
        self._host, self._port = str(name[0]), int(name[1])
        try:
            await server.start_serving()
        except BaseException:
            self.abort()
            raise

    async def _bind(self, host: str | None, port: int) -> asyncio.Server:
        """Bind all addresses of `host`, to one port."""
        create = partial(bind, self._accept, host, start_serving=False)
        for _ in range(_ATTEMPTS):
            server = await create(port=port)
            ports = {int(each.getsockname()[1]) for each in server.sockets}
            if len(ports) == 1:
                return server
            # each address has got a free port of its own; one of them may be free on all
            server.close()
            with suppress(OSError):
                return await create(port=ports.pop())
        raise OSError(errno.EADDRINUSE, "no port is free on all addresses")

    def _accept(self) -> Bridge:
        return _Accepted(self._accepted)

    def _accepted(self, bridge: Bridge) -> None:
        origin = bridge.peer
        self._carried.start(carry(bridge, lambda: self._opener(origin)), bridge)

    @property
    def host(self) -> str:
        """The address that is listened on."""
        return self._host

    @property
    def port(self) -> int:
        """The port that is listened on."""
        return self._port

    @property
    def connections(self) -> int:
        """How many connections are under way."""
        return len(self._carried)

    async def wait_idle(self) -> None:
        """Wait until the connections that are under way have ended."""
        await self._carried.wait()

    def stop_listening(self) -> None:
        """Take no more connections; those that are under way go on."""
        if self._server is not None:
            self._server.close()

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
        self._carried = _Connections()

    def accept(self, core: ChannelProtocol) -> None:
        """Connect to the target for a connection that came in."""
        work = connect_channel(core, *self._target)
        # one that is closed before the target is reached, or even asked, is refused
        self._carried.start(work).add_done_callback(lambda _: _refuse(core))

    @property
    def host(self) -> str:
        """The address that the other side listens on."""
        return self._listening[0]

    @property
    def port(self) -> int:
        """The port that the other side listens on."""
        return self._listening[1]

    @property
    def connections(self) -> int:
        """How many connections are under way."""
        return len(self._carried)

    async def wait_idle(self) -> None:
        """Wait until the connections that are under way have ended."""
        await self._carried.wait()

    def abort(self) -> None:
        """Cut the connections that are under way; the other side still listens."""
        self._carried.stop()

    async def close(self) -> None:
        """Have the other side stop listening, and close the connections under way."""
        self._carried.stop()
        await self._cancel(self)
        await self._carried.wait()
