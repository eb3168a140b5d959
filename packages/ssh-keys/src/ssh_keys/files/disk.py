"""Files on disk: checked after they are opened, created for their owner, replaced as a whole.

A pipe or a device may be read, as OpenSSH reads it; only a regular file is changed.
"""

from __future__ import annotations

import os
import select
import stat
from contextlib import suppress
from typing import TYPE_CHECKING, BinaryIO, Final

from ssh_keys.errors import KeyFormatError, UnprotectedKey
from ssh_keys.files.once import ReadOnce
from ssh_wire import lazy

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Callable, Iterator
    from pathlib import Path
else:
    pathlib = lazy.module("pathlib")  # with what it imports, 3 ms

__all__ = [
    "CHUNK",
    "MAX_TRUST_FILE",
    "OWNER_ONLY",
    "PUBLIC",
    "await_content",
    "check_permissions",
    "create",
    "may_wait",
    "open_regular",
    "open_to_read",
    "read_chunks",
    "read_file",
    "read_open",
    "replace",
]

MAX_TRUST_FILE: Final = 1 << 26
"""The largest known_hosts or authorized_keys file that is read, in bytes."""
CHUNK: Final = 1 << 16
"""The most bytes that are read at a time."""
OWNER_ONLY: Final = 0o600
"""The mode of files for their owner alone."""
PUBLIC: Final = 0o644
"""The mode of files that all users may read."""

_OTHERS: Final = 0o077
# not on Windows, where ordinary paths lead to no such files
_NO_FOLLOW: Final[int] = getattr(os, "O_NOFOLLOW", 0)
_NO_BLOCK: Final[int] = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)
_BINARY: Final[int] = getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)


def create(path: Path, content: bytes, mode: int = OWNER_ONLY) -> None:
    """Create a file with this content; the path must not exist."""
    # O_EXCL: neither an existing file nor an existing link is written to
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_FOLLOW | _BINARY
    descriptor = os.open(path, flags, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(descriptor)
    except OSError:
        with suppress(OSError):
            path.unlink()
        raise


def replace(
    path: str | os.PathLike[str],
    content: bytes,
    *,
    backup: bool,
    seen: os.stat_result | None = None,
) -> bool:
    """Replace the content of a file in one step; its mode and owner stay.

    Args:
        path: the file; a link is followed.
        content: the new content.
        backup: keep the previous file, with ".old" after its name.
        seen: the status of the file when it was read; a file that has changed is not replaced.

    Returns:
        Whether the file was replaced.
    """
    target = pathlib.Path(path).resolve(strict=True)
    before = target.stat()
    fresh = target.with_name(f".{target.name}.{os.urandom(8).hex()}")
    create(fresh, content)
    try:
        made = fresh.stat()
        if (made.st_uid, made.st_gid) != (before.st_uid, before.st_gid):
            os.chown(fresh, before.st_uid, before.st_gid)
        fresh.chmod(stat.S_IMODE(before.st_mode))
        if seen is not None and _stamp(target.stat()) != _stamp(seen):
            fresh.unlink()
            return False
        if backup:
            old = target.with_name(f"{target.name}.old")
            old.unlink(missing_ok=True)
            old.hardlink_to(target)
        fresh.replace(target)
    except OSError:
        fresh.unlink()
        raise
    _sync_directory(target.parent)
    return True


def _stamp(status: os.stat_result) -> tuple[int, ...]:
    return (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)


def _sync_directory(path: Path) -> None:
    """Make a rename durable, if the system can."""
    with suppress(OSError):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def check_permissions(status: os.stat_result, path: str) -> None:
    """Raise UnprotectedKey where others than this user may read or change the file."""
    if hasattr(os, "getuid") and status.st_uid == os.getuid() and status.st_mode & _OTHERS:
        raise UnprotectedKey(path, stat.S_IMODE(status.st_mode))


def read_file(
    path: str | os.PathLike[str],
    limit: int,
    check: Callable[[os.stat_result, str], None] | None = None,
) -> bytes:
    """Read a whole file; a pipe or a device until its end, and in a `ReadOnce` only once.

    Raises:
        KeyFormatError: it is a directory, or larger than `limit` bytes.
        OSError: it cannot be read.
    """
    name = os.fspath(path)
    if may_wait(name):
        status, data = ReadOnce.current().kept(name, lambda: _content(name, limit))
        if check is not None:
            check(status, name)
        return data
    return _content(name, limit, check)[1]


def may_wait(path: str | os.PathLike[str]) -> bool:
    """Return whether reading a file may wait for another process: it is a pipe or a device."""
    try:
        mode = os.stat(path).st_mode  # noqa: PTH116 (for each file of a login; a Path is slower)
    except (OSError, ValueError):
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def _content(
    path: str, limit: int, check: Callable[[os.stat_result, str], None] | None = None
) -> tuple[os.stat_result, bytes]:
    descriptor = open_to_read(path)
    try:
        status = os.fstat(descriptor)
        if check is not None:
            check(status, path)
        await_content(descriptor)
        with open(descriptor, "rb", closefd=False) as file:
            return status, read_open(file, path, limit)
    finally:
        os.close(descriptor)


def open_to_read(path: str | os.PathLike[str]) -> int:
    """Open a file that is not a directory, without waiting; return the descriptor."""
    descriptor = os.open(path, os.O_RDONLY | _NO_BLOCK | _BINARY)
    if not stat.S_ISDIR(os.fstat(descriptor).st_mode):
        return descriptor
    os.close(descriptor)
    problem = f"{os.fspath(path)} is a directory"
    raise KeyFormatError(problem)


def await_content(descriptor: int) -> None:
    """Wait until a pipe or a device has something to read, or has ended.

    A pipe that is not opened for writing yet would look like an empty one.
    """
    if stat.S_ISREG(os.fstat(descriptor).st_mode) or not hasattr(select, "poll"):
        return
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    poll.poll()
    os.set_blocking(descriptor, True)


def read_open(file: BinaryIO, path: str, limit: int) -> bytes:
    """Read the rest of an open file.

    Raises:
        KeyFormatError: it is larger than `limit` bytes.
        OSError: it cannot be read.
    """
    data = bytearray()
    while chunk := file.read(CHUNK):
        data += chunk
        if len(data) > limit:
            problem = f"{path} is larger than {limit} bytes"
            raise KeyFormatError(problem)
    return bytes(data)


def open_regular(path: str | os.PathLike[str], flags: int) -> int:
    """Open a file that must be a regular one; return the descriptor."""
    # without _NO_BLOCK opening a pipe would wait for its other end
    descriptor = os.open(path, flags | _NO_BLOCK | _BINARY, OWNER_ONLY)
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return descriptor
    os.close(descriptor)
    problem = f"{os.fspath(path)} is not a regular file"
    raise KeyFormatError(problem)


def read_chunks(path: str | os.PathLike[str]) -> Iterator[bytes]:
    """Yield the content of a file in chunks, as `signatures.sign` takes a message.

    Raises:
        KeyFormatError: it is a directory.
        OSError: it cannot be read.
    """
    with os.fdopen(open_to_read(path), "rb") as file:
        await_content(file.fileno())
        while chunk := file.read(CHUNK):
            yield chunk
