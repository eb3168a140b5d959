"""How many bytes a transfer keeps under way: half more than what fills the line.

Bytes behind those stand in queues, and the longer the queues, the slower both ends: what
leaves a processor's caches costs another trip to memory, and a server with 16 MiB of
replies in hand was seen to take four times the processor time of one with 1 MiB.  So a
transfer observes its round trips and its rate, and keeps half more than their product.  As
in the congestion control BBR, it lets the queues run empty now and then: else a line whose
round trip has become longer would look like one with longer queues.
"""

from __future__ import annotations

from typing import Final

__all__ = ["Flow"]

_GAIN: Final = 1.5  # so a rate that the limit held back grows by half every round trip
_FADING: Final = 0.7  # a burst from somebody's buffer is no rate: it is forgotten in rounds
_PROBE_SECONDS: Final = 10.0
_PROBE_TRIPS: Final = 100  # what a probe costs is one or two


class Flow:
    """The bytes that one transfer may have outstanding.

    A round begins with some bytes outstanding and ends when more than those are answered:
    then something that was sent in it has gone there and back.

    Attributes:
        limit: how many bytes may be outstanding now.
        outstanding: how many are.
    """

    def __init__(self, first: int, most: int) -> None:
        self.limit: int = first
        self.outstanding: int = 0
        self._first = first
        self._most = max(first, most)
        self._since: float | None = None
        self._ahead = 0
        self._answered = 0
        self._trip = float("inf")
        self._trip_since = 0.0
        self._rate = 0.0

    @property
    def has_room(self) -> bool:
        """Whether another block may be sent or asked for."""
        return self.outstanding < self.limit

    def take(self, size: int, now: float) -> None:
        """Count bytes that were sent or asked for at `now`, in seconds."""
        if self._since is None:
            self._begin(now)
        self.outstanding += size

    def give(self, size: int, now: float) -> None:
        """Count bytes that were answered, or will never be, at `now`, in seconds."""
        self.outstanding -= size
        self._answered += size
        if self._since is None or self._answered <= self._ahead or now <= self._since:
            return
        self._measure(now - self._since, now)
        if now - self._trip_since >= max(_PROBE_SECONDS, _PROBE_TRIPS * self._trip):
            self.limit = self._first
            self._trip = float("inf")
            self._since = None  # the round trip is that of the first to meet no queue
        elif self.outstanding:
            self._begin(now)
        else:  # the time until something is sent again belongs to nobody
            self._since = None

    def _measure(self, elapsed: float, now: float) -> None:
        # the shortest is the line's: in all others something waited for its turn
        if elapsed < self._trip:
            if self._trip == float("inf"):
                self._trip_since = now
            self._trip = elapsed
        self._rate = max(self._answered / elapsed, self._rate * _FADING)
        wanted = _GAIN * self._rate * self._trip
        self.limit = int(min(max(wanted, self._first), self._most))

    def _begin(self, now: float) -> None:
        self._since = now
        self._ahead = self.outstanding
        self._answered = 0
