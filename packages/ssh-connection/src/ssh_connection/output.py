"""Where a multiplexer sends its messages, and whether it may send bulk data now."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from ssh_wire.primitives import Buffer

__all__ = ["Output"]


class Output(Protocol):
    """The transport as the connection protocol sees it."""

    @property
    def congested(self) -> bool:
        """Whether data should wait: a key exchange is under way, or the socket is full.

        Control messages never wait.  Whoever owns the output calls `Multiplexer.pump`
        when the congestion is over, and when all that a wake-up brought is received.
        """
        ...

    def send_payload(self, *parts: Buffer) -> None:
        """Send one message, given in pieces that are valid during the call.

        Raises:
            ProtocolError: the peer makes us hold more than there is room for.
        """
        ...

    def send_payloads(self, payloads: Sequence[tuple[Buffer, ...]]) -> None:
        """Send messages of one size, but for the last, each in pieces, as `send_payload` does.

        The last may have any size.

        Raises:
            ProtocolError: the peer makes us hold more than there is room for.
        """
        ...
