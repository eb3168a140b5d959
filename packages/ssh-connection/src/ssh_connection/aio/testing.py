"""A client and a server joined in memory: what tests of a layer above need.

    async def upper(session: Session) -> int:
        await session.write((await session.stdin.read()).upper())
        return 0

    async with EndpointPair(server_settings(shell=upper)) as pair:
        done = await pair.client.run("upper", input=b"hello")
        assert done.stdout == b"HELLO"

Everything is real but the byte stream between the two, which `pair.link` can cut or freeze.
"""

from __future__ import annotations

import asyncio
from collections import deque
from functools import cache
from os import urandom
from typing import TYPE_CHECKING

from ssh_auth import Accept, AuthContext, NoneCredential, Result
from ssh_connection.aio.client.connection import ClientConnection
from ssh_connection.aio.client.settings import ClientSettings
from ssh_connection.aio.server.authentication import ServerAuthentication
from ssh_connection.aio.server.connection import ServerConnection
from ssh_connection.aio.server.settings import ServerSettings
from ssh_keys import PrivateKey, PublicKey
from ssh_transport import TransportOptions, profiles

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from ssh_connection.aio.server.session_policy import SessionHandler
    from ssh_transport.aio import Driver
    from ssh_wire.primitives import Buffer

__all__ = ["EndpointPair", "Link", "client_settings", "server_settings"]

_HIGH_WATER = 256 * 1024


@cache
def _host_key() -> PrivateKey:
    return PrivateKey.generate("ed25519")


def server_settings(shell: SessionHandler | None = None) -> ServerSettings:
    """Return the settings of a server that accepts every user, and runs `shell`."""

    async def anybody(_context: AuthContext) -> Result:
        return Accept()

    return ServerSettings(
        host_keys=[_host_key()],
        authentication=ServerAuthentication(none=anybody),
        transport=TransportOptions(algorithms=profiles("default", "server")),
        shell=shell,
    )


def client_settings() -> ClientSettings:
    """Return the settings of a client that trusts every server, and has no credentials."""

    async def trust(_key: PublicKey) -> bool:
        return True

    return ClientSettings(
        host="memory",
        username="tester",
        verify_host_key=trust,
        credentials=[NoneCredential()],
        transport=TransportOptions(algorithms=profiles("default", "client")),
    )


class _Pipe:
    """One direction of a byte stream: what one driver writes is fed to the other."""

    def __init__(self, source: Driver, target: Driver) -> None:
        self.frozen = False
        self._source = source
        self._target = target
        self._loop = asyncio.get_running_loop()
        self._chunks: deque[bytes] = deque()
        self.size = 0
        self._full = False
        self._reading = True
        self._ending = False
        self._over = False

    def send(self, data: Buffer) -> None:
        if self.frozen or self._ending or self._over:
            return
        self._chunks.append(bytes(data))
        self.size += len(data)
        self._loop.call_soon(self._deliver)
        if self.size > _HIGH_WATER and not self._full:
            self._full = True
            self._source.pause_writing()

    def end(self) -> None:
        """End the stream; the other end gets the end behind what was sent."""
        if not self.frozen:
            self._ending = True
            self._loop.call_soon(self._deliver)

    def read(self, *, on: bool) -> None:
        self._reading = on
        self._loop.call_soon(self._deliver)

    def stop(self) -> None:
        """Deliver nothing any more: the target is gone."""
        self._over = True

    def _deliver(self) -> None:
        while self._chunks and self._reading and not self._over:
            data = self._chunks.popleft()
            self.size -= len(data)
            self._target.feed(data)
        if self._ending and not self._chunks and not self._over:
            self._over = True
            self._target.feed_eof()
        if self._full and not self.size:
            self._full = False
            self._source.resume_writing()


class _MemoryStream(asyncio.Transport):
    """One end of a byte stream in memory."""

    def __init__(self, driver: Driver, incoming: _Pipe, outgoing: _Pipe) -> None:
        super().__init__()
        self._driver = driver
        self._incoming = incoming
        self._outgoing = outgoing
        self._loop = asyncio.get_running_loop()
        self._closing = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send bytes; they arrive in the loop's next turn."""
        self._outgoing.send(data)

    def pause_reading(self) -> None:
        """Keep what arrives."""
        self._incoming.read(on=False)

    def resume_reading(self) -> None:
        """Deliver what arrives."""
        self._incoming.read(on=True)

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Leave the limits as they are."""

    def get_write_buffer_size(self) -> int:
        """Return how many bytes have not arrived yet."""
        return self._outgoing.size

    def is_closing(self) -> bool:
        """Return whether nothing more is sent."""
        return self._closing

    def close(self) -> None:
        """Close; what was written still arrives."""
        self._outgoing.end()
        self.cut(None)

    def abort(self) -> None:
        """Close at once."""
        self.close()

    def cut(self, error: Exception | None) -> None:
        """Break the stream at this end."""
        if not self._closing:
            self._closing = True
            self._incoming.stop()
            self._loop.call_soon(self._driver.connection_lost, error)


class Link:
    """A byte stream in memory, between two drivers."""

    def __init__(self, left: Driver, right: Driver) -> None:
        self._pipes = (_Pipe(left, right), _Pipe(right, left))
        there, back = self._pipes
        self._ends = (_MemoryStream(left, back, there), _MemoryStream(right, there, back))
        right.connection_made(self._ends[1])
        left.connection_made(self._ends[0])

    def freeze(self) -> None:
        """Let nothing arrive any more, on either side, and say nothing about it."""
        for pipe in self._pipes:
            pipe.frozen = True

    def cut(self, error: Exception | None = None) -> None:
        """Break the stream for both sides."""
        for end in self._ends:
            end.cut(error)


class EndpointPair:
    """A client and a server, connected on entry and closed on exit.

    Attributes:
        client: the client.
        server: the server.
        link: the byte stream between them, once they are connected.
    """

    def __init__(
        self, server: ServerSettings | None = None, client: ClientSettings | None = None
    ) -> None:
        self.client: ClientConnection = ClientConnection(client or client_settings(), urandom)
        self.server: ServerConnection = ServerConnection(server or server_settings(), urandom)
        self.link: Link | None = None

    async def dial(self, driver: Driver) -> None:
        """Connect the client's driver to the server."""
        self.link = Link(driver, self.server.driver)

    async def close(self) -> None:
        """Close both sides."""
        await self.client.close()
        await self.server.close()

    async def __aenter__(self) -> Self:
        try:
            await self.client.establish(self.dial)
        except BaseException:
            await self.server.close()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()
