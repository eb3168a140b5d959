"""List one directory of a tree on the server, as a job of a transfer.

Each name that the server lists is checked.  An entry that cannot be used is recorded, with the
reason, and the others go on.  A name that leads out of the directory ends the transfer: such a
server is not trusted with the rest.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

from ssh_sftp.attributes import Attributes
from ssh_sftp.client.limits import SFTPOptions
from ssh_sftp.client.listing import Listing
from ssh_sftp.client.scheduler import Scheduler
from ssh_sftp.client.selection import EntryKind, Select, TreeEntry
from ssh_sftp.errors import SFTPTransferError, SFTPUnsafeName
from ssh_sftp.messages import NameEntry
from ssh_sftp.names import is_dot, is_plain, join

__all__ = ["RemoteDirectory"]


class RemoteDirectory(ABC):
    """List a directory of a tree; what is done with its entries is up to the derived classes.

    Args:
        scheduler: the transfer.
        path: the directory.
        options: the bounds of the tree.
        select: returns whether an entry is used.
        relative: the path below the top of the tree; if "", the top, fails, the transfer fails.
    """

    def __init__(
        self,
        scheduler: Scheduler,
        path: str,
        options: SFTPOptions,
        select: Select,
        relative: str,
    ) -> None:
        self._scheduler = scheduler
        self._path = path
        self._options = options
        self._select = select
        self._relative = relative
        self._level = relative.count("/") + 1 if relative else 0
        self._listing = Listing(scheduler.protocol, path, self._on_batch, self._on_end)
        self._seen: set[str] = set()
        self._started = False
        self._aborted = False
        self._left = False

    @abstractmethod
    def _enter(self) -> None:
        """Prepare for the entries.

        Raises:
            OSError: the local side failed.
        """

    @abstractmethod
    def _leave(self) -> None:
        """Release what `_enter` made; the listing is over."""

    @abstractmethod
    def _take(self, entry: TreeEntry, path: str, attributes: Attributes) -> None:
        """Use an entry that was selected.

        Raises:
            OSError: the local side cannot have it.
        """

    @abstractmethod
    def _left_out(self, entry: TreeEntry) -> None:
        """Take notice of an entry that was not selected."""

    def start(self) -> None:
        """Prepare for the entries and open the directory."""
        try:
            self._enter()
        except OSError as error:
            self._fail(error)
            return
        self._started = True
        self._listing.start()

    def fill(self) -> None:
        """Request more names unless enough files wait."""
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

    def drop(self) -> None:
        """Release what it holds."""
        self._aborted = True
        self._release()

    def _fail(self, error: Exception) -> None:
        """Record this directory as failed; the top one ends the transfer."""
        if self._level:
            self._scheduler.failed(self._path, error)
        else:
            self._scheduler.fail(error)
        self.abort()

    def _release(self) -> None:
        if self._started and not self._left:
            self._left = True
            self._leave()

    def _too_deep(self, path: str) -> bool:
        """Record a directory as failed if it is deeper than is followed."""
        if self._level + 1 < self._options.max_depth:
            return False
        problem = SFTPTransferError(path, "the tree is deeper than is followed")
        self._scheduler.failed(path, problem)
        return True

    # ------------------------------------------------------------------ names

    def _on_batch(self, entries: tuple[NameEntry, ...]) -> None:
        self._scheduler.touch()
        for entry in entries:
            name = entry.filename
            if self._aborted:
                return
            if is_dot(name):
                continue
            if not is_plain(name):
                self._scheduler.fail(SFTPUnsafeName(self._path, name))
                return
            if len(self._seen) >= self._options.max_entries:
                most = self._options.max_entries
                self._fail(SFTPTransferError(self._path, f"it lists more than {most} names"))
                return
            if name in self._seen:
                problem = SFTPTransferError(join(self._path, name), "the server lists it twice")
                self._scheduler.failed(problem.path, problem)
                continue
            self._seen.add(name)
            self._add(name, entry.attributes)

    def _add(self, name: str, attributes: Attributes) -> None:
        found = TreeEntry(
            join(self._relative, name),
            _kind(attributes),
            attributes.size,
            attributes.mtime,
            attributes.mode,
        )
        path = join(self._path, name)
        if not self._select(found):
            self._left_out(found)
            return
        try:
            self._take(found, path, attributes)
        except OSError as error:  # a name that is too long for the local file system, say
            self._scheduler.failed(path, error)

    # ------------------------------------------------------------------ the end

    def _on_end(self, error: Exception | None) -> None:
        if error is not None and not self._aborted:
            if self._seen:  # what is listed is used
                self._scheduler.failed(self._path, error)
            else:
                self._fail(error)
        self._release()
        if self._aborted or error is not None:
            self._scheduler.ended(self)
        else:
            self._scheduler.completed(self, None)


def _kind(attributes: Attributes) -> EntryKind:
    if attributes.is_file:
        return "file"
    if attributes.is_dir:
        return "directory"
    return "link" if attributes.is_symlink else "other"
