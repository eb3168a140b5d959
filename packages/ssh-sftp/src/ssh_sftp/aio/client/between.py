"""Copy files and trees from one server to another, through this process, block by block.

Each file is read ahead on one session and written behind on the other, so that no file is in
memory as a whole, and none is on a local disk.  It gets its name when its size is right.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from ssh_sftp.aio.client.session import ClientSession, unsupported
from ssh_sftp.attributes import Attributes
from ssh_sftp.client.part_names import PartNames
from ssh_sftp.client.protocol import OnReply
from ssh_sftp.client.renaming import Naming
from ssh_sftp.client.selection import TreeEntry
from ssh_sftp.client.tree_scan import FoundTree
from ssh_sftp.errors import SFTPError, SFTPTransferError, SFTPTransferErrors
from ssh_sftp.messages import Request, Status
from ssh_sftp.names import directory_of, join
from ssh_sftp.results import Skipped, TransferFailure, Transferred, TransferRefusal
from ssh_wire import Message, lazy_attrs

if TYPE_CHECKING:
    from ssh_sftp.aio.client.file import RemoteFile
    from ssh_sftp.aio.client.sftp_client import SFTPClient
    from ssh_sftp.aio.client.transfer import Callbacks

__all__ = ["CopyBetween", "CopyManner"]

_PIECE: Final = 256 * 1024
_FILES_AT_ONCE: Final = 16
_UNDO_SECONDS: Final = 5.0
_REASONS: Final = {
    "link": "it is a symbolic link",
    "other": "it is not a regular file, or the server does not report its type",
}


@lazy_attrs.frozen(kw_only=True)
class CopyManner:
    """How files are copied.

    Attributes:
        preserve: keep permissions and times.
        atomic: write under a temporary name, and rename.
        fsync: have each file on stable storage before it gets its name.
        stop: end with the first failure.
        callbacks: called with the progress.
    """

    preserve: bool
    atomic: bool
    fsync: bool
    stop: bool
    callbacks: Callbacks


class CopyBetween:
    """One copy from a server to another.

    Args:
        sessions: the clients of the two servers, and their sessions.
        manner: how files are copied.
    """

    def __init__(
        self,
        source: tuple[SFTPClient, ClientSession],
        target: tuple[SFTPClient, ClientSession],
        manner: CopyManner,
    ) -> None:
        self._source, self._from = source
        self._target, self._to = target
        self._manner = manner
        self._names = PartNames(secrets.token_hex(4))
        self._files = self._directories = self._bytes = self._sizes_checked = 0
        self._refused: list[TransferRefusal] = []
        self._skipped: list[Skipped] = []
        self._failures: list[TransferFailure] = []

    def result(self) -> Transferred:
        """Return what was done.

        Raises:
            SFTPTransferErrors: some files failed.
        """
        done = Transferred(
            files=self._files,
            directories=self._directories,
            bytes=self._bytes,
            skipped=tuple(self._skipped),
            sizes_checked=self._sizes_checked,
            refused=tuple(self._refused),
        )
        if self._failures:
            raise SFTPTransferErrors(tuple(self._failures), done)
        return done

    # ------------------------------------------------------------------ a tree

    async def copy_tree(self, tree: FoundTree, source: str, target: str, top: Attributes) -> None:
        """Copy what was found in a directory to another one.

        Raises:
            SFTPError: the directory cannot be made, a session has ended, or the first failure.
        """
        await self._make_directory(target, top)
        made = {"": top, **await self._make_directories(tree, source, target)}
        files: list[TreeEntry] = []
        for entry in tree.entries.values():
            path = join(source, entry.path)
            if entry.kind in _REASONS:
                self._skipped.append(Skipped(path, _REASONS[entry.kind]))
            elif entry.kind == "file" and directory_of(entry.path) in made:
                files.append(entry)
                self.found(path, entry.size)

        async def copy(entry: TreeEntry) -> None:
            path = join(source, entry.path)
            try:
                await self.copy_file(path, join(target, entry.path), _attributes(entry))
            except (SFTPError, SFTPTransferError) as error:
                self._fail(path, error)

        await _each(files, copy)
        if self._manner.preserve:
            for path in reversed(made):  # the deepest first
                await self._set(join(target, path) if path else target, made[path])

    async def _make_directories(
        self, tree: FoundTree, source: str, target: str
    ) -> dict[str, Attributes]:
        """Make the directories below the top; nothing is made below one that fails."""
        made: dict[str, Attributes] = {}

        async def make(entry: TreeEntry) -> None:
            above, attributes = directory_of(entry.path), _attributes(entry)
            if above and above not in made:
                return
            try:
                await self._make_directory(join(target, entry.path), attributes)
            except SFTPError as error:
                self._fail(join(source, entry.path), error)
            else:
                made[entry.path] = attributes

        levels: dict[int, list[TreeEntry]] = {}
        for entry in tree.entries.values():
            if entry.kind == "directory":
                levels.setdefault(entry.path.count("/"), []).append(entry)
        for level in sorted(levels):
            await _each(levels[level], make)
        return made

    def _fail(self, path: str, error: Exception) -> None:
        """Record a failure; raise it if it ends the whole."""
        if self._manner.stop or self._from.closed or self._to.closed:
            raise error
        self._failures.append(TransferFailure(path, error))

    def failed(self, failures: Iterable[TransferFailure]) -> None:
        """Take what could not be listed."""
        for failure in failures:
            self._fail(failure.path, failure.cause)

    async def _make_directory(self, path: str, attributes: Attributes) -> None:
        mode = 0o777 if attributes.mode is None else attributes.mode & 0o777
        try:
            await self._target.mkdir(path, mode | 0o700)
        except SFTPError:
            if self._to.closed or not await self._target.is_dir(path):
                raise
        self._directories += 1

    # ------------------------------------------------------------------ a file

    async def copy_file(self, source: str, target: str, attributes: Attributes) -> None:
        """Copy one file.

        Raises:
            SFTPError: a server refused; `filename` says which file.
            SFTPTransferError: the file arrived incomplete, or changed meanwhile.
        """
        atomic = self._manner.atomic
        part = self._names.unique(target) if atomic else target
        mode = 0o666 if attributes.mode is None else attributes.mode & 0o777
        async with await self._source.open(source, "rb") as reader:
            try:
                opened = await self._target.open(
                    part, "xb" if atomic else "wb", Attributes(permissions=mode)
                )
                async with opened as writer:
                    size = await self._move(reader, writer, attributes.size)
                    await self._settle(writer, target, attributes)
                await self._check_size(part, target, size)
                if atomic:
                    await self._rename(part, target)
            except BaseException:
                if atomic:
                    await self._undo(part)
                raise
        self._files += 1
        self._bytes += size

    def found(self, path: str, size: int | None) -> None:
        """Tell of a file that will be copied."""
        if self._manner.callbacks.found is not None:
            self._manner.callbacks.found(path, size)

    async def _move(self, reader: RemoteFile, writer: RemoteFile, total: int | None) -> int:
        """Move all bytes; return how many."""
        progress, done = self._manner.callbacks.progress, 0
        while data := await reader.read(_PIECE):
            await writer.write(data)
            done += len(data)
            if progress is not None and done != total:
                progress(done, total, reader.path)
        if total is not None and done != total:
            problem = f"it has {total} bytes, and {done} were read"
            raise SFTPTransferError(reader.path, problem)
        await writer.flush()
        if progress is not None:
            progress(done, total, reader.path)
        return done

    async def _settle(self, writer: RemoteFile, target: str, attributes: Attributes) -> None:
        """Set permissions and times, and have the file on stable storage, as far as allowed."""
        if self._manner.preserve:
            change = _kept(attributes)
            await self._try(target, "permissions and times", writer.setstat(change))
        if not self._manner.fsync:
            return
        if self._to.protocol.supports("fsync@openssh.com"):
            await self._try(target, "fsync", writer.fsync())
        else:
            refusal = unsupported("fsync@openssh.com", target)
            self._refused.append(TransferRefusal(target, "fsync", refusal))

    async def _set(self, path: str, attributes: Attributes) -> None:
        step = self._target.setstat(path, _kept(attributes))
        await self._try(path, "permissions and times", step)

    async def _try(self, path: str, what: str, step: Awaitable[None]) -> None:
        """Do a step that a server may refuse."""
        try:
            await step
        except SFTPError as error:
            if self._to.closed:
                raise
            self._refused.append(TransferRefusal(path, what, error))

    async def _check_size(self, part: str, target: str, size: int) -> None:
        try:
            found = (await self._target.stat(part)).size
        except SFTPError as error:
            if self._to.closed:
                raise
            self._refused.append(TransferRefusal(target, "the size check", error))
            return
        if found is None:
            return
        if found != size:
            problem = f"the server has {found} bytes of the {size} that were sent"
            raise SFTPTransferError(target, problem)
        self._sizes_checked += 1

    async def _rename(self, part: str, target: str) -> None:
        """Give the file its name; a regular file that has it is replaced."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        protocol = self._to.protocol

        def on_done(error: Exception | None) -> None:
            if done.done():
                return
            if error is None:
                done.set_result(None)
            else:
                done.set_exception(error)

        def ask(request: Request, on_reply: OnReply, expected: type[Message] = Status, /) -> None:
            protocol.submit(request, expected, on_reply)
            protocol.flush()

        in_the_way = await self._target.is_file(target)
        paths = (part, target, self._names.unique(target))
        naming = Naming(protocol, ask, paths, in_the_way=in_the_way, done=on_done)
        naming.start()
        await done
        if naming.left_aside is not None:
            refusal = TransferRefusal(paths[2], "the removal of the old file", naming.left_aside)
            self._refused.append(refusal)

    async def _undo(self, part: str) -> None:
        """Remove a partial file, also when the copy is cancelled."""
        if self._to.closed:
            return
        removal = asyncio.ensure_future(self._target.remove(part))
        with suppress(SFTPError, TimeoutError):
            await asyncio.wait_for(removal, _UNDO_SECONDS)


def _kept(attributes: Attributes) -> Attributes:
    mode = None if attributes.mode is None else attributes.mode & 0o777
    time = attributes.mtime
    return Attributes(permissions=mode, atime=attributes.atime or time, mtime=time)


def _attributes(entry: TreeEntry) -> Attributes:
    return Attributes(
        size=entry.size, permissions=entry.mode, atime=entry.mtime, mtime=entry.mtime
    )


async def _each(items: list[TreeEntry], work: Callable[[TreeEntry], Awaitable[None]]) -> None:
    """Do some work for each item, a number of them at once; the first error ends all."""
    waiting = iter(items)

    async def worker() -> None:
        for item in waiting:
            await work(item)

    workers = [asyncio.ensure_future(worker()) for _ in range(min(_FILES_AT_ONCE, len(items)))]
    try:
        await asyncio.gather(*workers)
    except BaseException:
        for each in workers:
            each.cancel()
        await asyncio.wait(workers)
        raise
