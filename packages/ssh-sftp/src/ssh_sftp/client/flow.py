"""How many bytes a transfer keeps outstanding: the bandwidth-delay product, and some more.

More bytes only wait in queues, and long queues slow both ends: a server with 16 MiB of replies was
measured to use four times the processor time of one with 1 MiB.  So a transfer measures its round
trips and its rate, and keeps somewhat more than their product outstanding.  As in the congestion
control BBR, it lets the queues run empty from time to time: else a path whose round trip has
become longer would look like one with longer queues.
"""

from __future__ import annotations

from typing import Final

__all__ = ["Flow"]

_SHORT: Final = 0.005  # seconds: a longer queue costs more than such a path gains
_GAIN_SHORT: Final = 1.25
_GAIN_LONG: Final = 2
_LEAST: Final = 2 * 1024 * 1024  # on a longer path, as OpenSSH's client has from the start
_FADING: Final = 0.9  # a rate measured from a burst decays with each round
_ROUNDS: Final = 64  # rounds until the queues run empty for one
_BURST: Final = 512 * 1024  # two blocks in one write cost little more than one


class Flow:
    """Bound the bytes that one transfer has outstanding.

    A round begins with some bytes outstanding and ends when more than those are answered: then a
    request that was sent in the round has been answered.

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
        self._rounds = 0
        self._rate = 0.0
        self._burst = 0
        self._full = False

    @property
    def has_room(self) -> bool:
        """Return whether another block may be sent or asked for.

        On a short path, room for several blocks has to be free before sending goes on.
        """
        return not self._full and self.outstanding < self.limit

    def take(self, size: int, now: float) -> None:
        """Count bytes that were sent or requested at `now`, in seconds."""
        if self._since is None:
            self._begin(now)
        self.outstanding += size
        self._full = self.outstanding >= self.limit

    def give(self, size: int, now: float) -> None:
        """Count bytes that were answered, or given up, at `now`, in seconds."""
        self.outstanding -= size
        if self.outstanding <= self.limit - self._burst:
            self._full = False
        self._answered += size
        if self._since is None or self._answered <= self._ahead or now <= self._since:
            return
        self._measure(now - self._since)
        self._rounds += 1
        if self._rounds == _ROUNDS:
            self._rounds = 0
            self.limit = self._first
            self._trip = float("inf")
            self._since = None  # the first request that meets no queue has the round trip
        elif self.outstanding:
            self._begin(now)
        else:  # idle time is not a round trip
            self._since = None

    def _measure(self, elapsed: float) -> None:
        # the shortest is the round trip of the path: the others include queues
        self._trip = min(self._trip, elapsed)
        self._rate = max(self._answered / elapsed, self._rate * _FADING)
        if self._trip < _SHORT:
            gain, least, burst = _GAIN_SHORT, self._first, _BURST
        else:
            gain, least, burst = _GAIN_LONG, max(self._first, _LEAST), 0
        self.limit = int(min(max(gain * self._rate * self._trip, least), self._most))
        self._burst = min(burst, self.limit // 2)

    def _begin(self, now: float) -> None:
        self._since = now
        self._ahead = self.outstanding
        self._answered = 0
