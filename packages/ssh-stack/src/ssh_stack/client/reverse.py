"""Reverse connections: the client listens, and servers connect to it."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable, Coroutine
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Self, Unpack

from ssh_connection.addresses import format_address
from ssh_connection.aio import Scope
from ssh_connection.aio.callbacks import logged
from ssh_stack.arguments import check_host, check_port
from ssh_stack.client.connecting import connect
from ssh_wire import SSHError, UsageError
from ssh_wire.aio import accept

if TYPE_CHECKING:
    from ssh_stack.client.connection import Connection
    from ssh_stack.client.option_arguments import ClientOptionsKw

__all__ = ["ReverseListener", "listen_reverse"]

_log = logging.getLogger("ssh_stack")
_BACKLOG: Final = 100
_ROOM: Final = 64
"""How many servers may be connected that `accept` has not returned; more wait in the backlog."""
_PAUSE: Final = 1.0
"""Seconds until another connection is taken, after the system had no room for one."""


class ReverseListener:
    """A client that listens for servers.

    `async for connection in listener` gives each server that has connected, once its host key is
    checked and the user is authenticated; `await listener.accept()` gives the next.  A server
    that fails at this is logged, and is not an error of the listener.
    """

    def __init__(
        self,
        name: str,
        listening: socket.socket,
        options: ClientOptionsKw,
        on_error: Callable[[Exception], object] | None,
    ) -> None:
        self._name = name
        self._socket = listening
        self._address = listening.getsockname()[:2]
        self._options = options
        self._on_error = on_error
        self._ready = asyncio.Queue["Connection | None"]()
        self._room = asyncio.Semaphore(_ROOM)
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False
        self._spawn(self._listen())

    @property
    def host(self) -> str:
        """The address that it listens on."""
        return str(self._address[0])

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return int(self._address[1])

    @property
    def is_closed(self) -> bool:
        """Whether it has been closed."""
        return self._closed

    async def accept(self) -> Connection:
        """Wait for the next server; the caller closes the connection.

        Raises:
            UsageError: the listener is closed.
        """
        while not self._closed:
            connection = await self._ready.get()
            if connection is None:
                self._ready.put_nowait(None)  # for whoever waits, too
                break
            self._room.release()
            if not connection.is_closed:
                return connection
            await connection.close()  # it has ended before it was asked for
        problem = "the listener is closed"
        raise UsageError(problem)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Connection:
        try:
            return await self.accept()
        except UsageError:
            raise StopAsyncIteration from None

    async def close(self) -> None:
        """Stop listening; disconnect the servers that `accept` has not returned."""
        self._closed = True
        for task in self._tasks:
            task.cancel()
        try:
            await asyncio.gather(*self._tasks, return_exceptions=True)
        finally:  # where closing is cancelled, too
            self._socket.close()
            waiting = [self._ready.get_nowait() for _ in range(self._ready.qsize())]
            self._ready.put_nowait(None)
            await asyncio.gather(*(each.close() for each in waiting if each is not None))

    # ------------------------------------------------------------- servers that connect

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _listen(self) -> None:
        while True:
            await self._room.acquire()
            try:
                accepted, _ = await accept(self._socket)
            except OSError:  # too many open files, or the server is gone again
                self._room.release()
                await asyncio.sleep(_PAUSE)
                continue
            establishing = self._spawn(self._establish(accepted))
            establishing.add_done_callback(partial(_close_cancelled, accepted))

    async def _establish(self, accepted: socket.socket) -> None:
        """Check the host key and log in; other servers do not wait for it."""
        peer = ""
        with suppress(OSError):
            peer = format_address(*accepted.getpeername()[:2])
        options: ClientOptionsKw = {**self._options, "stream": accepted}
        try:
            connection = await connect(self._name, None, **options).open()
        except (SSHError, OSError) as error:
            self._room.release()
            _log.info("server at %s: %s", peer, error)
            if self._on_error is not None:
                with logged(_log, "on_error failed"):
                    self._on_error(error)
            accepted.close()
        else:
            self._ready.put_nowait(connection)


def _close_cancelled(accepted: socket.socket, task: asyncio.Task[None]) -> None:
    # not in the coroutine, which never begins where it is cancelled at once
    if task.cancelled():  # the listener is being closed
        accepted.close()


async def _bound(host: str, port: int) -> socket.socket:
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    family, _, _, _, address = found[0]
    listening = socket.create_server(address, family=family, backlog=_BACKLOG)
    listening.setblocking(False)
    return listening


def listen_reverse(
    name: str,
    host: str,
    port: int = 0,
    *,
    on_error: Callable[[Exception], object] | None = None,
    **options: Unpack[ClientOptionsKw],
) -> Scope[ReverseListener]:
    """Listen for servers that connect to this client, as those behind a firewall do.

    Each connection is one of `connect`: the server proves who it is with its host key, and the
    user is authenticated there.  The address that a server connects from says nothing about it:
    its key is looked for under `name`.

    Args:
        name: the host that the servers are for known_hosts and the configuration; several may
            share it, and `Connection.host_key` tells them apart.
        host: the address to listen on.
        port: the port; 0 takes a free one.
        on_error: told of each server that failed before the user was logged in, and why.
        options: the fields of `ClientOptions`.

    Raises:
        UnknownOption: there is no option of that name.
        UsageError: an argument or an option has a value that cannot be used.
        OSError: (on entry) the address cannot be listened on.
    """
    check_host(host)
    check_port(port, zero=True)
    connect(name, None, **options)  # refuses what cannot be used
    if options.get("stream") is not None:
        problem = "stream and listen_reverse exclude each other"
        raise UsageError(problem)

    async def opener() -> ReverseListener:
        return ReverseListener(name, await _bound(host, port), options, on_error)

    return Scope(opener)
