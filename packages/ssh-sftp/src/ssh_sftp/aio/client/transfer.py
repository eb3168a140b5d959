"""Run the transfers of a client: one scheduler and one future each."""

from __future__ import annotations

import asyncio
import secrets
import stat
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, get_args

from ssh_sftp.aio.client.computing import compute_in_thread
from ssh_sftp.aio.client.progress import TransferProgress
from ssh_sftp.aio.client.session import ClientSession, unsupported
from ssh_sftp.aio.client.sink import DownloadTarget, LocalFolder
from ssh_sftp.aio.client.source import LocalFile, SourceFolder
from ssh_sftp.attributes import Attributes
from ssh_sftp.client.check_file import has_check_file
from ssh_sftp.client.download import DownloadChecks, FileDownload, download_checks
from ssh_sftp.client.flow import Flow
from ssh_sftp.client.limits import SFTPOptions
from ssh_sftp.client.part_names import PartNames
from ssh_sftp.client.scheduler import Found, Progress, Scheduler
from ssh_sftp.client.selection import Select, everything
from ssh_sftp.client.storage import FileSink
from ssh_sftp.client.striping import split
from ssh_sftp.client.tree_download import DirectoryDownload
from ssh_sftp.client.tree_scan import DirectoryScan, FoundTree
from ssh_sftp.client.tree_upload import DirectoryUpload, UploadTree
from ssh_sftp.client.upload import FileUpload
from ssh_sftp.client.upload_opening import UploadOptions
from ssh_sftp.errors import SFTPError, SFTPTransferErrors
from ssh_sftp.messages import SetStat, Status
from ssh_sftp.results import TransferFailure, Transferred
from ssh_wire import UsageError, lazy_attrs

if TYPE_CHECKING:
    from ssh_sftp.aio.client.stripes import FurtherSessions

__all__ = [
    "Callbacks",
    "OnError",
    "Transfer",
    "callbacks_of",
    "into_directory",
    "is_directory",
    "last_name",
    "resolved",
]

OnError: TypeAlias = Literal["continue", "stop"]
"""What a tree does when a file of it cannot be transferred."""

_UNDO_SECONDS = 5.0


@lazy_attrs.frozen
class Callbacks:
    """The functions that are called with the progress of a transfer."""

    progress: Progress | None = None
    found: Found | None = None


def callbacks_of(progress: Progress | None, found: Found | None) -> Callbacks:
    """Return the functions that are called; a `TransferProgress` learns of the files too."""
    if found is None and isinstance(progress, TransferProgress):
        found = progress.found
    return Callbacks(progress, found)


_NO_CALLBACKS: Final = Callbacks()


class Transfer:
    """Run one get or put."""

    def __init__(
        self,
        session: ClientSession,
        callbacks: Callbacks = _NO_CALLBACKS,
        *,
        preserve: bool = False,
        on_error: OnError = "stop",
        options: SFTPOptions | None = None,
    ) -> None:
        if on_error not in get_args(OnError):
            problem = f'on_error is "continue" or "stop", not {on_error!r}'
            raise UsageError(problem)
        self._session = session
        self._options = options = options or session.options
        self._preserve = preserve
        self._done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        flow = Flow(options.first_outstanding, options.max_outstanding)
        self._scheduler = Scheduler(
            session.protocol,
            flow,
            self._on_done,
            files_in_flight=options.files_in_flight,
            progress=callbacks.progress,
            stop=on_error == "stop",
        )
        self._scheduler.on_found = callbacks.found
        self._scheduler.has_check_file = has_check_file(
            session.protocol.extensions, session.peer_software
        )
        self._scheduler.compute = partial(compute_in_thread, session.settle)

    async def fetch_file(self, remote: str, local: Path, attributes: Attributes) -> Transferred:
        """Download one file."""
        target = resolved(local)
        download_target = self._download_target(self._target_options(target))
        folder = LocalFolder(download_target, str(target.parent))
        try:
            folder.enter()
            sink = folder.file(target.name, attributes)
            return await self.fetch_into(
                remote, attributes.size, sink, download_checks(self._options, sink, attributes)
            )
        finally:
            download_target.close()

    async def fetch_into(
        self,
        remote: str,
        size: int | None,
        sink: FileSink,
        checks: DownloadChecks | None = None,
    ) -> Transferred:
        """Download one file into a sink."""
        self._scheduler.stop = True  # one file: its error ends the transfer
        self._scheduler.found(remote, size)
        self._scheduler.add_file(FileDownload(self._scheduler, remote, size, sink, checks))
        return await self._run()

    async def scan(
        self, remote: str, tree: FoundTree, select: Select
    ) -> tuple[TransferFailure, ...]:
        """Find out what a directory of the server has; return what could not be listed."""
        self._scheduler.add_directory(
            DirectoryScan(self._scheduler, remote, tree, self._options, select)
        )
        await self._finished()
        return self._scheduler.failures

    async def fetch_tree(
        self, remote: str, local: Path, attributes: Attributes, select: Select = everything
    ) -> Transferred:
        """Download the content of a directory into another."""
        download_target = self._download_target(self._options)
        folder = LocalFolder(download_target, str(resolved(local)), attributes)
        job = DirectoryDownload(self._scheduler, remote, folder, self._options, select)
        self._scheduler.add_directory(job)
        try:
            return await self._run()
        finally:
            download_target.close()

    async def send_file(self, local: Path, remote: str, *, atomic: bool) -> Transferred:
        """Upload one file."""
        self._scheduler.stop = True
        atomic = atomic and self._options.atomic
        further = await self._further_sessions(local, remote)
        options = lazy_attrs.evolve(
            self._upload_options(remote, atomic=atomic), checks_small=True, stripes=further
        )

        def opened() -> LocalFile:
            source = LocalFile(str(local), follow=True)
            self._scheduler.found(remote, source.attributes.size)
            return source

        self._scheduler.add_file(FileUpload(self._scheduler, remote, opened, options))
        try:
            return await self._run()
        finally:
            if further is not None:
                await further.close()

    async def _further_sessions(self, local: Path, remote: str) -> FurtherSessions | None:
        """Open the sessions that a large file is uploaded over beside this one."""
        options, opener = self._options, self._session.open_another
        in_order = options.resume or options.sparse or options.limit is not None
        if options.stripes == 1 or in_order or opener is None:
            return None
        count = len(split(_size_of(local), options.stripes)) - 1
        from ssh_sftp.aio.client.stripes import FurtherSessions  # rarely used

        further = FurtherSessions(self._session)
        try:
            refusal = await further.open(count, opener)
        except BaseException:
            await further.close()
            raise
        if refusal is not None:
            self._scheduler.refused(remote, "another channel", refusal)
        return further

    async def send_tree(
        self, local: Path, remote: str, select: Select = everything
    ) -> Transferred:
        """Upload the content of a directory into another."""
        tree = UploadTree(select)
        options = self._upload_options(remote, atomic=self._options.atomic)
        sizes = self._scheduler.on_found is not None or select is not everything
        source = SourceFolder(str(local), sizes=sizes)
        self._scheduler.add_directory(
            DirectoryUpload(self._scheduler, remote, source, options, tree)
        )
        await self._finished()
        if self._preserve:
            await self._set_directories(tree.made)
        return self._result()

    async def _run(self) -> Transferred:
        await self._finished()
        return self._result()

    def _result(self) -> Transferred:
        """Return the result; raise an error that has it if files failed."""
        failures = self._scheduler.failures
        if failures:
            raise SFTPTransferErrors(failures, self._scheduler.result)
        return self._scheduler.result

    async def _finished(self) -> None:
        self._session.add(self._scheduler)
        try:
            await asyncio.shield(self._done)
        except asyncio.CancelledError:
            self._scheduler.cancel()
            self._session.settle()
            # also where it takes longer than is waited for
            self._done.add_done_callback(_retrieve)
            await asyncio.wait([self._done], timeout=_UNDO_SECONDS)
            raise
        finally:
            self._session.drop(self._scheduler)

    def _download_target(self, options: SFTPOptions) -> DownloadTarget:
        return DownloadTarget(
            options,
            preserve=self._preserve,
            settle=self._session.settle,
            refused=self._scheduler.refused,
        )

    def _on_done(self, error: Exception | None) -> None:
        if self._done.done():
            return
        if error is None:
            self._done.set_result(None)
        else:
            self._done.set_exception(error)

    def _target_options(self, local: Path) -> SFTPOptions:
        """Return options that write in place if the file cannot be replaced: a device, say."""
        try:
            found = local.stat()
        except OSError:
            return self._options
        if stat.S_ISREG(found.st_mode):
            return self._options
        return lazy_attrs.evolve(self._options, atomic=False)

    def _upload_options(self, remote: str, *, atomic: bool) -> UploadOptions:
        fsync, names = self._options.fsync, PartNames(secrets.token_hex(4))
        if fsync and not self._session.protocol.supports("fsync@openssh.com"):
            fsync = False
            self._scheduler.refused(remote, "fsync", unsupported("fsync@openssh.com", remote))
        return UploadOptions(
            atomic=atomic,
            preserve=self._preserve,
            fsync=fsync,
            part_name=names.unique,
            lasting_name=names.lasting if self._options.resume else None,
            verify=self._options.verify,
            sparse=self._options.sparse,
            max_depth=self._options.max_depth,
        )

    async def _set_directories(self, made: list[tuple[str, Attributes]]) -> None:
        """Set the times of directories after all their files are written."""
        protocol = self._session.protocol
        for path, found in reversed(made):
            mode = None if found.mode is None else found.mode & 0o777
            change = Attributes(permissions=mode, atime=found.atime, mtime=found.mtime)
            request = SetStat(id=protocol.next_id(), path=path, attributes=change)
            try:
                await self._session.call(request, Status, path)
            except SFTPError as error:
                if self._session.closed:
                    raise
                self._scheduler.refused(path, "permissions and times", error)


def _size_of(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:  # the upload reports it
        return 0


def _retrieve(done: asyncio.Future[None]) -> None:
    """Take the error of a transfer whose caller was cancelled, so that asyncio reports none."""
    if not done.cancelled():
        done.exception()


def is_directory(path: Path) -> bool:
    """Return whether a local path is a directory, links followed."""
    return path.is_dir()


def into_directory(path: Path, name: str) -> Path:
    """Return the path of a file: below `path` if that is a directory, else `path`."""
    return path / name if path.is_dir() else path


def last_name(path: Path) -> str:
    """Return the name of a local file, also if the path ends in dots."""
    return path.name if path.name not in {"", ".."} else path.resolve().name


def resolved(path: Path) -> Path:
    """Return a local path without links."""
    return path.resolve()
