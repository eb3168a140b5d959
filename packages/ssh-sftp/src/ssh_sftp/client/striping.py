"""One large upload over several sessions: each has a range of the file, and writes it.

A server grants each channel a window, 2 MiB as a rule, and no more than that is on the way in one
round trip.  So the rate over a long line grows with the number of channels.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Final, Protocol

from ssh_sftp.client.extents import Extents
from ssh_sftp.client.protocol import Outcome
from ssh_sftp.client.requests import FileRequests
from ssh_sftp.client.scheduler import Scheduler
from ssh_sftp.client.storage import FileSource
from ssh_sftp.client.upload_states import (
    CLOSING,
    DONE,
    OPENING,
    OVER,
    UNDOING,
    Closing,
    Done,
    Opening,
    SentBlocks,
    Undoing,
    Writing,
)
from ssh_sftp.errors import SFTPTransferError, outcome_error, status_error
from ssh_sftp.messages import Close, Handle, Open, Status, Write
from ssh_sftp.numbers import OpenFlags, StatusCode
from ssh_wire import lazy_attrs

__all__ = ["StripeUpload", "StripedFile", "Stripes", "split"]

_LEAST: Final = 4 * 1024 * 1024
"""The fewest bytes of one range: less is sent before another session is of use."""


@lazy_attrs.frozen(kw_only=True)
class StripedFile:
    """An upload whose ranges several sessions write.

    Attributes:
        path: the file that is written on the server; it exists.
        source: the local file.
        sent: called with the bytes of each block that a session was told to be written.
        done: called once when all ranges but the first are written, with the error or None.
    """

    path: str
    source: FileSource
    sent: Callable[[int], None]
    done: Callable[[Exception | None], None]


class Stripes(Protocol):
    """The further sessions of one upload."""

    @property
    def count(self) -> int:
        """How many there are."""
        ...

    def begin(self, file: StripedFile, ranges: list[tuple[int, int]]) -> None:
        """Write one range over each session."""

    def stop(self) -> None:
        """Write no more; `done` of the file is called when nothing is outstanding."""


def split(size: int, sessions: int) -> list[tuple[int, int]]:
    """Return the ranges of a file of `size` bytes, for so many sessions or for fewer."""
    count = max(1, min(sessions, size // _LEAST))
    cuts = [size * index // count for index in range(count + 1)]
    return list(pairwise(cuts))


class StripeUpload:
    """Write one range of a file over one session.

    Args:
        scheduler: the transfer of that session.
        file: the upload.
        begin: the offset of the first byte.
        end: the offset behind the last one.
    """

    def __init__(self, scheduler: Scheduler, file: StripedFile, begin: int, end: int) -> None:
        self._scheduler = scheduler
        self._protocol = scheduler.protocol
        self._file = file
        self._extents = Extents(((begin, end),))
        self._requests = FileRequests(self._protocol, self, self._advance)
        self._sent = SentBlocks()
        self._state: Opening | Writing | Closing | Undoing | Done = OPENING

    def start(self) -> None:
        """Open the file."""
        flags = OpenFlags.WRITE.value
        request = Open(id=self._requests.next_id, path=self._file.path, flags=flags)
        self._requests.ask(request, self._on_open, Handle)

    def fill(self) -> None:
        """Send blocks while there is room."""
        state, protocol, flow = self._state, self._protocol, self._scheduler.flow
        if not isinstance(state, Writing):
            return
        try:
            while not state.extents.exhausted and flow.has_room and protocol.writable:
                self._send(state, *state.extents.take(protocol.write_block))
        except (OSError, SFTPTransferError) as error:
            self._fail(error)

    def abort(self) -> None:
        """Close the file."""
        state = self._state
        if isinstance(state, OVER):
            return
        self._state = UNDOING
        if isinstance(state, Writing):
            self._requests.ignore(Close(id=self._requests.next_id, handle=state.handle))
        self._advance()

    def drop(self) -> None:
        """Forget the file; its handle ends with the session."""
        self._state = DONE
        self._scheduler.flow.give(self._sent.give_up(), self._protocol.now)

    def broken(self, error: Exception) -> None:
        """Handle an exception in one of the callbacks below."""
        self._scheduler.broken(self, error)

    def _fail(self, error: Exception) -> None:
        if not isinstance(self._state, OVER):
            self.abort()
            self._scheduler.failed(self._file.path, error)

    def _on_open(self, outcome: Outcome) -> None:
        if not isinstance(outcome, Handle):
            self._fail(outcome_error(outcome, self._file.path))
        elif isinstance(self._state, Opening):
            self._state = Writing(outcome.handle, self._file.source, self._extents)
            self.fill()
        else:
            self._requests.ignore(Close(id=self._requests.next_id, handle=outcome.handle))

    def _send(self, state: Writing, offset: int, length: int) -> None:
        data = state.source.read(length, offset)
        if len(data) != length:
            problem = "it became shorter while it was read"
            raise SFTPTransferError(state.source.path, problem)
        number = self._protocol.next_id()
        self._sent.blocks[number] = (offset, length)
        self._scheduler.flow.take(length, self._protocol.now)
        write = Write(id=number, handle=state.handle, offset=offset, data=data)
        self._protocol.submit_now(write, self._on_written, self)

    def _on_written(self, outcome: Outcome) -> None:
        flow, now = self._scheduler.flow, self._protocol.now
        self._scheduler.touch()
        if not isinstance(outcome, Status):  # the session has ended
            flow.give(self._sent.give_up(), now)
            self._fail(outcome_error(outcome, self._file.path))
        else:
            _, length = self._sent.blocks.pop(outcome.id)
            flow.give(length, now)
            if outcome.code != StatusCode.OK:
                self._fail(status_error(outcome.code, outcome.text, self._file.path))
            elif isinstance(self._state, Writing):
                self._file.sent(length)
        self._advance()

    def _on_closed(self, outcome: Outcome) -> None:
        if not isinstance(outcome, Status):
            self._fail(outcome_error(outcome, self._file.path))
        elif outcome.code != StatusCode.OK:
            self._fail(status_error(outcome.code, outcome.text, self._file.path))

    def _advance(self) -> None:
        """Do the next step if nothing is outstanding."""
        if self._sent.blocks or self._requests.waiting:
            return
        state = self._state
        if isinstance(state, Writing) and state.extents.exhausted:
            self._state = CLOSING
            closing = Close(id=self._requests.next_id, handle=state.handle)
            self._requests.ask(closing, self._on_closed)
        elif isinstance(state, Closing):
            self._state = DONE
            self._scheduler.completed(self, 0)
        elif isinstance(state, Undoing):
            self._state = DONE
            self._scheduler.ended(self)
