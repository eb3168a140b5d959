"""How many bytes a transfer keeps under way: found out by trying.

As TCP's slow start does: after each round of as many bytes as may be outstanding, more
are allowed as long as the last step made the transfer faster.  A short line stays at a
few MiB, which the caches like; a long one soon has what its delay needs.
"""

from __future__ import annotations

from typing import Final

__all__ = ["Flow"]

_FASTER: Final = 1.2


class Flow:
    """The bytes that one transfer may have outstanding.

    Attributes:
        limit: how many bytes may be outstanding now.
        outstanding: how many are.
    """

    def __init__(self, first: int, most: int, now: float) -> None:
        self.limit: int = first
        self.outstanding: int = 0
        self._most = most
        self._since = now
        self._passed = 0
        self._best = 0.0

    @property
    def has_room(self) -> bool:
        """Whether another block may be sent or asked for."""
        return self.outstanding < self.limit

    def take(self, size: int) -> None:
        """Count bytes that were sent or asked for."""
        self.outstanding += size

    def give(self, size: int, now: float) -> None:
        """Count bytes that were answered, or will never be."""
        self.outstanding -= size
        self._passed += size
        if self._passed >= self.limit and now > self._since:
            rate = self._passed / (now - self._since)
            if rate > self._best * _FASTER:
                self._best = rate
                self.limit = min(2 * self.limit, self._most)
            self._passed = 0
            self._since = now
