"""Make one tree like another: scan both sides, plan, delete, transfer, set attributes."""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol, TypeVar

from ssh_sftp.aio.client.local_tree import LocalTree
from ssh_sftp.aio.client.source import LocalFile
from ssh_sftp.aio.client.transfer import Callbacks
from ssh_sftp.attributes import Attributes
from ssh_sftp.client.part_names import is_lasting
from ssh_sftp.client.selection import Select, TreeEntry
from ssh_sftp.client.storage import OnFinished, OnWritten
from ssh_sftp.client.sync_plan import (
    SyncDirection,
    SyncPlan,
    SyncResult,
    above,
    comparable,
    plan_sync,
)
from ssh_sftp.client.tree_scan import FoundTree
from ssh_sftp.errors import SFTPError, SFTPNoSuchFile, SFTPTransferError, SFTPTransferErrors
from ssh_sftp.names import join
from ssh_sftp.results import Skipped, TransferFailure, Transferred
from ssh_wire import lazy_attrs

if TYPE_CHECKING:
    from ssh_sftp.aio.client.operations import Operations
    from ssh_sftp.aio.client.session import ClientSession
    from ssh_sftp.aio.client.transfer import Transfer

__all__ = ["Sync", "SyncManner"]

T = TypeVar("T")

_AT_ONCE: Final = 64
_COMPARED_AT_ONCE: Final = 8
_PIECE: Final = 1024 * 1024
_REASONS: Final = {
    "link": "it is a symbolic link",
    "other": "it is not a regular file, or the server does not report its type",
}


@lazy_attrs.frozen(kw_only=True)
class SyncManner:
    """How two trees are made alike.

    Attributes:
        direction: which side is made like the other.
        delete: delete what the source does not have.
        dry_run: only plan.
        checksum: compare the content of files of equal size, not their times.
        resume: whether the parts of earlier transfers are continued, and so not deleted.
        stop: end with the first failure.
        select: returns whether an entry is transferred, or deleted.
        max_depth: the most levels of directories.
        callbacks: called with the progress.
    """

    direction: SyncDirection
    delete: bool
    dry_run: bool
    checksum: bool
    resume: bool
    stop: bool
    select: Select
    max_depth: int
    callbacks: Callbacks


class _Side(Protocol):
    """One of the two trees."""

    @property
    def found(self) -> FoundTree:
        """What it has."""
        ...

    @property
    def failures(self) -> list[TransferFailure]:
        """What failed there."""
        ...

    async def scan(self) -> None:
        """Find out what it has."""
        ...

    async def remove(self, entries: Sequence[TreeEntry]) -> list[str]:
        """Delete entries, the deepest first; return which are deleted."""
        ...

    async def set_attributes(self, changes: Sequence[tuple[str, Attributes]]) -> None:
        """Set permissions and times."""
        ...

    def full(self, path: str) -> str:
        """Return the path of an entry, for messages."""
        ...


class _LocalSide:
    """The local tree; its steps run in a thread."""

    def __init__(self, path: Path, select: Select, max_depth: int) -> None:
        self._path = str(path)
        self._tree = LocalTree(self._path, select, max_depth)

    @property
    def found(self) -> FoundTree:
        return self._tree.found

    @property
    def failures(self) -> list[TransferFailure]:
        return self._tree.failures

    async def scan(self) -> None:
        await asyncio.to_thread(self._tree.scan)

    async def remove(self, entries: Sequence[TreeEntry]) -> list[str]:
        return await asyncio.to_thread(self._tree.remove, [entry.path for entry in entries])

    async def set_attributes(self, changes: Sequence[tuple[str, Attributes]]) -> None:
        await asyncio.to_thread(self._tree.set_attributes, changes)

    def full(self, path: str) -> str:
        return os.path.join(self._path, path)


class _RemoteSide:
    """The tree on the server."""

    def __init__(
        self,
        client: Operations,
        session: ClientSession,
        path: str,
        transfer: Callable[[Callbacks], Transfer],
        select: Select,
    ) -> None:
        self._client = client
        self._session = session
        self._path = path
        self._transfer = transfer
        self._select = select
        self.found = FoundTree()
        self.failures: list[TransferFailure] = []

    async def scan(self) -> None:
        self.failures += await self._transfer(Callbacks()).scan(
            self._path, self.found, self._select
        )

    async def remove(self, entries: Sequence[TreeEntry]) -> list[str]:
        deleted: list[str] = []

        async def remove(entry: TreeEntry) -> None:
            step = self._client.rmdir if entry.kind == "directory" else self._client.remove
            if await self._try(step, entry.path):
                deleted.append(entry.path)

        for level in _levels(entries):
            await _each(level, remove, _AT_ONCE)
        return deleted

    async def set_attributes(self, changes: Sequence[tuple[str, Attributes]]) -> None:
        async def change(item: tuple[str, Attributes]) -> None:
            path, attributes = item
            await self._try(partial(self._client.setstat, attributes=attributes), path)

        await _each(changes, change, _AT_ONCE)

    async def _try(self, step: Callable[[str], Awaitable[None]], path: str) -> bool:
        """Do a step; record its failure."""
        try:
            await step(self.full(path))
        except SFTPError as error:
            if self._session.closed:
                raise
            self.failures.append(TransferFailure(self.full(path), error))
            return False
        return True

    def full(self, path: str) -> str:
        return join(self._path, path)


class Sync:
    """One call of `SFTPClient.sync`.

    Args:
        client: sends requests.
        session: its session.
        sides: the local directory, without links, and the one on the server.
        transfer: makes a transfer.
        manner: what is compared and done.
    """

    def __init__(
        self,
        client: Operations,
        session: ClientSession,
        sides: tuple[Path, str],
        transfer: Callable[[Callbacks], Transfer],
        manner: SyncManner,
    ) -> None:
        local, remote = sides
        self._client = client
        self._session = session
        self._local = local
        self._remote = remote
        self._transfer = transfer
        self._manner = manner
        here = _LocalSide(local, manner.select, manner.max_depth)
        there = _RemoteSide(client, session, remote, transfer, manner.select)
        self._uploads = manner.direction == "upload"
        self._source: _Side = here if self._uploads else there
        self._target: _Side = there if self._uploads else here
        self._deleted: list[str] = []
        self._failures: list[TransferFailure] = []

    async def run(self) -> SyncResult:
        """Do it.

        Raises:
            SFTPTransferErrors: some files failed.
            SFTPError: the server refused.
            OSError: the local side failed.
        """
        await self._source.scan()
        self._check()
        is_new = not await self._scan_target()
        plan = await self._plan()
        self._check()
        done = Transferred(0, 0, 0)
        if not self._manner.dry_run:
            done = await self._carry_out(plan, is_new=is_new)
        result = self._result(plan, done)
        failures = (*self._source.failures, *self._target.failures, *self._failures)
        if failures:
            raise SFTPTransferErrors(failures, result)
        return result

    async def _scan_target(self) -> bool:
        """Find out what the target has; return whether it exists."""
        try:
            await self._target.scan()
        except (SFTPNoSuchFile, FileNotFoundError):
            return False
        return True

    async def _plan(self) -> SyncPlan:
        source, target = self._source.found, self._target.found
        equal: set[str] | None = None
        if self._manner.checksum:
            equal = await self._equal(comparable(source.entries, target.entries))
        # what cannot be read is not known to be gone: then nothing is deleted
        delete = self._manner.delete and not self._source.failures
        keep = above(target.left_out)
        if self._manner.resume:
            keep.update(_parts(source.entries, target.entries))
        return plan_sync(source.entries, target.entries, delete=delete, equal=equal, keep=keep)

    async def _carry_out(self, plan: SyncPlan, *, is_new: bool) -> Transferred:
        source, target = self._source.found.entries, self._target.found.entries
        doomed = [target[path] for path in plan.paths("delete")]
        self._deleted += await self._target.remove(doomed)
        for path in plan.paths("conflict"):
            problem = "a directory is where the file should be, and nothing may be deleted"
            full = self._target.full(path)
            self._failures.append(TransferFailure(full, SFTPTransferError(full, problem)))
        self._check()
        done = Transferred(0, 0, 0)
        wanted = _wanted(plan, source)
        if wanted or is_new:
            done = await self._run_transfer(wanted)
        self._check()
        changes = [
            (path, _attributes(source[path]))
            for path in plan.paths("attributes")
            if source[path].kind == "file"
        ]
        await self._target.set_attributes(changes)
        return done

    async def _run_transfer(self, wanted: Collection[str]) -> Transferred:
        def select(entry: TreeEntry) -> bool:
            return entry.path in wanted

        transfer = self._transfer(self._manner.callbacks)
        try:
            if self._uploads:
                return await transfer.send_tree(self._local, self._remote, select)
            attributes = await self._client.stat(self._remote)
            return await transfer.fetch_tree(self._remote, self._local, attributes, select)
        except SFTPTransferErrors as errors:
            self._failures += errors.errors
            return errors.done

    def _result(self, plan: SyncPlan, done: Transferred) -> SyncResult:
        """Return the result: what the transfer did, and what else was done."""
        left_out = [
            Skipped(self._source.full(entry.path), _REASONS[entry.kind])
            for entry in self._source.found.entries.values()
            if entry.kind in _REASONS
        ]
        return SyncResult(
            files=done.files,
            directories=done.directories,
            bytes=done.bytes,
            skipped=(*left_out, *done.skipped),
            sizes_checked=done.sizes_checked,
            refused=done.refused,
            resumed=done.resumed,
            verified=done.verified,
            plan=plan,
            deleted=tuple(self._deleted),
        )

    def _check(self) -> None:
        """Raise the first failure if it ends the whole."""
        failures = [*self._source.failures, *self._target.failures, *self._failures]
        if failures and self._manner.stop:
            raise failures[0].cause

    # ------------------------------------------------------------------ content

    async def _equal(self, paths: Sequence[str]) -> set[str]:
        """Return which files have the same content on both sides."""
        equal: set[str] = set()

        async def compare(path: str) -> None:
            try:
                if await self._has_equal_content(path):
                    equal.add(path)
            except (SFTPError, SFTPTransferError, OSError):
                if self._session.closed:
                    raise
                # it is transferred; what is wrong shows then

        await _each(paths, compare, _COMPARED_AT_ONCE)
        return equal

    async def _has_equal_content(self, path: str) -> bool:
        local = asyncio.to_thread(_digest, os.path.join(str(self._local), path))
        remote = self._remote_digest(path)
        ours, theirs = await asyncio.gather(local, remote)
        return ours == theirs

    async def _remote_digest(self, path: str) -> bytes:
        sink = _DigestSink()
        size = self._source.found.entries[path].size
        full = join(self._remote, path)
        await self._transfer(Callbacks()).fetch_into(full, size, sink)
        return sink.digest()


class _DigestSink:
    """Take the digest of what is downloaded."""

    def __init__(self) -> None:
        self._digest = hashlib.sha256()
        self._next = 0
        self._held: dict[int, tuple[bytes, OnWritten]] = {}

    def digest(self) -> bytes:
        return self._digest.digest()

    def write(self, data: memoryview, offset: int, written: OnWritten) -> None:
        """Take a block when it is its turn; what is kept until then counts as outstanding."""
        self._held[offset] = bytes(data), written
        while self._next in self._held:
            block, done = self._held.pop(self._next)
            self._digest.update(block)
            self._next += len(block)
            done(len(block), None)

    def finish(self, finished: OnFinished) -> None:
        finished(None)

    def discard(self) -> None:
        self._held.clear()


def _digest(path: str) -> bytes:
    digest, offset = hashlib.sha256(), 0
    file = LocalFile(path)
    try:
        while data := file.read(_PIECE, offset):
            digest.update(data)
            offset += len(data)
    finally:
        file.close()
    return digest.digest()


def _parts(source: Collection[str], target: Collection[str]) -> Iterable[str]:
    """Return what earlier transfers have left where this one may continue it."""
    for path in target:
        folder, _, _ = path.rpartition("/")
        if is_lasting(path) and (not folder or folder in source):
            yield path


def _wanted(plan: SyncPlan, source: dict[str, TreeEntry]) -> set[str]:
    """Return the files that are transferred, and the directories that are made or changed."""
    transferred = {*plan.paths("file"), *plan.paths("directory")}
    changed = {path for path in plan.paths("attributes") if source[path].kind == "directory"}
    touched = transferred | changed
    parents = above([*touched, *plan.paths("delete")])
    return touched | {path for path in parents if path in source}


def _attributes(entry: TreeEntry) -> Attributes:
    mode = None if entry.mode is None else entry.mode & 0o777
    return Attributes(permissions=mode, atime=entry.mtime, mtime=entry.mtime)


def _levels(entries: Iterable[TreeEntry]) -> list[list[TreeEntry]]:
    """Return entries in groups: all but directories, then directories, the deepest first."""
    files: list[TreeEntry] = []
    levels: dict[int, list[TreeEntry]] = {}
    for entry in entries:
        if entry.kind == "directory":
            levels.setdefault(entry.path.count("/"), []).append(entry)
        else:
            files.append(entry)
    return [files, *(levels[depth] for depth in sorted(levels, reverse=True))]


async def _each(items: Sequence[T], work: Callable[[T], Awaitable[None]], most: int) -> None:
    """Do some work for each item, a number of them at once; the first error ends all."""

    async def do(item: T) -> None:
        await work(item)

    for start in range(0, len(items), most):
        try:
            async with asyncio.TaskGroup() as tasks:
                for item in items[start : start + most]:
                    tasks.create_task(do(item))
        except BaseExceptionGroup as errors:
            raise errors.exceptions[0] from None
