"""Download a directory of the server into a local one."""

from __future__ import annotations

from ssh_sftp.attributes import Attributes
from ssh_sftp.client.download import FileDownload, download_checks
from ssh_sftp.client.limits import SFTPOptions
from ssh_sftp.client.remote_directory import RemoteDirectory
from ssh_sftp.client.scheduler import Scheduler
from ssh_sftp.client.selection import Select, TreeEntry, everything
from ssh_sftp.client.storage import SinkDirectory
from ssh_sftp.errors import SFTPTransferError
from ssh_sftp.names import basename

__all__ = ["DirectoryDownload"]


class DirectoryDownload(RemoteDirectory):
    """Download a directory of the server into a local one.

    Args:
        scheduler: the transfer.
        path: the directory.
        sink: the local one.
        options: the bounds of the tree, and what is left out.
        select: returns whether an entry is transferred.
        relative: the path below the top of the tree; if "", the top, fails, the transfer fails.
    """

    def __init__(
        self,
        scheduler: Scheduler,
        path: str,
        sink: SinkDirectory,
        options: SFTPOptions,
        select: Select = everything,
        relative: str = "",
    ) -> None:
        super().__init__(scheduler, path, options, select, relative)
        self._sink = sink

    def _enter(self) -> None:
        self._sink.enter()

    def _leave(self) -> None:
        self._sink.release()

    def _take(self, entry: TreeEntry, path: str, attributes: Attributes) -> None:
        name = basename(path)
        if entry.kind == "file":
            sink = self._sink.file(name, attributes)
            self._scheduler.found(path, attributes.size)
            checks = download_checks(self._options, sink, attributes)
            job = FileDownload(self._scheduler, path, attributes.size, sink, checks)
            self._scheduler.add_file(job)
        elif entry.kind == "directory":
            if not self._too_deep(path):
                below = self._sink.directory(name, attributes)
                self._scheduler.add_directory(self._below(entry, path, below))
        elif attributes.has_type:
            kind = "a symbolic link" if entry.kind == "link" else "not a regular file"
            self._scheduler.skip(path, f"it is {kind}")
        else:
            self._skip_unknown(path)

    def _left_out(self, entry: TreeEntry) -> None:
        """Do nothing: it was not wanted."""

    def _below(self, entry: TreeEntry, path: str, sink: SinkDirectory) -> DirectoryDownload:
        return DirectoryDownload(
            self._scheduler, path, sink, self._options, self._select, entry.path
        )

    def _skip_unknown(self, path: str) -> None:
        """Leave out an entry of unknown type: a failure, unless `skip_unknown_types` is set."""
        reason = "the server does not say whether it is a file or a directory"
        self._scheduler.skip(path, reason)
        if not self._options.skip_unknown_types:
            self._scheduler.failed(path, SFTPTransferError(path, reason))
