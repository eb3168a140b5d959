"""A local tree as `sync` sees it: what it has, and steps by path below its top.

Every step goes from the top through open directories and follows no link, so that nothing outside
of the tree is changed, whatever another process puts in the way.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from typing import Final

from ssh_sftp.aio.client.part_file import set_attributes
from ssh_sftp.aio.client.source import local_attributes
from ssh_sftp.attributes import Attributes
from ssh_sftp.client.selection import EntryKind, Select, TreeEntry
from ssh_sftp.client.tree_scan import FoundTree
from ssh_sftp.errors import SFTPTransferError
from ssh_sftp.names import join
from ssh_sftp.results import TransferFailure

__all__ = ["LocalTree"]

_DIRECTORY: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_BELOW: Final = _DIRECTORY | os.O_NOFOLLOW
_ENTRY: Final = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK


class LocalTree:
    """A local directory and everything in it.

    Attributes:
        found: what `scan` has found.
        failures: what could not be read, deleted or set, each with its path and cause.

    Args:
        path: the directory.
        select: returns whether an entry is of interest.
        max_depth: the most levels of directories.
    """

    def __init__(self, path: str, select: Select, max_depth: int) -> None:
        self._path = path
        self._select = select
        self._max_depth = max_depth
        self.found: FoundTree = FoundTree()
        self.failures: list[TransferFailure] = []

    def scan(self) -> None:
        """Find out what the tree has.

        Raises:
            OSError: the directory itself cannot be read.
        """
        top = os.open(self._path, _DIRECTORY)
        try:
            self._scan(top, "", 0)
        finally:
            os.close(top)

    def _scan(self, directory: int, relative: str, level: int) -> None:
        with os.scandir(directory) as entries:
            for item in entries:
                path = join(relative, item.name)
                with self._failure_of(path):
                    entry = _entry(path, item.stat(follow_symlinks=False))
                    if self.found.take(entry, self._select) and entry.kind == "directory":
                        self._scan_below(directory, item.name, path, level + 1)

    def _scan_below(self, parent: int, name: str, relative: str, level: int) -> None:
        if level >= self._max_depth:
            problem = "the tree is deeper than is followed"
            self.failures.append(
                TransferFailure(
                    self._full(relative), SFTPTransferError(self._full(relative), problem)
                )
            )
            return
        directory = os.open(name, _BELOW, dir_fd=parent)
        try:
            self._scan(directory, relative, level)
        finally:
            os.close(directory)

    def remove(self, paths: Iterable[str]) -> list[str]:
        """Delete files, links and empty directories; return which of them are deleted."""

        def remove(name: str, parent: int) -> None:
            found = os.stat(name, dir_fd=parent, follow_symlinks=False)
            delete: Callable[..., None] = os.rmdir if stat.S_ISDIR(found.st_mode) else os.unlink
            delete(name, dir_fd=parent)

        return [path for path in paths if self._step(path, remove)]

    def make_links(self, links: Iterable[tuple[str, str]]) -> list[str]:
        """Make symbolic links, in the place of others of the same name; return which are made."""
        made: list[str] = []
        for path, target in links:

            def make(name: str, parent: int, target: str = target) -> None:
                try:
                    os.symlink(target, name, dir_fd=parent)
                except FileExistsError:
                    found = os.stat(name, dir_fd=parent, follow_symlinks=False)
                    if not stat.S_ISLNK(found.st_mode):
                        raise
                    os.unlink(name, dir_fd=parent)
                    os.symlink(target, name, dir_fd=parent)

            if self._step(path, make):
                made.append(path)
        return made

    def set_attributes(self, changes: Iterable[tuple[str, Attributes]]) -> None:
        """Set permissions and times of files and directories."""
        for path, attributes in changes:

            def change(name: str, parent: int, attributes: Attributes = attributes) -> None:
                descriptor = os.open(name, _ENTRY, dir_fd=parent)
                try:
                    set_attributes(descriptor, attributes)
                finally:
                    os.close(descriptor)

            self._step(path, change)

    def _step(self, path: str, step: Callable[[str, int], None]) -> bool:
        """Do a step with the last component of a path and its open directory."""
        *above, name = path.split("/")
        directory = -1
        with self._failure_of(path):
            try:
                directory = os.open(self._path, _DIRECTORY)
                for component in above:
                    below = os.open(component, _BELOW, dir_fd=directory)
                    os.close(directory)
                    directory = below
                step(name, directory)
            finally:
                if directory >= 0:
                    os.close(directory)
            return True
        return False

    @contextmanager
    def _failure_of(self, path: str) -> Generator[None]:
        """Record what fails, with its path."""
        try:
            yield
        except OSError as error:
            error.filename, error.filename2 = self._full(path), None
            self.failures.append(TransferFailure(self._full(path), error))

    def _full(self, path: str) -> str:
        return os.path.join(self._path, path)


def _entry(path: str, found: os.stat_result) -> TreeEntry:
    attributes = local_attributes(found)
    return TreeEntry(path, _kind(found.st_mode), found.st_size, attributes.mtime, attributes.mode)


def _kind(mode: int) -> EntryKind:
    if stat.S_ISREG(mode):
        return "file"
    if stat.S_ISDIR(mode):
        return "directory"
    return "link" if stat.S_ISLNK(mode) else "other"
