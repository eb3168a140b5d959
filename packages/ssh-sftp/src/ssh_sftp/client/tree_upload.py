"""Upload a local directory: MKDIR, then its files and directories.

Files wait for the reply to the directory's MKDIR, because a server may handle requests about
different files in any order (section 6.1); the directories of one level are made at the same time.
An entry that cannot be sent is recorded, with the reason, and the others go on.
"""

from __future__ import annotations

from typing import Final

from ssh_sftp.attributes import Attributes
from ssh_sftp.client.protocol import OnReply, Outcome
from ssh_sftp.client.renaming import is_ok
from ssh_sftp.client.scheduler import Scheduler
from ssh_sftp.client.selection import EntryKind, Select, TreeEntry, everything
from ssh_sftp.client.storage import FileKind, SourceDirectory, SourceEntry
from ssh_sftp.client.upload import FileUpload
from ssh_sftp.client.upload_opening import UploadOptions
from ssh_sftp.errors import SFTPNoSuchFile, SFTPTransferError, outcome_error
from ssh_sftp.messages import Attrs, Close, Handle, MkDir, OpenDir, Request, Stat, Status
from ssh_sftp.names import directory_of, join
from ssh_sftp.numbers import StatusCode
from ssh_wire import Message

__all__ = ["DirectoryUpload", "UploadTree"]

_KINDS: Final[dict[FileKind, EntryKind]] = {
    FileKind.FILE: "file",
    FileKind.DIRECTORY: "directory",
    FileKind.OTHER: "other",
    FileKind.UNKNOWN: "other",
}


class UploadTree:
    """What the directories of one upload share.

    Attributes:
        select: returns whether an entry is transferred.
        made: the directories that exist, with the attributes that they get at the end.
    """

    def __init__(self, select: Select = everything) -> None:
        self.select = select
        self.made: list[tuple[str, Attributes]] = []


class DirectoryUpload:
    """Upload a local directory.

    Args:
        scheduler: the transfer.
        path: the directory on the server.
        source: the local one.
        options: how its files are written, and the most levels of a tree.
        tree: what it shares with the other directories.
        relative: the path below the top of the tree; if "", the top, fails, the transfer fails.
    """

    def __init__(
        self,
        scheduler: Scheduler,
        path: str,
        source: SourceDirectory,
        options: UploadOptions,
        tree: UploadTree,
        relative: str = "",
    ) -> None:
        self._scheduler = scheduler
        self._protocol = scheduler.protocol
        self._path = path
        self._source = source
        self._options = options
        self._tree = tree
        self._relative = relative
        self._level = relative.count("/") + 1 if relative else 0
        self._waiting = False
        self._aborted = False
        self._entered = False
        self._attributes = Attributes()

    def start(self) -> None:
        """Enter the local directory and make the remote one."""
        try:
            attributes = self._source.enter()
        except OSError as error:
            self._fail(error)
            return
        self._entered = True
        self._attributes = attributes
        mode = 0o777 if attributes.mode is None else attributes.mode & 0o777
        request = MkDir(
            id=self._protocol.next_id(),
            path=self._path,
            attributes=Attributes(permissions=mode | 0o700),
        )
        self._ask(request, Status, self._on_made)

    def fill(self) -> None:
        """Do nothing: the entries follow when the directory exists."""

    def abort(self) -> None:
        """Add no more entries."""
        if not self._aborted:
            self._aborted = True
            if not self._waiting:
                self._end()

    def drop(self) -> None:
        """Close the local directory."""
        self._aborted = True
        self._release()

    def broken(self, error: Exception) -> None:
        """Handle an exception in one of the callbacks below."""
        self._scheduler.broken(self, error)

    def _fail(self, error: Exception) -> None:
        """Record this directory as failed; the top one ends the transfer."""
        if self._aborted:
            self._end()
            return
        if self._level:
            self._scheduler.failed(self._source.path, error)
        else:
            self._scheduler.fail(error)
        self.abort()

    def _ask(self, request: Request, expected: type[Message], on_reply: OnReply) -> None:
        self._waiting = True
        self._protocol.submit(request, expected, on_reply, self)

    # ------------------------------------------------------------------ the directory

    def _on_made(self, outcome: Outcome) -> None:
        self._waiting = False
        if is_ok(outcome) or self._aborted:
            self._add_entries()
            return
        # version 3 has no code for "it exists": find out
        refusal = self._refusal(outcome)
        request = Stat(id=self._protocol.next_id(), path=self._path)
        self._ask(request, Attrs, lambda found: self._on_present(found, refusal))

    def _refusal(self, outcome: Outcome) -> Exception:
        above = directory_of(self._path)
        missing = isinstance(outcome, Status) and outcome.code == StatusCode.NO_SUCH_FILE
        if missing and above:
            return SFTPNoSuchFile("the directory does not exist", above)
        return outcome_error(outcome, self._path)

    def _on_present(self, outcome: Outcome, refusal: Exception) -> None:
        self._waiting = False
        told = isinstance(outcome, Attrs) and outcome.attributes.has_type
        if self._aborted or (isinstance(outcome, Attrs) and outcome.attributes.is_dir):
            self._add_entries()
        elif told or not isinstance(outcome, Attrs):
            self._fail(refusal)
        else:  # the type is not known: OPENDIR finds it out
            request = OpenDir(id=self._protocol.next_id(), path=self._path)
            self._ask(request, Handle, lambda found: self._on_opened(found, refusal))

    def _on_opened(self, outcome: Outcome, refusal: Exception) -> None:
        self._waiting = False
        if isinstance(outcome, Handle):
            request = Close(id=self._protocol.next_id(), handle=outcome.handle)
            self._ask(request, Status, lambda _: self._add_entries())
        else:
            self._fail(refusal)

    # ------------------------------------------------------------------ its entries

    def _add_entries(self) -> None:
        self._waiting = False
        if self._aborted:
            self._end()
            return
        self._tree.made.append((self._path, self._attributes))
        try:
            for entry in self._source.entries():
                self._add(entry)
        except OSError as error:
            self._fail(error)
        if not self._aborted:
            self._release()
            self._scheduler.completed(self, None)

    def _add(self, entry: SourceEntry) -> None:
        path, relative = join(self._path, entry.name), join(self._relative, entry.name)
        kind: EntryKind = "link" if entry.is_link else _KINDS[entry.kind]
        if not self._tree.select(TreeEntry(relative, kind, entry.size, entry.mtime)):
            return
        if entry.kind is FileKind.FILE:
            self._scheduler.found(path, entry.size)
            opener = self._source.file(entry.name)
            self._scheduler.add_file(FileUpload(self._scheduler, path, opener, self._options))
        elif entry.kind is FileKind.OTHER:
            self._scheduler.skip(entry.path, entry.reason)
        elif entry.kind is FileKind.UNKNOWN:
            self._scheduler.skip(entry.path, entry.reason)
            self._scheduler.failed(entry.path, SFTPTransferError(entry.path, entry.reason))
        elif self._level + 1 >= self._options.max_depth:
            problem = SFTPTransferError(entry.path, "the tree is deeper than is followed")
            self._scheduler.failed(entry.path, problem)
        else:
            below = self._source.directory(entry.name)
            self._scheduler.add_directory(
                DirectoryUpload(self._scheduler, path, below, self._options, self._tree, relative)
            )

    def _end(self) -> None:
        self._release()
        self._scheduler.ended(self)

    def _release(self) -> None:
        if self._entered:
            self._entered = False
            self._source.release()
