"""Download one file: blocks are requested ahead, and accepted in any order.

The size is the one that the server reported; the file is complete when exactly these bytes have
arrived.  If the server reports no size, or zero (as for the files of /proc), the file is read
until EOF, or until DATA of no bytes, which means the same.  Small files cost two round trips:
OPEN, then READ and CLOSE together.

A download that may resume writes in order, compares what an earlier attempt has left before it
goes on, and leaves what it has when it fails, unless the error makes these bytes doubtful.
"""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import Final

from ssh_sftp.attributes import Attributes
from ssh_sftp.client.checking import Check, CheckDone, CheckResult, Compared, Verdict
from ssh_sftp.client.download_states import (
    CLOSING,
    CLOSING_SMALL,
    COMPARING,
    COMPLETE_OR_OVER,
    DONE,
    FINISHING,
    OPEN,
    OPENING,
    OPENING_SMALL,
    OVER,
    UNDOING,
    Checking,
    Closing,
    Opening,
    Reading,
    State,
    Undoing,
    Verifying,
)
from ssh_sftp.client.extents import Extents
from ssh_sftp.client.limits import SFTPOptions
from ssh_sftp.client.protocol import Outcome
from ssh_sftp.client.requests import FileRequests
from ssh_sftp.client.scheduler import Scheduler
from ssh_sftp.client.storage import FileSink, OrderedSink, PartSink
from ssh_sftp.errors import SFTPProtocolError, SFTPTransferError, outcome_error, status_error
from ssh_sftp.messages import Attrs, Close, Data, FStat, Handle, Open, Read, Status
from ssh_sftp.numbers import SAFE_READ, OpenFlags, StatusCode
from ssh_wire import lazy_attrs
from ssh_wire.guarded import guarded

__all__ = ["DownloadChecks", "FileDownload", "download_checks"]

_SLOW_START: Final = 2


@lazy_attrs.frozen(kw_only=True)
class DownloadChecks:
    """What is compared during a download.

    Attributes:
        part: the local file.
        source: the attributes of the file on the server.
        resume: continue what an earlier attempt has left, after a comparison.
        verify: compare the whole file before it gets its name.
    """

    part: PartSink
    source: Attributes
    resume: bool
    verify: bool


def download_checks(
    options: SFTPOptions, part: PartSink, source: Attributes
) -> DownloadChecks | None:
    """Return what the options have compared while a file is downloaded; None for nothing.

    Args:
        options: the options of the session.
        part: the local file.
        source: the attributes of the file on the server.
    """
    if not options.resume and not options.verify:
        return None
    return DownloadChecks(part=part, source=source, resume=options.resume, verify=options.verify)


class FileDownload:
    """Download a file from the server into a sink.

    Args:
        scheduler: the transfer.
        path: the file.
        size: the size that the server reports.
        sink: what it is written to.
        checks: what is compared with the file on the server, if anything is.
    """

    def __init__(
        self,
        scheduler: Scheduler,
        path: str,
        size: int | None,
        sink: FileSink,
        checks: DownloadChecks | None = None,
    ) -> None:
        self._scheduler = scheduler
        self._protocol = protocol = scheduler.protocol
        self._flow = scheduler.flow
        self._path = path
        self._reported_size = size
        self._size = size or None
        self._sink = sink
        self._ordered: OrderedSink | None = None
        self._checks = checks
        self._requests = FileRequests(protocol, self, self._advance)
        self._blocks: dict[int, tuple[int, int]] = {}
        self._begun = 0
        self._received = 0
        self._unwritten = 0
        self._end = self._size
        small = size is not None and 0 < size <= min(SAFE_READ, protocol.read_block)
        self._state: State = OPENING_SMALL if small and checks is None else OPENING

    # ------------------------------------------------------------------ steps

    def start(self) -> None:
        """Open the file on the server."""
        request = Open(id=self._requests.next_id, path=self._path, flags=OpenFlags.READ.value)
        self._requests.ask(request, self._on_open, Handle)

    def fill(self) -> None:
        """Request blocks while there is room."""
        state = self._state
        if isinstance(state, Reading):
            self._request(state)
        elif isinstance(state, COMPARING):
            state.check.fill()

    def abort(self) -> None:
        """Close the handle, and remove the local file, or keep it for a later attempt."""
        self._undo(keep=self._checks is not None and self._checks.resume)

    def drop(self) -> None:
        """Remove the local file; the handle ends with the session."""
        ended = isinstance(self._state, OVER)
        self._state = DONE
        self._give_up_blocks()
        if not ended:
            self._leave(keep=False)

    def broken(self, error: Exception) -> None:
        """Handle an exception in one of the callbacks below."""
        self._scheduler.broken(self, error)

    def _request(self, state: Reading) -> None:
        extents, flow, protocol = state.extents, self._flow, self._protocol
        block = protocol.read_block
        while flow.has_room and not extents.exhausted:
            if extents.is_open_ended and not self._may_guess():
                break
            offset, length = extents.take(block)
            flow.take(length, protocol.now)
            self._ask(state.handle, offset, length)
        if state.small and extents.exhausted:
            self._close(state.handle, small=True)

    def _may_guess(self) -> bool:
        """Return whether to request bytes beyond the known size: at most as many again."""
        return len(self._blocks) < _SLOW_START + self._received // SAFE_READ

    def _ask(self, handle: bytes, offset: int, length: int) -> None:
        number = self._protocol.next_id()
        self._blocks[number] = (offset, length)
        request = Read(id=number, handle=handle, offset=offset, length=length)
        self._protocol.submit(request, Data, self._on_block, self)

    def _close(self, handle: bytes, *, small: bool) -> None:
        self._state = CLOSING_SMALL if small else CLOSING
        self._requests.ask(Close(id=self._requests.next_id, handle=handle), self._on_closed)

    # ------------------------------------------------------------------ opening

    def _on_open(self, outcome: Outcome) -> None:
        state = self._state
        if not isinstance(outcome, Handle):
            self._fail(outcome_error(outcome, self._path))
        elif isinstance(state, Opening):
            self._opened(outcome.handle, small=state.small)
        else:
            self._requests.ignore(Close(id=self._requests.next_id, handle=outcome.handle))

    def _opened(self, handle: bytes, *, small: bool) -> None:
        if self._checks is not None and self._checks.resume:
            self._resume(handle, self._checks)
        else:
            self._read(handle, small=small)

    def _resume(self, handle: bytes, checks: DownloadChecks) -> None:
        begun = 0
        try:
            begun = checks.part.resume()
            if begun and (self._size is None or begun > self._size):
                checks.part.restart()
                begun = 0
        except (OSError, SFTPTransferError) as error:
            self._state = Reading(handle, Extents(()), small=False)
            self._fail(error)
            return
        done = partial(self._on_compared, handle, begun, checks)
        check = self._check(handle, begun, checks, whole=checks.verify, done=done)
        self._state = Checking(handle, check)
        check.fill()

    def _on_compared(
        self, handle: bytes, begun: int, checks: DownloadChecks, result: CheckResult
    ) -> None:
        if isinstance(result, Exception):
            self._fail(result)
            return
        if result is Verdict.DIFFERENT:
            begun = 0
            try:
                checks.part.restart()
            except OSError as error:
                self._fail(error)
                return
        self._begun = self._received = begun
        self._ordered = OrderedSink(self._sink, begun)
        self._read(handle, small=False)

    def _read(self, handle: bytes, *, small: bool) -> None:
        """Request what is not received yet."""
        extents = Extents(((self._received, self._size),))  # None is an end to be found
        self._state = Reading(handle, extents, small)
        self.fill()
        self._scheduler.touch()

    def _check(
        self,
        handle: bytes,
        size: int,
        checks: DownloadChecks,
        *,
        whole: bool,
        done: CheckDone,
    ) -> Check:
        compared = Compared(
            path=self._path, handle=handle, local=checks.part, size=size, whole=whole
        )
        return Check(self._scheduler, self._requests, compared, done)

    # ------------------------------------------------------------------ blocks

    def _on_block(self, outcome: Outcome) -> None:
        if isinstance(outcome, Data):
            self._take(outcome)
        elif isinstance(outcome, Status):
            self._refused(outcome)
        else:  # the session has ended: no block will arrive
            self._give_up_blocks()
            self._fail(outcome_error(outcome, self._path))
        if not self._blocks:
            self._advance()

    def _give_up_blocks(self) -> None:
        self._flow.give(sum(length for _, length in self._blocks.values()), self._protocol.now)
        self._blocks.clear()

    def _take(self, reply: Data) -> None:
        offset, length = self._blocks.pop(reply.id)
        size = len(reply.data)
        if size > length:
            self._flow.give(length, self._protocol.now)
            problem = f"DATA of {size} bytes answers a READ of {length}"
            raise SFTPProtocolError(problem)
        if size == 0:  # as EOF: asking again might never end
            self._flow.give(length, self._protocol.now)
            self._scheduler.touch()
            self._ends_at(offset)
            return
        state = self._state
        if size < length:
            if isinstance(state, Reading):
                self._ask(state.handle, offset + size, length - size)
            else:
                self._flow.give(length - size, self._protocol.now)
        if isinstance(state, Undoing):
            self._flow.give(size, self._protocol.now)
            return
        self._received += size
        self._unwritten += 1
        self._scheduler.touch()
        data = memoryview(reply.data)
        try:  # without `guarded`: there is one for each block
            (self._ordered or self._sink).write(data, offset, self._on_written)
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
        elif isinstance(self._state, Reading):
            self._state.extents.end_at(offset)
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
                self._advance()
        except Exception as raised:  # noqa: BLE001 (every error of a file is reported)
            self.broken(raised)

    # ------------------------------------------------------------------ the end

    def _advance(self) -> None:
        """Do the next step if nothing is outstanding."""
        if self._blocks or self._unwritten or self._requests.waiting:
            return
        state = self._state
        if isinstance(state, Reading):
            if state.extents.exhausted:
                self._arrived(state)
        elif isinstance(state, Closing):
            self._closed(state)
        elif isinstance(state, Undoing):
            self._state = DONE
            self._scheduler.ended(self)

    def _arrived(self, state: Reading) -> None:
        if self._received != self._end:
            came = f"{self._received} bytes came of {self._end}"
            self._fail(SFTPTransferError(self._path, f"it changed while it was read: {came}"))
        elif self._checks is not None and self._checks.verify:
            done = partial(self._on_verified, state.handle)
            check = self._check(state.handle, self._received, self._checks, whole=True, done=done)
            self._state = Verifying(state.handle, check)
            check.fill()
        else:
            self._close_read(state.handle)

    def _on_verified(self, handle: bytes, result: CheckResult) -> None:
        if result is Verdict.EQUAL:
            self._close_read(handle)
        elif isinstance(result, Exception):
            self._fail(result)
        else:
            problem = "what was written here differs from the file on the server"
            self._fail(SFTPTransferError(self._path, problem))

    def _close_read(self, handle: bytes) -> None:
        if self._checks is not None and self._checks.resume:
            request = FStat(id=self._requests.next_id, handle=handle)
            self._requests.ask(request, self._on_final_attributes, Attrs)
        self._close(handle, small=False)

    def _on_final_attributes(self, outcome: Outcome) -> None:
        """Refuse a file that changed meanwhile: its parts may be of two versions."""
        if self._checks is None or not isinstance(outcome, Attrs):
            return
        found, known = outcome.attributes, self._checks.source
        if _differ(found.size, known.size) or _differ(found.mtime, known.mtime):
            self._fail(SFTPTransferError(self._path, "it changed while it was read"))

    def _on_closed(self, outcome: Outcome) -> None:
        # "even a close can fail": the bytes have arrived nevertheless
        if not isinstance(outcome, Status):
            self._fail(outcome_error(outcome, self._path))

    def _closed(self, state: Closing) -> None:
        if state.small and self._received < (self._size or 0):
            # the server returned less than 32 KiB at once: request the rest
            self._state = OPENING
            self.start()
            return
        self._state = FINISHING
        with guarded(self._on_finished):
            if self._received == self._begun:
                self._scheduler.report(self._received, self._received, self._path)
            self._sink.finish(self._on_finished)

    def _on_finished(self, error: Exception | None) -> None:
        self._state = DONE
        if error is None:
            self._scheduler.completed(
                self,
                self._received,
                checked=self._reported_size == self._received,
                resumed=self._begun,
                verified=self._checks is not None and self._checks.verify,
            )
            return
        self._leave(keep=False)
        self._scheduler.failed(self._path, error)
        self._scheduler.ended(self)

    # ------------------------------------------------------------------ failure

    def _fail(self, error: Exception) -> None:
        if isinstance(self._state, OVER):
            return
        doubtful = isinstance(error, SFTPTransferError | SFTPProtocolError)
        resumes = self._checks is not None and self._checks.resume
        self._undo(keep=resumes and not doubtful)
        self._scheduler.failed(self._path, error)

    def _undo(self, *, keep: bool) -> None:
        state = self._state
        if isinstance(state, COMPLETE_OR_OVER):
            return  # a file that is being given its name is complete
        self._state = UNDOING
        if isinstance(state, COMPARING):
            state.check.stop()
        if isinstance(state, OPEN):
            self._requests.ignore(Close(id=self._requests.next_id, handle=state.handle))
        self._leave(keep=keep)
        self._advance()

    def _leave(self, *, keep: bool) -> None:
        """Remove the local file, or keep it for a later attempt."""
        if self._ordered is not None:
            self._ordered.release()
        with suppress(Exception):  # an earlier error is reported already
            if keep and self._checks is not None:
                self._checks.part.keep()
            else:
                self._sink.discard()


def _differ(found: int | None, known: int | None) -> bool:
    """Return whether the server has reported two values."""
    return found is not None and known is not None and found != known
