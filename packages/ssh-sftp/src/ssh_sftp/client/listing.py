"""List a directory of the server, ahead of its use (sections 6.7 and 7).

`Listing` makes batches of entries from OPENDIR, READDIR and CLOSE.  The type of an entry that the
server did not report is found out (LSTAT, then the long name, then STAT) before its batch is
delivered, so that an unknown type is never taken for "not a file".  A NAME of no entries ends a
listing like EOF, as in OpenSSH's client.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Final

from ssh_sftp.attributes import Attributes
from ssh_sftp.client.file_types import attributes_from_long_name
from ssh_sftp.client.protocol import OnReply, Outcome, SFTPClientProtocol
from ssh_sftp.errors import outcome_error
from ssh_sftp.messages import (
    Attrs,
    Close,
    Handle,
    LStat,
    Name,
    NameEntry,
    OpenDir,
    ReadDir,
    Request,
    Stat,
    Status,
)
from ssh_sftp.names import is_plain, join
from ssh_sftp.numbers import StatusCode
from ssh_wire import Message

__all__ = ["Listing", "OnBatch"]

_AHEAD: Final = 2

OnBatch = Callable[[tuple[NameEntry, ...]], None]
"""Takes the entries of one reply."""


class Listing:
    """List one directory in batches.

    Args:
        protocol: the session.
        path: the directory.
        on_batch: takes the entries of one reply, in the server's order.
        on_end: called once with the error, or None at the end of the list.
    """

    def __init__(
        self,
        protocol: SFTPClientProtocol,
        path: str,
        on_batch: OnBatch,
        on_end: Callable[[Exception | None], None],
    ) -> None:
        self._protocol = protocol
        self._path = path
        self._on_batch = on_batch
        self._on_end = on_end
        self._handle: bytes | None = None
        self._outstanding = 0
        self._batches: deque[_Batch] = deque()
        self._ended = False
        self._stopped = False
        self._over = False
        self._error: Exception | None = None

    def start(self) -> None:
        """Open the directory."""
        self._ask(OpenDir(id=self._protocol.next_id(), path=self._path), Handle, self._on_open)

    def more(self) -> None:
        """Request more names."""
        while self._handle is not None and not self._ended and self._outstanding < _AHEAD:
            request = ReadDir(id=self._protocol.next_id(), handle=self._handle)
            self._ask(request, Name, self._on_names)

    def stop(self) -> None:
        """Stop; `on_end` follows."""
        self._ended = self._stopped = True
        self._batches.clear()
        self._maybe_close()

    def _ask(self, request: Request, expected: type[Message], on_reply: OnReply) -> None:
        self._outstanding += 1
        self._protocol.submit(request, expected, on_reply, self)

    def broken(self, error: Exception) -> None:
        """Handle an exception in one of the callbacks below."""
        self._ended = self._stopped = True
        self._finish(error)

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
        if isinstance(outcome, Name) and outcome.entries:
            if not self._stopped:
                self._take(outcome.entries)
        elif isinstance(outcome, Name):
            self._ended = True
        else:
            self._ended = True
            if not (isinstance(outcome, Status) and outcome.code == StatusCode.EOF):
                self._error = self._error or outcome_error(outcome, self._path)
        self._maybe_close()

    # ------------------------------------------------------------------ types that were not told

    def _take(self, entries: tuple[NameEntry, ...]) -> None:
        unclear = [
            index
            for index, entry in enumerate(entries)
            if not entry.attributes.has_type and is_plain(entry.filename)
        ]
        if not unclear and not self._batches:
            self._on_batch(entries)
            return
        batch = _Batch(entries, len(unclear))
        self._batches.append(batch)
        for index in unclear:
            self._ask_type(batch, index, follow=False)

    def _ask_type(self, batch: _Batch, index: int, *, follow: bool) -> None:
        path = join(self._path, batch.entries[index].filename)
        number = self._protocol.next_id()
        request = Stat(id=number, path=path) if follow else LStat(id=number, path=path)

        def on_attributes(outcome: Outcome) -> None:
            self._outstanding -= 1
            self._on_type(batch, index, outcome, follow=follow)

        self._ask(request, Attrs, on_attributes)

    def _on_type(self, batch: _Batch, index: int, outcome: Outcome, *, follow: bool) -> None:
        entry = batch.entries[index]
        told: Attributes | None = None
        if isinstance(outcome, Attrs) and outcome.attributes.has_type:
            told = outcome.attributes
        elif not isinstance(outcome, Attrs | Status):  # the session has ended
            self._ended = True
            self._error = self._error or outcome_error(outcome, self._path)
        elif not follow:
            told = attributes_from_long_name(entry)
            if told is None:
                self._ask_type(batch, index, follow=True)
                return
        if told is not None:
            batch.entries[index] = entry.replace(attributes=told)
        batch.unclear -= 1
        while self._batches and not self._batches[0].unclear:
            self._on_batch(tuple(self._batches.popleft().entries))
        self._maybe_close()

    # ------------------------------------------------------------------ the end

    def _maybe_close(self) -> None:
        if not self._ended or self._outstanding or self._over:
            return
        if self._handle is None:
            self._finish(self._error)
        else:
            handle, self._handle = self._handle, None
            request = Close(id=self._protocol.next_id(), handle=handle)
            self._ask(request, Status, self._on_closed)

    def _on_closed(self, outcome: Outcome) -> None:
        self._outstanding -= 1
        if not isinstance(outcome, Status):
            self._error = self._error or outcome_error(outcome, self._path)
        self._finish(self._error)

    def _finish(self, error: Exception | None) -> None:
        if not self._over:
            self._over = True
            self._on_end(error)


class _Batch:
    """The entries of one reply, and how many types are still unknown."""

    __slots__ = ("entries", "unclear")

    def __init__(self, entries: tuple[NameEntry, ...], unclear: int) -> None:
        self.entries = list(entries)
        self.unclear = unclear
