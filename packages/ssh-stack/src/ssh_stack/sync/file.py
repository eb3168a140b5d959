# Generated from the async classes by tools/generate_sync.py; not to be edited.
"""A file on the server, open."""

from __future__ import annotations

import os
from types import TracebackType
from typing import Self

from ssh_sftp.aio import file as aio_file
from ssh_sftp.attributes import Attributes
from ssh_sftp.messages import StatVFSReply
from ssh_stack.sync._blocking import Blocking

__all__ = ["RemoteFile"]


class RemoteFile(Blocking[aio_file.RemoteFile]):
    """An open file with a position, and reads and writes at any offset.

    Reading in order asks ahead, so that each read finds its bytes there already.
    """

    @property
    def path(self) -> str:
        """The path that it was opened by."""
        return self._wrapped.path

    @property
    def closed(self) -> bool:
        """Whether it is closed."""
        return self._wrapped.closed

    def read(self, size: int = -1) -> bytes:
        """Read up to `size` bytes, or to the end; less only at the end of the file."""
        return self._portal.wait(self._wrapped.read, size)

    def write(self, data: bytes | bytearray | memoryview) -> int:
        """Write at the position; return when the server has acknowledged all of it."""
        return self._portal.wait(self._wrapped.write, data)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move the position; return the new one."""
        return self._portal.wait(self._wrapped.seek, offset, whence)

    def tell(self) -> int:
        """Return the position."""
        return self._portal.call(self._wrapped.tell)

    def read_at(self, size: int, offset: int) -> bytes:
        """Read up to `size` bytes at an offset; the position stays."""
        return self._portal.wait(self._wrapped.read_at, size, offset)

    def write_at(self, data: bytes | bytearray | memoryview, offset: int) -> int:
        """Write at an offset; the position stays.  All blocks are sent before one is awaited."""
        return self._portal.wait(self._wrapped.write_at, data, offset)

    def stat(self) -> Attributes:
        """Return its attributes (section 6.8)."""
        return self._portal.wait(self._wrapped.stat)

    def setstat(self, attributes: Attributes) -> None:
        """Change the attributes that are given (section 6.9)."""
        self._portal.wait(self._wrapped.setstat, attributes)

    def truncate(self, size: int | None = None) -> None:
        """Make it `size` bytes long, or as long as the position is."""
        self._portal.wait(self._wrapped.truncate, size)

    def fsync(self) -> None:
        """Put what was written to stable storage (PROTOCOL section 4.6)."""
        self._portal.wait(self._wrapped.fsync)

    def statvfs(self) -> StatVFSReply:
        """Return the facts of the file system that it is on (PROTOCOL section 4.4)."""
        return self._portal.wait(self._wrapped.statvfs)

    def close(self) -> None:
        """Close it.

        Raises:
            SFTPError: "even a close can fail": what was written may not be stored.
        """
        self._portal.wait(self._wrapped.close)

    def __enter__(self) -> Self:
        self._portal.wait(self._wrapped.__aenter__)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._portal.leave(self._wrapped.__aexit__, kind, error, trace)

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> bytes:
        """Return the next block of the file, of whatever size suits the server."""
        try:
            return self._portal.wait(self._wrapped.__anext__)
        except StopAsyncIteration:
            raise StopIteration from None
