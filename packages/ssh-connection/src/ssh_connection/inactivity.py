"""Which channels carry nothing any more, and whether the connection has none.

ChannelTimeout of ssh_config(5) and sshd_config(5), UnusedConnectionTimeout of the latter.  Time is
an argument, and what a channel has carried is looked at now and then: a channel is closed at its
timeout, and at most an eighth of the shortest one later.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from typing import Final, NamedTuple

from ssh_wire import lazy_attrs

__all__ = ["Carried", "Expired", "Inactivity", "timeout_of"]

_LOOKS: Final = 8  # in the shortest timeout
_GLOBAL: Final = "global"
_LABELS: Final = {
    "x11": "x11-connection",
    "auth-agent@openssh.com": "agent-connection",
    "agent-connect": "agent-connection",
    "tun@openssh.com": "tun-connection",
}
"""What OpenSSH calls channels whose type on the wire is another (channels.c)."""


class Carried(NamedTuple):
    """A channel that is open, and what it has carried so far."""

    number: int
    kind: str
    total: int


@lazy_attrs.frozen
class Expired:
    """What is over."""

    channels: Sequence[tuple[int, float]]
    """Numbers of channels to close, each with its timeout."""
    connection: bool
    """Whether the connection is to be ended, which has no channel."""


def timeout_of(kind: str, timeouts: Sequence[tuple[str, float]]) -> float:
    """Return the timeout of a type of channel; 0 for none."""
    name = _LABELS.get(kind, kind)
    matching = (
        seconds
        for pattern, seconds in timeouts
        if pattern != _GLOBAL and fnmatchcase(name, pattern.replace("[", "[[]"))
    )
    return next(matching, 0.0)


class Inactivity:
    """Finds what has been idle for too long.

    Args:
        timeouts: as `ConnectionLimits.channel_timeouts`.
        unused: as `ConnectionLimits.unused_timeout`.
        now: the time, in seconds of a monotonic clock.
    """

    def __init__(
        self, timeouts: Sequence[tuple[str, float]], unused: float | None, now: float
    ) -> None:
        self._timeouts = tuple(timeouts)
        self._unused = unused or 0.0
        self._global = next((s for name, s in timeouts if name == _GLOBAL), 0.0)
        self._used = self._moved = now
        self._seen: dict[int, tuple[int, float]] = {}  # what was carried, and since when
        self.interval: float = self._shortest() / _LOOKS
        """Seconds between two looks; 0 where there is nothing to look for."""

    def _shortest(self) -> float:
        return min((s for _, s in (*self._timeouts, ("", self._unused)) if s > 0), default=0.0)

    def look(self, channels: Iterable[Carried], now: float) -> Expired:
        """Return what is over.

        Args:
            channels: the channels that are open.
            now: the time.
        """
        before, self._seen = self._seen, {}
        for number, _, total in channels:
            carried, since = before.get(number, (-1, now))
            moved = carried != total
            self._seen[number] = (total, now if moved else since)
            if moved:
                self._moved = now
        kinds = {number: kind for number, kind, _ in channels}
        if kinds:
            self._used = now
        over = [
            (number, seconds)
            for number, (_, since) in self._seen.items()
            if (seconds := self._limit(kinds[number], since, now))
        ]
        unused = bool(self._unused) and not kinds and now - self._used >= self._unused
        return Expired(over, unused)

    def _limit(self, kind: str, since: float, now: float) -> float:
        """Return the timeout that a channel has exceeded; 0 for none."""
        own = timeout_of(kind, self._timeouts)
        if own and now - since >= own:
            return own
        return self._global if self._global and now - self._moved >= self._global else 0.0
