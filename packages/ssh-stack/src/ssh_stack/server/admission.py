"""Bounds on unauthenticated connections: OpenSSH's MaxStartups, and a cap for each source."""

from __future__ import annotations

from collections import Counter
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Self

from ssh_wire import UsageError, lazy_attrs

__all__ = ["Admission", "MaxStartups", "RefusalReports", "network"]

_PERCENT = 100
_PAUSE = 60.0  # seconds between two reports of a flood
_PREFIX = 64  # what one customer of an IPv6 provider has at the least


@lazy_attrs.frozen(kw_only=True)
class MaxStartups:
    """Bounds on connections that are not authenticated yet (sshd_config(5), MaxStartups).

    Attributes:
        start: How many are always accepted.
        rate: The chance, in percent, that one more than `start` is refused; it grows up to `full`.
        full: How many there may be at the most.
        per_source: How many of them may come from one address, or from one /64 of IPv6.
    """

    start: int = 10
    rate: int = 30
    full: int = 100
    per_source: int = 16

    def __attrs_post_init__(self) -> None:
        if not (
            0 < self.start <= self.full and 0 <= self.rate <= _PERCENT and self.per_source > 0
        ):
            problem = "MaxStartups is start:rate:full, with 0 < start <= full, and a percentage"
            raise UsageError(problem)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the bounds that sshd_config's "start:rate:full" stands for.

        Raises:
            UsageError: it is not valid.
        """
        words = text.split(":")
        if len(words) != 3 or not all(word.isascii() and word.isdigit() for word in words):  # noqa: PLR2004 (start, rate, full)
            problem = f"{text!r} is not start:rate:full"
            raise UsageError(problem)
        start, rate, full = map(int, words)
        return cls(start=start, rate=rate, full=full)


def network(host: str) -> str:
    """Return what counts as one source: an IPv4 address, or a /64 of IPv6."""
    try:
        address: IPv4Address | IPv6Address = ip_address(host.partition("%")[0])
    except ValueError:
        return host
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is None:
            return str(ip_network((address, _PREFIX), strict=False))
        address = address.ipv4_mapped
    return str(address)


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
        """Return whether a connection from `source` is accepted, and count it if it is.

        Args:
            source: the network it comes from.
            chance: a random number from 0 to 1, 1 excluded.
        """
        if (
            self._waiting[source] >= self._bounds.per_source
            or chance < self._refusal_probability()
        ):
            return False
        self._waiting[source] += 1
        return True

    def release(self, source: str) -> None:
        """Count a connection off that is authenticated, or gone."""
        self._waiting[source] -= 1
        if self._waiting[source] <= 0:
            del self._waiting[source]

    def _refusal_probability(self) -> float:
        """Return the probability of a refusal: 0 up to `start`, then `rate`, up to 1 at `full`."""
        start, rate, full = self._bounds.start, self._bounds.rate / _PERCENT, self._bounds.full
        waiting = self.waiting
        if waiting >= full:
            return 1.0
        if waiting < start:
            return 0.0
        return rate + (1 - rate) * (waiting - start) / (full - start)


class RefusalReports:
    """Decides which refusals are reported: who floods the door does not flood the log."""

    def __init__(self) -> None:
        self._untold = 0
        self._next = float("-inf")

    def report(self, now: float) -> int | None:
        """Count a refusal at `now`, in seconds.

        Return how many before it went without a report, or None where it goes without, too.
        """
        if now < self._next:
            self._untold += 1
            return None
        untold, self._untold = self._untold, 0
        self._next = now + _PAUSE
        return untold
