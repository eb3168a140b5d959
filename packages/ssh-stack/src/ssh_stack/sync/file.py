# Generated from the async classes by tools/generate_sync.py; not to be edited.
"""Files on the server, open: bytes and text."""

from __future__ import annotations

import os
from collections.abc import Iterable
from types import TracebackType
from typing import Self

from ssh_sftp import Attributes, StatVFSReply
from ssh_stack.sync._files import BinaryFile, TextFile

__all__ = ["RemoteFile", "RemoteTextFile"]


class RemoteFile(BinaryFile):
    """An open file of bytes, with a position, and reads and writes at any offset.

    Sequential reads request blocks ahead.  Writes are joined into blocks, and sent without waiting
    for each of them: `flush` waits until the server has acknowledged them, `close` too.  An error
    of the server is raised by the next write, flush, or close.  Iteration yields lines, as for
    Python's own files: `for line in file`.
    """

    @property
    def path(self) -> str:
        """The path that it was opened by."""
        return self._wrapped.path

    @property
    def name(self) -> str:
        """The path that it was opened by, under the name that `io` has for it."""
        return self._wrapped.name

    @property
    def mode(self) -> str:
        """The mode that it was opened in."""
        return self._wrapped.mode

    @property
    def closed(self) -> bool:
        """Return whether it is closed."""
        return self._wrapped.closed

    def readable(self) -> bool:
        """Return whether it was opened for reading."""
        return self._wrapped.readable()

    def writable(self) -> bool:
        """Return whether it was opened for writing."""
        return self._wrapped.writable()

    def seekable(self) -> bool:
        """Return whether it has a position that can be moved: always."""
        return self._wrapped.seekable()

    def isatty(self) -> bool:
        """Return whether it is a terminal: never."""
        return self._wrapped.isatty()

    def readline(self, size: int | None = -1) -> bytes:
        """Read a line with its newline, or `size` bytes of it; at the end, what is left."""
        return self._portal.wait(self._wrapped.readline, size)

    def readlines(self, hint: int | None = -1) -> list[bytes]:
        """Read lines to the end, or until they have `hint` bytes together."""
        return self._portal.wait(self._wrapped.readlines, hint)

    def ready_line(self) -> bytes | None:
        """Return the next line if all of it has been received, else None."""
        return self._wrapped.ready_line()

    def tell(self) -> int:
        """Return the position."""
        return self._wrapped.tell()

    def read_at(self, size: int, offset: int) -> bytes:
        """Read up to `size` bytes at an offset; the position stays."""
        return self._portal.wait(self._wrapped.read_at, size, offset)

    def write_at(self, data: bytes | bytearray | memoryview, offset: int) -> int:
        """Write at an offset and wait for the server; the position stays.

        All blocks are sent before one is awaited.
        """
        return self._portal.wait(self._wrapped.write_at, data, offset)

    def stat(self) -> Attributes:
        """Return its attributes (section 6.8)."""
        return self._portal.wait(self._wrapped.stat)

    def setstat(self, attributes: Attributes) -> None:
        """Change the attributes that are given (section 6.9)."""
        self._portal.wait(self._wrapped.setstat, attributes)

    def truncate(self, size: int | None = None) -> int:
        """Make it `size` bytes long, or as long as the position is; return its size."""
        return self._portal.wait(self._wrapped.truncate, size)

    def fsync(self) -> None:
        """Put what was written to stable storage (PROTOCOL section 4.6)."""
        self._portal.wait(self._wrapped.fsync)

    def statvfs(self) -> StatVFSReply:
        """Return the facts of the file system that it is on (PROTOCOL section 4.4)."""
        return self._portal.wait(self._wrapped.statvfs)

    def close(self) -> None:
        """Send what was written, and close it.

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
        """Return the next line, with its newline."""
        line = self._wrapped.ready_line()
        if line is not None:
            return line
        try:
            return self._portal.wait(self._wrapped.__anext__)
        except StopAsyncIteration:
            raise StopIteration from None


class RemoteTextFile(TextFile):
    """An open file of text; iteration yields lines.

    Text is buffered, and sent when a block is full, at `flush`, and at `close`.
    """

    @property
    def path(self) -> str:
        """The path that it was opened by."""
        return self._wrapped.path

    @property
    def name(self) -> str:
        """The path that it was opened by, under the name that `io` has for it."""
        return self._wrapped.name

    @property
    def mode(self) -> str:
        """The mode that it was opened in."""
        return self._wrapped.mode

    @property
    def encoding(self) -> str:
        """The encoding of its text."""
        return self._wrapped.encoding

    @property
    def errors(self) -> str:
        """How what cannot be decoded or encoded is handled."""
        return self._wrapped.errors

    @property
    def closed(self) -> bool:
        """Return whether it is closed."""
        return self._wrapped.closed

    def readable(self) -> bool:
        """Return whether it was opened for reading."""
        return self._wrapped.readable()

    def writable(self) -> bool:
        """Return whether it was opened for writing."""
        return self._wrapped.writable()

    def seekable(self) -> bool:
        """Return whether it has a position that can be moved: always."""
        return self._wrapped.seekable()

    def isatty(self) -> bool:
        """Return whether it is a terminal: never."""
        return self._wrapped.isatty()

    def readlines(self, hint: int | None = -1) -> list[str]:
        """Read lines to the end, or until they have `hint` characters together."""
        return self._portal.wait(self._wrapped.readlines, hint)

    def ready_line(self) -> str | None:
        """Return the next line if all of it has been received, else None."""
        return self._wrapped.ready_line()

    def writelines(self, lines: Iterable[str]) -> None:
        """Write each of the lines; no line ends are added."""
        self._portal.wait(self._wrapped.writelines, lines)

    def flush(self) -> None:
        """Send what was written, and wait until the server has acknowledged it."""
        self._portal.wait(self._wrapped.flush)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move the position: to what `tell` returned, to the start, or to the end.

        Raises:
            UsageError: the position is not one that `tell` returns, the start or the end.
        """
        return self._portal.wait(self._wrapped.seek, offset, whence)

    def tell(self) -> int:
        """Return a number for the position, for `seek`."""
        return self._wrapped.tell()

    def truncate(self, size: int | None = None) -> int:
        """Make it `size` bytes long, or end it at the position; return its size in bytes."""
        return self._portal.wait(self._wrapped.truncate, size)

    def stat(self) -> Attributes:
        """Return its attributes (section 6.8)."""
        return self._portal.wait(self._wrapped.stat)

    def fsync(self) -> None:
        """Send what was written and put it to stable storage (PROTOCOL section 4.6)."""
        self._portal.wait(self._wrapped.fsync)

    def close(self) -> None:
        """Send what was written, and close it.

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

    def __next__(self) -> str:
        """Return the next line, with its end."""
        line = self._wrapped.ready_line()
        if line is not None:
            return line
        try:
            return self._portal.wait(self._wrapped.__anext__)
        except StopAsyncIteration:
            raise StopIteration from None
