"""The local file system, as a server serves it: below a root, or all of it.

`Rooted` serves what is below one directory and touches nothing outside it, whatever a client
sends, and whatever other processes do to links meanwhile: see `path_walk`.  `UnconfinedFiles`
serves every file that the process may touch, as OpenSSH's sftp-server does, for the program.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

from ssh_sftp.aio.server.open_files import OpenDirectory, OpenFile, attributes_of, facts_of
from ssh_sftp.aio.server.path_walk import Location, find_below, leads_out
from ssh_sftp.attributes import Attributes
from ssh_sftp.messages import StatVFSReply
from ssh_sftp.numbers import OpenFlags
from ssh_sftp.server.filesystem import DirectoryHandle, FileHandle

__all__ = ["LocalFiles", "Rooted", "UnconfinedFiles"]

_DIRECTORY: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_O_PATH: Final = getattr(os, "O_PATH", 0)
_SAFE_MODE: Final = 0o1777
_ANY_MODE: Final = 0o7777


class LocalFiles:
    """Do operations on local files; the subclasses find the `Location` of a path.

    Attributes:
        read_only: whether requests that change anything are refused.
    """

    _mode_mask: int = _SAFE_MODE

    def __init__(self, *, read_only: bool = False) -> None:
        self.read_only = read_only

    def find(self, path: str, *, follow: bool) -> Location:
        """Return the directory of a path, and the name in it."""
        raise NotImplementedError

    def realpath(self, path: str) -> str:
        """Return the canonical absolute form of a path; its last name may be missing."""
        with self.find(path, follow=True) as place:
            return place.path

    # ------------------------------------------------------------------ open

    def open(self, path: str, flags: OpenFlags, attributes: Attributes) -> FileHandle:
        """Open or create a file: a regular one, or a device that cannot block."""
        mode = 0o666 if attributes.permissions is None else attributes.permissions & 0o777
        exclusive = bool(flags & OpenFlags.EXCLUSIVE)
        with self.find(path, follow=not exclusive) as place:
            bits = _open_bits(flags) | place.nofollow | os.O_NONBLOCK | os.O_CLOEXEC
            descriptor = os.open(place.name, bits, mode, dir_fd=place.directory)
        found = os.fstat(descriptor)
        if not (stat.S_ISREG(found.st_mode) or stat.S_ISCHR(found.st_mode)):
            os.close(descriptor)
            code = errno.EISDIR if stat.S_ISDIR(found.st_mode) else errno.EINVAL
            raise OSError(code, os.strerror(code))
        return OpenFile(descriptor, self._mode_mask)

    def opendir(self, path: str) -> DirectoryHandle:
        """Open a directory for listing."""
        with self.find(path, follow=True) as place:
            flags = _DIRECTORY | place.nofollow
            return OpenDirectory(os.open(place.name, flags, dir_fd=place.directory))

    # ------------------------------------------------------------------ attributes

    def stat(self, path: str) -> Attributes:
        """Return attributes, links followed."""
        with self.find(path, follow=True) as place:
            return attributes_of(_stat(place))

    def lstat(self, path: str) -> Attributes:
        """Return attributes, of a link itself."""
        with self.find(path, follow=False) as place:
            return attributes_of(_stat(place))

    def setstat(self, path: str, attributes: Attributes) -> None:
        """Change attributes, links followed."""
        with self.find(path, follow=True) as place:
            self._change(place, attributes)

    def lsetstat(self, path: str, attributes: Attributes) -> None:
        """Change attributes, of a link itself."""
        if attributes.size is not None:
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        with self.find(path, follow=False) as place:
            self._change(place, attributes)

    def statvfs(self, path: str) -> StatVFSReply:
        """Return the facts of the file system that a path is on."""
        with self.find(path, follow=True) as place:
            descriptor = os.open(place.name, _pin_flags(place), dir_fd=place.directory)
            try:
                return facts_of(os.fstatvfs(descriptor))
            finally:
                os.close(descriptor)

    def _change(self, place: Location, attributes: Attributes) -> None:
        if attributes.size is not None:
            flags = os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC | place.nofollow
            descriptor = os.open(place.name, flags, dir_fd=place.directory)
            try:
                os.ftruncate(descriptor, attributes.size)
            finally:
                os.close(descriptor)
        if attributes.permissions is not None:
            self._chmod(place, attributes.permissions & self._mode_mask)
        if attributes.uid is not None and attributes.gid is not None:
            os.chown(
                place.name,
                attributes.uid,
                attributes.gid,
                dir_fd=place.directory,
                follow_symlinks=place.follow,
            )
        if attributes.atime is not None and attributes.mtime is not None:
            os.utime(
                place.name,
                (attributes.atime, attributes.mtime),
                dir_fd=place.directory,
                follow_symlinks=place.follow,
            )

    def _chmod(self, place: Location, mode: int) -> None:
        """Change permissions of the file itself, not of one that replaces it.

        chmod by name follows links, so the file is opened with O_PATH first.
        """
        descriptor = os.open(place.name, _pin_flags(place), dir_fd=place.directory)
        try:
            if stat.S_ISLNK(os.fstat(descriptor).st_mode):
                raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP))
            if _O_PATH:
                os.chmod(f"/proc/self/fd/{descriptor}", mode)
            else:
                os.fchmod(descriptor, mode)
        finally:
            os.close(descriptor)

    # ------------------------------------------------------------------ names

    def mkdir(self, path: str, attributes: Attributes) -> None:
        """Make a directory."""
        mode = 0o777 if attributes.permissions is None else attributes.permissions & 0o777
        with self.find(path, follow=False) as place:
            os.mkdir(place.name, mode, dir_fd=place.directory)

    def rmdir(self, path: str) -> None:
        """Remove an empty directory."""
        with self.find(path, follow=False) as place:
            os.rmdir(place.name, dir_fd=place.directory)

    def remove(self, path: str) -> None:
        """Remove a file."""
        with self.find(path, follow=False) as place:
            os.unlink(place.name, dir_fd=place.directory)

    def rename(self, old: str, new: str) -> None:
        """Rename; fail where the new name exists (section 6.5)."""
        with self.find(old, follow=False) as source, self.find(new, follow=False) as target:
            if stat.S_ISDIR(_stat(source).st_mode):
                if _exists(target):
                    raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
                _rename(source, target)
                return
            # link(2) fails if the name exists, without a race
            _link(source, target)
            os.unlink(source.name, dir_fd=source.directory)

    def replace(self, old: str, new: str) -> None:
        """Rename, and replace a file that has the new name."""
        with self.find(old, follow=False) as source, self.find(new, follow=False) as target:
            _rename(source, target)

    def hardlink(self, old: str, new: str) -> None:
        """Give a file another name."""
        with self.find(old, follow=False) as source, self.find(new, follow=False) as target:
            _link(source, target)

    def readlink(self, path: str) -> str:
        """Return the target of a symbolic link, unless it leads out of the root."""
        with self.find(path, follow=False) as place:
            target = os.readlink(place.name, dir_fd=place.directory)
            self._check_link(place, target)
            return target

    def symlink(self, target: str, link: str) -> None:
        """Make a symbolic link, unless it leads out of the root."""
        with self.find(link, follow=False) as place:
            self._check_link(place, target)
            os.symlink(target, place.name, dir_fd=place.directory)

    def home(self, user: str) -> str:
        """Return the home directory of the own user; other users have none."""
        if user:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
        return "/"

    def owner_names(
        self, users: Sequence[int], groups: Sequence[int]
    ) -> tuple[Sequence[str], Sequence[str]]:
        """Return no names: who has an account on this machine is not what is served."""
        return [""] * len(users), [""] * len(groups)

    def _check_link(self, place: Location, target: str) -> None:
        """Refuse a link that leads out of the root."""


class Rooted(LocalFiles):
    """Serve what is below one directory.

    Args:
        path: the directory, which clients see as "/".
        read_only: refuse every request that would change something.
    """

    def __init__(self, path: str | os.PathLike[str], read_only: bool = False) -> None:  # noqa: FBT001, FBT002 (reads as a sentence: Rooted(path, read_only=True))
        super().__init__(read_only=read_only)
        self._root = os.open(os.fspath(path), _DIRECTORY)
        self._closed = False

    def find(self, path: str, *, follow: bool) -> Location:
        """Return the directory of a path below the root, open, and the name in it."""
        return find_below(self._root, path, follow=follow)

    def close(self) -> None:
        """Close the root; no request succeeds any more."""
        if not self._closed:
            self._closed = True
            os.close(self._root)

    def __del__(self) -> None:
        if not getattr(self, "_closed", True):
            self.close()

    def _check_link(self, place: Location, target: str) -> None:
        if leads_out(place.trail, target):
            raise PermissionError(errno.EACCES, "the link leads out of the root")


class UnconfinedFiles(LocalFiles):
    """Serve all files that the process may access.

    Args:
        start: the directory that relative paths start from.
        read_only: refuse every request that would change something.
    """

    _mode_mask = _ANY_MODE

    def __init__(self, start: str | os.PathLike[str] = ".", *, read_only: bool = False) -> None:
        super().__init__(read_only=read_only)
        self._start: str = os.path.abspath(os.fspath(start))

    def find(self, path: str, *, follow: bool) -> Location:
        """Return the path as it is; the system resolves it."""
        return Location(None, os.path.join(self._start, path), follow=follow)

    def realpath(self, path: str) -> str:
        """Return the canonical absolute form of a path; its last name may be missing."""
        full = os.path.realpath(os.path.join(self._start, path))
        os.stat(os.path.dirname(full))
        return full

    def home(self, user: str) -> str:
        """Return the home directory of a user."""
        if not user:
            return self._start
        home = os.path.expanduser(f"~{user}")
        if home.startswith("~"):
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
        return home

    def owner_names(
        self, users: Sequence[int], groups: Sequence[int]
    ) -> tuple[Sequence[str], Sequence[str]]:
        """Return the names of users and groups, as this machine has them."""
        import grp  # few sessions ask
        import pwd

        user, group = partial(_known, pwd.getpwuid), partial(_known, grp.getgrgid)
        return [*map(user, users)], [*map(group, groups)]


def _known(find: Callable[[int], Sequence[object]], number: int) -> str:
    """Return a name, the first field of an entry, or "" if there is no entry."""
    try:
        return str(find(number)[0])
    except (KeyError, OverflowError):
        return ""


def _open_bits(flags: OpenFlags) -> int:
    writes = bool(flags & (OpenFlags.WRITE | OpenFlags.APPEND))
    reads = bool(flags & OpenFlags.READ)
    bits = os.O_RDWR if writes and reads else os.O_WRONLY if writes else os.O_RDONLY
    for flag, bit in (
        (OpenFlags.APPEND, os.O_APPEND),
        (OpenFlags.CREATE, os.O_CREAT),
        (OpenFlags.TRUNCATE, os.O_TRUNC),
        (OpenFlags.EXCLUSIVE, os.O_EXCL),
    ):
        if flags & flag:
            bits |= bit
    return bits


def _pin_flags(place: Location) -> int:
    return (_O_PATH or os.O_RDONLY | os.O_NONBLOCK) | os.O_CLOEXEC | place.nofollow


def _stat(place: Location) -> os.stat_result:
    return os.stat(place.name, dir_fd=place.directory, follow_symlinks=place.follow)


def _exists(place: Location) -> bool:
    try:
        os.stat(place.name, dir_fd=place.directory, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def _rename(source: Location, target: Location) -> None:
    os.rename(source.name, target.name, src_dir_fd=source.directory, dst_dir_fd=target.directory)


def _link(source: Location, target: Location) -> None:
    os.link(
        source.name,
        target.name,
        src_dir_fd=source.directory,
        dst_dir_fd=target.directory,
        follow_symlinks=False,
    )
