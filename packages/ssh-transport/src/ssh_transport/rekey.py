"""When to rekey, and how long that may take (RFC 4253 section 9).

"It is RECOMMENDED that the keys be changed after each gigabyte of transmitted data or
after each hour of connection time, whichever comes sooner."  Time is an argument.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssh_wire import ProtocolError

if TYPE_CHECKING:
    from ssh_transport.options import TransportOptions
    from ssh_transport.packets.inbound import Inbound
    from ssh_transport.packets.outbound import Outbound

__all__ = ["RekeyPolicy"]

_NEVER = float("inf")


class RekeyPolicy:
    """Counts what the present keys protect, and how long they are in use.

    Attributes:
        due_at: when time alone asks for new keys.
        complete_by: when the re-exchange under way must be complete.
    """

    __slots__ = ("_early", "_inbound", "_options", "_outbound", "complete_by", "due_at")

    def __init__(self, options: TransportOptions, inbound: Inbound, outbound: Outbound) -> None:
        self._options = options
        self._inbound = inbound
        self._outbound = outbound
        self._early = 0
        self.due_at: float = _NEVER
        self.complete_by: float = _NEVER

    def began(self, now: float) -> None:
        """Begin to count the time of a re-exchange."""
        if self.complete_by == _NEVER:
            self.complete_by = now + self._options.limits.rekey_timeout

    def completed(self, now: float) -> None:
        """Begin to count the time of the keys; bytes and packets begin with them."""
        self.complete_by = _NEVER
        self.due_at = now + self._options.rekey_seconds

    @property
    def sending_due(self) -> bool:
        """Whether enough was sent."""
        outbound = self._outbound
        options = self._options
        return outbound.octets >= options.rekey_bytes or outbound.packets >= options.rekey_packets

    def has_room(self, packets: int) -> bool:
        """Return whether so many packets of any size may leave before that."""
        outbound = self._outbound
        options = self._options
        return (
            outbound.octets + packets * options.limits.packet_length < options.rekey_bytes
            and outbound.packets + packets < options.rekey_packets
        )

    def due(self, now: float) -> bool:
        """Return whether enough was sent or received, or time is up."""
        inbound = self._inbound
        options = self._options
        return (
            inbound.octets >= options.rekey_bytes
            or inbound.packets >= options.rekey_packets
            or self.sending_due
            or now >= self.due_at
        )

    def early(self, count: int) -> None:
        """Count bytes that arrive before the user is authenticated.

        Raises:
            ProtocolError: they are too many.
        """
        self._early += count
        if self._early > self._options.limits.early_bytes:
            problem = "too much data before authentication"
            raise ProtocolError(problem)

    def check(self) -> None:
        """Refuse to go on under keys that have served too long (RFC 4344 section 3.1).

        Raises:
            ProtocolError: the peer has let every re-exchange fail.
        """
        limit = self._options.limits.key_packets
        if self._inbound.packets >= limit or self._outbound.packets >= limit:
            problem = "too many packets under one key"
            raise ProtocolError(problem)
