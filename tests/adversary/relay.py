"""A relay between a client and a server that fails as networks do.

After a number of bytes that the server has sent, it stops carrying without a word, resets one
connection or both, or passes on the end of one direction alone.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from typing import Final, Literal, TypeAlias

import attrs

__all__ = ["Fault", "Relay", "relaying"]

_NEVER: Final = 1 << 60
Fault: TypeAlias = Literal["silence", "reset", "end to client", "end to server"]
_RESET: Final = struct.pack("ii", 1, 0)  # SO_LINGER: close sends RST


@attrs.define(eq=False)
class Relay:
    """Carries a connection to a port of loopback.

    Attributes:
        target: the port of the server.
        fault: what happens.
        after: how many bytes of the server arrive at the client before it happens.
        piece: the most bytes that are passed on at a time; None for all there are.
    """

    target: int
    fault: Fault = "silence"
    after: int = _NEVER
    piece: int | None = None
    port: int = 0
    carried: int = 0
    failed: asyncio.Event = attrs.field(factory=asyncio.Event)
    _sockets: tuple[socket.socket, ...] = ()
    _tasks: list[asyncio.Task[None]] = attrs.field(factory=list[asyncio.Task[None]])

    def fail(self) -> None:
        """Have it happen now."""
        self.after = self.carried
        self._happen()

    def start(self, client: socket.socket) -> None:
        self._tasks.append(asyncio.get_running_loop().create_task(self._serve(client)))

    async def _serve(self, client: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        with client, socket.socket() as server:
            # closed here, when nothing waits for them: their numbers are soon those of others
            self._sockets = (client, server)
            server.setblocking(False)
            await loop.sock_connect(server, ("127.0.0.1", self.target))
            if self.after == 0:
                self._happen()
            carrying = (self._carry(client, server), self._count(server, client))
            await asyncio.gather(*carrying)
            if self.failed.is_set():
                await asyncio.Event().wait()

    async def _carry(self, source: socket.socket, target: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        with suppress(OSError):  # one of them is reset
            while data := await loop.sock_recv(source, self.piece or 65536):
                if self.failed.is_set() and self.fault == "silence":
                    continue
                await loop.sock_sendall(target, data)
            target.shutdown(socket.SHUT_WR)

    async def _count(self, source: socket.socket, target: socket.socket) -> None:
        """Carry what the server sends up to the fault."""
        loop = asyncio.get_running_loop()
        with suppress(OSError):
            while data := await loop.sock_recv(source, self.piece or 65536):
                if self.failed.is_set():
                    continue
                data = data[: self.after - self.carried]
                self.carried += len(data)
                await loop.sock_sendall(target, data)
                if self.carried >= self.after:
                    self._happen()
            if not self.failed.is_set():
                target.shutdown(socket.SHUT_WR)

    def _happen(self) -> None:
        if self.failed.is_set():
            return
        self.failed.set()
        client, server = self._sockets
        with suppress(OSError):
            match self.fault:
                case "reset":
                    for each in (client, server):
                        each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                    self._tasks[-1].cancel()
                case "end to client":
                    client.shutdown(socket.SHUT_WR)
                case "end to server":
                    server.shutdown(socket.SHUT_WR)
                case "silence":
                    pass

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


@asynccontextmanager
async def relaying(relay: Relay) -> AsyncGenerator[Relay]:
    """Listen on a free port, which `relay` has from then on."""
    loop = asyncio.get_running_loop()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        relay.port = listener.getsockname()[1]

        def accept() -> None:
            with suppress(BlockingIOError, ConnectionError):
                client, _ = listener.accept()
                client.setblocking(False)
                relay.start(client)

        loop.add_reader(listener, accept)
        try:
            yield relay
        finally:
            loop.remove_reader(listener)
            await relay.close()
