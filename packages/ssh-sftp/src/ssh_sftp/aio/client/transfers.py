"""Transfers of files and trees: get, put and sync."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from ssh_sftp.aio.client.operations import PathLike, path_text
from ssh_sftp.aio.client.transfer import (
    Callbacks,
    OnError,
    Transfer,
    callbacks_of,
    into_directory,
    is_directory,
    last_name,
    resolved,
)
from ssh_sftp.aio.client.tree_operations import TreeOperations
from ssh_sftp.attributes import Attributes
from ssh_sftp.client.limits import SFTPOptions
from ssh_sftp.client.scheduler import Found, Progress
from ssh_sftp.client.selection import Select, everything
from ssh_sftp.client.sync_plan import SyncDirection, SyncResult
from ssh_sftp.errors import SFTPError, SFTPNoSuchFile, SFTPTransferError
from ssh_sftp.names import basename, directory_of, join
from ssh_sftp.results import Transferred
from ssh_wire import UsageError, lazy_attrs

if TYPE_CHECKING:
    from ssh_sftp.aio.client.tree_links import TreeLinks

__all__ = ["Transfers"]


class Transfers(TreeOperations):
    """Transfer files and trees; the base of `SFTPClient`."""

    # ------------------------------------------------------------------ transfers

    async def get(
        self,
        remote: PathLike,
        local: str | os.PathLike[str] | None = None,
        *,
        recursive: bool = False,
        preserve: bool = False,
        keep_links: bool = False,
        resume: bool | None = None,
        verify: bool | None = None,
        select: Select | None = None,
        on_error: OnError = "continue",
        progress: Progress | None = None,
        found: Found | None = None,
    ) -> Transferred:
        """Download a file, or with `recursive` the content of a directory.

        A file goes into `local` if that is a directory or ends in a slash; else it gets that name
        when it is complete.  A directory is copied to `local`; files that are there already stay.
        Missing local directories are made, those above `local` included.

        Args:
            remote: the file or directory on the server; links to it are followed.
            local: the destination; by default the same name in the current directory.
            recursive: transfer directories and everything in them except links.
            preserve: keep permissions (never set-user-ID, set-group-ID or sticky) and times.
            keep_links: make the links of a tree again, after its files; a download leaves out
                those that lead out of the tree.
            resume: go on from what an earlier attempt with `resume` has left, after a
                comparison, and leave what is transferred if this one fails; by default as in
                `SFTPOptions`.
            verify: compare the content on both sides before a file gets its name; by default as
                in `SFTPOptions`.
            select: returns whether an entry of a tree is transferred: a `PathFilter`, say;
                by default each one.
            on_error: when a file of a tree cannot be read or written, "continue" with the others
                and raise `SFTPTransferErrors` at the end, or "stop" at once with the error.
            progress: called with the bytes of a file so far, its size if known, and its path;
                or a `TransferProgress`.
            found: called before a file is transferred, with its path, and its size if known.

        Returns:
            The result: files, bytes, what was skipped, and how many sizes were checked.

        Raises:
            SFTPTransferErrors: some files of a tree failed; the others were transferred.
            SFTPError: the server refused; `filename` says which file.
            OSError: the local side failed; `filename` says which file.
            SFTPTransferError: a file arrived incomplete, its content is not right (`verify`), or
                it changed while it was read (`resume`).
            SFTPUnsafeName: the server listed a name that leads out of the directory.
        """
        source = path_text(remote)
        await self._session.ready()
        found_there = await self._told(source)
        name = basename(source)
        target = Path(local if local is not None else name)
        transfer = Transfer(
            self._session,
            callbacks_of(progress, found),
            preserve=preserve,
            on_error=on_error,
            options=self._transfer_options(resume=resume, verify=verify),
        )
        if found_there.is_dir or (
            recursive and await self._opens_as_directory(source, found_there)
        ):
            if not recursive:
                raise SFTPTransferError(source, "it is a directory")
            tree = transfer.fetch_tree(source, target, found_there, select or everything)
            return await (self._links(target, source).after_get(tree) if keep_links else tree)
        if local is not None and os.fspath(local).endswith(os.sep):
            target /= name
        return await transfer.fetch_file(source, into_directory(target, name), found_there)

    async def put(
        self,
        local: str | os.PathLike[str],
        remote: PathLike | None = None,
        *,
        recursive: bool = False,
        preserve: bool = False,
        keep_links: bool = False,
        resume: bool | None = None,
        verify: bool | None = None,
        select: Select | None = None,
        on_error: OnError = "continue",
        progress: Progress | None = None,
        found: Found | None = None,
    ) -> Transferred:
        """Upload a file, or with `recursive` the content of a directory.

        A file goes into `remote` if that is a directory; else it gets that name when the server
        has acknowledged all of it.  A directory is copied to `remote`; files that are there
        already stay.  The directory above `remote` has to exist.

        A server that refuses an optional step (the size check, permissions and times, fsync) still
        has the whole file: see `Transferred.refused`.

        Args:
            local: the file or directory; links to it are followed.
            remote: the destination; by default the same name in the directory that relative
                paths start from.
            recursive: transfer directories and everything in them except links.
            preserve: keep permissions (never set-user-ID, set-group-ID or sticky) and times.
            keep_links: make the links of a tree again, after its files; a download leaves out
                those that lead out of the tree.
            resume: go on from what an earlier attempt with `resume` has left, after a
                comparison, and leave what is transferred if this one fails; by default as in
                `SFTPOptions`.
            verify: compare the content on both sides before a file gets its name; by default as
                in `SFTPOptions`.
            select: returns whether an entry of a tree is transferred: a `PathFilter`, say;
                by default each one.
            on_error: when a file of a tree cannot be read or written, "continue" with the others
                and raise `SFTPTransferErrors` at the end, or "stop" at once with the error.
            progress: called with the bytes of a file so far, its size, and its path; or a
                `TransferProgress`.
            found: called before a file is transferred, with its path and its size.

        Returns:
            The result: files, bytes, what was skipped, and how many sizes were checked.

        Raises:
            SFTPTransferErrors: some files of a tree failed; the others were transferred.
            SFTPError: the server refused; `filename` says which file, or which directory is
                missing.
            OSError: the local side failed; `filename` says which file.
            SFTPTransferError: a file arrived incomplete, its content is not right (`verify`), or
                it changed while it was read (`resume`).
        """
        source = Path(local)
        await self._session.ready()
        name = last_name(source)
        target = name if remote is None else path_text(remote)
        transfer = Transfer(
            self._session,
            callbacks_of(progress, found),
            preserve=preserve,
            on_error=on_error,
            options=self._transfer_options(resume=resume, verify=verify),
        )
        if is_directory(source):
            if not recursive:
                raise SFTPTransferError(str(source), "it is a directory")
            try:
                tree = transfer.send_tree(source, target, select or everything)
                return await (self._links(source, target).after_put(tree) if keep_links else tree)
            except SFTPError as error:
                raise await self._with_missing_directory(error, target) from error.__cause__
        target, atomic = await self._upload_path(target, name)
        try:
            return await transfer.send_file(source, target, atomic=atomic)
        except SFTPError as error:
            raise await self._with_missing_directory(error, target) from error.__cause__

    async def sync(
        self,
        local: str | os.PathLike[str],
        remote: PathLike,
        *,
        direction: SyncDirection,
        delete: bool = False,
        dry_run: bool = False,
        checksum: bool = False,
        select: Select | None = None,
        on_error: OnError = "continue",
        progress: Progress | None = None,
        found: Found | None = None,
    ) -> SyncResult:
        """Make a directory like another one: transfer only what differs.

        A file differs if its size or its time of writing does, in whole seconds.  Permissions
        (never set-user-ID, set-group-ID or sticky) and times are kept, or else all files would
        differ the next time.  Links and special files are left out.

        Deletion is not done if a part of the source could not be read, and not of what `select`
        leaves out, nor of partial files where the session's transfers resume.  A file or link that
        is where a directory should be is replaced in any case; a directory that is where a file
        should be is replaced with `delete`, else a failure.

        Args:
            local: the local directory; made for a download if it is missing.
            remote: the directory on the server; made for an upload if it is missing.
            direction: "upload" makes the server's like the local one, "download" the reverse.
            delete: delete what the source does not have.
            dry_run: change nothing; the result has the plan.
            checksum: compare the content of files of equal size by SHA-256, not their times; all
                of them are read on both sides.
            select: returns whether an entry is transferred or deleted: a `PathFilter`, say;
                by default each one.
            on_error: when a file cannot be read or written, "continue" with the others and raise
                `SFTPTransferErrors` at the end, or "stop" at once with the error.
            progress: called with the bytes of a file so far, its size if known, and its path;
                or a `TransferProgress`.
            found: called before a file is transferred, with its path, and its size if known.

        Returns:
            The result: the plan, what was transferred, and what was deleted.

        Raises:
            SFTPTransferErrors: some files failed; `done` is the result.
            SFTPError: the server refused; `filename` says which file.
            OSError: the local side failed; `filename` says which file.
            SFTPUnsafeName: the server listed a name that leads out of the directory.
            UsageError: the direction does not exist.
        """
        from ssh_sftp.aio.client.syncing import Sync, SyncManner  # only where it is needed

        if direction not in get_args(SyncDirection):
            problem = f'direction is "upload" or "download", not {direction!r}'
            raise UsageError(problem)
        await self._session.ready()

        def transfer(callbacks: Callbacks) -> Transfer:
            return Transfer(self._session, callbacks, preserve=True, on_error=on_error)

        manner = SyncManner(
            direction=direction,
            delete=delete,
            dry_run=dry_run,
            checksum=checksum,
            resume=self._session.options.resume,
            stop=on_error == "stop",
            select=select or everything,
            max_depth=self._session.options.max_depth,
            callbacks=callbacks_of(progress, found),
        )
        sides = resolved(Path(local)), path_text(remote)
        return await Sync(self, self._session, sides, transfer, manner).run()

    def _transfer_options(self, *, resume: bool | None, verify: bool | None) -> SFTPOptions:
        """Return the options of the session, with what one transfer has of its own."""
        options = self._session.options
        return lazy_attrs.evolve(
            options,
            resume=options.resume if resume is None else resume,
            verify=options.verify if verify is None else verify,
        )

    def _links(self, local: Path, remote: str) -> TreeLinks:
        from ssh_sftp.aio.client.tree_links import TreeLinks  # only where it is needed

        return TreeLinks(self, self._session, local, remote)

    # ------------------------------------------------------------------ what is there

    async def _upload_path(self, target: str, name: str) -> tuple[str, bool]:
        """Return the path that an uploaded file gets, and whether it may be renamed to it."""
        present = await self._lstat_or_none(target)
        if present is not None and (
            present.is_dir or await self._opens_as_directory(target, present)
        ):
            target = join(target, name)
            present = await self._lstat_or_none(target)
        elif target.endswith("/"):
            await self._need_directory(target)
            target = join(target, name)
            present = None
        if present is not None and present.is_symlink:
            try:
                target = await self.realpath(target)
            except SFTPError:
                return target, False  # the server resolves links itself
            present = await self._lstat_or_none(target)
        replaceable = present is None or present.is_file or not present.has_type
        return target, replaceable

    async def _need_directory(self, path: str) -> None:
        """Raise an error if a directory is missing; if STAT is refused it may exist."""
        try:
            await self.stat(path)
        except SFTPNoSuchFile:
            raise _no_directory(path) from None
        except SFTPError:
            if self._session.closed:
                raise

    async def _with_missing_directory(self, error: SFTPError, path: str) -> SFTPError:
        """Return an error that names the missing directory, if the server only sent "failure"."""
        above = directory_of(path)
        if type(error) is SFTPError and above and not self._session.closed:
            try:
                await self.stat(above)
            except SFTPNoSuchFile:
                return _no_directory(above)
            except SFTPError:
                pass
        return error

    async def _lstat_or_none(self, path: str) -> Attributes | None:
        """Return the attributes at a path; a link is followed if it leads to a directory."""
        try:
            found = await self.lstat(path)
            if found.is_symlink and (await self.stat(path)).is_dir:
                return await self.stat(path)
        except SFTPError:
            return None
        return found


def _no_directory(path: str) -> SFTPNoSuchFile:
    return SFTPNoSuchFile("the directory does not exist", path)
