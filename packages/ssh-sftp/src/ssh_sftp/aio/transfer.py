"""Runs the transfers of a client: one scheduler and one future each."""

from __future__ import annotations

import asyncio
import stat
from collections.abc import Callable
from pathlib import Path

import attrs

from ssh_sftp.aio.session import Session
from ssh_sftp.aio.sink import Landing, LocalFolder, part_name
from ssh_sftp.aio.source import LocalFile, SourceFolder
from ssh_sftp.attributes import Attributes
from ssh_sftp.download import FileDownload
from ssh_sftp.endpoints import FileSink
from ssh_sftp.flow import Flow
from ssh_sftp.limits import SFTPOptions
from ssh_sftp.listing import DirectoryDownload
from ssh_sftp.messages import SetStat, Status
from ssh_sftp.names import basename
from ssh_sftp.scheduler import Job, Progress, Scheduler, Transferred
from ssh_sftp.tree import DirectoryUpload
from ssh_sftp.upload import FileUpload, UploadManner

__all__ = ["Transfer", "into_directory", "is_directory", "last_name"]

_UNDO_SECONDS = 5.0


class Transfer:
    """One get or put: what its jobs have in common, and how it is run."""

    def __init__(self, session: Session, progress: Progress | None, *, preserve: bool) -> None:
        self._session = session
        self._options = session.options
        self._preserve = preserve
        self._done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        options = session.options
        flow = Flow(options.first_outstanding, options.max_outstanding)
        self._scheduler = Scheduler(
            session.requests,
            flow,
            self._on_done,
            files_in_flight=options.files_in_flight,
            progress=progress,
        )

    async def fetch_file(self, remote: str, local: Path, attributes: Attributes) -> Transferred:
        """Download one file."""
        target = _resolved(local)
        landing = self._landing(self._target_options(target))
        folder = LocalFolder(landing, str(target.parent))
        try:
            folder.enter()
            sink = folder.file(target.name, attributes)
            return await self.fetch_into(remote, attributes.size, sink)
        finally:
            landing.close()

    async def fetch_into(self, remote: str, size: int | None, sink: FileSink) -> Transferred:
        """Download one file into a sink."""
        self._scheduler.add_file(FileDownload(self._scheduler, remote, size, sink))
        return await self._run()

    async def fetch_tree(self, remote: str, local: Path, attributes: Attributes) -> Transferred:
        """Download what is in a directory into another."""
        landing = self._landing(self._options)
        folder = LocalFolder(landing, str(_resolved(local)), attributes)
        job = DirectoryDownload(
            self._scheduler, remote, folder, self._options.max_depth, self._options.max_entries
        )
        self._scheduler.add_directory(job)
        try:
            return await self._run()
        finally:
            landing.close()

    async def send_file(self, local: Path, remote: str, *, atomic: bool) -> Transferred:
        """Upload one file."""
        job = FileUpload(
            self._scheduler,
            remote,
            lambda: LocalFile(str(local), follow=True),
            self._manner(atomic=atomic and self._options.atomic),
        )
        self._scheduler.add_file(job)
        return await self._run()

    async def send_tree(self, local: Path, remote: str) -> Transferred:
        """Upload what is in a directory into another."""
        made: list[tuple[str, Attributes]] = []
        manner = self._manner(atomic=self._options.atomic)
        depth = self._options.max_depth
        source = SourceFolder(str(local))
        job: Job = DirectoryUpload(self._scheduler, remote, source, manner, depth, made)
        self._scheduler.add_directory(job)
        result = await self._run()
        if self._preserve:
            await self._set_directories(made)
        return result

    async def _run(self) -> Transferred:
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
        return self._scheduler.result

    def _landing(self, options: SFTPOptions) -> Landing:
        return Landing(options, preserve=self._preserve, settle=self._session.settle)

    def _on_done(self, error: Exception | None) -> None:
        if self._done.done():
            return
        if error is None:
            self._done.set_result(None)
        else:
            self._done.set_exception(error)

    def _target_options(self, local: Path) -> SFTPOptions:
        """Write in place what cannot be replaced: a device, say."""
        try:
            found = local.stat()
        except OSError:
            return self._options
        if stat.S_ISREG(found.st_mode):
            return self._options
        return attrs.evolve(self._options, atomic=False)

    def _manner(self, *, atomic: bool) -> UploadManner:
        landing = self._landing(self._options)
        return UploadManner(
            atomic=atomic,
            preserve=self._preserve,
            fsync=self._options.fsync,
            part_name=_part_path(landing.suffix),
        )

    async def _set_directories(self, made: list[tuple[str, Attributes]]) -> None:
        """Set the times of directories when nothing in them changes any more."""
        requests = self._session.requests
        for path, found in reversed(made):
            mode = None if found.mode is None else found.mode & 0o777
            change = Attributes(permissions=mode, atime=found.atime, mtime=found.mtime)
            request = SetStat(id=requests.next_id(), path=path, attributes=change)
            await self._session.call(request, Status, path)


def is_directory(path: Path) -> bool:
    """Whether there is a directory at a local path, links followed."""
    return path.is_dir()


def into_directory(path: Path, name: str) -> Path:
    """Return the path of a file that goes into `path` where that is a directory."""
    return path / name if path.is_dir() else path


def last_name(path: Path) -> str:
    """Return the name of a local file, also where the path ends in dots."""
    return path.name if path.name not in {"", ".."} else path.resolve().name


def _resolved(path: Path) -> Path:
    return path.resolve()


def _part_path(suffix: Callable[[], str]) -> Callable[[str], str]:
    def part_path(path: str) -> str:
        name = basename(path)
        return path[: len(path) - len(name)] + part_name(name, suffix())

    return part_path
