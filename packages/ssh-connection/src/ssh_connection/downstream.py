"""Who drives channels of a connection from outside it: their messages pass undecoded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from ssh_wire.primitives import Buffer

__all__ = ["Downstream"]


class Downstream(Protocol):
    """A client of a master in proxy mode, as the multiplexer sees it."""

    def take(self, number: int, payload: Buffer) -> None:
        """Take a message of the peer for one of its channels; it is valid during the call.

        Args:
            number: our number of the channel.
            payload: the message, from its number on.

        Raises:
            ProtocolError: the peer broke a rule: the connection ends.
        """
        ...

    def uncongested(self) -> None:
        """Go on sending: `Multiplexer.congested` has become False."""
        ...

    def connection_lost(self, error: Exception) -> None:
        """Handle the end of the connection, and so of all its channels."""
        ...
