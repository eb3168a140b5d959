"""How many strangers may stand at the door: OpenSSH's MaxStartups, and a cap per source."""

from __future__ import annotations

from collections import Counter

import attrs

__all__ = ["Admission", "MaxStartups"]

_PERCENT = 100


@attrs.frozen(kw_only=True)
class MaxStartups:
    """Bounds on connections that are not authenticated yet (sshd_config(5), MaxStartups)."""

    start: int = 10
    """How many are always let in."""
    rate: int = 30
    """The chance, in percent, that one more than `start` is refused; it grows up to `full`."""
    full: int = 100
    """How many there may be at the most."""
    per_source: int = 16
    """How many of them may come from one address."""


class Admission:
    """Counts those who are not authenticated yet, and decides who may join them."""

    def __init__(self, bounds: MaxStartups) -> None:
        self._bounds = bounds
        self._waiting: Counter[str] = Counter()

    @property
    def waiting(self) -> int:
        """How many are not authenticated yet."""
        return self._waiting.total()

    def admit(self, source: str, chance: float) -> bool:
        """Return whether a connection from `source` is let in, and count it if it is.

        Args:
            source: the address it comes from.
            chance: a random number from 0 to 1, 1 excluded.
        """
        if self._waiting[source] >= self._bounds.per_source or chance < self._refusal():
            return False
        self._waiting[source] += 1
        return True

    def release(self, source: str) -> None:
        """One that was let in is authenticated, or gone."""
        self._waiting[source] -= 1
        if self._waiting[source] <= 0:
            del self._waiting[source]

    def _refusal(self) -> float:
        """The chance to be refused: 0 up to `start`, then `rate`, in a line to 1 at `full`."""
        start, rate, full = self._bounds.start, self._bounds.rate / _PERCENT, self._bounds.full
        waiting = self.waiting
        if waiting < start:
            return 0.0
        if waiting >= full:
            return 1.0
        return rate + (1 - rate) * (waiting - start) / (full - start)
