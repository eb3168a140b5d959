"""Is the peer still there?  Asked after silence, answered by anything that arrives.

Any reply to a global request counts, also a refusal (OpenSSH's ServerAliveInterval and
ServerAliveCountMax); so does any other data, so a busy connection is never asked.
"""

from __future__ import annotations

__all__ = ["Keepalive"]


class Keepalive:
    """Decides when to ask, and when to give the peer up.

    Args:
        interval: seconds of silence after which the peer is asked.
        count_max: questions without any sign of life after which the peer is gone.
        now: the time of the start, in seconds of a monotonic clock.
    """

    def __init__(self, interval: float, count_max: int, now: float) -> None:
        self.interval = interval
        self.count_max = count_max
        self._received = now
        self._asked = 0
        self._next = now + interval

    def received(self, now: float) -> None:
        """Count something that the peer sent as a sign of its life."""
        self._received = now
        self._asked = 0

    @property
    def deadline(self) -> float:
        """When `tick` wants to be called next."""
        return self._next

    def tick(self, now: float) -> bool:
        """Return whether the peer is to be asked now.

        Raises:
            TimeoutError: it gave no sign of life to `count_max` questions.
        """
        if now < self._next:
            return False
        if not self._asked and now < self._received + self.interval:
            self._next = self._received + self.interval
            return False
        if self._asked >= self.count_max:
            silence = now - self._received
            problem = f"the peer has been silent for {silence:.0f} s"
            raise TimeoutError(problem)
        self._asked += 1
        self._next = now + self.interval
        return True
