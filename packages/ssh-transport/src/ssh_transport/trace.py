"""A trace of every message, for those who look for a fault; loaded where it is asked for.

A trace is one callback that takes typed facts: each message as it is sent and received, by
its number and size, and each event in its order.  It is told no content: what a message
says of passwords and data stays where it is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeAlias

from ssh_transport.events import Event
from ssh_transport.packets.compression import DeflatingOutbound, InflatingInbound
from ssh_wire import lazy_attrs

if TYPE_CHECKING:
    from ssh_transport.kex.base import Random
    from ssh_transport.limits import Limits
    from ssh_wire.messages.transport import KexInit
    from ssh_wire.primitives import Buffer

__all__ = [
    "MessageReceived",
    "MessageSent",
    "Proposals",
    "Trace",
    "Traced",
    "TracedInbound",
    "TracedOutbound",
]


@lazy_attrs.frozen
class MessageSent:
    """A message leaves."""

    number: int
    """Its number."""

    size: int
    """Bytes of the payload, before compression."""

    sequence: int
    """The sequence number of its packet."""


@lazy_attrs.frozen
class MessageReceived:
    """A message has arrived; whether it may is decided next."""

    number: int
    """Its number."""

    size: int
    """Bytes of the payload, after expansion."""

    sequence: int
    """The sequence number of its packet."""


@lazy_attrs.frozen
class Proposals:
    """Both sides have sent what they support; what they agree on is decided next."""

    own: KexInit
    """What this side supports, in its order of preference."""

    peer: KexInit
    """What the peer says that it supports; its names are not escaped."""


Traced: TypeAlias = MessageSent | MessageReceived | Proposals | Event
"""What a trace is told."""

Trace: TypeAlias = Callable[[Traced], None]
"""Takes the facts of a trace, as they happen; it must not call the transport."""


class TracedOutbound(DeflatingOutbound):
    """Tells the trace of every message before it is sealed."""

    __slots__ = ("_trace",)

    def __init__(self, random: Random, limits: Limits, trace: Trace) -> None:
        super().__init__(random, limits)
        self._trace = trace

    def _send_run(self, payloads: Sequence[tuple[Buffer, ...]], size: int) -> None:
        """Seal payloads of one size."""
        for parts in payloads:
            self._trace(MessageSent(parts[0][0], size, self.sequence))
            super()._send_run((parts,), size)


class TracedInbound(InflatingInbound):
    """Tells the trace of every message when it is opened."""

    __slots__ = ("_trace",)

    def __init__(self, limits: Limits, trace: Trace) -> None:
        super().__init__(limits)
        self._trace = trace

    def next(self) -> memoryview | None:
        """Open the next packet; return its payload, or None when it is not complete."""
        sequence = self.sequence
        payload = super().next()
        if payload is not None:
            self._trace(MessageReceived(payload[0], len(payload), sequence))
        return payload
