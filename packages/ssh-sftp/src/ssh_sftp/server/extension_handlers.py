"""The handlers of the extensions that take long or look up names.

copy-data (OpenSSH's PROTOCOL section 4.10), users-groups-by-id@openssh.com (section 4.12) and
check-file (draft-ietf-secsh-filexfer-extensions-00 section 3).  Those that work through a file
are coroutines that let other sessions run after each block.
"""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Callable, Iterator, Sequence
from struct import Struct, error
from typing import TYPE_CHECKING, Any, Final, TypeAlias, cast

from ssh_sftp import messages as m
from ssh_sftp.attributes import Attributes
from ssh_sftp.numbers import MAX_READ, OpenFlags, StatusCode
from ssh_sftp.server.answers import Answer, Turn, data_of, of_type, then, value_of, wrong
from ssh_sftp.server.filesystem import FileHandle, problem_with
from ssh_sftp.server.statuses import status
from ssh_wire import Message
from ssh_wire.primitives import string

if TYPE_CHECKING:
    from ssh_sftp.server.handlers import Handlers

__all__ = ["EXTENSION_TABLE"]

_BLOCK: Final = 131_072
_LAST: Final = (1 << 63) - 1  # the largest offset of a file
_SMALLEST: Final = 256
""""The block-size MUST be 256 bytes or larger, unless it is 0" (filexfer-extensions-00)."""

_HASHES: Final = ("sha256", "sha384", "sha512", "sha224")
"""MD5 and SHA-1 are not computed: a file can be made to have the hash of another one."""

_UINT32: Final = Struct(">I")


# ------------------------------------------------------------------ copy-data


def copy_data(handlers: Handlers, request: m.CopyData) -> Answer:
    """Copy bytes of one open file to another."""
    source, target = handlers.files.find(request.source), handlers.files.find(request.target)
    end = max(request.offset, request.target_offset) + request.length
    # a file is not copied into itself, not even where the ranges do not overlap: as sftp-server
    if source is target or _same(source, target) or end > _LAST:
        return status(request.id, StatusCode.FAILURE)
    return _copy(request, source, target)


def _same(one: FileHandle, other: FileHandle) -> bool:
    """Return whether two handles are known to be of one file."""
    identity: object = getattr(one, "identity", None)
    return identity is not None and identity == getattr(other, "identity", None)


async def _copy(request: m.CopyData, source: FileHandle, target: FileHandle) -> Message:
    if not request.length and not await _ends(source):
        return status(request.id, StatusCode.FAILURE, "The source has no end")
    copied = 0
    while not request.length or copied < request.length:
        wanted = min(_BLOCK, request.length - copied) if request.length else _BLOCK
        value = await value_of(source.read(wanted, request.offset + copied))
        data = bytes(data_of(value, wanted))
        if not data:
            short = request.length > 0
            return status(request.id, StatusCode.EOF if short else StatusCode.OK)
        await value_of(_write(target, data, request.target_offset + copied))
        copied += len(data)
        await Turn()
    return status(request.id, StatusCode.OK)


def _write(target: FileHandle, data: bytes, offset: int) -> object:
    write: Callable[[memoryview, int], object] = target.write
    return write(memoryview(data), offset)


async def _ends(source: FileHandle) -> bool:
    """Return whether a file has an end: a device may have none."""
    found = of_type(Attributes, await value_of(source.stat()), "stat")
    mode = found.permissions
    return mode is None or not stat.S_IFMT(mode) or stat.S_ISREG(mode)


# ------------------------------------------------------------------ users-groups-by-id


def users_groups(handlers: Handlers, request: m.UsersGroupsByID) -> Answer:
    """Return the names of users and groups."""
    users, groups = _numbers(request.users), _numbers(request.groups)
    if users is None or groups is None:
        return status(request.id, StatusCode.BAD_MESSAGE)

    def make(found: object) -> Message:
        names = _names(found, len(users), len(groups))
        reply = m.UsersGroupsReply(users=_strings(names[0]), groups=_strings(names[1]))
        return m.ExtendedReply(id=request.id, details=reply.encode())

    return then(handlers.filesystem.owner_names(users, groups), make)


def _numbers(data: bytes) -> list[int] | None:
    try:
        return [number for (number,) in _UINT32.iter_unpack(data)]
    except error:
        return None


def _names(found: object, users: int, groups: int) -> tuple[Sequence[str], Sequence[str]]:
    """Return what `owner_names` found, checked."""
    if not _are_names(found, users, groups):
        raise wrong(found, "a name for each user and for each group", "owner_names")
    return cast("tuple[Sequence[str], Sequence[str]]", found)


def _are_names(found: object, users: int, groups: int) -> bool:
    if not isinstance(found, tuple):
        return False
    sequences = cast("tuple[Sequence[object], ...]", found)
    return [len(names) for names in sequences] == [users, groups] and all(
        isinstance(name, str) for names in sequences for name in names
    )


def _strings(names: Sequence[str]) -> bytes:
    return b"".join(string(name.encode("utf-8", "surrogateescape")) for name in names)


# ------------------------------------------------------------------ check-file


def check_handle(handlers: Handlers, request: m.CheckFileHandle) -> Answer:
    """Hash an open file."""
    found = handlers.files.find(request.handle)
    refusal = _check_refusal(request)
    return _hashed(request, found) if refusal is None else refusal


def check_name(handlers: Handlers, request: m.CheckFileName) -> Answer:
    """Hash a file."""
    refusal = _check_refusal(request)
    return _hashed_by_name(handlers, request) if refusal is None else refusal


_Check: TypeAlias = m.CheckFileHandle | m.CheckFileName


def _check_refusal(request: _Check) -> Message | None:
    if not _algorithm(request):
        text = f"Of hashes, {', '.join(_HASHES)} are computed"
        return status(request.id, StatusCode.OP_UNSUPPORTED, text)
    if 0 < request.block_size < _SMALLEST or request.offset + request.length > _LAST:
        return status(request.id, StatusCode.FAILURE, "No such range or block size")
    return None


def _algorithm(request: _Check) -> str:
    """Return the first hash of the client's list that is computed here, else ""."""
    return next((name for name in request.algorithms.split(",") if name in _HASHES), "")


async def _hashed_by_name(handlers: Handlers, request: m.CheckFileName) -> Message:
    opening = handlers.filesystem.open(request.path, OpenFlags.READ, Attributes())
    opened = await value_of(opening)
    problem = problem_with(opened, FileHandle)
    if problem:
        raise TypeError(problem)
    file = cast("FileHandle", opened)
    try:
        return await _hashed(request, file)
    finally:
        closing: object = file.close()
        await value_of(closing)


async def _hashed(request: _Check, file: FileHandle) -> Message:
    if not request.length and not await _ends(file):
        return status(request.id, StatusCode.FAILURE, "The file has no end")
    name = _algorithm(request)
    most = MAX_READ // hashlib.new(name).digest_size
    hashes: list[bytes] = []
    for length in _blocks(request):
        digest, size = await _hash(name, file, request.offset + length.start, len(length))
        if size or not hashes:
            hashes.append(digest)
        if len(hashes) > most:
            return status(request.id, StatusCode.FAILURE, "The blocks are too many for a reply")
        if size < len(length):  # the end of the file
            break
    reply = m.CheckFileReply(name="check-file", algorithm=name, hashes=b"".join(hashes))
    return m.ExtendedReply(id=request.id, details=reply.encode())


def _blocks(request: _Check) -> Iterator[range]:
    """Yield the ranges, counted from the offset, of which each has a hash of its own."""
    length = request.length or _LAST - request.offset
    size = request.block_size or length
    start = 0
    while start < length:
        yield range(start, min(start + size, length))
        start += size


async def _hash(name: str, file: FileHandle, start: int, length: int) -> tuple[bytes, int]:
    """Return the hash of a range, and how many bytes of it there were."""
    digest = hashlib.new(name, usedforsecurity=False)
    done = 0
    while done < length:
        wanted = min(_BLOCK, length - done)
        data = data_of(await value_of(file.read(wanted, start + done)), wanted)
        if not data:
            break
        digest.update(data)
        done += len(data)
        await Turn()
    return digest.digest(), done


_Handler: TypeAlias = Callable[["Handlers", Any], Answer]

EXTENSION_TABLE: Final[dict[type[m.Request], tuple[_Handler, bool]]] = {
    # request: (handler, whether it changes something)
    m.CopyData: (copy_data, True),
    m.UsersGroupsByID: (users_groups, False),
    m.CheckFileHandle: (check_handle, False),
    m.CheckFileName: (check_name, False),
    m.CheckFile: (check_handle, False),
}
