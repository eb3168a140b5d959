"""A local file that is being downloaded, under a temporary name until it is complete."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
from collections.abc import Callable, Iterator
from enum import Enum
from typing import TYPE_CHECKING, Final

from ssh_sftp.aio.client.source import pread_all
from ssh_sftp.attributes import Attributes
from ssh_sftp.client.part_names import version_of
from ssh_sftp.client.storage import OnFinished, OnWritten
from ssh_sftp.errors import SFTPTransferError

if TYPE_CHECKING:
    from ssh_sftp.aio.client.sink import LocalFolder

__all__ = ["PartFile", "data_runs", "set_attributes"]

_CREATE: Final = os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
_NOT_SUPPORTED: Final = frozenset({errno.EINVAL, errno.ENOTSUP, errno.ENOSYS})
_OWNER: Final = stat.S_IRUSR | stat.S_IWUSR
_HOLE: Final = 4_096
_ZEROS: Final = bytes(_HOLE)


class _Leaving(Enum):
    """What becomes of a file whose download has failed."""

    REMOVED = "removed"
    KEPT = "kept"


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
        self._reached = 0
        self._failed_at: int | None = None
        self._leaving: _Leaving | None = None
        self._resumes = False
        self._over = False

    @property
    def _path(self) -> str:
        return os.path.join(self._folder.path, self._name)

    # ------------------------------------------------------------------ writing

    def write(self, data: memoryview, offset: int, written: OnWritten) -> None:
        """Write at an offset."""
        if self._descriptor < 0:
            self._named(self._create)
        if self._download_target.options.sparse:
            self._write_runs(data, offset, written)
        else:
            self._write(data, offset, written)

    def _write(self, data: memoryview, offset: int, written: OnWritten) -> None:
        writer = self._download_target.writer
        if writer.slow:
            self._unwritten += 1
            writer.write(self._descriptor, data, offset, self._counted(offset, written))
            return
        try:
            writer.write(self._descriptor, data, offset, written)
        except OSError as error:
            self._note_failure(offset, error)
            raise

    def _write_runs(self, data: memoryview, offset: int, written: OnWritten) -> None:
        """Write what is not zero; the rest becomes a hole."""
        self._reached = max(self._reached, offset + len(data))
        runs = [*data_runs(data, offset)]
        waiting = len(runs) or 1
        failure: Exception | None = None

        def done(_size: int, error: Exception | None) -> None:
            nonlocal waiting, failure
            waiting -= 1
            failure = failure or error
            if waiting == 0:
                written(len(data), failure)

        for start, end in runs:
            self._write(data[start:end], offset + start, done)
        if not runs:
            done(0, None)

    def _counted(self, offset: int, written: OnWritten) -> OnWritten:
        def counted(size: int, error: Exception | None) -> None:
            self._unwritten -= 1
            if isinstance(error, OSError):
                self._note_failure(offset, error)
            if self._leaving is not None:
                self._leave(self._leaving)
            written(size, error)

        return counted

    def _note_failure(self, offset: int, error: OSError) -> None:
        error.filename = self._path
        self._failed_at = offset if self._failed_at is None else min(offset, self._failed_at)

    def _named(self, step: Callable[[], None]) -> None:
        """Do a step; an error names the file, not the descriptor."""
        try:
            step()
        except OSError as error:
            error.filename, error.filename2 = self._path, None
            raise

    # ------------------------------------------------------------------ opening

    @property
    def _mode(self) -> int:
        """The permissions of a new file."""
        mode = self._attributes.mode if self._attributes.permissions else None
        return 0o666 if mode is None else mode & 0o777  # servers without the size send 0

    def _create(self) -> None:
        directory = self._folder.descriptor
        options = self._download_target.options
        flags = _CREATE | (os.O_RDWR if options.verify else os.O_WRONLY)
        if not options.atomic:
            flags |= os.O_TRUNC
            self._descriptor = os.open(self._name, flags, self._mode, dir_fd=directory)
            return
        self._part = self._download_target.part_names.unique(self._name)
        flags |= os.O_EXCL
        self._descriptor = os.open(self._part, flags, self._mode, dir_fd=directory)
        self._made = True

    def resume(self) -> int:
        """Open what an earlier attempt has left; return how many bytes that are.

        Raises:
            OSError: it cannot be opened.
            SFTPTransferError: it is not a file of this user alone, or another transfer writes it.
        """
        self._named(self._continue)
        return os.fstat(self._descriptor).st_size

    def _continue(self) -> None:
        atomic = self._download_target.options.atomic
        if atomic:
            version = version_of(self._attributes)
            self._part = self._download_target.part_names.lasting(self._name, version)
        directory = self._folder.descriptor
        while self._descriptor < 0:
            mode = self._mode | _OWNER  # a later attempt opens it too
            self._descriptor = os.open(
                self._part, os.O_RDWR | _CREATE | os.O_NONBLOCK, mode, dir_fd=directory
            )
            self._check_part(alone=atomic)
            if not self._is_still_there(directory):  # another transfer has completed it
                os.close(self._descriptor)
                self._descriptor = -1
        self._made = atomic
        self._resumes = True

    def _check_part(self, *, alone: bool) -> None:
        found = os.fstat(self._descriptor)
        problem = ""
        if not stat.S_ISREG(found.st_mode):
            problem = "it is not a regular file"
        elif alone and (found.st_uid != os.geteuid() or found.st_nlink > 1):
            problem = "it belongs to another user, or has a second name"
        elif not self._lock():
            problem = "another transfer writes it"
        if problem:
            os.close(self._descriptor)
            self._descriptor = -1
            path = os.path.join(self._folder.path, self._part)
            raise SFTPTransferError(path, f"{problem}: the download cannot go on from it")

    def _lock(self) -> bool:
        """Lock the file until it is closed; return whether no other transfer has locked it."""
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:  # this file system has no locks
            return True
        return True

    def _is_still_there(self, directory: int) -> bool:
        try:
            found = os.stat(self._part, dir_fd=directory, follow_symlinks=False)
        except FileNotFoundError:
            return False
        return os.path.samestat(found, os.fstat(self._descriptor))

    def restart(self) -> None:
        """Remove the bytes that an earlier attempt has left."""
        self._reached = 0
        self._named(lambda: os.ftruncate(self._descriptor, 0))

    def read(self, length: int, offset: int) -> bytes:
        """Return what was written: `length` bytes from an offset, fewer only at the end."""
        if self._reached:
            self._end_hole()
        return pread_all(self._descriptor, length, offset)

    # ------------------------------------------------------------------ the end

    def finish(self, finished: OnFinished) -> None:
        """Give the file its attributes and its name."""
        self._download_target.writer.run(lambda: self._named(self._finish), finished)

    def discard(self) -> None:
        """Remove what was written."""
        self._leave(_Leaving.REMOVED)

    def keep(self) -> None:
        """Close the partial file, and leave it for a later attempt, without gaps in it."""
        self._leave(_Leaving.KEPT)

    def _leave(self, leaving: _Leaving) -> None:
        self._leaving = leaving
        if self._unwritten or self._over:
            return
        self._over = True
        try:
            if self._descriptor >= 0 and leaving is _Leaving.KEPT:
                self._cut()
            if self._descriptor >= 0:
                os.close(self._descriptor)
            if self._made and self._folder.descriptor >= 0 and leaving is _Leaving.REMOVED:
                os.unlink(self._part, dir_fd=self._folder.descriptor)
        finally:
            self._descriptor = -1
            self._folder.release()

    def _cut(self) -> None:
        """Leave only what was written without a gap; a later attempt trusts the size."""
        if self._failed_at is not None:
            os.ftruncate(self._descriptor, self._failed_at)
        else:
            self._end_hole()

    def _end_hole(self) -> None:
        """Give a file that ends in a hole its size."""
        found = os.fstat(self._descriptor)
        if stat.S_ISREG(found.st_mode) and found.st_size < self._reached:
            os.ftruncate(self._descriptor, self._reached)

    def _finish(self) -> None:
        if self._descriptor < 0:
            self._create()
        if self._reached:
            self._end_hole()
        self._set_mode()
        synced = self._download_target.options.fsync and self._sync()
        descriptor, self._descriptor = self._descriptor, -1
        os.close(descriptor)
        if self._made:
            directory = self._folder.descriptor
            os.rename(self._part, self._name, src_dir_fd=directory, dst_dir_fd=directory)
            self._made = False
            if synced:  # the name too
                path = self._folder.path
                self._download_target.try_to(path, "fsync", lambda: os.fsync(directory))
        self._over = True
        self._folder.release()

    def _set_mode(self) -> None:
        if self._resumes and not self._download_target.preserve:
            surplus = _OWNER & ~self._mode
            found = stat.S_IMODE(os.fstat(self._descriptor).st_mode)
            if found & surplus:
                os.fchmod(self._descriptor, found & ~surplus)
        if self._download_target.preserve:
            self._preserve()
        elif self._made:
            self._keep_mode()

    def _sync(self) -> bool:
        try:
            os.fsync(self._descriptor)
        except OSError as error:
            if error.errno not in _NOT_SUPPORTED:  # the disk fails: the file may be incomplete
                raise
            self._download_target.refused(self._path, "fsync", error)
            return False
        return True

    def _preserve(self) -> None:
        self._download_target.try_to(
            self._path,
            "permissions and times",
            lambda: set_attributes(self._descriptor, self._attributes),
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


def set_attributes(descriptor: int, found: Attributes) -> None:
    """Set permissions and times, but no set-user-ID, set-group-ID or sticky bit."""
    if found.mode is not None:
        os.fchmod(descriptor, found.mode & 0o777)
    if found.atime is not None and found.mtime is not None:
        os.utime(descriptor, (found.atime, found.mtime))


def data_runs(data: memoryview, offset: int) -> Iterator[tuple[int, int]]:
    """Return where the bytes of a block are not zero, in pages of the file.

    Args:
        data: the block.
        offset: where it is in the file.
    """
    begun: int | None = None
    start = 0
    while start < len(data):
        end = min(start + _HOLE - (offset + start) % _HOLE, len(data))
        if bytes(data[start:end]) != _ZEROS[: end - start]:  # ten times as fast as of a view
            begun = start if begun is None else begun
        elif begun is not None:
            yield begun, start
            begun = None
        start = end
    if begun is not None:
        yield begun, len(data)
