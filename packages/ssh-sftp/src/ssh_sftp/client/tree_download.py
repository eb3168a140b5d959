"""Download a directory of the server into a local one.

Each name that the server lists is checked before a local file is made.  An entry that cannot be
transferred is recorded, with the reason, and the others go on.  A name that leads out of the
directory ends the transfer: such a server is not trusted with the rest.
"""

from __future__ import annotations

from ssh_sftp.attributes import Attributes
from ssh_sftp.client.download import FileDownload
from ssh_sftp.client.limits import SFTPOptions
from ssh_sftp.client.listing import Listing
from ssh_sftp.client.scheduler import Scheduler
from ssh_sftp.client.storage import SinkDirectory
from ssh_sftp.errors import SFTPTransferError, SFTPUnsafeName
from ssh_sftp.messages import NameEntry
from ssh_sftp.names import is_dot, is_plain, join

__all__ = ["DirectoryDownload"]


class DirectoryDownload:
    """Download a directory of the server into a local one.

    Args:
        scheduler: the transfer.
        path: the directory.
        sink: the local one.
        options: the bounds of the tree, and what is left out.
        level: how deep below the top it is; if 0, the top, fails, the transfer fails.
    """

    def __init__(
        self,
        scheduler: Scheduler,
        path: str,
        sink: SinkDirectory,
        options: SFTPOptions,
        level: int = 0,
    ) -> None:
        self._scheduler = scheduler
        self._path = path
        self._sink = sink
        self._options = options
        self._level = level
        self._listing = Listing(scheduler.protocol, path, self._on_batch, self._on_end)
        self._seen: set[str] = set()
        self._entered = False
        self._started = False
        self._aborted = False
        self._released = False

    def start(self) -> None:
        """Make the local directory and open the remote one."""
        try:
            self._sink.enter()
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
        """Close the local directory."""
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
        if self._started and not self._released:
            self._released = True
            self._sink.release()

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
        path = join(self._path, name)
        try:
            if attributes.is_file:
                sink = self._sink.file(name, attributes)
                self._scheduler.found(path, attributes.size)
                job = FileDownload(self._scheduler, path, attributes.size, sink)
                self._scheduler.add_file(job)
            elif attributes.is_dir:
                self._add_directory(name, path, attributes)
            elif attributes.has_type:
                kind = "a symbolic link" if attributes.is_symlink else "not a regular file"
                self._scheduler.skip(path, f"it is {kind}")
            else:
                self._leave_out(path)
        except OSError as error:  # a name that is too long for the local file system, say
            self._scheduler.failed(path, error)

    def _add_directory(self, name: str, path: str, attributes: Attributes) -> None:
        if self._level + 1 >= self._options.max_depth:
            problem = SFTPTransferError(path, "the tree is deeper than is followed")
            self._scheduler.failed(path, problem)
            return
        below = self._sink.directory(name, attributes)
        job = DirectoryDownload(self._scheduler, path, below, self._options, self._level + 1)
        self._scheduler.add_directory(job)

    def _leave_out(self, path: str) -> None:
        """Leave out an entry of unknown type: a failure, unless `skip_unknown_types` is set."""
        reason = "the server does not say whether it is a file or a directory"
        self._scheduler.skip(path, reason)
        if not self._options.skip_unknown_types:
            self._scheduler.failed(path, SFTPTransferError(path, reason))

    # ------------------------------------------------------------------ the end

    def _on_end(self, error: Exception | None) -> None:
        if error is not None and not self._aborted:
            if self._seen:  # the listed files are transferred
                self._scheduler.failed(self._path, error)
            else:
                self._fail(error)
        self._release()
        if self._aborted or error is not None:
            self._scheduler.ended(self)
        else:
            self._scheduler.completed(self, None)
