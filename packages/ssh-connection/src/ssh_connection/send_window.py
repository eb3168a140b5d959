"""What leaves on a channel: data within the peer's window, and what follows it in order.

What window and transport do not take now is held back and sent later, in packets as large
as allowed.  EOF, exit status and CLOSE wait behind it as actions.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from struct import Struct
from typing import TYPE_CHECKING, Final

from ssh_connection.errors import ChannelViolation
from ssh_wire.numbers import MessageNumber

if TYPE_CHECKING:
    from ssh_connection.output import Output
    from ssh_wire.primitives import Buffer

__all__ = ["SendWindow"]

MAX_WINDOW: Final = 2**32 - 1
"""\"The window size MUST NOT be increased above 2^32 - 1 bytes.\""""

# ChannelData and ChannelExtendedData with their data in pieces, which a declaration has not;
# a test holds both against the declarations
_DATA_HEAD = Struct(">BII")
_EXTENDED_HEAD = Struct(">BIII")

_DATA: Final = MessageNumber.CHANNEL_DATA.value
_EXTENDED_DATA: Final = MessageNumber.CHANNEL_EXTENDED_DATA.value

_BURST: Final = 256 * 1024
"""Bytes that leave in one go: a block of a file, so that none is cut for a moment's sake."""

_Held = tuple[int | None, memoryview]


class SendWindow:
    """The sending direction of one channel.

    Args:
        output: the way to the peer.
        limit: bytes held back at which the writer is asked to pause.
        pause: asks it.
        resume: lets it go on, when half of them have left.

    Attributes:
        window: the bytes that may still be sent.
        held: the bytes that were written and could not be sent yet.
    """

    __slots__ = (
        "_granted",
        "_limit",
        "_max_data",
        "_output",
        "_pause",
        "_paused",
        "_remote",
        "_resume",
        "_waiting",
        "held",
        "window",
    )

    def __init__(
        self,
        output: Output,
        limit: int,
        pause: Callable[[], None],
        resume: Callable[[], None],
    ) -> None:
        self.window: int = 0
        self._granted = 0
        self.held: int = 0
        self._output = output
        self._limit = limit
        self._pause = pause
        self._resume = resume
        self._remote = 0
        self._max_data = 0
        self._waiting: deque[_Held | Callable[[], None]] = deque()
        self._paused = False

    def begin(self, remote: int, window: int, max_data: int) -> None:
        """Take over the peer's side of the agreement."""
        self._remote = remote
        self.window = self._granted = window
        self._max_data = max_data

    def adjust(self, increment: int) -> bool:
        """Take more window; return whether data waits for it.

        Raises:
            ChannelViolation: it is more than a window may be.
        """
        self.window += increment
        self._granted += increment
        if self.window > MAX_WINDOW:
            problem = "WINDOW_ADJUST raises the window above 2^32 - 1"
            raise ChannelViolation(problem)
        return self.held > 0

    @property
    def sent(self) -> int:
        """Bytes that have been sent since the window was opened."""
        return self._granted - self.window

    def write(self, data_type: int | None, parts: tuple[Buffer, ...]) -> None:
        """Send data; keep what cannot leave now."""
        size = 0
        for part in parts:
            size += len(part)
            if type(part) is memoryview and part.nbytes != len(part):
                size = MAX_WINDOW + 1  # a view of larger items is sent as the bytes it has
        if not (
            0 < size <= min(self.window, _BURST)
            and self._max_data
            and not self._waiting
            and not self._output.congested
        ):
            if size:
                self._queue(data_type, parts)
        elif size <= self._max_data:
            self.window -= size
            self._output.send_payload(self._head(data_type, size), *parts)
        else:
            self.window -= size
            self._cut(data_type, [memoryview(part) for part in parts])

    def in_order(self, action: Callable[[], None]) -> None:
        """Do something when all that was written has left."""
        if self._waiting:
            self._waiting.append(action)
        else:
            action()

    def pump(self) -> None:
        """Send what was held back, as far as window and transport allow."""
        waiting = self._waiting
        while waiting:
            entry = waiting[0]
            if callable(entry):
                waiting.popleft()
                entry()
                continue
            room = min(self.window, _BURST)
            if not room or not self._max_data or self._output.congested:
                break
            self._send_waiting(entry[0], room)
        if self._paused and self.held <= self._limit // 2:
            self._paused = False
            self._resume()

    def drop(self) -> None:
        """Forget what waits: the channel is over."""
        self._waiting.clear()
        self.held = 0

    # ------------------------------------------------------------- inside

    def _queue(self, data_type: int | None, parts: tuple[Buffer, ...]) -> None:
        waiting = self._waiting
        for part in parts:
            view = memoryview(part)
            if view.nbytes:
                waiting.append((data_type, view.cast("B")))
                self.held += view.nbytes
        self.pump()
        # whoever keeps data copies it, except what cannot change
        for at in range(-1, -1 - min(len(parts), len(waiting)), -1):
            entry = waiting[at]
            if not callable(entry) and not isinstance(entry[1].obj, bytes):
                waiting[at] = (data_type, memoryview(bytes(entry[1])))
        if self.held > self._limit and not self._paused:
            self._paused = True
            self._pause()

    def _send_waiting(self, data_type: int | None, room: int) -> None:
        """Send up to `room` bytes of one type of what waits, in packets as large as allowed."""
        waiting = self._waiting
        pieces: list[memoryview] = []
        left = room
        while left and waiting:
            entry = waiting[0]
            if callable(entry) or entry[0] != data_type:
                break
            piece = entry[1]
            if len(piece) > left:
                waiting[0] = (data_type, piece[left:])
                piece = piece[:left]
            else:
                waiting.popleft()
            left -= len(piece)
            pieces.append(piece)
        self.window -= room - left
        self.held -= room - left
        self._cut(data_type, pieces)

    def _cut(self, data_type: int | None, pieces: list[memoryview]) -> None:
        """Send what these pieces make in a row, in packets as large as allowed."""
        most = missing = self._max_data
        full = self._head(data_type, most)
        packets: list[tuple[Buffer, ...]] = []
        begun: list[Buffer] = []  # of a packet that is not full
        for piece in pieces:
            end = len(piece)
            if end < missing:
                begun.append(piece)
                missing -= end
                continue
            packets.append((full, *begun, piece[:missing]))
            stop = end - (end - missing) % most
            packets += [(full, piece[at : at + most]) for at in range(missing, stop, most)]
            begun = [piece[stop:]]
            missing = most - (end - stop)
        if missing < most:
            packets.append((self._head(data_type, most - missing), *begun))
        self._output.send_payloads(packets)

    def _head(self, data_type: int | None, size: int) -> bytes:
        if data_type is None:
            return _DATA_HEAD.pack(_DATA, self._remote, size)
        return _EXTENDED_HEAD.pack(_EXTENDED_DATA, self._remote, data_type, size)
