"""The output of a transport: what leaves now, and what waits for the end of a key exchange."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from ssh_transport.errors import HeldQueueFull
from ssh_transport.packets.inbound import Inbound
from ssh_transport.packets.outbound import HeldQueue, Outbound

if TYPE_CHECKING:
    from ssh_transport.kex.base import Random
    from ssh_transport.options import TransportOptions
    from ssh_transport.packets.compression import DeflatingOutbound, InflatingInbound
    from ssh_wire.primitives import Buffer

__all__ = ["BeginCompression", "Output", "directions"]


class BeginCompression(Protocol):
    """Begins compression in both directions, where it was negotiated."""

    def __call__(self, *, with_next_key: bool) -> None:
        """Begin now, or expect the peer's compressed packets under its next key only."""
        ...


class Output:
    """Packets that leave, and the queue of messages that may not leave yet.

    Attributes:
        outbound: seals packets and gathers them into writes.
        held: messages that wait for the end of a key exchange (RFC 4253 section 7.1).
    """

    __slots__ = ("_begin_compression", "_uncompressed", "held", "outbound")

    def __init__(self, outbound: Outbound, held: HeldQueue, begin: BeginCompression) -> None:
        self.outbound: Outbound = outbound
        self.held: HeldQueue = held
        self._begin_compression = begin
        self._uncompressed = 0  # held messages that leave before compression begins

    def hold(self, parts: tuple[Buffer, ...]) -> None:
        """Keep a message until `release`.

        Raises:
            HeldQueueFull: the queue is full.
        """
        if self.held.full:
            problem = "too many messages wait for the end of the key exchange"
            raise HeldQueueFull(problem)
        self.held.push(parts)

    def release(self) -> None:
        """Send the messages that were held."""
        held = self.held
        while held:
            self.outbound.send((held.pop(),))
            if self._uncompressed:
                self._uncompressed -= 1
                if not self._uncompressed:
                    # the client knows of it when it has sent its NEWKEYS
                    self._begin_compression(with_next_key=True)

    def begin_compression(self, *, behind_held: bool) -> None:
        """Begin delayed compression now, or after the messages that are held."""
        self._uncompressed = len(self.held) if behind_held else 0
        if not self._uncompressed:
            self._begin_compression(with_next_key=False)


def directions(options: TransportOptions, random: Random) -> tuple[Inbound, Output]:
    """Return both directions of a connection, with the parts that the options ask for."""
    limits = options.limits
    held = HeldQueue(limits.held_packets, limits.held_bytes)
    inbound: InflatingInbound
    outbound: DeflatingOutbound
    if options.trace is not None:
        from ssh_transport import trace  # loaded where it is asked for

        inbound = trace.TracedInbound(limits, options.trace)
        outbound = trace.TracedOutbound(random, limits, options.trace)
    elif options.algorithms.compression != ("none",):
        from ssh_transport.packets import compression  # where it is offered

        inbound = compression.InflatingInbound(limits)
        outbound = compression.DeflatingOutbound(random, limits)
    else:
        plain = limits.packet_length
        return Inbound(plain), Output(Outbound(random, plain), held, _begin_none)

    def begin(*, with_next_key: bool) -> None:
        inbound.begin(with_next_key=with_next_key)
        outbound.begin()

    return inbound, Output(outbound, held, begin)


def _begin_none(*, with_next_key: bool) -> None:
    """Begin no compression: none is offered."""
