"""A local directory on its way to the server: MKDIR, then its files and directories.

Files wait for the directory's MKDIR to be answered, because a server may handle requests
about different files in any order (section 6.1); all directories of one level are made at
the same time.
"""

from __future__ import annotations

from ssh_sftp.attributes import Attributes
from ssh_sftp.download import outcome_error
from ssh_sftp.endpoints import FileKind, SourceDirectory
from ssh_sftp.errors import SFTPTransferError
from ssh_sftp.messages import Attrs, MkDir, Stat, Status
from ssh_sftp.names import join
from ssh_sftp.numbers import StatusCode
from ssh_sftp.requests import Outcome
from ssh_sftp.scheduler import Scheduler
from ssh_sftp.upload import FileUpload, UploadManner

__all__ = ["DirectoryUpload"]


class DirectoryUpload:
    """A directory on its way from a local one to the server.

    Attributes:
        made: directories with the attributes that they get when everything is in them.
    """

    def __init__(
        self,
        scheduler: Scheduler,
        path: str,
        source: SourceDirectory,
        manner: UploadManner,
        depth: int,
        made: list[tuple[str, Attributes]],
    ) -> None:
        self._scheduler = scheduler
        self._requests = scheduler.requests
        self._path = path
        self._source = source
        self._manner = manner
        self._depth = depth
        self.made = made
        self._waiting = False
        self._aborted = False

    def start(self) -> None:
        """Enter the local directory and make the remote one."""
        try:
            attributes = self._source.enter()
        except OSError as error:
            self._scheduler.fail(error)
            return
        self.made.append((self._path, attributes))
        mode = 0o777 if attributes.mode is None else attributes.mode & 0o777
        request = MkDir(
            id=self._requests.next_id(),
            path=self._path,
            attributes=Attributes(permissions=mode | 0o700),
        )
        self._waiting = True
        self._requests.submit(request, Status, self._on_made)

    def fill(self) -> None:
        """Nothing is sent ahead: the entries follow when the directory is there."""

    def abort(self) -> None:
        """Add no more entries."""
        if not self._aborted:
            self._aborted = True
            if not self._waiting:
                self._end()

    def _on_made(self, outcome: Outcome) -> None:
        if isinstance(outcome, Status) and outcome.code == StatusCode.OK:
            self._waiting = False
            self._add_entries()
            return
        # version 3 has no code for "it exists already": look
        refusal = outcome_error(outcome, self._path)
        request = Stat(id=self._requests.next_id(), path=self._path)
        self._requests.submit(request, Attrs, lambda found: self._on_present(found, refusal))

    def _on_present(self, outcome: Outcome, refusal: Exception) -> None:
        self._waiting = False
        if self._aborted or (isinstance(outcome, Attrs) and outcome.attributes.is_dir):
            self._add_entries()
        else:
            self._scheduler.fail(refusal)

    def _add_entries(self) -> None:
        if self._aborted:
            self._end()
            return
        try:
            for entry in self._source.entries():
                path = join(self._path, entry.name)
                if entry.kind is FileKind.FILE:
                    opener = self._source.file(entry.name)
                    job = FileUpload(self._scheduler, path, opener, self._manner)
                    self._scheduler.add_file(job)
                elif entry.kind is FileKind.OTHER:
                    self._scheduler.skip(entry.path, entry.reason)
                else:
                    self._add_directory(entry.name, path, entry.path)
        except (OSError, SFTPTransferError) as error:
            self._scheduler.fail(error)
        if not self._aborted:
            self._source.release()
            self._scheduler.completed(self, None)

    def _add_directory(self, name: str, path: str, local: str) -> None:
        if self._depth <= 1:
            raise SFTPTransferError(local, "the tree is deeper than is followed")
        below = self._source.directory(name)
        job = DirectoryUpload(
            self._scheduler, path, below, self._manner, self._depth - 1, self.made
        )
        self._scheduler.add_directory(job)

    def _end(self) -> None:
        self._source.release()
        self._scheduler.ended(self)
