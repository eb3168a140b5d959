"""Upload one file: blocks are sent ahead, and each is acknowledged.

The file is written under a temporary name and renamed when the server has acknowledged every byte,
so an incomplete file never has the final name (`renaming`).  A replaced file keeps its
permissions, as if it had been written in place.

Required are OPEN, every WRITE, CLOSE and the rename.  A server that refuses the optional steps
(FSTAT for the size check, FSETSTAT, fsync) still has the file; what it refused is recorded.

An upload that may resume compares what an earlier attempt has left before it goes on, and leaves
what the server has when it fails, unless the error makes these bytes doubtful.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

from ssh_sftp.attributes import Attributes
from ssh_sftp.client.checking import Check, CheckDone, CheckResult, Compared, Verdict
from ssh_sftp.client.extents import Extents, after, sparse
from ssh_sftp.client.protocol import Outcome
from ssh_sftp.client.renaming import Naming, is_ok
from ssh_sftp.client.requests import FileRequests
from ssh_sftp.client.scheduler import Scheduler
from ssh_sftp.client.storage import FileSource
from ssh_sftp.client.striping import StripedFile, Stripes, split
from ssh_sftp.client.upload_opening import PartOpening, UploadOptions, plain_mode, with_hint
from ssh_sftp.client.upload_states import (
    CLOSING,
    COMPARING,
    DONE,
    OPEN,
    OPENING,
    OVER,
    RENAMING,
    UNDOING,
    Checking,
    Closing,
    LocalSource,
    Opening,
    Renaming,
    SentBlocks,
    State,
    Undoing,
    Verifying,
    Writing,
)
from ssh_sftp.errors import (
    SFTPConnectionLost,
    SFTPError,
    SFTPProtocolError,
    SFTPTimeout,
    SFTPTransferError,
    outcome_error,
    status_error,
)
from ssh_sftp.messages import (
    Attrs,
    Close,
    FSetStat,
    FStat,
    FSync,
    Remove,
    Status,
    Write,
)
from ssh_sftp.names import basename
from ssh_sftp.numbers import StatusCode

__all__ = ["FileUpload"]

_SMALL: Final = 16_384


class FileUpload:
    """Upload a file from a source."""

    def __init__(
        self,
        scheduler: Scheduler,
        path: str,
        open_source: Callable[[], FileSource],
        options: UploadOptions,
    ) -> None:
        self._scheduler = scheduler
        self._protocol = scheduler.protocol
        self._flow = scheduler.flow
        self._path = path
        self._options = options
        self._resumes = options.lasting_name is not None
        self._local = LocalSource(open_source)
        self._requests = FileRequests(self._protocol, self, self._advance)
        self._sent = SentBlocks()
        self._opening = PartOpening(self._requests, path, options, self._on_open)
        self._checked = False
        self._state: State = OPENING

    # ------------------------------------------------------------------ steps

    def start(self) -> None:
        """Open the local file, and the one on the server."""
        try:
            source = self._local.open()
        except (OSError, SFTPTransferError) as error:
            self._fail(error)
            return
        self._opening.start(source)

    def fill(self) -> None:
        """Send blocks while there is room."""
        state = self._state
        if isinstance(state, Writing):
            self._write(state)
        elif isinstance(state, COMPARING):
            state.check.fill()

    def abort(self) -> None:
        """Remove the partial file on the server, or keep it for a later attempt."""
        if not isinstance(self._state, Renaming):  # then it is complete
            self._undo(keep=self._resumes)

    def drop(self) -> None:
        """Close the local file; the partial file on the server stays."""
        self._state = DONE
        self._flow.give(self._sent.give_up(), self._protocol.now)
        self._close_local()

    def broken(self, error: Exception) -> None:
        """Handle an exception in one of the callbacks below."""
        self._scheduler.broken(self, error)

    # ------------------------------------------------------------------ opening

    def _on_open(self, result: bytes | Exception) -> None:
        begun = self._opening.begun
        self._scheduler.touch()
        if isinstance(result, Exception):
            self._fail(result)
        elif not begun:
            self._write_from(result, 0)
        else:
            done = partial(self._on_compared, result)
            check = self._check(result, begun, whole=self._options.verify, done=done)
            self._state = Checking(result, check)
            check.fill()

    def _on_compared(self, handle: bytes, result: CheckResult) -> None:
        if result is Verdict.EQUAL:
            self._write_from(handle, self._opening.begun)
        elif isinstance(result, Exception) and not _is_refusal(result):
            self._fail(result)
        else:  # some servers take the flag for reading, and then refuse to read
            self._state = OPENING
            self._requests.ignore(Close(id=self._requests.next_id, handle=handle))
            self._opening.again()

    def _check(self, handle: bytes, size: int, *, whole: bool, done: CheckDone) -> Check:
        compared = Compared(
            path=self._path, handle=handle, local=self._local.source, size=size, whole=whole
        )
        return Check(self._scheduler, self._requests, compared, done)

    # ------------------------------------------------------------------ blocks

    def _write_from(self, handle: bytes, begun: int) -> None:
        """Write what the server does not have yet."""
        source, size = self._local.source, self._local.size
        self._sent.acknowledged = begun
        stripes, further = self._options.stripes, list[tuple[int, int]]()
        if self._options.sparse:
            extents = Extents(after(sparse(source.ranges(), size), begun))
        elif stripes is None:
            extents = Extents(((begun, size),))
        else:
            first, *further = split(size, stripes.count + 1)
            extents = Extents((first,))
        self._state = Writing(handle, source, extents)
        if stripes is not None and further:
            self._stripe(stripes, source, further)
        self.fill()
        self._scheduler.touch()

    def _stripe(self, stripes: Stripes, source: FileSource, ranges: list[tuple[int, int]]) -> None:
        """Have other sessions write some ranges; it counts as a request until they have."""
        self._requests.waiting += 1
        file = StripedFile(
            path=self._opening.target,
            source=source,
            sent=self._acknowledged,
            done=self._on_stripes,
        )
        stripes.begin(file, ranges)

    def _on_stripes(self, error: Exception | None) -> None:
        self._requests.waiting -= 1
        if error is not None:
            self._fail(error)
        self._scheduler.touch()
        self._advance()

    def _acknowledged(self, length: int) -> None:
        self._sent.acknowledged += length
        self._scheduler.report(self._sent.acknowledged, self._local.size, self._path)

    def _write(self, state: Writing) -> None:
        protocol, flow, extents = self._protocol, self._flow, state.extents
        block = protocol.write_block
        try:
            while not extents.exhausted and flow.has_room and protocol.writable:
                self._send(state, *extents.take(block))
        except (OSError, SFTPTransferError) as error:
            self._fail(error)
            return
        self._advance()

    def _send(self, state: Writing, offset: int, length: int) -> None:
        # bytes cannot change: the stream may keep them without a copy
        data = state.source.read(length, offset)
        if len(data) != length:
            problem = "it became shorter while it was read"
            raise SFTPTransferError(state.source.path, problem)
        protocol = self._protocol
        number = protocol.next_id()
        self._sent.blocks[number] = (offset, length)
        self._flow.take(length, protocol.now)
        write = Write(id=number, handle=state.handle, offset=offset, data=data)
        if length <= _SMALL:  # small files share one write of the stream
            protocol.submit(write, Status, self._on_written, self)
        else:
            protocol.submit_now(write, self._on_written, self)

    def _on_written(self, outcome: Outcome) -> None:
        sent = self._sent
        if not isinstance(outcome, Status):  # the session has ended
            self._flow.give(sent.give_up(), self._protocol.now)
            self._fail(outcome_error(outcome, self._path))
            self._advance()
            return
        offset, length = sent.blocks.pop(outcome.id)
        self._flow.give(length, self._protocol.now)
        self._scheduler.touch()
        if outcome.code != StatusCode.OK:
            sent.refuse(offset)
            self._fail(status_error(outcome.code, outcome.text, self._path))
        elif not isinstance(self._state, Undoing):
            self._acknowledged(length)
        self._advance()

    # ------------------------------------------------------------------ the end

    def _advance(self) -> None:
        """Do the next step if nothing that it needs is outstanding."""
        if self._requests.waiting:
            return
        state = self._state
        if isinstance(state, Writing):
            if state.extents.exhausted and (not self._sent.blocks or self._is_small):
                self._all_sent(state)
        elif self._sent.blocks:
            return
        elif isinstance(state, Closing):
            if self._options.atomic:
                self._name()
            else:
                self._complete()
        elif isinstance(state, Undoing):
            self._undone(state)

    @property
    def _is_small(self) -> bool:
        """Return whether the file may be closed before its only block is acknowledged."""
        return self._local.size <= _SMALL and not self._resumes and not self._options.verify

    def _all_sent(self, state: Writing) -> None:
        if self._resumes and not state.source.is_unchanged():
            self._fail(SFTPTransferError(state.source.path, "it changed while it was read"))
        elif self._options.verify:
            size = self._local.size
            done = partial(self._on_verified, state.handle)
            check = self._check(state.handle, size, whole=True, done=done)
            self._state = Verifying(state.handle, check)
            check.fill()
        else:
            self._finish(state.handle)

    def _on_verified(self, handle: bytes, result: CheckResult) -> None:
        if result is Verdict.EQUAL:
            self._finish(handle)
        elif isinstance(result, Exception):
            self._fail(result)
        else:
            problem = "what the server holds differs from the local file"
            self._fail(SFTPTransferError(self._path, problem))

    def _finish(self, handle: bytes) -> None:
        """Send the last requests about the handle."""
        self._state = CLOSING
        self._local.close()
        requests = self._requests
        if self._local.size > _SMALL or self._options.checks_small or self._resumes:
            requests.ask(FStat(id=requests.next_id, handle=handle), self._on_size, Attrs)
        change = self._final_attributes()
        if change is not None:
            request = FSetStat(id=requests.next_id, handle=handle, attributes=change)
            what = "permissions and times" if self._options.preserve else "permissions"
            requests.ask(request, lambda outcome: self._on_optional_request(outcome, what))
        if self._options.fsync:
            syncing = FSync(id=requests.next_id, handle=handle)
            requests.ask(syncing, lambda outcome: self._on_optional_request(outcome, "fsync"))
        requests.ask(Close(id=requests.next_id, handle=handle), self._on_closed)

    def _final_attributes(self) -> Attributes | None:
        if self._options.preserve:
            found = self._local.attributes
            mode = plain_mode(found)
            return Attributes(permissions=mode, atime=found.atime, mtime=found.mtime)
        present = self._opening.present
        if present is None or present.mode is None:
            return None
        plain = present.is_file or not present.has_type
        return Attributes(permissions=present.mode) if plain else None

    def _on_size(self, outcome: Outcome) -> None:
        if not isinstance(outcome, Attrs):
            self._on_optional_request(outcome, "the size check")
            return
        found = outcome.attributes
        device = not self._options.atomic and found.has_type and not found.is_file
        if found.size is None or device:
            return
        self._checked = found.size == self._local.size
        if not self._checked:
            problem = f"the server holds {found.size} bytes of {self._local.size}"
            self._fail(SFTPTransferError(self._path, problem))

    def _on_optional_request(self, outcome: Outcome, what: str) -> None:
        """Handle the reply to an optional step."""
        if is_ok(outcome):
            return
        error = outcome_error(outcome, self._path)
        if isinstance(outcome, Status):
            self._scheduler.refused(self._path, what, error)
        else:
            self._fail(error)

    def _on_closed(self, outcome: Outcome) -> None:
        if not is_ok(outcome):
            self._fail(outcome_error(outcome, self._path))

    def _name(self) -> None:
        self._state = RENAMING
        aside = self._options.part_name(self._path)
        present = self._opening.present
        in_the_way: bool | None = False
        if present is not None:
            in_the_way = present.is_file if present.has_type else None
        naming = Naming(
            self._protocol,
            self._requests.ask,
            (self._opening.target, self._path, aside),
            in_the_way=in_the_way,
            done=lambda error: self._on_named(naming, aside, error),
        )
        naming.start()

    def _on_named(self, naming: Naming, aside: str, error: Exception | None) -> None:
        if naming.left_aside is not None:
            self._scheduler.refused(aside, "removing the old file", naming.left_aside)
        if error is None:
            self._complete()
        else:
            self._fail(self._why_not_named(error))

    def _why_not_named(self, error: Exception) -> Exception:
        if self._protocol.error is not None or not isinstance(error, SFTPError):
            return error
        what = f"the temporary file {basename(self._opening.target)} could not be renamed"
        return with_hint(error.code, error.text, what, self._path)

    def _complete(self) -> None:
        self._state = DONE
        size = self._local.size
        if size == self._opening.begun:
            self._scheduler.report(size, size, self._path)
        self._scheduler.completed(
            self,
            size,
            checked=self._checked,
            resumed=self._opening.begun,
            verified=self._options.verify,
        )

    # ------------------------------------------------------------------ failure

    def _fail(self, error: Exception) -> None:
        if isinstance(self._state, OVER):
            return
        named = getattr(error, "filename", None)
        path = self._local.path or (named if isinstance(named, str) else self._path)
        doubtful = isinstance(error, SFTPTransferError | SFTPProtocolError)
        self._undo(keep=self._resumes and not doubtful)
        self._scheduler.failed(path, error)

    def _undo(self, *, keep: bool) -> None:
        state = self._state
        if isinstance(state, OVER):
            return
        self._close_local()
        self._opening.stopped = True
        handle: bytes | None = None
        if isinstance(state, COMPARING):
            state.check.stop()
        if isinstance(state, OPEN):
            handle = state.handle
        if keep:  # closed when all blocks are answered
            self._state = Undoing(handle, keeps=True)
        else:
            self._state = UNDOING
            if handle is not None:
                self._requests.ignore(Close(id=self._requests.next_id, handle=handle))
            if self._options.atomic and not isinstance(state, Opening):
                self._requests.ignore(Remove(id=self._requests.next_id, path=self._opening.target))
        self._advance()

    def _close_local(self) -> None:
        """Read no more of the local file, here and in other sessions."""
        self._local.close()
        if self._options.stripes is not None:
            self._options.stripes.stop()

    def _undone(self, state: Undoing) -> None:
        if state.kept is None:
            self._state = DONE
            self._scheduler.ended(self)
            return
        self._state = Undoing(keeps=True)
        refused_at = self._sent.refused_at
        if refused_at is not None:  # blocks behind it may have been written
            change = Attributes(size=refused_at)
            request = FSetStat(id=self._requests.next_id, handle=state.kept, attributes=change)
            self._requests.ask(request, self._on_cut)
        self._requests.ignore(Close(id=self._requests.next_id, handle=state.kept))

    def _on_cut(self, outcome: Outcome) -> None:
        """Remove a partial file that may have gaps."""
        if isinstance(outcome, Status) and not is_ok(outcome) and self._options.atomic:
            self._requests.ignore(Remove(id=self._requests.next_id, path=self._opening.target))


def _is_refusal(error: Exception) -> bool:
    """Return whether the server has answered, with a status that is not a success."""
    lost = isinstance(error, SFTPConnectionLost | SFTPTimeout)
    return isinstance(error, SFTPError) and not lost
