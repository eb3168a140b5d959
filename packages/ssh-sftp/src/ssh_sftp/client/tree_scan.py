"""Find out what a tree on the server has."""

from __future__ import annotations

from ssh_sftp.attributes import Attributes
from ssh_sftp.client.limits import SFTPOptions
from ssh_sftp.client.remote_directory import RemoteDirectory
from ssh_sftp.client.scheduler import Scheduler
from ssh_sftp.client.selection import Select, TreeEntry

__all__ = ["DirectoryScan", "FoundTree"]


class FoundTree:
    """What a tree has.

    Attributes:
        entries: its entries that were selected, by their paths below its top.
        left_out: the paths of those that were not.
    """

    def __init__(self) -> None:
        self.entries: dict[str, TreeEntry] = {}
        self.left_out: list[str] = []

    def take(self, entry: TreeEntry, select: Select) -> bool:
        """Record an entry, and return whether it is selected."""
        if select(entry):
            self.entries[entry.path] = entry
            return True
        self.left_out.append(entry.path)
        return False


class DirectoryScan(RemoteDirectory):
    """List a directory of the server and everything in it.

    Args:
        scheduler: the transfer.
        path: the directory.
        tree: records the entries.
        options: the bounds of the tree.
        select: returns whether an entry is of interest.
        relative: the path below the top of the tree.
    """

    def __init__(
        self,
        scheduler: Scheduler,
        path: str,
        tree: FoundTree,
        options: SFTPOptions,
        select: Select,
        relative: str = "",
    ) -> None:
        super().__init__(scheduler, path, options, select, relative)
        self._tree = tree

    def _enter(self) -> None:
        """Do nothing: there is no local side."""

    def _leave(self) -> None:
        """Do nothing: there is no local side."""

    def _take(self, entry: TreeEntry, path: str, attributes: Attributes) -> None:
        del attributes
        self._tree.entries[entry.path] = entry
        if entry.kind == "directory" and not self._too_deep(path):
            below = DirectoryScan(
                self._scheduler, path, self._tree, self._options, self._select, entry.path
            )
            self._scheduler.add_directory(below)

    def _left_out(self, entry: TreeEntry) -> None:
        self._tree.left_out.append(entry.path)
