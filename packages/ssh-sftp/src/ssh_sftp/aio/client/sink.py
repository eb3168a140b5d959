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
import stat
from collections.abc import Callable
from contextlib import suppress

from ssh_sftp.aio.client.disk_writer import DiskWriter
from ssh_sftp.attributes import Attributes
from ssh_sftp.client.limits import SFTPOptions
from ssh_sftp.client.storage import OnFinished, OnWritten
from ssh_sftp.errors import SFTPUnsafeName
from ssh_sftp.names import MAX_NAME_BYTES, is_plain

__all__ = ["DownloadTarget", "LocalFolder", "PartFile", "part_name"]

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
_PART_NAME_BYTES = 100
_NOT_SUPPORTED = frozenset({errno.EINVAL, errno.ENOTSUP, errno.ENOSYS})


def part_name(name: str, suffix: str) -> str:
    """Return the temporary name for a name.

    A long name is cut between two characters, so that the result is not longer: some file
    systems take 143 bytes only, some take UTF-8 only.
    """
    ending = f".part-{suffix}"
    if len(name) < _PART_NAME_BYTES // 4 - len(ending):  # four bytes a character at the most
        return name + ending
    most = min(max(len(os.fsencode(name)), _PART_NAME_BYTES), MAX_NAME_BYTES)
    kept = name
    while len(os.fsencode(kept)) + len(ending) > most:
        kept = kept[:-1]
    return kept + ending


class DownloadTarget:
    """Hold what the files of one download share.

    Attributes:
        writer: does the writing.
        options: atomic names, fsync.
        preserve: give files and directories the mode and times that they have on the server.
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
        self._token = secrets.token_hex(4)
        self._count = 0
        self._open: set[LocalFolder] = set()

    def suffix(self) -> str:
        """Return a suffix that makes the next temporary name unique."""
        self._count += 1
        return f"{self._token}{self._count:x}"

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
                self.path, "permissions and times", lambda: _set(self.descriptor, found)
            )


class PartFile:
    """A file that is being downloaded into a directory."""

    def __init__(self, folder: LocalFolder, name: str, attributes: Attributes) -> None:
        self._folder = folder
        self._download_target = folder.download_target
        self._name = name
        self._attributes = attributes
        self._part = name
        self._descriptor = -1
        self._made = False
        self._unwritten = 0
        self._discarded = False
        self._over = False

    def write(self, data: memoryview, offset: int, written: OnWritten) -> None:
        """Write at an offset."""
        if self._descriptor < 0:
            self._named(self._create)
        if self._download_target.writer.slow:
            self._unwritten += 1
            self._download_target.writer.write(
                self._descriptor, data, offset, self._counted(written)
            )
            return
        try:
            self._download_target.writer.write(self._descriptor, data, offset, written)
        except OSError as error:
            error.filename = self._path
            raise

    def finish(self, finished: OnFinished) -> None:
        """Give the file its attributes and its name."""
        self._download_target.writer.run(self._finish_named, finished)

    def discard(self) -> None:
        """Remove what was written."""
        self._discarded = True
        if self._unwritten or self._over:
            return
        self._over = True
        try:
            if self._descriptor >= 0:
                os.close(self._descriptor)
            if self._made and self._folder.descriptor >= 0:
                os.unlink(self._part, dir_fd=self._folder.descriptor)
        finally:
            self._descriptor = -1
            self._folder.release()

    @property
    def _path(self) -> str:
        return os.path.join(self._folder.path, self._name)

    def _counted(self, written: OnWritten) -> OnWritten:
        def counted(size: int, error: Exception | None) -> None:
            self._unwritten -= 1
            if isinstance(error, OSError):
                error.filename = self._path
            if self._discarded:
                self.discard()
            written(size, error)

        return counted

    def _named(self, step: Callable[[], None]) -> None:
        """Do a step; an error names the file, not the descriptor."""
        try:
            step()
        except OSError as error:
            error.filename, error.filename2 = self._path, None
            raise

    def _finish_named(self) -> None:
        self._named(self._finish)

    def _create(self) -> None:
        directory = self._folder.descriptor
        mode = self._attributes.mode if self._attributes.permissions else None
        wanted = 0o666 if mode is None else mode & 0o777  # servers without the size send 0
        if not self._download_target.options.atomic:
            flags = _CREATE | os.O_TRUNC
            self._descriptor = os.open(self._name, flags, wanted, dir_fd=directory)
            return
        self._part = part_name(self._name, self._download_target.suffix())
        flags = _CREATE | os.O_EXCL
        self._descriptor = os.open(self._part, flags, wanted, dir_fd=directory)
        self._made = True

    def _finish(self) -> None:
        if self._descriptor < 0:
            self._create()
        if self._download_target.preserve:
            self._preserve()
        elif self._made:
            self._keep_mode()
        if self._download_target.options.fsync:
            self._sync()
        descriptor, self._descriptor = self._descriptor, -1
        os.close(descriptor)
        if self._made:
            directory = self._folder.descriptor
            os.rename(self._part, self._name, src_dir_fd=directory, dst_dir_fd=directory)
            self._made = False
        self._over = True
        self._folder.release()

    def _sync(self) -> None:
        try:
            os.fsync(self._descriptor)
        except OSError as error:
            if error.errno not in _NOT_SUPPORTED:  # the disk fails: the file may be incomplete
                raise
            self._download_target.refused(self._path, "fsync", error)

    def _preserve(self) -> None:
        self._download_target.try_to(
            self._path, "permissions and times", lambda: _set(self._descriptor, self._attributes)
        )

    def _keep_mode(self) -> None:
        """Give a file that replaces another the permissions of that one."""
        try:
            present = os.stat(self._name, dir_fd=self._folder.descriptor, follow_symlinks=False)
        except FileNotFoundError:
            return
        if stat.S_ISREG(present.st_mode):
            mode = stat.S_IMODE(present.st_mode) & 0o777
            self._download_target.try_to(
                self._path, "permissions", lambda: os.fchmod(self._descriptor, mode)
            )


def _set(descriptor: int, found: Attributes) -> None:
    """Set permissions and times, but no set-user-ID, set-group-ID or sticky bit."""
    if found.mode is not None:
        os.fchmod(descriptor, found.mode & 0o777)
    if found.atime is not None and found.mtime is not None:
        os.utime(descriptor, (found.atime, found.mtime))


def _ignore(_path: str, _what: str, _cause: Exception) -> None:
    """Ignore a refusal."""
