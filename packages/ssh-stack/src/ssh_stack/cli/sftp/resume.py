"""A file of which a part has been transferred already: the rest of it."""

from __future__ import annotations

import asyncio
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ssh_sftp import Attributes, SFTPTransferError
from ssh_wire import UsageError

if TYPE_CHECKING:
    from ssh_sftp.aio import SFTPClient

__all__ = ["resume_download", "resume_upload"]

_PIECE: Final = 4 * 1024 * 1024


async def resume_download(
    sftp: SFTPClient, remote: str, local: str, attributes: Attributes
) -> bool:
    """Append to a local file what it lacks of a remote one; return whether it lacked anything.

    That the part is the beginning of the same file is not checked: sftp(1) says the same.

    Raises:
        UsageError: the local file is larger.
        SFTPTransferError: the remote file ended early.
        SFTPError: the server refused.
        OSError: the local file cannot be written.
    """
    mode = 0o666 if attributes.mode is None else attributes.mode & 0o777
    async with await sftp.open(remote, "rb") as source:
        size = (await source.stat()).size
        descriptor = await asyncio.to_thread(_open_to_append, local, mode | stat.S_IWUSR)
        try:
            begun = os.fstat(descriptor).st_size
            if size is not None and begun > size:
                problem = (
                    f'Unable to resume download of "{local}": local file is larger than remote'
                )
                raise UsageError(problem)
            await source.seek(begun)
            while data := await source.read(_PIECE):
                await asyncio.to_thread(_write_all, descriptor, data)
            ended = os.fstat(descriptor).st_size
            if size is not None and ended < size:
                raise SFTPTransferError(remote, "it ended before its reported size")
        finally:
            os.close(descriptor)
    return ended > begun


async def resume_upload(sftp: SFTPClient, local: str, remote: str, *, preserve: bool) -> None:
    """Append to a remote file what it lacks of a local one.

    Raises:
        UsageError: the remote file has the same size or a larger one.
        SFTPError: the server refused, or there is no such file to continue.
        OSError: the local file cannot be read.
    """
    with await asyncio.to_thread(Path(local).open, "rb") as source:
        found = os.fstat(source.fileno())
        begun = (await sftp.stat(remote)).size or 0
        if begun >= found.st_size:
            problem = f'resume "{local}": destination file same size or larger'
            raise UsageError(problem)
        source.seek(begun)
        async with await sftp.open(remote, "r+b") as target:
            await target.seek(begun)
            while data := await asyncio.to_thread(source.read, _PIECE):
                await target.write(data)
            if preserve:
                await target.setstat(
                    Attributes(
                        permissions=found.st_mode & 0o777,
                        atime=int(found.st_atime),
                        mtime=int(found.st_mtime),
                    )
                )


def _open_to_append(path: str, mode: int) -> int:
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
    return os.open(path, flags, mode)


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
