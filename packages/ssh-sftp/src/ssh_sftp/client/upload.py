"""Upload one file: blocks are sent ahead, and each is acknowledged.

The file is written under a temporary name and renamed when the server has acknowledged every byte,
so an incomplete file never has the final name (`renaming`).  A replaced file keeps its
permissions, as if it had been written in place.

Required are OPEN, every WRITE, CLOSE and the rename.  A server that refuses the optional steps
(FSTAT for the size check, FSETSTAT, fsync) still has the file; what it refused is recorded.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from ssh_sftp.attributes import Attributes
from ssh_sftp.client.download import outcome_error
from ssh_sftp.client.flow import Flow
from ssh_sftp.client.protocol import OnReply, Outcome, SFTPClientProtocol
from ssh_sftp.client.renaming import Naming, is_ok
from ssh_sftp.client.scheduler import Scheduler
from ssh_sftp.client.storage import FileSource
from ssh_sftp.errors import SFTPError, SFTPNoSuchFile, SFTPTransferError, status_error
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
    Request,
    Status,
    Write,
)
from ssh_sftp.names import basename, directory_of
from ssh_sftp.numbers import MAX_DEPTH, OpenFlags, StatusCode
from ssh_wire import Message, lazy_attrs

__all__ = ["FileUpload", "UploadOptions"]

_SMALL: Final = 16_384
_IN_PLACE: Final = "writing in place can be chosen: SFTPOptions(atomic=False), cp --in-place"


@lazy_attrs.frozen(kw_only=True)
class UploadOptions:
    """The options of an upload.

    Attributes:
        atomic: write under a temporary name first.
        preserve: give the file the permissions and times of the local one.
        fsync: write it to stable storage before it gets its name; the server supports it.
        part_name: returns a new temporary path for a path.
        max_depth: the most levels of directories in a tree.
        checks_small: check the size of small files too, which one acknowledgement covers.
    """

    atomic: bool
    preserve: bool
    fsync: bool
    part_name: Callable[[str], str]
    max_depth: int = MAX_DEPTH
    checks_small: bool = False


class _LocalFile:
    """The local file of an upload.

    Attributes:
        source: what its blocks are read from, while it is open.
        attributes: its attributes.
        path: its path.
        size: its bytes.
    """

    __slots__ = ("_open", "attributes", "path", "size", "source")

    def __init__(self, open_source: Callable[[], FileSource]) -> None:
        self._open = open_source
        self.source: FileSource | None = None
        self.attributes = Attributes()
        self.path = ""
        self.size = 0

    def open(self) -> None:
        """Open it, and note its attributes."""
        self.source = self._open()
        self.attributes = self.source.attributes
        self.path = self.source.path
        self.size = self.attributes.size or 0

    def close(self) -> None:
        """Close it, if it is open."""
        if self.source is not None:
            self.source.close()
            self.source = None


class _SentBlocks:
    """The blocks of an upload that were sent.

    Attributes:
        blocks: the bytes of each block without a reply, by the number of its request.
        next: the offset of the next block.
        acknowledged: the bytes whose blocks the server has acknowledged.
    """

    __slots__ = ("acknowledged", "blocks", "next")

    def __init__(self) -> None:
        self.blocks: dict[int, int] = {}
        self.next = 0
        self.acknowledged = 0

    @property
    def outstanding(self) -> int:
        """The bytes without a reply."""
        return sum(self.blocks.values())


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
        self._path = path
        self._local = _LocalFile(open_source)
        self._sent = _SentBlocks()
        self._options = options
        self._target = options.part_name(path) if options.atomic else path
        self._lstat_or_none: Attributes | None = None
        self._absent = False
        self._handle: bytes | None = None
        self._waiting = 0
        self._checked = False
        self._finishing = False
        self._opened = False
        self._aborted = False
        self._over = False

    @property
    def _protocol(self) -> SFTPClientProtocol:
        return self._scheduler.protocol

    @property
    def _flow(self) -> Flow:
        return self._scheduler.flow

    # ------------------------------------------------------------------ steps

    def start(self) -> None:
        """Open the local file, and the one on the server."""
        try:
            self._local.open()
        except (OSError, SFTPTransferError) as error:
            self._fail(error)
            return
        flags = OpenFlags.WRITE | OpenFlags.CREATE
        if self._options.atomic:
            request = LStat(id=self._protocol.next_id(), path=self._path)
            self._ask(request, self._on_present, Attrs)
            flags |= OpenFlags.EXCLUSIVE
        else:
            flags |= OpenFlags.TRUNCATE
        created = Attributes(permissions=_plain_mode(self._local.attributes))
        number = self._protocol.next_id()
        opening = Open(id=number, path=self._target, flags=flags.value, attributes=created)
        self._ask(opening, self._on_open, Handle)

    def fill(self) -> None:
        """Send blocks while there is room."""
        source, handle = self._local.source, self._handle
        if handle is None or source is None or self._aborted or self._finishing:
            return
        protocol, flow = self._protocol, self._flow
        block = protocol.write_block
        try:
            while self._sent.next < self._local.size and flow.has_room and protocol.writable:
                self._send(source, handle, min(block, self._local.size - self._sent.next))
        except (OSError, SFTPTransferError) as error:
            self._fail(error)
            return
        if self._sent.next == self._local.size and not self._waiting:
            self._maybe_finish()

    def abort(self) -> None:
        """Remove the partial file on the server."""
        if self._aborted:
            return
        self._aborted = True
        self._local.close()
        self._undo()
        self._maybe_end()

    def drop(self) -> None:
        """Close the local file; the partial file on the server stays."""
        self._aborted = self._over = True
        self._flow.give(self._sent.outstanding, self._protocol.now)
        self._sent.blocks.clear()
        self._local.close()

    def broken(self, error: Exception) -> None:
        """Handle an exception in one of the callbacks below."""
        self._scheduler.broken(self, error)

    def _fail(self, error: Exception) -> None:
        if not self._aborted:
            named = getattr(error, "filename", None)
            path = self._local.path or (named if isinstance(named, str) else self._path)
            self._scheduler.failed(path, error)
            self.abort()

    def _ask(self, request: Request, on_reply: OnReply, expected: type[Message] = Status) -> None:
        def counted(outcome: Outcome) -> None:
            self._waiting -= 1
            on_reply(outcome)
            self._maybe_end()

        self._waiting += 1
        self._protocol.submit(request, expected, counted, self)

    def _send(self, source: FileSource, handle: bytes, length: int) -> None:
        # bytes cannot change: the stream may keep them without a copy
        data = source.read(length, self._sent.next)
        if len(data) != length:
            problem = "it became shorter while it was read"
            raise SFTPTransferError(source.path, problem)
        protocol = self._protocol
        number = protocol.next_id()
        self._sent.blocks[number] = length
        self._flow.take(length, protocol.now)
        offset, self._sent.next = self._sent.next, self._sent.next + length
        write = Write(id=number, handle=handle, offset=offset, data=data)
        if length <= _SMALL:  # small files share one write of the stream
            protocol.submit(write, Status, self._on_written, self)
        else:
            protocol.submit_now(write, self._on_written, self)

    # ------------------------------------------------------------------ replies

    def _on_present(self, outcome: Outcome) -> None:
        if isinstance(outcome, Attrs):
            self._lstat_or_none = outcome.attributes
            if outcome.attributes.is_dir:
                self._fail(SFTPTransferError(self._path, "it is a directory"))
        elif isinstance(outcome, Status) and outcome.code == StatusCode.NO_SUCH_FILE:
            self._absent = True
        self._scheduler.touch()

    def _on_open(self, outcome: Outcome) -> None:
        if not isinstance(outcome, Handle):
            self._fail(self._why_not_opened(outcome))
            return
        self._handle = outcome.handle
        self._opened = True
        if self._aborted:
            self._undo()
        else:
            self.fill()
            self._scheduler.touch()

    def _why_not_opened(self, outcome: Outcome) -> Exception:
        above = directory_of(self._path)
        if not isinstance(outcome, Status):
            return outcome_error(outcome, self._path)
        if outcome.code == StatusCode.NO_SUCH_FILE and above:
            return SFTPNoSuchFile("the directory does not exist", above)
        if self._options.atomic and not self._absent:
            what = f"the temporary file {basename(self._target)} could not be made"
            return _with_hint(outcome.code, outcome.text, what, self._path)
        return outcome_error(outcome, self._path)

    def _on_written(self, outcome: Outcome) -> None:
        if not isinstance(outcome, Status):  # the session has ended
            self._flow.give(self._sent.outstanding, self._protocol.now)
            self._sent.blocks.clear()
            self._fail(outcome_error(outcome, self._path))
            self._maybe_end()
            return
        length = self._sent.blocks.pop(outcome.id)
        self._flow.give(length, self._protocol.now)
        self._scheduler.touch()
        if outcome.code != StatusCode.OK:
            self._fail(status_error(outcome.code, outcome.text, self._path))
        elif not self._aborted:
            self._sent.acknowledged += length
            self._scheduler.report(self._sent.acknowledged, self._local.size, self._path)
        self._maybe_finish()
        self._maybe_end()

    # ------------------------------------------------------------------ the end

    def _maybe_finish(self) -> None:
        """Close the file: at once after a small file, else when all blocks are acknowledged."""
        small = self._local.size <= _SMALL
        if (
            self._finishing
            or self._aborted
            or self._handle is None
            or self._waiting
            or self._sent.next != self._local.size
            or (self._sent.blocks and not small)
        ):
            return
        self._finishing = True
        self._local.close()
        handle, self._handle = self._handle, None
        if not small or self._options.checks_small:
            self._ask(FStat(id=self._protocol.next_id(), handle=handle), self._on_size, Attrs)
        change = self._final_attributes()
        if change is not None:
            request = FSetStat(id=self._protocol.next_id(), handle=handle, attributes=change)
            what = "permissions and times" if self._options.preserve else "permissions"
            self._ask(request, lambda outcome: self._on_optional_request(outcome, what))
        if self._options.fsync:
            syncing = FSync(id=self._protocol.next_id(), handle=handle)
            self._ask(syncing, lambda outcome: self._on_optional_request(outcome, "fsync"))
        self._ask(Close(id=self._protocol.next_id(), handle=handle), self._on_closed)

    def _final_attributes(self) -> Attributes | None:
        if self._options.preserve:
            mode = _plain_mode(self._local.attributes)
            return Attributes(
                permissions=mode,
                atime=self._local.attributes.atime,
                mtime=self._local.attributes.mtime,
            )
        found = self._lstat_or_none
        if found is not None and found.mode is not None and (found.is_file or not found.has_type):
            return Attributes(permissions=found.mode)
        return None

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

    def _undo(self) -> None:
        if self._handle is not None:
            handle, self._handle = self._handle, None
            self._ask(Close(id=self._protocol.next_id(), handle=handle), _ignore)
        if self._opened and self._options.atomic:
            self._opened = False
            self._ask(Remove(id=self._protocol.next_id(), path=self._target), _ignore)

    def _maybe_end(self) -> None:
        if self._waiting or self._sent.blocks or self._over:
            return
        if self._aborted:
            self._over = True
            self._scheduler.ended(self)
        elif self._finishing and self._opened and self._options.atomic:
            self._opened = False
            self._name()
        elif self._finishing:
            self._over = True
            if self._local.size == 0:
                self._scheduler.report(0, 0, self._path)
            self._scheduler.completed(self, self._local.size, checked=self._checked)

    def _name(self) -> None:
        if not self._protocol.supports("posix-rename@openssh.com"):
            self._name_by_hand()
            return
        number = self._protocol.next_id()
        request = PosixRename(id=number, old=self._target, new=self._path)
        self._ask(request, self._on_renamed)

    def _on_renamed(self, outcome: Outcome) -> None:
        if isinstance(outcome, Status) and outcome.code == StatusCode.OP_UNSUPPORTED:
            self._name_by_hand()
        elif not is_ok(outcome):
            self._not_named(outcome_error(outcome, self._path))

    def _not_named(self, error: Exception) -> None:
        self._opened = True  # the temporary file still exists
        if self._aborted:
            self._undo()
        self._fail(self._why_not_named(error))

    def _name_by_hand(self) -> None:
        aside = self._options.part_name(self._path)

        def done(error: Exception | None) -> None:
            if naming.left_aside is not None:
                self._scheduler.refused(aside, "removing the old file", naming.left_aside)
            if error is not None:
                self._not_named(error)

        naming = Naming(
            self._protocol,
            self._ask,
            (self._target, self._path, aside),
            in_the_way=self._in_the_way(),
            done=done,
        )
        naming.start()

    def _in_the_way(self) -> bool | None:
        if self._lstat_or_none is None:
            return False
        return self._lstat_or_none.is_file if self._lstat_or_none.has_type else None

    def _why_not_named(self, error: Exception) -> Exception:
        if self._protocol.error is not None or not isinstance(error, SFTPError):
            return error
        what = f"the temporary file {basename(self._target)} could not be renamed"
        return _with_hint(error.code, error.text, what, self._path)


def _plain_mode(found: Attributes) -> int | None:
    """Return permission bits without set-user-ID, set-group-ID and sticky."""
    return None if found.mode is None else found.mode & 0o777


def _with_hint(code: int, text: str, what: str, path: str) -> Exception:
    """Return a refusal with the hint that files can be written in place."""
    return status_error(code, f"{text or 'the request failed'} ({what}; {_IN_PLACE})", path)


def _ignore(_outcome: Outcome) -> None:
    """Ignore a reply."""
