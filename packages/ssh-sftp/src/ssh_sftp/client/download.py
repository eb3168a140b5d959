"""Download one file: blocks are requested ahead, and accepted in any order.

The size is the one that the server reported; the file is complete when exactly these bytes have
arrived.  If the server reports no size, or zero (as for the files of /proc), the file is read
until EOF, or until DATA of no bytes, which means the same.  Small files cost two round trips:
OPEN, then READ and CLOSE together.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Final

from ssh_sftp.client.flow import Flow
from ssh_sftp.client.protocol import Outcome, SFTPClientProtocol
from ssh_sftp.client.scheduler import Scheduler
from ssh_sftp.client.storage import FileSink
from ssh_sftp.errors import (
    SFTPConnectionLost,
    SFTPError,
    SFTPProtocolError,
    SFTPTransferError,
    status_error,
)
from ssh_sftp.messages import Close, Data, Handle, Open, Read, Status
from ssh_sftp.numbers import SAFE_READ, OpenFlags, StatusCode
from ssh_wire import ProtocolError
from ssh_wire.guarded import guarded

__all__ = ["FileDownload", "outcome_error"]

_SLOW_START: Final = 2


def outcome_error(outcome: Outcome, path: str | None) -> Exception:
    """Return the error of an outcome that is not the expected reply; it has the path."""
    match outcome:
        case Status():
            return status_error(outcome.code, outcome.text, path)
        case SFTPConnectionLost():
            lost = SFTPConnectionLost(outcome.text, path)
            lost.__cause__ = outcome.__cause__
            return lost
        case SFTPError() | ProtocolError():
            return outcome
        case _:
            return SFTPProtocolError(f"{type(outcome).__name__} is not an expected reply")


class FileDownload:
    """Download a file from the server into a sink."""

    def __init__(self, scheduler: Scheduler, path: str, size: int | None, sink: FileSink) -> None:
        self._scheduler = scheduler
        self._path = path
        self._reported_size = size
        self._sink = sink
        self._handle: bytes | None = None
        self._blocks: dict[int, tuple[int, int]] = {}
        self._next = 0
        self._received = 0
        self._unwritten = 0
        self._end: int | None = self._size
        self._small = self._size is not None and self._size <= min(
            SAFE_READ, scheduler.protocol.read_block
        )
        self._opening = False
        self._closing = False
        self._aborted = False
        self._over = False

    @property
    def _size(self) -> int | None:
        return self._reported_size or None

    @property
    def _protocol(self) -> SFTPClientProtocol:
        return self._scheduler.protocol

    @property
    def _flow(self) -> Flow:
        return self._scheduler.flow

    # ------------------------------------------------------------------ steps

    def start(self) -> None:
        """Open the file on the server."""
        self._opening = True
        number = self._protocol.next_id()
        request = Open(id=number, path=self._path, flags=OpenFlags.READ.value)
        self._protocol.submit(request, Handle, self._on_open, self)

    def fill(self) -> None:
        """Request blocks while there is room."""
        if self._handle is None or self._aborted or self._closing:
            return
        block = self._protocol.read_block
        while self._flow.has_room and (self._end is None or self._next < self._end):
            if self._size is None and not self._may_guess():
                break
            length = block if self._end is None else min(block, self._end - self._next)
            self._flow.take(length, self._protocol.now)
            self._ask(self._handle, self._next, length)
            self._next += length
        if self._small and self._next == self._end:
            self._close()

    def abort(self) -> None:
        """Close the handle, and remove the local file."""
        if not self._aborted:
            self._aborted = True
            self._discard()
            self._close()
            self._maybe_end()

    def drop(self) -> None:
        """Remove the local file; the handle ends with the session."""
        self._over = True
        self._flow.give(sum(n for _, n in self._blocks.values()), self._protocol.now)
        self._blocks.clear()
        if not self._aborted:
            self._aborted = True
            self._discard()

    def broken(self, error: Exception) -> None:
        """Handle an exception in one of the callbacks below."""
        self._scheduler.broken(self, error)

    def _fail(self, error: Exception) -> None:
        if not self._aborted:
            self._scheduler.failed(self._path, error)
            self.abort()

    def _discard(self) -> None:
        with suppress(Exception):  # an earlier error is reported already
            self._sink.discard()

    def _may_guess(self) -> bool:
        """Return whether to request bytes beyond the known size: at most as many again."""
        return len(self._blocks) < _SLOW_START + self._received // SAFE_READ

    def _ask(self, handle: bytes, offset: int, length: int) -> None:
        number = self._protocol.next_id()
        self._blocks[number] = (offset, length)
        request = Read(id=number, handle=handle, offset=offset, length=length)
        self._protocol.submit(request, Data, self._on_block, self)

    def _close(self) -> None:
        if self._handle is not None and not self._closing:
            self._closing = True
            request = Close(id=self._protocol.next_id(), handle=self._handle)
            self._protocol.submit(request, Status, self._on_closed, self)

    # ------------------------------------------------------------------ replies

    def _on_open(self, outcome: Outcome) -> None:
        self._opening = False
        if not isinstance(outcome, Handle):
            self._fail(outcome_error(outcome, self._path))
            self._maybe_end()
            return
        self._handle = outcome.handle
        if self._aborted:
            self._close()
        else:
            self.fill()
            self._scheduler.touch()

    def _on_block(self, outcome: Outcome) -> None:
        if isinstance(outcome, Data):
            self._take(outcome)
        elif isinstance(outcome, Status):
            self._refused(outcome)
        else:  # the session has ended: no block will arrive
            self._flow.give(sum(n for _, n in self._blocks.values()), self._protocol.now)
            self._blocks.clear()
            self._fail(outcome_error(outcome, self._path))
        if not self._blocks:
            self._maybe_end()

    def _take(self, reply: Data) -> None:
        offset, length = self._blocks.pop(reply.id)
        size = len(reply.data)
        if size > length:
            self._flow.give(length, self._protocol.now)
            problem = f"{size} bytes answer a READ of {length}"
            raise SFTPProtocolError(problem)
        if size == 0:  # some servers mean EOF; asking again might never end
            self._flow.give(length, self._protocol.now)
            self._scheduler.touch()
            self._ends_at(offset)
            return
        if size < length:
            if self._handle is None or self._aborted or self._closing:
                self._flow.give(length - size, self._protocol.now)
            else:
                self._ask(self._handle, offset + size, length - size)
        if self._aborted:
            self._flow.give(size, self._protocol.now)
            return
        self._received += size
        self._unwritten += 1
        self._scheduler.touch()
        try:  # without `guarded`: there is one for each block
            self._sink.write(memoryview(reply.data), offset, self._on_written)
        except Exception as error:  # noqa: BLE001 (every error of a sink is reported)
            self._on_written(size, error)
        else:
            self._scheduler.report(self._received, self._size, self._path)

    def _refused(self, reply: Status) -> None:
        offset, length = self._blocks.pop(reply.id)
        self._flow.give(length, self._protocol.now)
        self._scheduler.touch()
        if reply.code == StatusCode.EOF:
            self._ends_at(offset)
        else:
            self._fail(status_error(reply.code, reply.text, self._path))

    def _ends_at(self, offset: int) -> None:
        """Note that the file ends at `offset`, or before."""
        if self._size is not None:
            problem = f"it ends at byte {offset}, and its reported size is {self._size}"
            self._fail(SFTPTransferError(self._path, problem))
        else:
            self._end = min(offset, self._end) if self._end is not None else offset

    def _on_written(self, size: int, error: Exception | None) -> None:
        """Count what the sink has written; it may report that outside of any reply."""
        try:  # without `guarded`: there is one for each block
            self._unwritten -= 1
            self._flow.give(size, self._protocol.now)
            if error is not None:
                self._fail(error)
            if not self._blocks:
                self._scheduler.touch()
                self._maybe_end()
        except Exception as raised:  # noqa: BLE001 (every error of a file is reported)
            self.broken(raised)

    def _on_closed(self, outcome: Outcome) -> None:
        # "even a close can fail": the bytes have arrived nevertheless
        self._handle = None
        self._closing = False
        if not isinstance(outcome, Status):
            self._fail(outcome_error(outcome, self._path))
        self._maybe_end()

    # ------------------------------------------------------------------ the end

    def _maybe_end(self) -> None:
        if self._blocks or self._opening or self._over or self._unwritten:
            return
        if not self._aborted and (self._end is None or self._next < self._end):
            return
        if self._handle is not None:
            self._close()
            return
        if not self._aborted and self._small and self._received < self._next:
            self._small = False  # the server returned less than 32 KiB at once: request the rest
            self._next = self._received
            self.start()
            return
        if self._aborted:
            self._over = True
            self._scheduler.ended(self)
        elif self._received != self._end:
            problem = f"it changed while it was read: {self._received} bytes came of {self._end}"
            self._fail(SFTPTransferError(self._path, problem))
        else:
            self._over = True
            self._finish()

    def _finish(self) -> None:
        with guarded(self._on_finished):
            if self._received == 0:
                self._scheduler.report(0, 0, self._path)
            self._sink.finish(self._on_finished)

    def _on_finished(self, error: Exception | None) -> None:
        if error is None:
            checked = self._reported_size == self._received
            self._scheduler.completed(self, self._received, checked=checked)
            return
        self._scheduler.failed(self._path, error)
        if not self._aborted:
            self._aborted = True
            self._discard()
        self._scheduler.ended(self)
