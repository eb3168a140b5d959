"""Penalties for sources whose clients do not log in: PerSourcePenalties of sshd_config(5)."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from ipaddress import ip_address, ip_network
from itertools import islice
from typing import Final

from ssh_wire import UsageError, lazy_attrs

__all__ = ["Offence", "Penalties", "PenaltyBook"]

_LOOPBACK: Final = ("127.0.0.0/8", "::1/128")


class Offence(Enum):
    """How a connection has ended without a login."""

    AUTH_FAILURE = "auth_failure"
    NO_AUTH = "no_auth"
    GRACE_EXCEEDED = "grace_exceeded"


@lazy_attrs.frozen(kw_only=True)
class Penalties:
    """How long a source is refused, in seconds; the penalties of one source add up.

    Attributes:
        auth_failure: For a client that tried to authenticate and did not succeed.
        no_auth: For one that did not try.
        grace_exceeded: For one that took longer than `login_grace`.
        minimum: From how much on the source is refused.
        maximum: How much one source may add up to.
        sources: How many sources are kept; beyond them, those that are released first are dropped.
        exempt: Networks without penalties.  Loopback addresses are: many clients share them.

    Raises:
        UsageError: a number is negative, or a network is not one.
    """

    auth_failure: float = 5.0
    no_auth: float = 1.0
    grace_exceeded: float = 10.0
    minimum: float = 15.0
    maximum: float = 600.0
    sources: int = 65_536
    exempt: Sequence[str] = _LOOPBACK

    def __attrs_post_init__(self) -> None:
        numbers = (self.auth_failure, self.no_auth, self.grace_exceeded, self.minimum)
        if min(numbers) < 0 or self.maximum < self.minimum or self.sources < 1:
            problem = "penalties are seconds from 0, minimum <= maximum, and sources is from 1"
            raise UsageError(problem)
        try:
            for each in self.exempt:
                ip_network(each)
        except ValueError as error:
            problem = f"exempt is a list of networks: {error}"
            raise UsageError(problem) from None

    def exempts(self, host: str) -> bool:
        """Return whether an address has no penalties; what is not an address has none."""
        try:
            address = ip_address(host.partition("%")[0])
        except ValueError:
            return True
        mapped = getattr(address, "ipv4_mapped", None)
        return any((mapped or address) in ip_network(each) for each in self.exempt)


class PenaltyBook:
    """The penalties of a server: times are seconds of any one clock."""

    def __init__(self, penalties: Penalties) -> None:
        self._penalties = penalties
        self._released: dict[str, float] = {}
        self._refused: set[str] = set()

    def penalise(self, source: str, offence: Offence, now: float) -> bool:
        """Add a penalty to a source; return whether that is when it begins to be refused.

        Args:
            source: the network, of `admission.network`.
            offence: what its client has done.
            now: the time.
        """
        given = self._penalties
        seconds: float = getattr(given, offence.value)
        self._forget(now)
        if not seconds:
            return False
        begins = max(self._released.pop(source, now), now)
        # the order is that of the last offence, so that the oldest one goes first
        self._released[source] = min(begins + seconds, now + given.maximum)
        while len(self._released) > given.sources:
            first = min(self._released, key=self._released.__getitem__)
            self._drop(first)
        enough = self._released.get(source, now) - now >= given.minimum
        begun = enough and source not in self._refused
        if begun:
            self._refused.add(source)
        return begun

    def refuses(self, source: str, now: float) -> bool:
        """Return whether a source is refused."""
        if source in self._refused and self._released[source] <= now:
            self._drop(source)
        return source in self._refused

    def _forget(self, now: float) -> None:
        """Drop what is over, a few at a time, the oldest first."""
        for source in [*islice(self._released, 2)]:
            if self._released[source] <= now:
                self._drop(source)

    def _drop(self, source: str) -> None:
        del self._released[source]
        self._refused.discard(source)
