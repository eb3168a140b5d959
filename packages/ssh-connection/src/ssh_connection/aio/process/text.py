"""The streams of a command as text."""

from __future__ import annotations

import codecs
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from ssh_wire.aio import close_after

if TYPE_CHECKING:
    import re
    from types import TracebackType
    from typing import Self

    from ssh_connection.aio.process.launch import Launch
    from ssh_connection.aio.process.process import Process
    from ssh_connection.aio.streams import ByteReader, ByteWriter
    from ssh_connection.expect import Expected
    from ssh_connection.results import ExitSignal

__all__ = ["TextProcess", "TextReader", "TextWriter"]

_CHUNK = 64 * 1024


class TextReader:
    """Text that the peer sends; bytes that are not of the encoding become U+FFFD."""

    def __init__(self, stream: ByteReader, encoding: str = "utf-8") -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder(encoding)("replace")
        self._text = ""
        self._ended = False

    async def read(self, n: int = -1) -> str:
        """Return up to `n` characters as soon as there are any; "" at the end.

        Args:
            n: the most characters to return; -1 reads everything up to the end.

        Raises:
            ConnectionLost: the connection was lost before the end; what came before is kept.
        """
        if n < 0:
            return await self._read_all()
        while not self._ended and not self._text and n:
            await self._more()
        return self._take(n)

    async def readline(self) -> str:
        """Return a line with its newline, as it came; at the end, what there is."""
        searched = 0
        while (found := self._text.find("\n", searched)) < 0 and not self._ended:
            searched = len(self._text)
            await self._more()
        return self._take(len(self._text) if found < 0 else found + 1)

    async def expect(
        self,
        *patterns: str | re.Pattern[str],
        timeout: float | None = None,  # noqa: ASYNC109 (as expect has it)
    ) -> Expected[str]:
        """Wait for the first of some patterns, and read up to its end.

        What is not found is not read: whoever waits too long, or for what does not come, can
        read what came instead.

        Args:
            patterns: texts, which stand for themselves, and compiled regular expressions; a
                regular expression that could match more still matches what has arrived.
            timeout: seconds to wait; None for as long as it takes.

        Raises:
            ExpectTimeout: none came in time; has what came instead.
            PatternNotFound: the stream ended without one; has what came instead.
            ConnectionLost: the connection was lost before one came.
            asyncio.LimitOverrunError: a million characters came without one.
        """
        from ssh_connection.aio.process.expect import expect  # rarely used

        return await expect(self, patterns, str, timeout)

    def peek(self) -> str:
        """Return what has arrived as text and is not read; it stays unread."""
        return self._text

    async def wait_for_more(self) -> bool:
        """Wait until more arrives than is unread now; return False at a clean end.

        Raises:
            ConnectionLost: the connection was lost before.
        """
        if not self._ended:
            await self._more()
        return not self._ended

    async def lines(self) -> AsyncIterator[str]:
        """Yield line after line, each with its newline, up to the end."""
        while line := await self.readline():
            yield line

    def __aiter__(self) -> AsyncIterator[str]:
        return self.lines()

    @property
    def at_eof(self) -> bool:
        """Whether everything was read and nothing more will come."""
        return not self._text and (self._ended or self._stream.at_eof)

    async def _read_all(self) -> str:
        pieces: list[str] = []
        try:
            while not self._ended:
                await self._more()
                pieces.append(self._take(len(self._text)))
        finally:  # of a read that fails or is cancelled, what came before is kept
            self._text = "".join((*pieces, self._text))
        return self._take(len(self._text))

    async def _more(self) -> None:
        data = await self._stream.read(_CHUNK)
        self._ended = not data
        self._text += self._decoder.decode(data, final=not data)

    def _take(self, size: int) -> str:
        text, self._text = self._text[:size], self._text[size:]
        return text


class TextWriter:
    """Text that the peer is to receive.

    Attributes:
        encoding: the encoding of the text.
    """

    def __init__(self, stream: ByteWriter, encoding: str = "utf-8") -> None:
        self._stream = stream
        self.encoding: str = encoding

    async def write(self, text: str) -> None:
        """Send text; wait while the peer or the network is slower than we are.

        Raises:
            ChannelClosed: the channel is closed, or EOF was sent.
            ConnectionLost: the connection is lost.
        """
        await self._stream.write(text.encode(self.encoding))

    def write_eof(self) -> None:
        """Tell the peer that nothing more follows."""
        self._stream.write_eof()


class TextProcess:
    """A running command whose streams are text; `process` has everything else.

    Leaving its scope while it runs ends it: TERM, after the grace KILL, then the channel.
    """

    stdin: TextWriter
    """Its standard input."""
    stdout: TextReader
    """Its standard output."""
    stderr: TextReader
    """Its standard error; empty when it has a terminal."""
    process: Process
    """The process with its streams of bytes."""

    def __init__(self, process: Process) -> None:
        self.process = process
        self.stdin = TextWriter(process.stdin)
        self.stdout = TextReader(process.stdout)
        self.stderr = TextReader(process.stderr)

    @property
    def launch(self) -> Launch:
        """What was started, and in which surroundings."""
        return self.process.launch

    @property
    def exit_status(self) -> int | None:
        """Its exit status, once it has ended with one."""
        return self.process.exit_status

    @property
    def exit_signal(self) -> ExitSignal | None:
        """The signal that ended it, if one did."""
        return self.process.exit_signal

    @property
    def running(self) -> bool:
        """Whether it has not ended yet, as far as is known."""
        return self.process.running

    async def wait(self) -> int | ExitSignal:
        """Wait for the end; return the exit status, or the signal that ended it.

        The output must be read meanwhile: a process that cannot write does not end.

        Raises:
            ConnectionLost: the connection was lost first.
            NoExitStatus: the channel closed without either.
            OSError: what its streams are redirected to cannot be read or written.
        """
        return await self.process.wait()

    def send_signal(self, name: str) -> None:
        """Send a signal (RFC 4254 section 6.9).

        Args:
            name: its name, with or without SIG: "TERM", "KILL", "INT", …

        Raises:
            ChannelClosed: the process is gone.
        """
        self.process.send_signal(name)

    def terminate(self) -> None:
        """Send TERM."""
        self.process.terminate()

    def kill(self) -> None:
        """Send KILL."""
        self.process.kill()

    def resize(self, columns: int, rows: int) -> None:
        """Tell the server the terminal's new size (RFC 4254 section 6.7)."""
        self.process.resize(columns, rows)

    async def close(self) -> None:
        """End the process if it runs, and close the channel, in bounded time."""
        await self.process.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await close_after(error, self.close)
