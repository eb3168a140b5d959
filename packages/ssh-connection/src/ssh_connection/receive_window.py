"""What arrives on a channel: the window that the peer has, charged and granted again.

The count is exact: nothing is accepted beyond what was granted, and the sum of all
grants is the first window plus what was consumed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from ssh_connection.errors import ChannelViolation

__all__ = ["ReceiveWindow"]

_GRANTED: Final = 8
"""The part of the window that is granted at a time."""


class ReceiveWindow:
    """The receiving direction of one channel.

    Attributes:
        window: the bytes that the peer may still send.
        ended: whether no more window is granted: the peer has sent EOF, or we CLOSE.
    """

    __slots__ = (
        *("_credit", "_full", "_grant", "_granted", "_max_packet", "_paused"),
        *("ended", "window"),
    )

    def __init__(self, window: int, max_packet: int, grant: Callable[[int], None]) -> None:
        self.window: int = window
        self.ended: bool = False
        self._full = self._granted = window
        self._max_packet = max_packet
        self._credit = 0
        self._paused = False
        self._grant = grant

    def charge(self, size: int) -> None:
        """Count data that arrived.

        Raises:
            ChannelViolation: it is more than the peer may send.
        """
        if size > self._max_packet:
            problem = f"{size} bytes of data are more than the maximum packet size"
            raise ChannelViolation(problem)
        if size > self.window:
            problem = f"{size} bytes of data exceed the window of {self.window}"
            raise ChannelViolation(problem)
        self.window -= size

    @property
    def received(self) -> int:
        """Bytes that have arrived since the window was opened."""
        return self._granted - self.window

    def consumed(self, count: int) -> None:
        """Count data as consumed; grant the peer more once an eighth of the window is.

        What is consumed and not granted yet is missing from the window of a long line: with half
        of it, the rate of a sender that uses all of its window was half of what it may be.
        """
        self._credit += count
        if self._credit * _GRANTED >= self._full and not self._paused:
            self._give()

    def pause(self) -> None:
        """Grant no more; what the peer may send already still arrives."""
        self._paused = True

    def resume(self) -> None:
        """Grant again."""
        self._paused = False
        self.consumed(0)

    def _give(self) -> None:
        credit, self._credit = self._credit, 0
        if credit and not self.ended:
            self.window += credit
            self._granted += credit
            self._grant(credit)
