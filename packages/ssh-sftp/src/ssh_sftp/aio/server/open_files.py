"""Open local files and directories of a server session."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterator
from typing import Final

from ssh_sftp.attributes import Attributes
from ssh_sftp.messages import NameEntry, StatVFSReply

__all__ = ["OpenDirectory", "OpenFile", "attributes_of", "facts_of", "long_name"]

_HALF_YEAR: Final = 182 * 86_400
_UINT32: Final = 0xFFFF_FFFF
_READ_ONLY: Final = 1
_NO_SUID: Final = 2


class OpenFile:
    """An open file.

    Args:
        descriptor: the open file.
        mode_mask: the permission bits that a client may set.
    """

    def __init__(self, descriptor: int, mode_mask: int) -> None:
        self._descriptor = descriptor
        self._mode_mask = mode_mask

    @property
    def identity(self) -> tuple[int, int]:
        """What two handles of one file have in common: its device and inode."""
        found = os.fstat(self._descriptor)
        return found.st_dev, found.st_ino

    def read(self, length: int, offset: int) -> bytes:
        """Read from an offset."""
        return os.pread(self._descriptor, length, offset)

    def write(self, data: memoryview, offset: int) -> None:
        """Write at an offset."""
        while True:
            written = os.pwrite(self._descriptor, data, offset)
            if written == len(data):
                return
            data = data[written:]
            offset += written

    def stat(self) -> Attributes:
        """Return its attributes."""
        return attributes_of(os.fstat(self._descriptor))

    def setstat(self, attributes: Attributes) -> None:
        """Change the attributes that are given."""
        if attributes.size is not None:
            os.ftruncate(self._descriptor, attributes.size)
        if attributes.permissions is not None:
            os.fchmod(self._descriptor, attributes.permissions & self._mode_mask)
        if attributes.uid is not None and attributes.gid is not None:
            os.fchown(self._descriptor, attributes.uid, attributes.gid)
        if attributes.atime is not None and attributes.mtime is not None:
            os.utime(self._descriptor, (attributes.atime, attributes.mtime))

    def sync(self) -> None:
        """Write it to stable storage."""
        os.fsync(self._descriptor)

    def statvfs(self) -> StatVFSReply:
        """Return the facts of its file system."""
        return facts_of(os.fstatvfs(self._descriptor))

    def close(self) -> None:
        """Close it."""
        os.close(self._descriptor)


class OpenDirectory:
    """An open directory, listed in pieces."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._entries: Iterator[os.DirEntry[str]] | None = None

    def read(self, count: int) -> list[NameEntry]:
        """Return up to `count` more names."""
        if self._entries is None:
            self._entries = os.scandir(self._descriptor)
        found: list[NameEntry] = []
        now = time.time()
        for entry in self._entries:
            try:
                facts = entry.stat(follow_symlinks=False)
            except FileNotFoundError:  # it was removed after it was listed
                continue
            attributes = attributes_of(facts)
            text = long_name(entry.name, facts, now)
            found.append(NameEntry(filename=entry.name, longname=text, attributes=attributes))
            if len(found) == count:
                break
        return found

    def close(self) -> None:
        """Close it."""
        close = getattr(self._entries, "close", None)
        if close is not None:
            close()
        os.close(self._descriptor)


def attributes_of(found: os.stat_result) -> Attributes:
    """Return what stat(2) reports, as ATTRS has it."""
    return Attributes(
        found.st_size,
        found.st_uid,
        found.st_gid,
        found.st_mode,
        min(max(int(found.st_atime), 0), _UINT32),
        min(max(int(found.st_mtime), 0), _UINT32),
    )


def long_name(name: str, found: os.stat_result, now: float) -> str:
    """Return a line as `ls -l` has it (section 7)."""
    when = time.localtime(found.st_mtime)
    recent = now - _HALF_YEAR < found.st_mtime <= now
    date = time.strftime("%b %e %H:%M" if recent else "%b %e  %Y", when)
    return (
        f"{stat.filemode(found.st_mode)} {found.st_nlink:>4} {found.st_uid:<8} "
        f"{found.st_gid:<8} {found.st_size:>8} {date} {name}"
    )


def facts_of(found: os.statvfs_result) -> StatVFSReply:
    """Return what statvfs(3) reports (PROTOCOL section 4.4)."""
    return StatVFSReply(
        block_size=found.f_bsize,
        fragment_size=found.f_frsize,
        blocks=found.f_blocks,
        free_blocks=found.f_bfree,
        available_blocks=found.f_bavail,
        files=found.f_files,
        free_files=found.f_ffree,
        available_files=found.f_favail,
        filesystem_id=getattr(found, "f_fsid", 0) & 0xFFFF_FFFF_FFFF_FFFF,
        flags=found.f_flag & (_READ_ONLY | _NO_SUID),
        max_name=found.f_namemax,
    )
