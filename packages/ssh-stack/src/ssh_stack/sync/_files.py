"""The parts of blocking files that are not generated: reads and writes that need not wait.

What has been received, and what is not sent yet, belongs to the file.  A read or write that it is
enough for is done in the thread of the caller, without a way through the event loop, which would
cost more than the bytes.  One thread at a time does so.

The classes derive from those of `io`, so that whatever takes a file of Python's takes them.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterable
from threading import RLock
from typing import TYPE_CHECKING, Any, cast

from ssh_sftp.aio import RemoteFile, RemoteTextFile
from ssh_stack.sync._blocking import Blocking
from ssh_stack.sync._portal import Portal

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, WriteableBuffer

    from ssh_stack.sync.file import RemoteFile as BlockingFile

    class _Text:
        """What type checkers see: the base class in typeshed has lines of bytes."""
else:
    _Text = io.TextIOBase

__all__ = ["BinaryFile", "TextFile"]


class BinaryFile(Blocking[RemoteFile], io.BufferedIOBase):
    """Reads and writes bytes."""

    def __init__(self, portal: Portal, wrapped: RemoteFile) -> None:
        super().__init__(portal, wrapped)
        self._lock = RLock()

    def read(self, size: int | None = -1) -> bytes:
        """Read up to `size` bytes, or to the end; less only at the end of the file."""
        with self._lock:
            data = self._wrapped.ready_bytes(size) if size is not None and size > 0 else None
            return self._portal.wait(self._wrapped.read, size) if data is None else data

    def read1(self, size: int | None = -1) -> bytes:
        """Read up to `size` bytes of what has been received; wait only if there is none."""
        with self._lock:
            return self._portal.wait(self._wrapped.read1, size)

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Read into a buffer until it is full, or to the end; return how many bytes."""
        view = memoryview(buffer).cast("B")
        data = self.read(len(view))
        view[: len(data)] = data
        return len(data)

    def readinto1(self, buffer: WriteableBuffer) -> int:
        """Read into a buffer what has been received; wait only if there is none."""
        view = memoryview(buffer).cast("B")
        data = self.read1(len(view))
        view[: len(data)] = data
        return len(data)

    def write(self, data: ReadableBuffer) -> int:
        """Write at the position: all of it, in the end.

        What is less than a block waits for more, or for `flush`.  Without buffering, return when
        the server has acknowledged all of it.

        Raises:
            SFTPError: the server refused this write, or an earlier one.
        """
        with self._lock:
            text = isinstance(cast("object", data), str)  # which the file refuses
            view = cast("memoryview", data) if text else memoryview(data)
            held = None if text else self._wrapped.held_write(view)
            return self._portal.wait(self._wrapped.write, view) if held is None else held

    def writelines(self, lines: Iterable[ReadableBuffer]) -> None:
        """Write each of the lines; no newlines are added."""
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        """Send what was written, and wait until the server has acknowledged it.

        Raises:
            SFTPError: the server refused a write.
        """
        with self._lock:
            self._portal.wait(self._wrapped.flush)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move the position; return the new one."""
        with self._lock:
            if whence == os.SEEK_END:
                return self._portal.wait(self._wrapped.seek, offset, whence)
            return self._wrapped.move(offset, whence)

    def __del__(self) -> None:
        """Close it, without waiting: this may be any thread, the event loop's too."""
        _close_later(self)


class TextFile(Blocking[RemoteTextFile], _Text):
    """Reads and writes text."""

    def __init__(self, portal: Portal, wrapped: RemoteTextFile) -> None:
        super().__init__(portal, wrapped)
        self._lock = RLock()

    @property
    def buffer(self) -> BlockingFile:
        """The file as bytes; its position is not that of the text."""
        from ssh_stack.sync.file import RemoteFile as BlockingFile

        file = self.__dict__.get("_buffer")
        if file is None:
            file = self._buffer = BlockingFile(self._portal, self._wrapped.buffer)
        return file

    def read(self, size: int | None = -1) -> str:
        """Read up to `size` characters, or to the end; less only at the end of the file.

        Raises:
            UnicodeDecodeError: the bytes are not valid in the encoding.
        """
        with self._lock:
            text = self._wrapped.ready_text(size) if size is not None and size > 0 else None
            return self._portal.wait(self._wrapped.read, size) if text is None else text

    def readline(self, size: int | None = -1) -> str:
        """Read a line with its end, at the most `size` characters; at the end, what is left.

        Raises:
            UnicodeDecodeError: the bytes are not valid in the encoding.
        """
        with self._lock:
            line = self._wrapped.ready_line() if size is None or size < 0 else None
            return self._portal.wait(self._wrapped.readline, size) if line is None else line

    def write(self, text: str) -> int:
        """Write text; return how many characters.

        Raises:
            UnicodeEncodeError: the encoding does not have a character.
        """
        with self._lock:
            held = self._wrapped.held_write(text)
            return self._portal.wait(self._wrapped.write, text) if held is None else held

    def __del__(self) -> None:
        """Close it, without waiting: this may be any thread, the event loop's too."""
        _close_later(self)


def _close_later(file: Blocking[Any]) -> None:
    wrapped = file.__dict__.get("_wrapped")
    if wrapped is not None and not wrapped.closed:
        file._portal.post(wrapped.abandon)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] (this module's)
