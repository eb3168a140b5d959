"""`get` and `put` of sftp, and `reget` and `reput`, which continue where a transfer ended."""

from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from ssh_sftp import SFTPError, SFTPTransferError, SFTPTransferErrors
from ssh_stack.cli.progress import show_progress
from ssh_stack.cli.sftp.patterns import LocalNames, RemoteNames, find, plain_text
from ssh_stack.cli.sftp.resume import resume_download, resume_upload
from ssh_stack.cli.sftp.state import ActionFailed, State, ends_session, reason_of
from ssh_wire import SSHError, UsageError, lazy_attrs

if TYPE_CHECKING:
    from ssh_sftp import TransferFailure, Transferred
    from ssh_sftp.aio import TransferProgress
    from ssh_stack.cli.sftp.grammar import Command
    from ssh_stack.cli.sftp.patterns import Found

__all__ = ["TRANSFER_ACTIONS", "fetch"]

T = TypeVar("T")

_SIZE_CHECK: Final = "the size check"


@lazy_attrs.frozen(kw_only=True)
class _Manner:
    """How one command transfers, its own letters and those of the program together."""

    recursive: bool
    resume: bool
    preserve: bool
    fsync: bool

    @classmethod
    def of(cls, state: State, command: Command) -> _Manner:
        flags = set(command.flags)
        return cls(
            recursive=state.recursive or bool(flags & {"r", "R"}),
            resume=state.resume or "a" in flags or command.action in {"reget", "reput"},
            preserve=state.preserve or bool(flags & {"p", "P"}),
            fsync=state.fsync or "f" in flags,
        )


# ------------------------------------------------------------------ download


async def get(state: State, command: Command) -> None:
    """Download files: `get [-afpR] pattern [local]`, `reget`."""
    pattern, *rest = command.paths
    await fetch(state, pattern, rest[0] if rest else None, _Manner.of(state, command))


async def fetch(
    state: State, pattern: str, target: str | None, manner: _Manner | None = None
) -> None:
    """Download what a pattern matches.

    Raises:
        ActionFailed: something could not be downloaded.
    """
    if manner is None:
        manner = _Manner(
            recursive=state.recursive,
            resume=state.resume,
            preserve=state.preserve,
            fsync=state.fsync,
        )
    absolute = state.absolute_pattern(pattern)
    found = await find(RemoteNames(state.sftp), absolute)
    if not found:
        problem = f'File "{absolute}" not found.'
        raise ActionFailed(problem)
    if len(found) > 1 and target is not None and not await _is_local_directory(target):
        problem = f'Multiple source paths, but destination "{target}" is not a directory'
        raise ActionFailed(problem)

    async def one(source: Found) -> None:
        name = _name_for_copy(source.path)
        local = name if target is None else target
        if target is not None and (len(found) > 1 or await _is_local_directory(target)):
            local = _append(target, name)
        await _download(state, source, local, manner)

    await _all(state, found, one)


async def _download(state: State, source: Found, local: str, manner: _Manner) -> None:
    verb = "Resuming" if manner.resume else "Fetching"
    state.say(f"{verb} {source.marked} to {local}")
    tree = source.is_directory and manner.recursive
    if tree and manner.resume:
        problem = f"{source.path}: a directory cannot be resumed; get it again, or its files"
        raise ActionFailed(problem)
    problem = await _download_problem(source, local, tree=tree)
    if problem:
        raise ActionFailed(problem)
    if tree:
        state.show(f"Retrieving {source.path.rstrip('/') or '/'}")
    if manner.resume:
        work = resume_download(state.sftp, source.path, local, source.attributes)
        if not await _single(f'remote open "{source.path}"', local, work):
            state.error(f'File "{local}" was not modified')
    else:

        def start(progress: TransferProgress | None) -> Awaitable[Transferred]:
            return state.sftp.get(
                source.path,
                local,
                recursive=tree,
                preserve=manner.preserve,
                progress=progress,
            )

        title = f'remote open "{source.path}"'
        await _transfer(state, title, 'download "{}": not a regular file', start)
    if manner.fsync:
        await asyncio.to_thread(_sync_local, Path(local))


async def _download_problem(source: Found, local: str, *, tree: bool) -> str:
    """Return why a file cannot be downloaded; "" if it can."""
    if source.attributes.is_symlink:  # links are followed: it leads nowhere
        return "stat remote: No such file or directory"
    if tree:
        return ""
    if source.attributes.has_type and not source.attributes.is_file:
        return f"download {source.marked}: not a regular file"
    if await _is_local_directory(local):
        return f'open local "{local}": Is a directory'
    if not await _is_local_directory(str(Path(local).parent)):
        return f'open local "{local}": No such file or directory'
    return ""


def _sync_local(path: Path) -> None:
    """Put what was downloaded to stable storage."""
    for each in path.rglob("*") if path.is_dir() else [path]:
        if each.is_file() and not each.is_symlink():
            with each.open("rb") as file:
                os.fsync(file.fileno())


# ------------------------------------------------------------------ upload


async def put(state: State, command: Command) -> None:
    """Upload files: `put [-afpR] pattern [remote]`, `reput`."""
    manner = _Manner.of(state, command)
    pattern = command.paths[0]
    target = state.absolute(command.paths[1]) if len(command.paths) > 1 else None
    found = [each.path for each in await find(LocalNames(), pattern)] or [plain_text(pattern)]
    into = target is not None and await state.sftp.is_dir(target)
    if len(found) > 1 and target is not None and not into:
        problem = f'Multiple paths match, but destination "{target}" is not a directory'
        raise ActionFailed(problem)

    async def one(source: str) -> None:
        name = _name_for_copy(source)
        if target is None:
            remote = state.absolute(name)
        else:
            remote = _append(target, name) if into else target
        await _upload(state, source, remote, manner)

    await _all(state, found, one)


async def _upload(state: State, source: str, remote: str, manner: _Manner) -> None:
    is_directory, is_file = await asyncio.to_thread(_kind, source)
    marked = f"{source}/" if is_directory and not source.endswith("/") else source
    state.say(f"{'Resuming upload of' if manner.resume else 'Uploading'} {marked} to {remote}")
    tree = is_directory and manner.recursive
    if tree and manner.resume:
        problem = f"{source}: a directory cannot be resumed; put it again, or its files"
        raise ActionFailed(problem)
    if not tree and not is_file:
        problem = f'local "{marked}" is not a regular file'
        raise ActionFailed(problem)
    if tree:
        state.show(f"Entering {marked}")
    elif await state.sftp.is_dir(remote):
        problem = f'dest open "{remote}": Failure'
        raise ActionFailed(problem)
    if manner.resume:
        if not await state.sftp.exists(remote):
            problem = "stat remote: No such file or directory"
            raise ActionFailed(problem)
        work = resume_upload(state.sftp, source, remote, preserve=manner.preserve)
        await _single(f'dest open "{remote}"', source, work)
    else:

        def start(progress: TransferProgress | None) -> Awaitable[Transferred]:
            return state.sftp.put(
                source,
                remote,
                recursive=tree,
                preserve=manner.preserve,
                progress=progress,
            )

        await _transfer(state, f'dest open "{remote}"', "{}: not a regular file", start)
    if manner.fsync and not tree and state.sftp.supports("fsync@openssh.com"):
        async with await state.sftp.open(remote, "r+b") as file:
            await file.fsync()


def _kind(path: str) -> tuple[bool, bool]:
    """Return whether a local path is a directory, and whether it is a file; links are followed."""
    try:
        mode = Path(path).stat().st_mode
    except (OSError, ValueError) as error:
        problem = f"stat {path}: {reason_of(error)}"
        raise ActionFailed(problem) from None
    return stat.S_ISDIR(mode), stat.S_ISREG(mode)


# ------------------------------------------------------------------ what both share


async def _all(state: State, sources: Sequence[T], one: Callable[[T], Awaitable[None]]) -> None:
    """Transfer one source after the other; what fails is printed, and the rest goes on."""
    failed = False
    failure: ActionFailed | None = None
    for source in sources:
        if failure is not None:
            state.error(str(failure))
            failed, failure = True, None
        try:
            await one(source)
        except ActionFailed as error:
            failure = error
    if failure is not None:
        raise failure
    if failed:
        raise ActionFailed


async def _transfer(
    state: State,
    title: str,
    skipped: str,
    start: Callable[[TransferProgress | None], Awaitable[Transferred]],
) -> None:
    """Run a transfer, display it, and print what of it failed or was left out."""
    failures: Sequence[TransferFailure] = ()
    with show_progress(quiet=not state.progress) as display:
        try:
            with display.transfer("") as progress:
                result = await start(progress)
        except SFTPTransferErrors as errors:
            result, failures = errors.done, errors.errors
        except (SSHError, OSError) as error:
            if ends_session(error):
                raise
            raise ActionFailed(_line(error, title)) from None
        display.close(result.files, result.bytes)
    failed = {failure.path for failure in failures}
    for each in result.skipped:
        if each.path not in failed and not state.quiet:
            state.error(skipped.format(each.path))
    for refusal in result.refused:
        if refusal.what != _SIZE_CHECK:
            state.error(f"{refusal.path}: {refusal.what} refused: {reason_of(refusal.cause)}")
    lines = [_line(each.cause, f'transfer of "{each.path}"') for each in failures]
    for line in lines[:-1]:
        state.error(line)
    if lines:
        raise ActionFailed(lines[-1])


async def _single(title: str, local: str, work: Awaitable[T]) -> T:
    """Await what continues a transfer; its failure is one line."""
    try:
        return await work
    except (SFTPTransferError, UsageError) as error:
        raise ActionFailed(str(error)) from None
    except SFTPError as error:
        if ends_session(error):
            raise
        problem = f"{title}: {reason_of(error)}"
        raise ActionFailed(problem) from None
    except OSError as error:
        problem = f'open local "{local}": {reason_of(error)}'
        raise ActionFailed(problem) from None


def _line(error: Exception, title: str) -> str:
    """Return the line of a failure: of the server with a title, of this machine with the file."""
    if isinstance(error, SFTPError):
        return f"{title}: {reason_of(error)}"
    if isinstance(error, OSError) and error.filename is not None:
        return f'open local "{error.filename}": {reason_of(error)}'
    return str(error)


def _name_for_copy(path: str) -> str:
    """Return the name that a file gets on the other side; what is in `..` goes to `.`."""
    name = path.rstrip("/").rpartition("/")[2]
    return "." if name in {"", ".."} else name


def _append(directory: str, name: str) -> str:
    return f"{directory}{name}" if directory.endswith("/") else f"{directory}/{name}"


async def _is_local_directory(path: str) -> bool:
    return await asyncio.to_thread(os.path.isdir, path)


TRANSFER_ACTIONS: Final[dict[str, Callable[[State, Command], Awaitable[None]]]] = {
    "get": get,
    "reget": get,
    "put": put,
    "reput": put,
}
"""What is done by the name of its action."""
