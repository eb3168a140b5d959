"""The tasks that carry the redirected streams of one command."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import AsyncExitStack, suppress
from typing import TYPE_CHECKING, Any, Final, Protocol

from ssh_connection.errors import ChannelClosed, RedirectFailed
from ssh_transport import ConnectionLost

if TYPE_CHECKING:
    from ssh_connection.aio.process.redirect import OpenedStreams, Write
    from ssh_connection.aio.streams import ByteReader, ByteWriter

__all__ = ["CopyOwner", "StreamCopies"]

_CHUNK: Final = 256 * 1024


class _TargetLost(Exception):
    """The connection of what output is redirected to was lost: not the command's own."""


class CopyOwner(Protocol):
    """The process whose streams are carried."""

    @property
    def stdin(self) -> ByteWriter:
        """Its standard input."""
        ...

    @property
    def stdout(self) -> ByteReader:
        """Its standard output."""
        ...

    @property
    def stderr(self) -> ByteReader:
        """Its standard error."""
        ...

    def copying_failed(self) -> None:
        """Handle that a stream cannot be carried: a full disk, say."""

    def output_unread(self) -> None:
        """Handle that the output has no reader any more: the next of a pipeline has ended."""


class StreamCopies:
    """Carries the redirected streams of one command.

    Args:
        owner: the process.
        title: the command, for messages.
        streams: where its streams come from and go to.
        release: closes what was opened for them, when they are carried no more.
    """

    def __init__(
        self, owner: CopyOwner, title: str, streams: OpenedStreams, release: AsyncExitStack
    ) -> None:
        self._owner = owner
        self._title = title
        self._streams = streams
        self._release = release
        self._draining: list[asyncio.Task[None]] = []
        self._feeding: asyncio.Task[None] | None = None
        self._error: BaseException | None = None

    def start(self) -> None:
        """Begin to carry; the owner is told where that is not possible."""
        owner, streams = self._owner, self._streams
        outputs = (("stdout", owner.stdout), ("stderr", owner.stderr))
        for (name, reader), write in zip(outputs, streams.writes, strict=True):
            if write is not None:
                self._draining.append(self._carry(name, self._drain(reader, write)))
        if streams.feeds or streams.content is not None or streams.read is not None:
            self._feeding = self._carry("stdin", streams.feed(owner.stdin))

    def _carry(self, name: str, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        def copied(task: asyncio.Task[None]) -> None:
            error = None if task.cancelled() else task.exception()
            if isinstance(error, _TargetLost):
                error = error.__cause__
            if error is not None and self._error is None:
                if isinstance(error, OSError):
                    error = RedirectFailed(name, self._title, error)
                self._error = error
                self._owner.copying_failed()

        task = asyncio.get_running_loop().create_task(work)
        task.add_done_callback(copied)
        return task

    async def _drain(self, reader: ByteReader, write: Write) -> None:
        """Write all that a stream of the command brings, and the end behind it where it came."""
        with suppress(ChannelClosed, ConnectionLost):  # of which the command itself tells
            while data := await reader.read(_CHUNK):
                if not await self._write(write, data):
                    return
            await self._write(write, b"")

    async def _write(self, write: Write, data: bytes) -> bool:
        """Write a piece; return whether it was taken."""
        try:
            await write(data)
        except ChannelClosed:
            self._owner.output_unread()
            return False
        except ConnectionLost as error:
            raise _TargetLost(error) from error
        return True

    @property
    def error(self) -> BaseException | None:
        """Why a stream cannot be carried; None while none has failed."""
        return self._error

    async def finish(self) -> None:
        """Wait until all output is written; what the command did not read is not sent.

        Raises:
            RedirectFailed: what a stream is redirected to cannot be read or written.
        """
        if self._error is None and self._draining:
            await asyncio.wait(self._draining)
        await self.cut()
        if self._error is not None:
            raise self._error

    async def cut(self) -> None:
        """End what is still carried, and close what was opened for it."""
        tasks = [*self._draining, *filter(None, [self._feeding])]
        for task in tasks:
            task.cancel()
        try:
            await asyncio.gather(*tasks, return_exceptions=True)
        finally:
            await self._release.aclose()
