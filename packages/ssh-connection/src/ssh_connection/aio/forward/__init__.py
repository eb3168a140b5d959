"""Forwarded TCP ports and Unix sockets, from both ends.

local        LocalForward: a listener here
remote       RemoteForward: a listener at the other side
requested    RemoteForwards: those that a client has asked for
granted      GrantedForwards: those that a server listens on for its client
direct       DirectConnections: what a server connects to for its client
listeners    what is listened on here: a port, a Unix socket
stages       what a connection is to reach: one address, or what it asks for by SOCKS
connections  the connections of one forward
messages     what is sent for an address
bridge       a socket and a channel, joined
binding      listening TCP sockets
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from ssh_connection.addresses import Address

__all__ = ["Forward"]


class Forward(Protocol):
    """A forward that is in force until it is closed."""

    @property
    def address(self) -> Address:
        """Where it listens."""
        ...

    @property
    def host(self) -> str:
        """The address that is listened on, of TCP."""
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
