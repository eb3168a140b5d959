"""A client and a server in one process, joined by a byte stream in memory."""

from __future__ import annotations

from contextlib import AsyncExitStack, ExitStack
from functools import cache
from typing import TYPE_CHECKING, Any, Final, Unpack, cast

from ssh_auth import Accept, Reject
from ssh_connection.aio import ServerAuthentication
from ssh_keys import PrivateKey
from ssh_keys.trust import format_host_line
from ssh_stack.client.connecting import connect
from ssh_stack.server.options import ServerOptions
from ssh_stack.server.serving import serve
from ssh_stack.testing.memory import MemoryLink
from ssh_wire import lazy_attrs

if TYPE_CHECKING:
    from types import TracebackType

    from ssh_auth import AuthContext
    from ssh_connection.aio import ServerConnection
    from ssh_keys import PublicKey
    from ssh_stack import sync
    from ssh_stack.client.connection import Connection
    from ssh_stack.client.option_arguments import ClientOptionsKw
    from ssh_stack.server.options import ServerOptionsKw
    from ssh_stack.testing.options import ServingKw

__all__ = ["BlockingPair", "Connected", "Pair", "connected", "holder_of", "known_hosts"]

HOST: Final = "memory"
"""The name under which a client in memory knows its server."""
USER: Final = "tester"


@lazy_attrs.frozen
class Pair:
    """Both ends of a connection in memory."""

    client: Connection
    """The client's end."""
    server: ServerConnection
    """The server's end."""
    link: MemoryLink
    """The byte stream between them."""


@lazy_attrs.frozen
class BlockingPair:
    """Both ends of a connection in memory, for the blocking API."""

    client: sync.Connection
    """The client's end."""
    server: sync.ServerConnection
    """The server's end."""
    link: MemoryLink
    """The byte stream between them."""


def connected(client: ClientOptionsKw | None = None, **server: Unpack[ServingKw]) -> Connected:
    """Connect a client and a server in memory, with neither socket nor file.

    `async with connected(session=handler) as pair` gives a `Pair` for the asynchronous API, and
    `with connected(session=handler) as pair` a `BlockingPair` for the blocking one.

    The client trusts the server's host key, and the server authenticates the client's key, where
    the options do not say otherwise.

    Args:
        client: options of `connect`; they go before those that log in.
        server: options of `serve`.
    """
    return Connected(client or {}, server)


class Connected:
    """What `connected` gives: both ends, connected on entry and closed on exit."""

    def __init__(self, client: ClientOptionsKw, server: ServingKw) -> None:
        user_key = _key("user")
        defaults: ServerOptionsKw = {
            "host_keys": [_key("host")],
            "auth": holder_of(user_key),
        }
        self._server = cast("ServerOptionsKw", {**defaults, **server})
        self._link = MemoryLink()
        serve(None, **self._server)  # refuses what cannot be used, before anything is opened
        self._client: dict[str, Any] = {
            "username": USER,
            "keys": [user_key],
            "known_hosts": known_hosts(HOST, 22, self._server),
            "config": None,
            "agent": None,
            **client,
            "stream": self._link.left,
        }
        self._opened: AsyncExitStack | None = None
        self._opened_blocking: ExitStack | None = None

    async def __aenter__(self) -> Pair:
        async with AsyncExitStack() as stack:
            server = await stack.enter_async_context(serve(None, **self._server))
            end = await server.accept(self._link.right)
            client = await stack.enter_async_context(connect(HOST, **self._client))
            self._opened = stack.pop_all()
            return Pair(client, end, self._link)

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        opened, self._opened = self._opened, None
        if opened is not None:
            await opened.__aexit__(kind, error, trace)

    def __enter__(self) -> BlockingPair:
        from ssh_stack import sync  # starts a thread: only where it is wanted

        with ExitStack() as stack:
            server = stack.enter_context(sync.serve(None, **cast("Any", self._server)))
            end = server.accept(self._link.right)
            client = stack.enter_context(sync.connect(HOST, **self._client))
            self._opened_blocking = stack.pop_all()
            return BlockingPair(client, end, self._link)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        opened, self._opened_blocking = self._opened_blocking, None
        if opened is not None:
            opened.__exit__(kind, error, trace)


def holder_of(key: PrivateKey) -> ServerAuthentication:
    """Authenticate whoever has a key, under any name."""

    async def judge(_context: AuthContext, offered: PublicKey) -> Accept | Reject:
        return Accept() if offered == key.public_key else Reject()

    return ServerAuthentication(public_key=judge)


def known_hosts(host: str, port: int, server: ServerOptionsKw) -> bytes:
    """Return the lines of known_hosts that trust a server with these options."""
    keys = ServerOptions(**server).host_keys
    lines = [format_host_line(host, port, key.public_key) for key in keys]
    return "".join(f"{line}\n" for line in lines).encode()


@cache
def _key(_purpose: str) -> PrivateKey:
    return PrivateKey.generate("ed25519")
