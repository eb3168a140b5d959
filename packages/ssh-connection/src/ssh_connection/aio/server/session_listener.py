"""Sockets at a server whose connections go to the client, for the programs of one session."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from ssh_connection.aio.channel import Channel
from ssh_connection.aio.forward.bridge import Bridge
from ssh_wire import SSHError, lazy_attrs
from ssh_wire.aio import accept

if TYPE_CHECKING:
    import socket


__all__ = ["Connections", "SessionListener"]

_PAUSE: Final = 0.1  # seconds until the next attempt, where no connection can be accepted
_log = logging.getLogger("ssh_connection.server")


@lazy_attrs.frozen(kw_only=True)
class Connections:
    """What becomes of the connections to the sockets of a session.

    Attributes:
        open_channel: opens the channel of a connection from this address and port.
        spawn: runs a coroutine that ends with the connection of SSH at the latest.
        most: how many there may be at once; further ones wait.
        single: whether there is one alone, and no more of them after it.
        permitted: whether a connection is taken; without it, each is.
    """

    open_channel: Callable[[tuple[str, int]], Awaitable[Channel]]
    spawn: Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]]
    most: int
    single: bool = False
    permitted: Callable[[socket.socket], bool] | None = None


class SessionListener:
    """Accepts connections while a session lasts; those that are open go on after it.

    "X11 connection forwarding should stop when the session channel is closed.  However, already
    opened forwardings should not be automatically closed" (RFC 4254 section 6.3.1).

    Args:
        sockets: listening sockets that do not block; they are closed with the listener.
        connections: what becomes of their connections.
        release: called when the listener is closed.
    """

    def __init__(
        self,
        sockets: Sequence[socket.socket],
        connections: Connections,
        release: Callable[[], None] = lambda: None,
    ) -> None:
        self._sockets = tuple(sockets)
        self._connections = connections
        self._release = release
        self._room = asyncio.Semaphore(connections.most)
        self._closed = False
        self._accepting = {connections.spawn(self._accept(each)) for each in self._sockets}
        for task in self._accepting:
            task.add_done_callback(self._ended)

    def close(self) -> None:
        """Listen no more."""
        self._closed = True
        for task in self._accepting:
            task.cancel()

    def _ended(self, task: asyncio.Task[None]) -> None:
        # not before: the event loop watches the sockets until then
        self._accepting.discard(task)
        if not self._accepting:
            for each in self._sockets:
                each.close()
            self._release()

    async def _accept(self, listening: socket.socket) -> None:
        while not self._closed:
            await self._room.acquire()
            try:
                accepted, address = await accept(listening)
            except OSError:  # too many open files, or the program is gone again
                self._room.release()
                await asyncio.sleep(_PAUSE)
                continue
            except BaseException:
                self._room.release()
                raise
            bridge = Bridge()
            serving = self._connections.spawn(self._serve(accepted, bridge, _origin(address)))
            serving.add_done_callback(partial(self._served, accepted, bridge))
            if self._connections.single:
                self.close()

    async def _serve(
        self, accepted: socket.socket, bridge: Bridge, origin: tuple[str, int]
    ) -> None:
        try:
            permitted = self._connections.permitted
            if permitted is not None and permitted(accepted) is not True:
                _log.warning("a connection of another user to a socket of a session was refused")
                return
            loop = asyncio.get_running_loop()
            await loop.connect_accepted_socket(lambda: bridge, accepted)
            bridge.join(await self._connections.open_channel(origin))
            await bridge.wait_done()
        except (SSHError, OSError) as error:
            _log.debug("a connection to a socket of a session has ended: %s", error)

    def _served(self, accepted: socket.socket, bridge: Bridge, _task: asyncio.Task[None]) -> None:
        # not in the coroutine, which never begins where it is cancelled at once
        bridge.abort()
        if bridge.socket is None:
            accepted.close()
        self._room.release()


def _origin(address: object) -> tuple[str, int]:
    """Return the address and port of a socket's peer; ("", 0) where it has none."""
    if isinstance(address, tuple):
        with suppress(ValueError, TypeError):
            host, port, *_ = address  # pyright: ignore[reportUnknownVariableType] (as the system gives it)
            return str(host), int(port)  # pyright: ignore[reportUnknownArgumentType]
    return "", 0
