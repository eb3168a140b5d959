"""The work of `cp`: connections, targets, and one source after the other."""

from __future__ import annotations

import asyncio
import errno
import json
import shlex
import sys
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ssh_sftp import PathFilter, SFTPError, SyncResult
from ssh_stack.cli.command_exit import CommandExit
from ssh_stack.cli.copy_result import CopyResult, outcome_of, refusal_text
from ssh_stack.cli.errors import explain
from ssh_stack.cli.progress import ProgressDisplay
from ssh_stack.cli.sftp_session import Manner, RemoteSession, Sessions, sftp_options
from ssh_stack.local.process import LocalProcess, Program
from ssh_wire import SSHError, UsageError, lazy_attrs
from ssh_wire.text import printable

if TYPE_CHECKING:
    from ssh_sftp import TransferFailure, Transferred
    from ssh_stack.cli.copy_options import CopyOptions
    from ssh_stack.cli.locations import Location
    from ssh_stack.cli.report import Report

__all__ = ["CopyJob"]

_SOME_FAILED: Final = 1
_STREAMS: Final = (None, None, None)  # those of this process
_SIZE_CHECK: Final = "the size check"
_LINK: Final = "it is a symbolic link"
_DEEPEST: Final = 8
"""How many links may lead to links in turn."""
_MAGIC: Final = frozenset("*?[")


_MANNER: Final = Manner(
    first=(
        "-x",
        "-oPermitLocalCommand=no",
        "-oClearAllForwardings=yes",
        "-oRemoteCommand=none",
        "-oRequestTTY=no",
        "-oControlMaster=no",
    ),
    last=("-oForwardAgent=no",),
    lines=("ForwardX11 no", "PermitLocalCommand no", "ClearAllForwardings yes", "ForwardAgent no"),
)


class CopyJob:
    """One call of `cp`."""

    def __init__(self, options: CopyOptions, report: Report) -> None:
        self.bars: ProgressDisplay = ProgressDisplay(None)
        """Where progress is shown."""
        self._sources = options.sources
        self._destination = options.destination
        self._options = options
        self._report = report
        self._stack = AsyncExitStack()
        transfer = lazy_attrs.evolve(
            sftp_options(options.letters, atomic=not options.in_place), **options.transfer
        )
        self._select = PathFilter(options.include, options.exclude)
        self._sessions = Sessions(options.letters, _MANNER, transfer, report, self._stack)
        self._remotes: dict[tuple[str, str | None, int | None], RemoteSession] = {}
        self._result = CopyResult()

    def address(self) -> tuple[str, int]:
        """Return the host and port that are being connected to, for messages."""
        return self._sessions.address

    async def run(self) -> int:
        """Copy everything; return the exit status."""
        async with self._stack:
            if not self._goes_directly():
                self._destination = await self._expanded(self._destination)
                if len(self._sources) > 1:
                    await self._need_directory()
            for source in self._sources:
                await self._copy_or_report(source)
            result = self._result
            self.bars.close(result.files, result.bytes)
            if self._options.json:
                sys.stdout.write(f"{json.dumps(result.as_object(), indent=2)}\n")
            return _SOME_FAILED if result.failed else 0

    def _goes_directly(self) -> bool:
        """Return whether the hosts of the sources send to the other host themselves (-R)."""
        both = self._destination.host is not None and all(each.host for each in self._sources)
        return both and not self._options.through_here

    async def _need_directory(self) -> None:
        if not await self._is_directory(self._destination):
            remote = await self._remote(self._destination)
            if remote is not None and not await remote.sftp.exists(self._destination.path):
                await remote.sftp.mkdir(self._destination.path)  # as scp does
                return
            problem = f"{self._destination}: not a directory, and there are several sources"
            raise CommandExit(problem, _SOME_FAILED)

    async def _copy_or_report(self, source: Location) -> None:
        """Copy one source; tell what became of it."""
        await self._remote(source)  # what fails here fails for all
        if not self._goes_directly():
            await self._remote(self._destination)
        try:
            if self._options.sync:
                await self._sync(source)
            elif source.host is None and self._destination.host is None:
                await self._copy_here(source.path)
            elif self._goes_directly():
                await self._copy_directly(source)
            else:
                source = await self._expanded(source)
                for path in await self._expand_pattern(source):
                    await self._copy(lazy_attrs.evolve(source, path=path))
        except (SSHError, OSError) as error:
            if any(each.is_closed for each in self._remotes.values()):
                raise
            self._fail(str(source), error)

    def _fail(self, path: str, error: Exception) -> None:
        text = explain(error)
        self._result.failed.append((path, text))
        self._report.error(text)

    def _report_outcome(
        self, result: Transferred, failures: Sequence[TransferFailure]
    ) -> Transferred:
        """Tell what failed, what was left out, and what was refused that files do not need."""
        for failure in failures:
            self._fail(failure.path, failure.cause)
        failed = {failure.path for failure in failures}
        for skipped in result.skipped:
            if skipped.path in failed or (self._options.follow_links and skipped.reason == _LINK):
                continue
            self._result.skipped.append((skipped.path, skipped.reason))
            self._report.warn(f"{skipped.path}: left out: {skipped.reason}")
        for refusal in result.refused:
            line = f"{refusal.path}: {refusal.what} refused: {refusal_text(refusal.cause)}"
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
            copied = await self._put(there, source.path, target)
        elif there is None:
            copied = await self._get(here, source.path, target)
        else:  # from host to host through this machine
            copied = await self._between((here, there), source.path, target)
        self._result.files += copied.files
        self._result.bytes += copied.bytes

    async def _sync(self, source: Location) -> None:
        """Make the destination like a source; print what is planned in a dry run."""
        options, destination = self._options, self._destination
        uploads = source.host is None
        remote = await self._remote(destination if uploads else source)
        if remote is None:
            problem = "both sides are on this machine"
            raise CommandExit(problem)
        source = await self._expanded(source)
        here, there = (source, destination) if uploads else (destination, source)
        with self.bars.transfer(destination.path if uploads else source.path) as progress:
            outcome = await outcome_of(
                remote.sftp.sync(
                    here.path,
                    there.path,
                    direction="upload" if uploads else "download",
                    delete=options.delete,
                    dry_run=options.dry_run,
                    checksum=options.checksum,
                    select=self._select,
                    progress=progress,
                )
            )
        done = self._report_outcome(*outcome)
        self._result.files += done.files
        self._result.bytes += done.bytes
        if isinstance(done, SyncResult):
            self._result.plan, self._result.deleted = done.plan.steps, done.deleted
            if options.dry_run and not options.json:
                for step in done.plan.steps:
                    sys.stdout.write(f"{step.action} {printable(step.path)} ({step.reason})\n")

    async def _copy_here(self, source: str) -> None:
        """Have cp copy a source that is on this machine to one that is there too, as scp does."""
        words = [*self._letters(), "--", source, self._destination.path]
        process = LocalProcess(Program(arguments=("/bin/cp", *words), session=False), _STREAMS)
        await process.ended
        if process.reap() != 0:
            self._result.failed.append((source, "cp failed"))

    async def _copy_directly(self, source: Location) -> None:
        """Have the host of a source send it to the other host, by the scp that is there (-R)."""
        remote, target = await self._remote(source), self._destination
        if remote is None or remote.connection is None or target.port is not None:
            problem = "-R needs a connection of our own, and a target without a port"
            raise UsageError(problem)
        user = f"{target.user}@" if target.user else ""
        words = ["scp", *self._letters(), "--", source.path, f"{user}{target.host}:{target.path}"]
        done = await remote.connection.run(shlex.join(words), text=True)
        for line in f"{done.stdout}{done.stderr}".splitlines():
            self._report.plain(printable(line))
        if done.exit_status != 0:
            problem = f"{source}: scp on that host ended with status {done.exit_status}"
            self._fail(str(source), SSHError(problem))

    def _letters(self) -> list[str]:
        """Return what another program is called with, for the same effect."""
        options = self._options
        return ["-r"] * options.recursive + ["-p"] * options.preserve

    async def _between(
        self,
        hosts: tuple[RemoteSession, RemoteSession],
        source: str,
        target: str,
        *,
        level: int = 0,
    ) -> Transferred:
        here, there = hosts
        with self.bars.transfer(source) as progress:
            outcome = await outcome_of(
                here.sftp.copy_to(
                    source,
                    there.sftp,
                    target,
                    recursive=self._options.recursive,
                    preserve=self._options.preserve,
                    select=self._select,
                    progress=progress,
                )
            )
        result = self._report_outcome(*outcome)
        copy = partial(self._between, hosts)
        return await self._with_links(result, (source, target), level, copy)

    async def _get(
        self, remote: RemoteSession, source: str, target: str, *, level: int = 0
    ) -> Transferred:
        with self.bars.transfer(source) as progress:
            outcome = await outcome_of(
                remote.sftp.get(
                    source,
                    target,
                    recursive=self._options.recursive,
                    preserve=self._options.preserve,
                    select=self._select,
                    progress=progress,
                )
            )
        result = self._report_outcome(*outcome)
        return await self._with_links(result, (source, target), level, partial(self._get, remote))

    async def _put(
        self, remote: RemoteSession | None, source: str, target: str, *, level: int = 0
    ) -> Transferred:
        if remote is None:
            problem = "both sides are on this machine"
            raise CommandExit(problem)
        with self.bars.transfer(target) as progress:
            outcome = await outcome_of(
                remote.sftp.put(
                    source,
                    target,
                    recursive=self._options.recursive,
                    preserve=self._options.preserve,
                    select=self._select,
                    progress=progress,
                )
            )
        result = self._report_outcome(*outcome)
        between = (str(Path(source)), target)  # the names in a tree begin with it in this form
        return await self._with_links(result, between, level, partial(self._put, remote))

    async def _with_links(
        self,
        result: Transferred,
        between: tuple[str, str],
        level: int,
        copy: Callable[..., Awaitable[Transferred]],
    ) -> Transferred:
        """Copy what the links of a tree lead to, as scp does; add it to the result."""
        if not self._options.follow_links:
            return result
        base, target = (each.rstrip("/") + "/" for each in between)
        for path in [each.path for each in result.skipped if each.reason == _LINK]:
            try:
                if level >= _DEEPEST:  # one that leads to a directory above it has no end
                    problem = f"{path}: links lead on and on"
                    raise UsageError(problem)
                more = await copy(path, target + path.removeprefix(base), level=level + 1)
            except (SSHError, OSError) as error:
                if any(each.is_closed for each in self._remotes.values()):
                    raise
                self._fail(path, error)
                continue
            result = lazy_attrs.evolve(
                result, files=result.files + more.files, bytes=result.bytes + more.bytes
            )
        return result

    async def _target(self, source: Location) -> str:
        """Return where a source goes: into the destination if that is a directory."""
        path, name = self._destination.path, _last_component(source.path)
        if not name or not await self._is_directory(self._destination):
            return path
        return path + name if path.endswith("/") else f"{path}/{name}"

    async def _expanded(self, location: Location) -> Location:
        """Return a location without `~user`, for which a server needs an extension."""
        if location.host is None or not location.path.startswith("~"):
            return location
        remote = await self._remote(location)
        if remote is None:
            return location
        return lazy_attrs.evolve(location, path=await remote.sftp.expand_path(location.path))

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

    async def _remote(self, location: Location) -> RemoteSession | None:
        """Return the session with a location's host; the first use of a host connects to it."""
        if location.host is None:
            return None
        key = (location.host, location.user, location.port)
        if key not in self._remotes:
            self._remotes[key] = await self._sessions.open(location)
        return self._remotes[key]


def _last_component(path: str) -> str:
    """Return the last component of a path; "" where it has none of its own, as in `.`."""
    name = path.rstrip("/").rpartition("/")[2]
    return "" if name in {".", ".."} else name
