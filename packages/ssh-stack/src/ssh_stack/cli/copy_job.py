"""The work of `cp`: connections, targets, and one source after the other."""

from __future__ import annotations

import asyncio
import errno
import tempfile
from collections.abc import Awaitable, Sequence
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ssh_sftp import SFTPError, SFTPOptions, SFTPTransferErrors
from ssh_sftp.aio import SFTPClient
from ssh_stack.cli.arguments import Target, directive
from ssh_stack.cli.connect_from_arguments import connect_from_arguments, report_connection
from ssh_stack.cli.errors import CommandExit, explain
from ssh_stack.cli.progress import ProgressDisplay
from ssh_stack.client.connection import Connection
from ssh_wire import SSHError, lazy_attrs

if TYPE_CHECKING:
    from ssh_sftp import TransferFailure, Transferred
    from ssh_stack.cli.locations import Location
    from ssh_stack.cli.report import Report

__all__ = ["CopyJob", "CopyOptions"]

_SOME_FAILED: Final = 1
_SIZE_CHECK: Final = "the size check"
_MAGIC: Final = frozenset("*?[")


@lazy_attrs.frozen(kw_only=True)
class CopyOptions:
    """How to copy."""

    recursive: bool = False
    """Whether directories are copied."""
    preserve: bool = False
    """Whether permissions and times are kept."""
    in_place: bool = False
    """Whether files are written under their own names from the start."""
    lines: tuple[str, ...] = ()
    """Configuration lines for every host."""


@lazy_attrs.frozen
class _RemoteSession:
    """An SFTP session and its connection."""

    sftp: SFTPClient
    connection: Connection


class CopyJob:
    """One call of `cp`."""

    def __init__(
        self,
        sources: Sequence[Location],
        destination: Location,
        options: CopyOptions,
        config: str | None,
        report: Report,
    ) -> None:
        self.bars: ProgressDisplay = ProgressDisplay(None)
        """Where progress is shown."""
        self._sources = sources
        self._destination = destination
        self._options = options
        self._config = config
        self._report = report
        self._stack = AsyncExitStack()
        self._remotes: dict[tuple[str, str | None, int | None], _RemoteSession] = {}
        self._address = ("", 0)
        self._files = 0
        self._bytes = 0
        self._failed = 0

    def address(self) -> tuple[str, int]:
        """Return the host and port that are being connected to, for messages."""
        return self._address

    async def run(self) -> int:
        """Copy everything; return the exit status."""
        async with self._stack:
            if len(self._sources) > 1:
                await self._need_directory()
            for source in self._sources:
                await self._copy_or_report(source)
            self.bars.close(self._files, self._bytes)
            return _SOME_FAILED if self._failed else 0

    async def _need_directory(self) -> None:
        if not await self._is_directory(self._destination):
            problem = f"{self._destination}: not a directory, and there are several sources"
            raise CommandExit(problem, _SOME_FAILED)

    async def _copy_or_report(self, source: Location) -> None:
        """Copy one source; tell what became of it."""
        for location in (source, self._destination):  # what fails here fails for all
            await self._remote(location)
        try:
            for path in await self._expand_pattern(source):
                await self._copy(lazy_attrs.evolve(source, path=path))
        except (SSHError, OSError) as error:
            if any(each.connection.is_closed for each in self._remotes.values()):
                raise
            self._fail(error)

    def _fail(self, error: Exception) -> None:
        self._failed += 1
        self._report.error(explain(error))

    def _report_outcome(
        self, result: Transferred, failures: Sequence[TransferFailure]
    ) -> Transferred:
        """Tell what failed, what was left out, and what was refused that files do not need."""
        for failure in failures:
            self._fail(failure.cause)
        failed = {failure.path for failure in failures}
        for skipped in result.skipped:
            if skipped.path not in failed:
                self._report.warn(f"{skipped.path}: left out: {skipped.reason}")
        for refusal in result.refused:
            line = f"{refusal.path}: {refusal.what} refused: {_refusal_text(refusal.cause)}"
            if refusal.what == _SIZE_CHECK:
                self._report.note(line)
            else:
                self._report.warn(line)
        return result

    # ------------------------------------------------------------- one source

    async def _copy(self, source: Location) -> None:
        target = await self._target(source)
        here, there = await self._remote(source), await self._remote(self._destination)
        if here is None:
            self._add_to_totals(await self._put(there, source.path, target))
        elif there is None:
            self._add_to_totals(await self._get(here, source.path, target))
        else:  # from host to host through this machine
            with tempfile.TemporaryDirectory(prefix="ssh-stack-") as folder:
                between = f"{folder}/{_last_component(source.path) or 'copy'}"
                await self._get(here, source.path, between)
                self._add_to_totals(await self._put(there, between, target))

    def _add_to_totals(self, result: Transferred) -> None:
        self._files += result.files
        self._bytes += result.bytes

    async def _get(self, remote: _RemoteSession, source: str, target: str) -> Transferred:
        with self.bars.transfer(source) as progress:
            outcome = await _outcome(
                remote.sftp.get(
                    source,
                    target,
                    recursive=self._options.recursive,
                    preserve=self._options.preserve,
                    progress=None if progress is None else progress.moved,
                    found=None if progress is None else progress.found,
                )
            )
        return self._report_outcome(*outcome)

    async def _put(self, remote: _RemoteSession | None, source: str, target: str) -> Transferred:
        if remote is None:
            problem = "both sides are on this machine"
            raise CommandExit(problem)
        with self.bars.transfer(target) as progress:
            outcome = await _outcome(
                remote.sftp.put(
                    source,
                    target,
                    recursive=self._options.recursive,
                    preserve=self._options.preserve,
                    progress=None if progress is None else progress.moved,
                    found=None if progress is None else progress.found,
                )
            )
        return self._report_outcome(*outcome)

    async def _target(self, source: Location) -> str:
        """Return where a source goes: into the destination if that is a directory."""
        path, name = self._destination.path, _last_component(source.path)
        if not name or not await self._is_directory(self._destination):
            return path
        return path + name if path.endswith("/") else f"{path}/{name}"

    async def _is_directory(self, location: Location) -> bool:
        remote = await self._remote(location)
        if remote is None:
            return await asyncio.to_thread(Path(location.path).is_dir)
        return await remote.sftp.is_dir(location.path)

    async def _expand_pattern(self, source: Location) -> list[str]:
        """Return the paths of a source: a remote pattern stands for what it matches."""
        remote = await self._remote(source)
        if remote is None or not _MAGIC & set(source.path):
            return [source.path]
        with suppress(SFTPError):  # STAT may be refused, and the listing be allowed
            if await remote.sftp.exists(source.path):
                return [source.path]
        parts = source.path.split("/")
        first = next(index for index, part in enumerate(parts) if _MAGIC & set(part))
        base = "/".join(parts[:first]) or ("/" if first else ".")
        pattern = "/".join(parts[first:])
        found = sorted([str(path) async for path in remote.sftp.path(base).glob(pattern)])
        if not found:
            raise FileNotFoundError(errno.ENOENT, "nothing matches", str(source))
        return found

    # ------------------------------------------------------------- connections

    async def _remote(self, location: Location) -> _RemoteSession | None:
        """Return the session with a location's host; the first use of a host connects to it."""
        if location.host is None:
            return None
        key = (location.host, location.user, location.port)
        if key not in self._remotes:
            self._remotes[key] = await self._connect(location)
        return self._remotes[key]

    async def _connect(self, location: Location) -> _RemoteSession:
        host = location.host or ""
        lines = list(self._options.lines)
        if location.user is not None:
            lines.append(directive("l", location.user))
        if location.port is not None:
            lines.append(directive("p", str(location.port)))
        target = Target(host=host, lines=tuple(lines), config=self._config)
        self._address = (host, location.port or 22)
        connecting = connect_from_arguments(target, self._report)
        self._address = (connecting.config.hostname or host, connecting.config.port or 22)
        connection = await self._stack.enter_async_context(connecting)
        report_connection(connection, self._report)
        options = SFTPOptions(atomic=not self._options.in_place)
        sftp = await self._stack.enter_async_context(connection.sftp(options))
        return _RemoteSession(sftp, connection)


def _last_component(path: str) -> str:
    """Return the last component of a path; "" where it has none of its own, as in `.`."""
    name = path.rstrip("/").rpartition("/")[2]
    return "" if name in {".", ".."} else name


async def _outcome(
    work: Awaitable[Transferred],
) -> tuple[Transferred, Sequence[TransferFailure]]:
    """Return what a transfer did, and what it did not do."""
    try:
        return await work, ()
    except SFTPTransferErrors as error:
        return error.done, error.errors


def _refusal_text(error: Exception) -> str:
    """Return the text of a refusal, without its path."""
    if isinstance(error, SFTPError):
        return error.text
    return (isinstance(error, OSError) and error.strerror) or str(error)
