"""An open text file on the server, with the methods of `io.TextIOBase`."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from types import TracebackType
from typing import Self

from ssh_sftp.aio.client.file import RemoteFile
from ssh_sftp.attributes import Attributes
from ssh_sftp.client.text_stream import Newline, TextReading, TextWriting, check_text, is_text
from ssh_sftp.errors import SFTPError
from ssh_wire import UsageError
from ssh_wire.aio import close_after

__all__ = ["RemoteTextFile"]

_BLOCK = 32_768
_MOST_BLOCK = 8 * 1024 * 1024


class RemoteTextFile:
    """An open file of text; iteration yields lines.

    Text is buffered, and sent when a block is full, at `flush`, and at `close`.
    """

    def __init__(
        self,
        buffer: RemoteFile,
        encoding: str = "utf-8",
        errors: str = "strict",
        newline: Newline = None,
    ) -> None:
        check_text(encoding, errors, newline)
        self._buffer = buffer
        self._encoding = encoding
        self._errors = errors
        self._newline = newline
        self._text = TextReading(encoding, errors, newline)
        self._writing = TextWriting(encoding, errors, newline)
        self._unsent: list[bytes] = []
        self._unsent_size = 0

    @property
    def buffer(self) -> RemoteFile:
        """The file as bytes; its position is not that of the text."""
        return self._buffer

    @property
    def path(self) -> str:
        """The path that it was opened by."""
        return self._buffer.path

    @property
    def name(self) -> str:
        """The path that it was opened by, under the name that `io` has for it."""
        return self._buffer.path

    @property
    def mode(self) -> str:
        """The mode that it was opened in."""
        return self._buffer.mode

    @property
    def encoding(self) -> str:
        """The encoding of its text."""
        return self._encoding

    @property
    def errors(self) -> str:
        """How what cannot be decoded or encoded is handled."""
        return self._errors

    @property
    def closed(self) -> bool:
        """Return whether it is closed."""
        return self._buffer.closed

    def readable(self) -> bool:
        """Return whether it was opened for reading."""
        return self._buffer.readable()

    def writable(self) -> bool:
        """Return whether it was opened for writing."""
        return self._buffer.writable()

    def seekable(self) -> bool:
        """Return whether it has a position that can be moved: always."""
        return True

    def isatty(self) -> bool:
        """Return whether it is a terminal: never."""
        return False

    # ------------------------------------------------------------------ reading

    async def read(self, size: int | None = -1) -> str:
        """Read up to `size` characters, or to the end; less only at the end of the file.

        Raises:
            UnicodeDecodeError: the bytes are not valid in the encoding.
        """
        if size is None or size < 0:
            await self._start_reading()
            pieces = [self._text.take_all()]
            while await self._more(_MOST_BLOCK):
                pieces.append(self._text.take_all())
            return "".join((*pieces, self._text.take_all()))
        return await self._until(lambda: self._text.take(size))

    async def readline(self, size: int | None = -1) -> str:
        """Read a line with its end, at the most `size` characters; at the end, what is left.

        Raises:
            UnicodeDecodeError: the bytes are not valid in the encoding.
        """
        limit = -1 if size is None else size
        return await self._until(lambda: self._text.line(limit))

    async def readlines(self, hint: int | None = -1) -> list[str]:
        """Read lines to the end, or until they have `hint` characters together."""
        lines: list[str] = []
        size = 0
        while line := await self.readline():
            lines.append(line)
            size += len(line)
            if hint is not None and 0 < hint <= size:
                break
        return lines

    def ready_line(self) -> str | None:
        """Return the next line if all of it has been received, else None."""
        return None if self.closed or self._unsent else self._text.line() or None

    def ready_text(self, size: int) -> str | None:
        """Return the next `size` characters if all of them have been received, else None."""
        return None if self.closed or self._unsent or self._text.ended else self._text.take(size)

    async def _until(self, take: Callable[[], str | None]) -> str:
        await self._start_reading()
        block = _BLOCK
        while (text := take()) is None:
            await self._more(block)
            block = min(2 * block, _MOST_BLOCK)
        return text

    async def _start_reading(self) -> None:
        await self.flush()
        if self._text.ended:  # the file may have grown
            self._text.ended = False

    async def _more(self, size: int) -> bool:
        data = await self._buffer.read(size)
        self._text.feed(data)
        return bool(data)

    # ------------------------------------------------------------------ writing

    async def write(self, text: str) -> int:
        """Write text; return how many characters.

        Raises:
            UnicodeEncodeError: the encoding does not have a character.
        """
        if not is_text(text):
            problem = f"{self.path}: text is written here; open binary files with mode 'wb'"
            raise UsageError(problem)
        if not self.writable():
            problem = f"{self.path} is open in mode {self.mode!r}, not for writing"
            raise UsageError(problem)
        self._check_open()
        if self.readable() and not self._unsent:
            await self._leave_reading()
        if "a" in self.mode and self._writing.marks_start:
            await self._continue_at_end()
        data = self._writing.encode(text)
        self._unsent.append(data)
        self._unsent_size += len(data)
        if self._unsent_size >= _BLOCK:
            await self._send()
        return len(text)

    def held_write(self, text: str) -> int | None:
        """Hold text that follows text that is not sent yet; return None if some must be sent.

        It is what `write` does, where that sends nothing.
        """
        if not self._unsent or self._unsent_size >= _BLOCK or self.closed or not is_text(text):
            return None
        data = self._writing.encode(text)
        self._unsent.append(data)
        self._unsent_size += len(data)
        return len(text)

    async def writelines(self, lines: Iterable[str]) -> None:
        """Write each of the lines; no line ends are added."""
        for line in lines:
            await self.write(line)

    async def flush(self) -> None:
        """Send what was written, and wait until the server has acknowledged it."""
        self._check_open()
        await self._send()
        await self._buffer.flush()

    async def _send(self) -> None:
        if self._unsent:
            data, self._unsent, self._unsent_size = b"".join(self._unsent), [], 0
            await self._buffer.write(data)
            if self.readable():
                self._text.start(self._buffer.tell())

    async def _leave_reading(self) -> None:
        """Seek to the end of the text that was returned: the buffer is further ahead."""
        offset = self._text.start(self._text.position())
        await self._buffer.seek(offset)
        if offset:
            self._writing.continues()

    async def _continue_at_end(self) -> None:
        """Write no byte-order mark after existing text."""
        with suppress(SFTPError):
            if await self._buffer.seek(0, os.SEEK_END):
                self._writing.continues()

    # ------------------------------------------------------------------ the position

    async def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move the position: to what `tell` returned, to the start, or to the end.

        Raises:
            UsageError: the position is not one that `tell` returns, the start or the end.
        """
        await self.flush()
        if whence == os.SEEK_CUR and offset == 0:
            return self._text.position()
        if whence == os.SEEK_END and offset == 0:
            offset = await self._buffer.seek(0, os.SEEK_END)
        elif whence != os.SEEK_SET or offset < 0:
            problem = "in text, seek to 0, to the end, or to what tell() returned"
            raise UsageError(problem)
        await self._buffer.seek(self._text.start(offset))
        if offset:
            self._writing.continues()
        return offset

    def tell(self) -> int:
        """Return a number for the position, for `seek`."""
        if self._unsent or not self.readable():
            return self._buffer.tell() + self._unsent_size
        return self._text.position()

    async def truncate(self, size: int | None = None) -> int:
        """Make it `size` bytes long, or end it at the position; return its size in bytes."""
        await self.flush()
        if size is None and self.readable():
            await self._leave_reading()
        return await self._buffer.truncate(size)

    # ------------------------------------------------------------------ the file

    async def stat(self) -> Attributes:
        """Return its attributes (section 6.8)."""
        await self.flush()
        return await self._buffer.stat()

    async def fsync(self) -> None:
        """Send what was written and put it to stable storage (PROTOCOL section 4.6)."""
        await self.flush()
        await self._buffer.fsync()

    async def close(self) -> None:
        """Send what was written, and close it.

        Raises:
            SFTPError: "even a close can fail": what was written may not be stored.
        """
        if not self.closed:
            try:
                await self.flush()
            except BaseException as error:
                await close_after(error, self._buffer.close)
                raise
            await self._buffer.close()

    async def abandon(self) -> None:
        """Close it and report no error: nothing refers to it any more."""
        with suppress(Exception):
            await self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await close_after(error, self.close)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> str:
        """Return the next line, with its end."""
        line = await self.readline()
        if not line:
            raise StopAsyncIteration
        return line

    def __repr__(self) -> str:
        state = "closed" if self.closed else "open"
        about = f"mode={self.mode!r} encoding={self._encoding!r}"
        return f"<RemoteTextFile {self.path!r} {about} {state}>"

    def _check_open(self) -> None:
        if self.closed:
            problem = f"{self.path!r} is closed"
            raise UsageError(problem)
