"""The connections of a server to what a client wants to reach: TCP ports and Unix sockets."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

from ssh_connection.addresses import Address, UnixAddress, is_port
from ssh_connection.aio.forward.connections import connect_channel
from ssh_connection.aio.forward.messages import address_of

if TYPE_CHECKING:
    from ssh_connection.aio.forward.messages import Direct
    from ssh_connection.channel import ChannelProtocol

__all__ = ["DirectConnections", "is_path"]


class DirectConnections:
    """Connects to what one client asks for.

    Args:
        permitted: whether the client may reach an address; anything but True denies.
        spawn: runs a coroutine that ends with the connection at the latest.
    """

    def __init__(
        self,
        permitted: Callable[[Address], bool],
        spawn: Callable[[Coroutine[Any, Any, None]], object],
    ) -> None:
        self._permitted = permitted
        self._spawn = spawn

    def may_connect(self, message: Direct) -> bool:
        """Return whether a client may reach the address of a message."""
        address = address_of(message)
        # only an exact True: a rule that forgot to await must not allow
        return _is_target(address) and self._permitted(address) is True

    def connect(self, message: Direct, core: ChannelProtocol) -> None:
        """Answer the request for a connection (RFC 4254 section 7.2, PROTOCOL section 2.4)."""
        self._spawn(connect_channel(core, address_of(message)))


def _is_target(address: Address) -> bool:
    """Return whether an address can be connected to, before any rule is asked."""
    if isinstance(address, UnixAddress):
        return is_path(address.path)
    return is_port(address.port) and bool(address.host) and address.host.isprintable()


def is_path(path: str) -> bool:
    """Return whether a path leads where a rule thinks it does, whatever the working directory."""
    return path.startswith("/") and "\0" not in path and ".." not in path.split("/")
