# Generated from the async classes by tools/generate_sync.py; not to be edited.
"""`listen_reverse`, and the listener that it makes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Self, Unpack

from ssh_stack.client import reverse as aio_reverse
from ssh_stack.sync._blocking import BlockingOwner, unwrap
from ssh_stack.sync._portal import portal
from ssh_stack.sync.connection import ClientOptionsKw, Connection
from ssh_stack.sync.scope import Scope

__all__ = ["ReverseListener", "listen_reverse"]


class ReverseListener(BlockingOwner[aio_reverse.ReverseListener]):
    """A client that listens for servers.

    `for connection in listener` gives each server that has connected, once its host key is
    checked and the user is authenticated; `listener.accept()` gives the next.  A server
    that fails at this is logged, and is not an error of the listener.
    """

    @property
    def host(self) -> str:
        """The address that it listens on."""
        return self._wrapped.host

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return self._wrapped.port

    @property
    def is_closed(self) -> bool:
        """Whether it has been closed."""
        return self._wrapped.is_closed

    def accept(self) -> Connection:
        """Wait for the next server; the caller closes the connection.

        Raises:
            UsageError: the listener is closed.
        """
        return Connection(self._portal, self._portal.wait(self._wrapped.accept))

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Connection:
        try:
            return Connection(self._portal, self._portal.wait(self._wrapped.__anext__))
        except StopAsyncIteration:
            raise StopIteration from None

    def close(self) -> None:
        """Stop listening; disconnect the servers that `accept` has not returned."""
        self._portal.wait(self._wrapped.close)


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
    return Scope(
        portal(),
        aio_reverse.listen_reverse(
            name,
            host,
            port,
            on_error=on_error,
            **{key: unwrap(value) for key, value in options.items()},
        ),
        ReverseListener,
    )
