"""The work of `cp`: connections, targets, and one source after the other."""

from __future__ import annotations

import asyncio
import errno
import tempfile
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Final

import attrs

from ssh_sftp.aio import SFTPClient
from ssh_stack.cli.arguments import Target, directive
from ssh_stack.cli.errors import Stopped, explain
from ssh_stack.cli.progress import Bars
from ssh_stack.cli.reach import describe, reach
from ssh_stack.connection import Connection
from ssh_wire import SSHError

if TYPE_CHECKING:
    from ssh_sftp import Transferred
    from ssh_stack.cli.places import Place
    from ssh_stack.cli.report import Report

__all__ = ["CopyOptions", "Copying"]

_SOME_FAILED: Final = 1
_MAGIC: Final = frozenset("*?[")


@attrs.frozen(kw_only=True)
class CopyOptions:
    """How to copy."""

    recursive: bool = False
    """Whether directories are copied."""
    preserve: bool = False
    """Whether permissions and times are kept."""
    lines: tuple[str, ...] = ()
    """Configuration lines for every host."""


@attrs.frozen
class _Remote:
    """An SFTP session and its connection."""

    sftp: SFTPClient
    connection: Connection


class Copying:
    """One call of `cp`."""

    def __init__(
        self,
        sources: Sequence[Place],
        destination: Place,
        options: CopyOptions,
        config: str | None,
        report: Report,
    ) -> None:
        self.bars: Bars = Bars(None)
        """Where progress is shown."""
        self._sources = sources
        self._destination = destination
        self._options = options
        self._config = config
        self._report = report
        self._stack = AsyncExitStack()
        self._remotes: dict[tuple[str, str | None, int | None], _Remote] = {}
        self._place = ("", 0)

    def place(self) -> tuple[str, int]:
        """Return the host and port that are being connected to, for messages."""
        return self._place

    async def conduct(self) -> int:
        """Copy everything; return the exit status."""
        async with self._stack:
            if len(self._sources) > 1:
                await self._need_directory()
            failed = 0
            for source in self._sources:
                failed += not await self._try(source)
            return _SOME_FAILED if failed else 0

    async def _need_directory(self) -> None:
        if not await self._is_directory(self._destination):
            problem = f"{self._destination}: not a directory, and there are several sources"
            raise Stopped(problem, _SOME_FAILED)

    async def _try(self, source: Place) -> bool:
        """Copy one source; tell what became of it, and return whether it went well."""
        for place in (source, self._destination):  # what fails here fails for all
            await self._remote(place)
        complete = True
        try:
            for path in await self._expanded(source):
                result = await self._copy(attrs.evolve(source, path=path))
                for skipped in result.skipped:
                    self._report.warn(f"{skipped.path}: left out: {skipped.reason}")
        except (SSHError, OSError) as error:
            if any(each.connection.is_closed for each in self._remotes.values()):
                raise
            self._report.error(explain(error))
            complete = False
        return complete

    # ------------------------------------------------------------- one source

    async def _copy(self, source: Place) -> Transferred:
        target = await self._target(source)
        here, there = await self._remote(source), await self._remote(self._destination)
        if here is None:
            return await self._put(there, source.path, target)
        if there is None:
            return await self._get(here, source.path, target)
        # from host to host through this machine
        with tempfile.TemporaryDirectory(prefix="ssh-stack-") as folder:
            between = f"{folder}/{_name(source.path) or 'copy'}"
            await self._get(here, source.path, between)
            return await self._put(there, between, target)

    async def _get(self, remote: _Remote, source: str, target: str) -> Transferred:
        with self.bars.transfer(_name(source)) as progress:
            return await remote.sftp.get(
                source,
                target,
                recursive=self._options.recursive,
                preserve=self._options.preserve,
                progress=progress,
            )

    async def _put(self, remote: _Remote | None, source: str, target: str) -> Transferred:
        if remote is None:
            problem = "both sides are on this machine"
            raise Stopped(problem)
        with self.bars.transfer(_name(source)) as progress:
            return await remote.sftp.put(
                source,
                target,
                recursive=self._options.recursive,
                preserve=self._options.preserve,
                progress=progress,
            )

    async def _target(self, source: Place) -> str:
        """Return where a source goes: into the destination if that is a directory."""
        path, name = self._destination.path, _name(source.path)
        if not name or not await self._is_directory(self._destination):
            return path
        return path + name if path.endswith("/") else f"{path}/{name}"

    async def _is_directory(self, place: Place) -> bool:
        remote = await self._remote(place)
        if remote is None:
            return await asyncio.to_thread(Path(place.path).is_dir)
        try:
            return (await remote.sftp.stat(place.path)).is_dir
        except FileNotFoundError:
            return False

    async def _expanded(self, source: Place) -> list[str]:
        """Return the paths of a source: a remote pattern stands for what it matches."""
        remote = await self._remote(source)
        if remote is None or not _MAGIC & set(source.path):
            return [source.path]
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

    async def _remote(self, place: Place) -> _Remote | None:
        """Return the session with a place's host; the first use of a host connects to it."""
        if place.host is None:
            return None
        key = (place.host, place.user, place.port)
        if key not in self._remotes:
            self._remotes[key] = await self._connect(place)
        return self._remotes[key]

    async def _connect(self, place: Place) -> _Remote:
        host = place.host or ""
        lines = list(self._options.lines)
        if place.user is not None:
            lines.append(directive("l", place.user))
        if place.port is not None:
            lines.append(directive("p", str(place.port)))
        target = Target(host=host, lines=tuple(lines), config=self._config)
        self._place = (host, place.port or 22)
        connecting = reach(target, self._report)
        self._place = (connecting.config.hostname or host, connecting.config.port or 22)
        connection = await self._stack.enter_async_context(connecting)
        describe(connection, self._report)
        sftp = await self._stack.enter_async_context(connection.sftp())
        return _Remote(sftp, connection)


def _name(path: str) -> str:
    """The last component of a path; "" where it has none of its own, as in `.`."""
    name = path.rstrip("/").rpartition("/")[2]
    return "" if name in {".", ".."} else name
