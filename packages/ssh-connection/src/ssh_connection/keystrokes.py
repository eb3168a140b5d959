"""When typed keys are sent, so that the times between them tell nothing about what is typed.

As OpenSSH does since 9.5 (ObscureKeystrokeTiming, clientloop.c): while a user types, a packet
leaves at each interval, with what was typed meanwhile or as chaff, and for a while after the last
key.
Intervals are randomized twice: each one, and the rate of all.  Time and randomness are arguments.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, auto
from typing import Final

__all__ = ["Keystrokes", "Tick"]

_MOST: Final = 256  # bytes: more was not typed
_FUZZ: Final = 0.1  # of the interval
_CHAFF_AT_LEAST: Final = 1.024  # seconds after the last key
_CHAFF_MORE: Final = 2.048


class Tick(Enum):
    """What is sent at an interval."""

    DATA = auto()
    CHAFF = auto()
    NOTHING = auto()
    """Nothing was typed for a while: keys are sent as they are typed until the next interval."""


class Keystrokes:
    """Decides when typed keys leave.

    Args:
        interval: seconds between two packets.
        random: returns a number from 0 up to 1.
    """

    def __init__(self, interval: float, random: Callable[[], float]) -> None:
        self._interval = interval
        self._random = random
        self._rate = 0.0
        self._chaff_until = 0.0
        self.deadline: float | None = None
        """When `tick` is to be called; None while keys are sent as they are typed."""

    def typed(self, size: int, now: float) -> bool:
        """Return whether to send now; else it waits for the next tick.

        Args:
            size: bytes that wait, with those that are new.
            now: the time, in seconds of a monotonic clock.
        """
        if size >= _MOST:
            self.stop()
            return True
        self._chaff_until = now + _CHAFF_AT_LEAST + self._random() * _CHAFF_MORE
        if self.deadline is not None:
            return False
        self._rate = self._fuzz()
        self._advance(now)
        return True

    def tick(self, now: float, *, waiting: bool) -> Tick:
        """Return what to send: the deadline has come."""
        if not waiting and now >= self._chaff_until:
            self.stop()
            return Tick.NOTHING
        self._advance(now)
        return Tick.DATA if waiting else Tick.CHAFF

    def stop(self) -> None:
        """Send keys as they are typed, until the next one."""
        self.deadline = None

    def _fuzz(self) -> float:
        return self._interval * _FUZZ * self._random()

    def _advance(self, now: float) -> None:
        self.deadline = now + self._interval * (1 - _FUZZ) + self._fuzz() + self._rate
