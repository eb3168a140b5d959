"""What becomes of what is not served, where nothing else decides about it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NoReturn

from ssh_connection.services import refusal_reason
from ssh_wire import ProtocolError

if TYPE_CHECKING:
    from ssh_connection.channel import ChannelProtocol
    from ssh_connection.replies import PendingReply

__all__ = ["Refusals"]


class Refusals:
    """The handler of a multiplexer that was given none: it refuses, and raises.

    Args:
        deny: answers a global request.
    """

    def __init__(self, deny: Callable[[PendingReply], None]) -> None:
        self._deny = deny

    def channel_not_served(self, channel: ChannelProtocol) -> None:
        """Refuse a channel of a type that is not registered."""
        channel.refuse(refusal_reason(channel.kind), "it is not served")

    def request_not_served(self, name: str, reply: PendingReply) -> None:
        """Deny a global request that is not registered."""
        del name
        self._deny(reply)

    def unknown_message(self, number: int) -> NoReturn:
        """Refuse a message; a driver that can send UNIMPLEMENTED has a handler of its own.

        Raises:
            ProtocolError: always.
        """
        problem = f"message {number} is not one of the connection protocol"
        raise ProtocolError(problem)

    def handler_failed(self, error: Exception) -> NoReturn:
        """Raise what a handler raised: the driver's caller is the one who is left.

        Raises:
            Exception: always, `error`.
        """
        raise error
