"""A directory of the server and what is in it, read ahead (sections 6.7 and 7).

`Listing` turns OPENDIR, READDIR, CLOSE into batches of entries; `DirectoryDownload` is the
job of a tree: it makes each name that the server lists pass the checks before anything
local is made of it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from ssh_sftp.attributes import Attributes
from ssh_sftp.download import FileDownload, outcome_error
from ssh_sftp.endpoints import SinkDirectory
from ssh_sftp.errors import SFTPProtocolError, SFTPTransferError, SFTPUnsafeName
from ssh_sftp.messages import (
    Attrs,
    Close,
    Handle,
    LStat,
    Name,
    NameEntry,
    OpenDir,
    ReadDir,
    Status,
)
from ssh_sftp.names import is_dot, is_plain, join
from ssh_sftp.numbers import StatusCode
from ssh_sftp.requests import Outcome, Requests
from ssh_sftp.scheduler import Scheduler

__all__ = ["DirectoryDownload", "Listing"]

_AHEAD: Final = 2


class Listing:
    """The entries of one directory, a batch at a time.

    Args:
        requests: the session.
        path: the directory.
        on_batch: takes the entries of one reply.
        on_end: called once with the error, or None at the end of the list.
    """

    def __init__(
        self,
        requests: Requests,
        path: str,
        on_batch: Callable[[tuple[NameEntry, ...]], None],
        on_end: Callable[[Exception | None], None],
    ) -> None:
        self._requests = requests
        self._path = path
        self._on_batch = on_batch
        self._on_end = on_end
        self._handle: bytes | None = None
        self._outstanding = 0
        self._ended = False
        self._error: Exception | None = None

    def start(self) -> None:
        """Open the directory."""
        self._outstanding += 1
        request = OpenDir(id=self._requests.next_id(), path=self._path)
        self._requests.submit(request, Handle, self._on_open)

    def more(self) -> None:
        """Ask for more names."""
        while self._handle is not None and not self._ended and self._outstanding < _AHEAD:
            self._outstanding += 1
            request = ReadDir(id=self._requests.next_id(), handle=self._handle)
            self._requests.submit(request, Name, self._on_names)

    def stop(self) -> None:
        """Want no more names; `on_end` follows."""
        self._ended = True
        self._maybe_close()

    def _on_open(self, outcome: Outcome) -> None:
        self._outstanding -= 1
        if isinstance(outcome, Handle):
            self._handle = outcome.handle
            self.more()
        else:
            self._error = outcome_error(outcome, self._path)
            self._ended = True
        self._maybe_close()

    def _on_names(self, outcome: Outcome) -> None:
        self._outstanding -= 1
        if isinstance(outcome, Name):
            if not outcome.entries:  # no progress and no end: a loop otherwise
                error = SFTPProtocolError("a reply to READDIR has no names")
                self._error = error
                self._ended = True
                raise error
            if not self._ended:
                self._on_batch(outcome.entries)
        else:
            self._ended = True
            if not (isinstance(outcome, Status) and outcome.code == StatusCode.EOF):
                self._error = self._error or outcome_error(outcome, self._path)
        self._maybe_close()

    def _maybe_close(self) -> None:
        if not self._ended or self._outstanding:
            return
        self._outstanding += 1
        if self._handle is None:
            self._on_end(self._error)
        else:
            request = Close(id=self._requests.next_id(), handle=self._handle)
            self._requests.submit(request, Status, self._on_closed)

    def _on_closed(self, outcome: Outcome) -> None:
        if not isinstance(outcome, Status):
            self._error = self._error or outcome_error(outcome, self._path)
        self._on_end(self._error)


class DirectoryDownload:
    """A directory on its way from the server into a local one."""

    def __init__(
        self, scheduler: Scheduler, path: str, sink: SinkDirectory, depth: int, max_entries: int
    ) -> None:
        self._scheduler = scheduler
        self._path = path
        self._sink = sink
        self._depth = depth
        self._max_entries = max_entries
        self._listing = Listing(scheduler.requests, path, self._on_batch, self._on_end)
        self._seen: set[str] = set()
        self._unclear = 0
        self._listed = False
        self._started = False
        self._aborted = False

    def start(self) -> None:
        """Make the local directory and open the remote one."""
        self._started = True
        try:
            self._sink.enter()
        except OSError as error:
            self._started = False
            self._scheduler.fail(error)
            return
        self._listing.start()

    def fill(self) -> None:
        """Ask for more names unless enough files wait."""
        if not self._scheduler.backlogged:
            self._listing.more()

    def abort(self) -> None:
        """Stop listing."""
        if self._aborted:
            return
        self._aborted = True
        if self._started:
            self._listing.stop()
        else:
            self._scheduler.ended(self)

    def _on_batch(self, entries: tuple[NameEntry, ...]) -> None:
        self._scheduler.touch()
        for entry in entries:
            name = entry.filename
            if is_dot(name):
                continue
            problem = self._problem(name)
            if problem is not None:
                self._scheduler.fail(problem)
                return
            self._seen.add(name)
            if entry.attributes.permissions is None:
                self._ask_kind(name)
            else:
                self._add(name, entry.attributes)

    def _problem(self, name: str) -> Exception | None:
        if not is_plain(name):
            return SFTPUnsafeName(self._path, name)
        if name in self._seen:
            return SFTPTransferError(join(self._path, name), "the server lists it twice")
        if len(self._seen) >= self._max_entries:
            return SFTPTransferError(self._path, f"it lists more than {self._max_entries} names")
        return None

    def _ask_kind(self, name: str) -> None:
        path = join(self._path, name)

        def on_attributes(outcome: Outcome) -> None:
            self._unclear -= 1
            if isinstance(outcome, Attrs) and not self._aborted:
                self._add(name, outcome.attributes)
            elif not self._aborted:
                self._scheduler.fail(outcome_error(outcome, path))
            self._maybe_complete()

        self._unclear += 1
        request = LStat(id=self._scheduler.requests.next_id(), path=path)
        self._scheduler.requests.submit(request, Attrs, on_attributes)

    def _add(self, name: str, attributes: Attributes) -> None:
        path = join(self._path, name)
        if attributes.is_file:
            sink = self._sink.file(name, attributes)
            self._scheduler.add_file(FileDownload(self._scheduler, path, attributes.size, sink))
        elif not attributes.is_dir:
            kind = "a symbolic link" if attributes.is_symlink else "no regular file"
            self._scheduler.skip(path, f"it is {kind}")
        elif self._depth <= 1:
            self._scheduler.fail(SFTPTransferError(path, "the tree is deeper than is followed"))
        else:
            below = self._sink.directory(name, attributes)
            job = DirectoryDownload(
                self._scheduler, path, below, self._depth - 1, self._max_entries
            )
            self._scheduler.add_directory(job)

    def _on_end(self, error: Exception | None) -> None:
        self._listed = True
        if error is not None:
            self._scheduler.fail(error)
        self._maybe_complete()

    def _maybe_complete(self) -> None:
        if not self._listed or self._unclear:
            return
        self._sink.release()
        if self._aborted:
            self._scheduler.ended(self)
        else:
            self._scheduler.completed(self, None)
