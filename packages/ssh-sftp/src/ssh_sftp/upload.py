"""One file to the server: blocks sent ahead, each acknowledged, the name given at the end.

The file is written under a temporary name and renamed when the server has acknowledged
every byte, so no truncated file ever has the final name.  Where the server has no
posix-rename@openssh.com, a file that is in the way is removed first: for a moment there is
none.  A file that exists keeps its permissions, as if it had been written in place.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import attrs

from ssh_sftp.attributes import Attributes
from ssh_sftp.download import outcome_error
from ssh_sftp.endpoints import FileSource
from ssh_sftp.errors import SFTPTransferError, status_error
from ssh_sftp.messages import (
    Attrs,
    Close,
    FSetStat,
    FStat,
    FSync,
    Handle,
    LStat,
    Open,
    PosixRename,
    Remove,
    Rename,
    Request,
    Status,
    Write,
)
from ssh_sftp.numbers import OpenFlags, StatusCode
from ssh_sftp.requests import OnReply, Outcome
from ssh_sftp.scheduler import Scheduler
from ssh_wire import Message

__all__ = ["FileUpload", "UploadManner"]

_SMALL: Final = 16_384


@attrs.frozen(kw_only=True)
class UploadManner:
    """How the files of one transfer are written.

    Attributes:
        atomic: write under a temporary name first.
        preserve: give the file the permissions and times of the local one.
        fsync: put it to stable storage before it gets its name, where the server can.
        part_name: makes the temporary path for a path.
    """

    atomic: bool
    preserve: bool
    fsync: bool
    part_name: Callable[[str], str]


class FileUpload:
    """A file on its way from a source to the server."""

    def __init__(
        self,
        scheduler: Scheduler,
        path: str,
        open_source: Callable[[], FileSource],
        manner: UploadManner,
    ) -> None:
        self._scheduler = scheduler
        self._requests = scheduler.requests
        self._flow = scheduler.flow
        self._path = path
        self._open_source = open_source
        self._manner = manner
        self._target = manner.part_name(path) if manner.atomic else path
        self._source: FileSource | None = None
        self._size = 0
        self._present: Attributes | None = None
        self._handle: bytes | None = None
        self._blocks: dict[int, int] = {}
        self._next = 0
        self._acknowledged = 0
        self._waiting = 0
        self._finishing = False
        self._opened = False
        self._aborted = False
        self._over = False

    # ------------------------------------------------------------------ steps

    def start(self) -> None:
        """Open the local file, and one on the server."""
        try:
            self._source = self._open_source()
        except (OSError, SFTPTransferError) as error:
            self._scheduler.fail(error)
            return
        attributes = self._source.attributes
        self._size = attributes.size or 0
        mode = attributes.mode
        flags = OpenFlags.WRITE | OpenFlags.CREATE
        if self._manner.atomic:
            request = LStat(id=self._requests.next_id(), path=self._path)
            self._ask(request, self._on_present, Attrs)
            flags |= OpenFlags.EXCLUSIVE
        else:
            flags |= OpenFlags.TRUNCATE
        created = Attributes(permissions=None if mode is None else mode & 0o777)
        number = self._requests.next_id()
        opening = Open(id=number, path=self._target, flags=flags.value, attributes=created)
        self._ask(opening, self._on_open, Handle)

    def fill(self) -> None:
        """Send blocks while there is room."""
        if self._handle is None or self._aborted or self._finishing:
            return
        block = self._requests.limits.write_block
        try:
            while self._next < self._size and self._flow.has_room and self._requests.writable:
                self._send(min(block, self._size - self._next))
        except (OSError, SFTPTransferError) as error:
            self._scheduler.fail(error)
            return
        if self._next == self._size and not self._waiting:
            self._maybe_finish()

    def abort(self) -> None:
        """Leave nothing on the server."""
        if self._aborted:
            return
        self._aborted = True
        self._close_source()
        self._undo()
        self._maybe_end()

    def _ask(self, request: Request, on_reply: OnReply, expected: type[Message]) -> None:
        def counted(outcome: Outcome) -> None:
            self._waiting -= 1
            on_reply(outcome)
            self._maybe_end()

        self._waiting += 1
        self._requests.submit(request, expected, counted)

    def _send(self, length: int) -> None:
        if self._source is None or self._handle is None:
            return
        # fresh bytes cannot change: the stream may keep them without a copy
        data = self._source.read(length, self._next)
        if len(data) != length:
            problem = "it became shorter while it was read"
            raise SFTPTransferError(self._source.path, problem)
        number = self._requests.next_id()
        self._blocks[number] = length
        self._flow.take(length, self._requests.now)
        offset, self._next = self._next, self._next + length
        write = Write(id=number, handle=self._handle, offset=offset, data=data)
        if length <= _SMALL:  # small files share one write of the stream
            self._requests.submit(write, Status, self._on_written)
        else:
            self._requests.submit_now(write, self._on_written)

    # ------------------------------------------------------------------ replies

    def _on_present(self, outcome: Outcome) -> None:
        if isinstance(outcome, Attrs):
            self._present = outcome.attributes
            if outcome.attributes.is_dir:
                self._scheduler.fail(SFTPTransferError(self._path, "it is a directory"))
        self._scheduler.touch()

    def _on_open(self, outcome: Outcome) -> None:
        if not isinstance(outcome, Handle):
            self._scheduler.fail(outcome_error(outcome, self._path))
            return
        self._handle = outcome.handle
        self._opened = True
        if self._aborted:
            self._undo()
        else:
            self.fill()
            self._scheduler.touch()

    def _on_written(self, outcome: Outcome) -> None:
        if not isinstance(outcome, Status):  # the session is over
            self._flow.give(sum(self._blocks.values()), self._requests.now)
            self._blocks.clear()
            self._scheduler.fail(outcome_error(outcome, self._path))
            self._maybe_end()
            return
        length = self._blocks.pop(outcome.id)
        self._flow.give(length, self._requests.now)
        self._scheduler.touch()
        if outcome.code != StatusCode.OK:
            self._scheduler.fail(status_error(outcome.code, outcome.text, self._path))
        elif not self._aborted:
            self._acknowledged += length
            self._scheduler.report(self._acknowledged, self._size, self._path)
        self._maybe_finish()
        self._maybe_end()

    # ------------------------------------------------------------------ the end

    def _maybe_finish(self) -> None:
        """Close the file: at once behind a small file's bytes, else when all are acknowledged."""
        single = self._size <= _SMALL
        if (
            self._finishing
            or self._aborted
            or self._handle is None
            or self._waiting
            or self._next != self._size
            or (self._blocks and not single)
        ):
            return
        self._finishing = True
        handle = self._handle
        change = self._final_attributes()
        self._close_source()
        if not single:
            self._ask(FStat(id=self._requests.next_id(), handle=handle), self._on_size, Attrs)
        if change is not None:
            request = FSetStat(id=self._requests.next_id(), handle=handle, attributes=change)
            self._ask(request, self._on_step, Status)
        if self._manner.fsync and self._requests.supports("fsync@openssh.com"):
            self._ask(FSync(id=self._requests.next_id(), handle=handle), self._on_step, Status)
        self._handle = None
        self._ask(Close(id=self._requests.next_id(), handle=handle), self._on_step, Status)

    def _final_attributes(self) -> Attributes | None:
        if self._manner.preserve and self._source is not None:
            local = self._source.attributes
            mode = None if local.mode is None else local.mode & 0o777
            return Attributes(permissions=mode, atime=local.atime, mtime=local.mtime)
        if self._present is not None and self._present.is_file:
            return Attributes(permissions=self._present.mode)
        return None

    def _on_size(self, outcome: Outcome) -> None:
        if not isinstance(outcome, Attrs):
            self._scheduler.fail(outcome_error(outcome, self._path))
        elif outcome.attributes.size not in {self._size, None} and not self._device(outcome):
            size = outcome.attributes.size
            problem = f"the server holds {size} bytes of {self._size}"
            self._scheduler.fail(SFTPTransferError(self._path, problem))

    def _device(self, outcome: Attrs) -> bool:
        return not self._manner.atomic and not outcome.attributes.is_file

    def _on_step(self, outcome: Outcome) -> None:
        if not (isinstance(outcome, Status) and outcome.code == StatusCode.OK):
            self._scheduler.fail(outcome_error(outcome, self._path))

    def _undo(self) -> None:
        if self._handle is not None:
            handle, self._handle = self._handle, None
            closing = Close(id=self._requests.next_id(), handle=handle)
            self._ask(closing, _ignore, Status)
        if self._opened and self._manner.atomic:
            self._opened = False
            removal = Remove(id=self._requests.next_id(), path=self._target)
            self._ask(removal, _ignore, Status)

    def _maybe_end(self) -> None:
        if self._waiting or self._blocks or self._over:
            return
        if self._aborted:
            self._over = True
            self._scheduler.ended(self)
        elif self._finishing and self._opened and self._manner.atomic:
            self._opened = False
            self._rename()
        elif self._finishing:
            self._over = True
            if self._size == 0:
                self._scheduler.report(0, 0, self._path)
            self._scheduler.completed(self, self._size)

    def _rename(self) -> None:
        number = self._requests.next_id()
        if self._requests.supports("posix-rename@openssh.com"):
            request = PosixRename(id=number, old=self._target, new=self._path)
            self._ask(request, self._on_renamed, Status)
            return
        if self._present is not None:
            removal = Remove(id=number, path=self._path)
            self._ask(removal, _ignore, Status)
            number = self._requests.next_id()
        self._ask(Rename(id=number, old=self._target, new=self._path), self._on_renamed, Status)

    def _on_renamed(self, outcome: Outcome) -> None:
        if not (isinstance(outcome, Status) and outcome.code == StatusCode.OK):
            self._opened = True  # the temporary file is still there
            if self._aborted:
                self._undo()
            self._scheduler.fail(outcome_error(outcome, self._path))

    def _close_source(self) -> None:
        if self._source is not None:
            self._source.close()
            self._source = None


def _ignore(_outcome: Outcome) -> None:
    """Take a reply that changes nothing."""
