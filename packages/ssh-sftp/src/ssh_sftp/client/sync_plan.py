"""What makes one tree like another: a pure function of what both have.

Files are compared by size and time, as rsync does, or by size and content where that is known.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Literal, TypeAlias

from ssh_sftp.client.selection import TreeEntry
from ssh_sftp.results import Transferred
from ssh_wire import lazy_attrs

__all__ = [
    "SyncAction",
    "SyncDirection",
    "SyncPlan",
    "SyncResult",
    "SyncStep",
    "Tree",
    "above",
    "comparable",
    "plan_sync",
]

SyncAction: TypeAlias = Literal["directory", "file", "attributes", "delete", "conflict"]
"""Make a directory, transfer a file, set permissions and times, delete an entry; or a conflict:
a directory is where a file should be, and deletion was not asked for."""

SyncDirection: TypeAlias = Literal["upload", "download"]
"""Which side is made like the other: the server's with "upload", the local one with "download"."""

Tree: TypeAlias = Mapping[str, TreeEntry]
"""The entries of a tree by their paths below its top."""

_MODE = 0o777


@lazy_attrs.frozen
class SyncStep:
    """One step of a plan.

    Attributes:
        action: what is done.
        path: where, below the top of both trees.
        reason: why: "missing", "type", "size", "time", "content", "permissions", "extra".
        size: the bytes of a file that is transferred, if they are known.
    """

    action: SyncAction
    path: str
    reason: str
    size: int | None = None


@lazy_attrs.frozen
class SyncPlan:
    """What makes the target like the source.

    Attributes:
        steps: the steps, by path; deletions follow, the deepest first.
    """

    steps: tuple[SyncStep, ...] = ()

    @property
    def files(self) -> int:
        """How many files are transferred."""
        return len(self.paths("file"))

    @property
    def transfer_size(self) -> int:
        """How many bytes are transferred, as far as that is known."""
        return sum(step.size or 0 for step in self.steps)

    def paths(self, action: SyncAction) -> tuple[str, ...]:
        """Return the paths of one kind of step."""
        return tuple(step.path for step in self.steps if step.action == action)


@lazy_attrs.frozen(kw_only=True)
class SyncResult(Transferred):
    """The result of a sync.

    Attributes:
        plan: what makes the target like the source; with `dry_run`, what would.
        deleted: the paths below the top of the target that were deleted.
    """

    plan: SyncPlan = SyncPlan()
    deleted: tuple[str, ...] = ()


def comparable(source: Tree, target: Tree) -> tuple[str, ...]:
    """Return the files that both sides have with the same size: only their content can tell."""
    return tuple(path for path in _ordered(source) if _same_size(source[path], target.get(path)))


def plan_sync(
    source: Tree,
    target: Tree,
    *,
    delete: bool = False,
    equal: Collection[str] | None = None,
    keep: Collection[str] = (),
) -> SyncPlan:
    """Return what makes `target` like `source`.

    Args:
        source: the entries of one side.
        target: the entries of the other.
        delete: delete what the source does not have.
        equal: which of the comparable files have the same content; None to compare times.
        keep: entries of the target that are not deleted in any case.
    """
    steps: list[SyncStep] = []
    doomed: dict[str, str] = {}
    for path in _ordered(source):
        entry, there = source[path], target.get(path)
        if entry.kind not in {"file", "directory"}:
            continue
        if there is not None and there.kind != entry.kind:
            if there.kind == "directory" and (not delete or path in keep):
                steps.append(SyncStep("conflict", path, "type"))
                continue
            doomed[path], there = "type", None
            steps.append(_new(entry, "type"))
        elif there is None:
            steps.append(_new(entry, "missing"))
        else:
            steps += _changed(entry, there, equal)
    if delete:
        doomed |= {
            path: "extra"
            for path in target
            if path not in source and path not in keep and not _is_below_other(source, path)
        }
    steps += [SyncStep("delete", path, doomed[path]) for path in reversed(_ordered(doomed))]
    return SyncPlan(tuple(steps))


def _is_below_other(source: Tree, path: str) -> bool:
    """Return whether the source has a link, or what is not known, above a path."""
    return any(source[each].kind in {"link", "other"} for each in above([path]) if each in source)


def _new(entry: TreeEntry, reason: str) -> SyncStep:
    if entry.kind == "directory":
        return SyncStep("directory", entry.path, reason)
    return SyncStep("file", entry.path, reason, entry.size)


def _changed(entry: TreeEntry, there: TreeEntry, equal: Collection[str] | None) -> list[SyncStep]:
    """Return the step for an entry of the same kind on both sides, if there is one."""
    path = entry.path
    late = entry.mtime is None or entry.mtime != there.mtime
    if entry.kind == "file":
        if not _same_size(entry, there):
            return [SyncStep("file", path, "size", entry.size)]
        if equal is None and late:
            return [SyncStep("file", path, "time", entry.size)]
        if equal is not None and path not in equal:
            return [SyncStep("file", path, "content", entry.size)]
    if late and entry.mtime is not None:
        return [SyncStep("attributes", path, "time")]
    if entry.mode is not None and there.mode is not None and (entry.mode ^ there.mode) & _MODE:
        return [SyncStep("attributes", path, "permissions")]
    return []


def _same_size(entry: TreeEntry, there: TreeEntry | None) -> bool:
    return (
        there is not None
        and entry.kind == there.kind == "file"
        and entry.size is not None
        and entry.size == there.size
    )


def above(paths: Iterable[str]) -> set[str]:
    """Return all directories above some paths, without the top."""
    found: set[str] = set()
    for path in paths:
        parent = path.rpartition("/")[0]
        while parent and parent not in found:
            found.add(parent)
            parent = parent.rpartition("/")[0]
    return found


def _ordered(paths: Iterable[str]) -> list[str]:
    """Return paths in an order in which each directory comes before what is in it."""
    return sorted(paths, key=lambda path: path.split("/"))
