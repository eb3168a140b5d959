"""The local side of downloads: the only module that makes local files and directories.

Every file and directory is made by one plain name relative to the descriptor of an open
directory, and links are not followed.  So neither a name that a server lists nor a link that
another process makes leads out of the destination.  A file is written as `NAME.part-…` and
renamed when it is complete.
"""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Callable
from contextlib import suppress

from ssh_sftp.aio.client.disk_writer import DiskWriter
from ssh_sftp.aio.client.part_file import PartFile, set_attributes
from ssh_sftp.attributes import Attributes
from ssh_sftp.client.limits import SFTPOptions
from ssh_sftp.client.part_names import PartNames
from ssh_sftp.errors import SFTPUnsafeName
from ssh_sftp.names import MAX_NAME_BYTES, is_plain

__all__ = ["DownloadTarget", "LocalFolder"]

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
_NOT_SUPPORTED = frozenset({errno.EINVAL, errno.ENOTSUP, errno.ENOSYS})


class DownloadTarget:
    """Hold what the files of one download share.

    Attributes:
        writer: does the writing.
        options: atomic names, fsync.
        preserve: give files and directories the mode and times that they have on the server.
        part_names: the temporary names of its files.
        refused: called when the local file system refuses an optional step.
    """

    def __init__(
        self,
        options: SFTPOptions,
        *,
        preserve: bool,
        settle: Callable[[], None] | None = None,
        refused: Callable[[str, str, Exception], None] | None = None,
    ) -> None:
        self.writer: DiskWriter = DiskWriter(settle=settle)
        self.options = options
        self.preserve = preserve
        self.refused: Callable[[str, str, Exception], None] = refused or _ignore
        self.part_names: PartNames = PartNames(secrets.token_hex(4))
        self._open: set[LocalFolder] = set()

    def try_to(self, path: str, what: str, step: Callable[[], object]) -> None:
        """Do an optional step; report it if the system refuses."""
        try:
            step()
        except OSError as error:
            error.filename, error.filename2 = path, None
            self.refused(path, what, error)

    def opened(self, folder: LocalFolder) -> None:
        """Register an open directory."""
        self._open.add(folder)

    def closed(self, folder: LocalFolder) -> None:
        """Remove a directory that was closed."""
        self._open.discard(folder)

    def close(self) -> None:
        """Close whatever is still open."""
        for folder in [*self._open]:
            folder.close()


class LocalFolder:
    """A local directory that is being downloaded into.

    Attributes:
        path: its path, for messages.
        descriptor: the open directory.
        download_target: what it shares with the others.
    """

    def __init__(
        self,
        download_target: DownloadTarget,
        path: str,
        attributes: Attributes | None = None,
        parent: LocalFolder | None = None,
    ) -> None:
        self.download_target = download_target
        self.path = path
        self.descriptor: int = -1
        self._attributes = attributes
        self._parent = parent
        self._users = 1
        if parent is not None:
            parent.use()

    def enter(self) -> None:
        """Open the directory, made if it is missing; a link is not followed."""
        parent = self._parent
        try:
            if parent is None:
                os.makedirs(self.path, exist_ok=True)
                self.descriptor = os.open(self.path, _DIRECTORY)
            else:
                self._enter_below(parent.descriptor, os.path.basename(self.path))
        except OSError as error:
            error.filename = self.path
            raise
        finally:
            if parent is not None:
                self._parent = None
                parent.release()
        self.download_target.opened(self)

    def _enter_below(self, descriptor: int, name: str) -> None:
        with suppress(FileExistsError):
            os.mkdir(name, 0o777, dir_fd=descriptor)
        self.descriptor = os.open(name, _DIRECTORY | os.O_NOFOLLOW, dir_fd=descriptor)

    def file(self, name: str, attributes: Attributes) -> PartFile:
        """Return the sink for a file in it."""
        self._check(name)
        self.use()
        return PartFile(self, name, attributes)

    def directory(self, name: str, attributes: Attributes) -> LocalFolder:
        """Return a directory in it, not entered yet."""
        self._check(name)
        return LocalFolder(self.download_target, os.path.join(self.path, name), attributes, self)

    def use(self) -> None:
        """Keep it open for one more user."""
        self._users += 1

    def release(self) -> None:
        """Close it when this was the last user."""
        self._users -= 1
        if self._users == 0:
            self._set_attributes()
            self.close()

    def close(self) -> None:
        """Close it."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1
            self.download_target.closed(self)

    def _check(self, name: str) -> None:
        if not is_plain(name) or os.sep in name or (os.altsep and os.altsep in name):
            raise SFTPUnsafeName(self.path, name)
        if len(os.fsencode(name)) > MAX_NAME_BYTES:
            path = os.path.join(self.path, name)
            raise OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG), path)

    def _set_attributes(self) -> None:
        found = self._attributes
        if self.descriptor >= 0 and found is not None and self.download_target.preserve:
            self.download_target.try_to(
                self.path, "permissions and times", lambda: set_attributes(self.descriptor, found)
            )


def _ignore(_path: str, _what: str, _cause: Exception) -> None:
    """Ignore a refusal."""
