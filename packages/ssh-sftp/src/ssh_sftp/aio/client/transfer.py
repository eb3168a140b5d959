"""Run the transfers of a client: one scheduler and one future each."""

from __future__ import annotations

import asyncio
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Final, Literal, TypeAlias, get_args

from ssh_sftp.aio.client.session import ClientSession, unsupported
from ssh_sftp.aio.client.sink import DownloadTarget, LocalFolder, part_name
from ssh_sftp.aio.client.source import LocalFile, SourceFolder
from ssh_sftp.attributes import Attributes
from ssh_sftp.client.download import FileDownload
from ssh_sftp.client.flow import Flow
from ssh_sftp.client.limits import SFTPOptions
from ssh_sftp.client.scheduler import Found, Progress, Scheduler
from ssh_sftp.client.storage import FileSink
from ssh_sftp.client.tree_download import DirectoryDownload
from ssh_sftp.client.tree_upload import DirectoryUpload
from ssh_sftp.client.upload import FileUpload, UploadOptions
from ssh_sftp.errors import SFTPError, SFTPTransferErrors
from ssh_sftp.messages import SetStat, Status
from ssh_sftp.names import basename
from ssh_sftp.results import Transferred
from ssh_wire import UsageError, lazy_attrs

__all__ = ["Callbacks", "OnError", "Transfer", "into_directory", "is_directory", "last_name"]

OnError: TypeAlias = Literal["continue", "stop"]
"""What a tree does when a file of it cannot be transferred."""

_UNDO_SECONDS = 5.0


@lazy_attrs.frozen
class Callbacks:
    """The functions that are called with the progress of a transfer."""

    progress: Progress | None = None
    found: Found | None = None


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
    ) -> None:
        if on_error not in get_args(OnError):
            problem = f'on_error is "continue" or "stop", not {on_error!r}'
            raise UsageError(problem)
        self._session = session
        self._options = options = session.options
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

    async def fetch_file(self, remote: str, local: Path, attributes: Attributes) -> Transferred:
        """Download one file."""
        target = _resolved(local)
        download_target = self._download_target(self._target_options(target))
        folder = LocalFolder(download_target, str(target.parent))
        try:
            folder.enter()
            sink = folder.file(target.name, attributes)
            return await self.fetch_into(remote, attributes.size, sink)
        finally:
            download_target.close()

    async def fetch_into(self, remote: str, size: int | None, sink: FileSink) -> Transferred:
        """Download one file into a sink."""
        self._scheduler.stop = True  # one file: its error ends the transfer
        self._scheduler.found(remote, size)
        self._scheduler.add_file(FileDownload(self._scheduler, remote, size, sink))
        return await self._run()

    async def fetch_tree(self, remote: str, local: Path, attributes: Attributes) -> Transferred:
        """Download the content of a directory into another."""
        download_target = self._download_target(self._options)
        folder = LocalFolder(download_target, str(_resolved(local)), attributes)
        job = DirectoryDownload(self._scheduler, remote, folder, self._options)
        self._scheduler.add_directory(job)
        try:
            return await self._run()
        finally:
            download_target.close()

    async def send_file(self, local: Path, remote: str, *, atomic: bool) -> Transferred:
        """Upload one file."""
        self._scheduler.stop = True
        atomic = atomic and self._options.atomic
        options = lazy_attrs.evolve(self._upload_options(remote, atomic=atomic), checks_small=True)

        def opened() -> LocalFile:
            source = LocalFile(str(local), follow=True)
            self._scheduler.found(remote, source.attributes.size)
            return source

        self._scheduler.add_file(FileUpload(self._scheduler, remote, opened, options))
        return await self._run()

    async def send_tree(self, local: Path, remote: str) -> Transferred:
        """Upload the content of a directory into another."""
        made: list[tuple[str, Attributes]] = []
        options = self._upload_options(remote, atomic=self._options.atomic)
        source = SourceFolder(str(local), sizes=self._scheduler.on_found is not None)
        self._scheduler.add_directory(
            DirectoryUpload(self._scheduler, remote, source, options, made)
        )
        await self._finished()
        if self._preserve:
            await self._set_directories(made)
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
            await asyncio.wait([self._done], timeout=_UNDO_SECONDS)
            if self._done.done() and not self._done.cancelled():
                self._done.exception()
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
        download_target = self._download_target(self._options)
        fsync = self._options.fsync
        if fsync and not self._session.protocol.supports("fsync@openssh.com"):
            fsync = False
            self._scheduler.refused(remote, "fsync", unsupported("fsync@openssh.com", remote))
        return UploadOptions(
            atomic=atomic,
            preserve=self._preserve,
            fsync=fsync,
            part_name=_part_path(download_target.suffix),
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


def is_directory(path: Path) -> bool:
    """Return whether a local path is a directory, links followed."""
    return path.is_dir()


def into_directory(path: Path, name: str) -> Path:
    """Return the path of a file: below `path` if that is a directory, else `path`."""
    return path / name if path.is_dir() else path


def last_name(path: Path) -> str:
    """Return the name of a local file, also if the path ends in dots."""
    return path.name if path.name not in {"", ".."} else path.resolve().name


def _resolved(path: Path) -> Path:
    return path.resolve()


def _part_path(suffix: Callable[[], str]) -> Callable[[str], str]:
    def part_path(path: str) -> str:
        name = basename(path)
        return path[: len(path) - len(name)] + part_name(name, suffix())

    return part_path
