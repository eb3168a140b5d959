"""The commands of sftp that are requests to the server."""

from __future__ import annotations

import fcntl
import os
import posixpath
import struct
import termios
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final, TypeVar

from ssh_sftp import Attributes, SFTPError
from ssh_stack.cli.sftp.listing import Entry, View, columns, free_space, long_line
from ssh_stack.cli.sftp.patterns import RemoteNames, expand_braces, find, plain_text
from ssh_stack.cli.sftp.state import ActionFailed, State, ends_session, reason_of
from ssh_wire import SSHError
from ssh_wire.text import printable

if TYPE_CHECKING:
    from ssh_sftp.aio import DirEntry
    from ssh_stack.cli.sftp.grammar import Command
    from ssh_stack.cli.sftp.patterns import Found

__all__ = ["REMOTE_ACTIONS"]

T = TypeVar("T")

_VERSION: Final = 3
_OWNERS: Final = "users-groups-by-id@openssh.com"
_NEW_DIRECTORY: Final = 0o777


async def change_directory(state: State, command: Command) -> None:
    """Change the remote working directory: `cd [path]`."""
    path = state.absolute(command.paths[0] if command.paths and command.paths[0] else state.home)
    try:
        found = await state.sftp.realpath(path)
    except SFTPError as error:
        if ends_session(error):
            raise
        problem = f"realpath {path}: {error.text or reason_of(error)}"
        raise ActionFailed(problem) from None
    attributes = await _try("stat remote", state.sftp.stat(found))
    if attributes.permissions is None:
        problem = "Can't change directory: Can't check target"
        raise ActionFailed(problem)
    if not attributes.is_dir:
        problem = f'Can\'t change directory: "{found}" is not a directory'
        raise ActionFailed(problem)
    state.directory = found


async def print_directory(state: State, command: Command) -> None:
    """Print the remote working directory: `pwd`."""
    del command
    state.show(f"Remote working directory: {state.directory}")


async def print_version(state: State, command: Command) -> None:
    """Print the version of the protocol: `version`."""
    del command
    state.show(f"SFTP protocol version {_VERSION}")


# ------------------------------------------------------------------ one request each


async def make_directory(state: State, command: Command) -> None:
    """Make a directory: `mkdir path`."""
    path = state.absolute(command.paths[0])
    await _try(f'remote mkdir "{path}"', state.sftp.mkdir(path, _NEW_DIRECTORY))


async def remove_directory(state: State, command: Command) -> None:
    """Remove an empty directory: `rmdir path`."""
    path = state.absolute(command.paths[0])
    await _try(f'remote rmdir "{path}"', state.sftp.rmdir(path))


async def rename(state: State, command: Command) -> None:
    """Rename, over what is there where the server can: `rename [-l] old new`."""
    old, new = map(state.absolute, command.paths)
    replaces = state.sftp.supports("posix-rename@openssh.com") and "l" not in command.flags
    request = state.sftp.posix_rename if replaces else state.sftp.rename
    await _try(f'remote rename "{old}" to "{new}"', request(old, new))


async def link(state: State, command: Command) -> None:
    """Make a hard link, or with -s a symbolic one: `ln [-s] old new`."""
    if "s" in command.flags:
        await symlink(state, command)
        return
    old, new = map(state.absolute, command.paths)
    _need(state, "hardlink@openssh.com")
    await _try(f'remote link "{old}" to "{new}"', state.sftp.hardlink(old, new))


async def symlink(state: State, command: Command) -> None:
    """Make a symbolic link: `symlink old new`."""
    old, new = command.paths[0], state.absolute(command.paths[1])
    await _try(f'remote symlink file "{old}" to "{new}"', state.sftp.symlink(old, new))


async def copy(state: State, command: Command) -> None:
    """Copy a file on the server: `cp old new`."""
    old, new = map(state.absolute, command.paths)
    _need(state, "copy-data")
    found = await _try("stat remote", state.sftp.stat(old))
    if found.has_type and not found.is_file:
        problem = f"Cannot copy non-regular file: {old}"
        raise ActionFailed(problem)
    try:
        await state.sftp.copy(old, new)
    except SFTPError as error:
        if ends_session(error):
            raise
        problem = f'Couldn\'t copy file "{old}" to "{new}": {reason_of(error)}'
        raise ActionFailed(problem) from None


async def print_free_space(state: State, command: Command) -> None:
    """Print how full a file system is: `df [-hi] [path]`."""
    path = state.absolute(command.paths[0] if command.paths else state.directory)
    _need(state, "statvfs@openssh.com")
    facts = await _try("remote statvfs", state.sftp.statvfs(path))
    inodes, scale = "i" in command.flags, "h" in command.flags
    state.write(free_space(facts, inodes=inodes, scale=scale))


# ------------------------------------------------------------------ all that a pattern matches


async def remove(state: State, command: Command) -> None:
    """Remove files: `rm pattern`."""

    async def one(path: str) -> None:
        state.say(f"Removing {path}")
        await _try(f"remote delete {path}", state.sftp.remove(path))

    await _each(state, command, one)


async def change_mode(state: State, command: Command) -> None:
    """Change permissions: `chmod [-h] mode pattern`."""
    await _change(state, command, "mode", lambda _: Attributes(permissions=command.number))


async def change_owner(state: State, command: Command) -> None:
    """Change owners: `chown [-h] number pattern`."""
    number = command.number
    await _change(state, command, "owner", lambda now: Attributes(uid=number, gid=now.gid))


async def change_group(state: State, command: Command) -> None:
    """Change groups: `chgrp [-h] number pattern`."""
    number = command.number
    await _change(state, command, "group", lambda now: Attributes(uid=now.uid, gid=number))


async def _change(
    state: State, command: Command, what: str, wanted: Callable[[Attributes], Attributes]
) -> None:
    sftp, of_link = state.sftp, "h" in command.flags

    async def one(path: str) -> None:
        now = Attributes()
        if what != "mode":
            now = await _try("stat remote", (sftp.lstat if of_link else sftp.stat)(path))
            if now.uid is None:
                problem = f'Can\'t get current ownership of remote file "{path}"'
                raise ActionFailed(problem)
        state.say(f"Changing {what} on {path}")
        if of_link:
            _need(state, "lsetstat@openssh.com")
        request = sftp.lsetstat if of_link else sftp.setstat
        title = "lsetstat" if of_link else "setstat"
        await _try(f'remote {title} "{path}"', request(path, wanted(now)))

    await _each(state, command, one)


async def _each(state: State, command: Command, one: Callable[[str], Awaitable[None]]) -> None:
    """Do something with each path of a pattern; in a batch the first failure is the last."""
    pattern = state.absolute_pattern(command.paths[0])
    found = await find(RemoteNames(state.sftp), pattern)
    failure: ActionFailed | None = None
    for path in [each.path for each in found] or [plain_text(pattern)]:
        if failure is not None:
            state.error(str(failure))
        failure = None
        try:
            await one(path)
        except ActionFailed as error:
            if state.stops:
                raise
            failure = error
    if failure is not None:
        raise failure


# ------------------------------------------------------------------ listing


async def list_files(state: State, command: Command) -> None:
    """List files: `ls [-1afhlnrSt] [pattern]`."""
    view = View.of(command.flags)
    if not command.paths:
        await _list_directory(state, view, state.directory, state.directory)
        return
    pattern = command.paths[0]
    base = "" if pattern.startswith("/") else state.directory
    absolute = state.absolute_pattern(pattern)
    names = RemoteNames(state.sftp)
    found: list[Found] = []
    for each in expand_braces(absolute):
        found += await find(names, each, ordered=False)
    if not found:
        problem = f'Can\'t ls: "{absolute}" not found'
        raise ActionFailed(problem)
    if len(found) == 1 and found[0].is_directory:
        await _list_directory(state, view, found[0].marked, base)
        return
    longest = max(len(os.fsencode(each.marked)) for each in found)
    entries = [Entry(_stripped(each.marked, base), each.attributes) for each in found]
    await _print_entries(state, view, view.arranged(entries), longest)


async def _list_directory(state: State, view: View, path: str, base: str) -> None:
    listed: list[DirEntry] = []
    try:
        listed = [entry async for entry in state.sftp.scandir(path)]
    except SFTPError as error:
        if ends_session(error):
            raise
        problem = f'remote readdir("{path}"): {reason_of(error)}'
        raise ActionFailed(problem) from None
    entries = [Entry(each.name, each.attributes, each.longname) for each in listed]
    if view.hidden:
        own = await state.sftp.lstat(posixpath.join(path, "."))
        above = await state.sftp.lstat(posixpath.join(path, ".."))
        entries += [Entry(".", own), Entry("..", above)]
    visible = [each for each in entries if view.hidden or not each.name.startswith(".")]
    longest = max((len(os.fsencode(each.name)) for each in visible), default=0)
    longest += len(os.fsencode(_stripped(path, base)))
    arranged = [
        Entry(_stripped(posixpath.join(path, each.name), base), each.attributes, each.longname)
        for each in view.arranged(visible)
    ]
    await _print_entries(state, view, arranged, longest, of_directory=True)


async def _print_entries(
    state: State, view: View, entries: list[Entry], longest: int, *, of_directory: bool = False
) -> None:
    if not view.long:
        names = [each.name for each in entries]
        if view.single:
            state.write("".join(f"{printable(name)}\n" for name in names))
        else:
            state.write(columns(names, longest, _terminal_width()))
        return
    knows_owners = state.sftp.supports(_OWNERS)
    users: dict[int, str] = {}
    groups: dict[int, str] = {}
    if knows_owners and not view.numeric and entries:
        users, groups = await _owners(state, entries)
    formatted = view.numeric or view.scaled or knows_owners or not of_directory
    now = time.time()
    lines = [
        long_line(each, now, users=users, groups=groups, scale=view.scaled)
        if formatted or not each.longname
        else printable(each.longname)
        for each in entries
    ]
    state.write("".join(f"{line}\n" for line in lines))


async def _owners(state: State, entries: list[Entry]) -> tuple[dict[int, str], dict[int, str]]:
    users = sorted({each.attributes.uid for each in entries if each.attributes.uid is not None})
    groups = sorted({each.attributes.gid for each in entries if each.attributes.gid is not None})
    return await _try("users-groups-by-id", state.sftp.owner_names(users, groups))


def _stripped(path: str, base: str) -> str:
    """Return a path without the directory that it begins with."""
    if not base or not path.startswith(base):
        return path
    rest = path[len(base) :]
    return rest[1:] if rest.startswith("/") and not base.endswith("/") else rest


def _terminal_width() -> int | None:
    try:
        size = fcntl.ioctl(0, termios.TIOCGWINSZ, bytes(8))
    except OSError:
        return None
    return int(struct.unpack("HHHH", size)[1])


# ------------------------------------------------------------------ failures


def _need(state: State, extension: str) -> None:
    if not state.sftp.supports(extension):
        problem = f"Server does not support {extension} extension"
        raise ActionFailed(problem)


async def _try(title: str, request: Awaitable[T]) -> T:
    """Await a request; its failure is one line."""
    try:
        return await request
    except (SSHError, OSError) as error:
        if ends_session(error):
            raise
        problem = f"{title}: {reason_of(error)}"
        raise ActionFailed(problem) from None


REMOTE_ACTIONS: Final[dict[str, Callable[[State, Command], Awaitable[None]]]] = {
    "cd": change_directory,
    "pwd": print_directory,
    "version": print_version,
    "mkdir": make_directory,
    "rmdir": remove_directory,
    "rename": rename,
    "link": link,
    "symlink": symlink,
    "copy": copy,
    "df": print_free_space,
    "rm": remove,
    "chmod": change_mode,
    "chown": change_owner,
    "chgrp": change_group,
    "ls": list_files,
}
"""What is done by the name of its action."""
