"""What the asyncio client sends on: a socket, a named pipe, Pageant, or anything like them."""

from __future__ import annotations

import asyncio
import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol, TypeAlias, cast

from ssh_agent.clients import DEFAULT_TIMEOUT, connect_error
from ssh_agent.errors import AgentError, AgentUnavailable
from ssh_agent.location import PAGEANT, locate
from ssh_wire.aio import timeout

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Executor

    from ssh_agent.location import Location
    from ssh_agent.pageant import PageantConversation

__all__ = ["PageantStream", "StreamReader", "StreamWriter", "open_agent", "open_streams"]


class StreamReader(Protocol):
    """What the client reads from; `asyncio.StreamReader` is one."""

    async def read(self, n: int, /) -> bytes:
        """Return some bytes, or none at the end."""
        ...


class StreamWriter(Protocol):
    """What the client writes to; `asyncio.StreamWriter` is one."""

    def write(self, data: bytes, /) -> None:
        """Take bytes to send."""

    async def drain(self) -> None:
        """Wait until more may be written."""

    def close(self) -> None:
        """End the stream."""

    async def wait_closed(self) -> None:
        """Wait until it has ended."""


_Streams: TypeAlias = tuple[StreamReader, StreamWriter]


class PageantStream:
    """Both directions of a conversation with Pageant, which waits in one thread of its own.

    Args:
        conversation: exchanges requests and replies.
        executor: has one thread, so that requests stay in order.
        timeout: seconds that Pageant may take for one reply.
    """

    def __init__(
        self, conversation: PageantConversation, executor: Executor, timeout: float | None
    ) -> None:
        self._conversation = conversation
        self._executor = executor
        self._timeout = timeout
        self._outgoing = b""

    def write(self, data: bytes, /) -> None:
        """Take bytes to send."""
        self._outgoing += data

    async def drain(self) -> None:
        """Exchange what was written; the replies are there afterwards."""
        data, self._outgoing = self._outgoing, b""
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._executor, self._conversation.send, data, self._timeout)

    async def read(self, n: int, /) -> bytes:
        """Return some bytes of the replies."""
        return self._conversation.receive(n, self._timeout)

    def close(self) -> None:
        """End the thread, when it waits no more."""
        self._executor.shutdown(wait=False)

    async def wait_closed(self) -> None:
        """Return at once."""


class _PipeLoop(Protocol):
    """The event loop of Windows that opens pipes, `asyncio.ProactorEventLoop`."""

    async def create_pipe_connection(
        self, factory: Callable[[], asyncio.StreamReaderProtocol], address: str, /
    ) -> tuple[asyncio.Transport, asyncio.StreamReaderProtocol]: ...


async def open_agent(path: str | None = None, seconds: float | None = DEFAULT_TIMEOUT) -> _Streams:
    """Connect to the agent at `path`, by default at SSH_AUTH_SOCK, and return the streams.

    Args:
        path: as for `AgentClient.connect`.
        seconds: how long connecting may take; with Pageant, each reply too.

    Raises:
        AgentUnavailable: there is no agent at that place.
        AgentTimeout: it does not take the connection.
    """
    *others, last = locate(path, os.environ, sys.platform)
    for location in others:
        with suppress(AgentError):
            return await open_streams(location, seconds)
    return await open_streams(last, seconds)


async def open_streams(location: Location, seconds: float | None) -> _Streams:
    """Connect to an agent, which may take so many seconds for it and for each reply.

    Raises:
        AgentUnavailable: there is no agent at that place.
        AgentTimeout: it does not take the connection.
    """
    try:
        async with timeout(seconds):
            if location.transport == "pipe":
                return await _open_pipe(location.path)
            if location.transport == PAGEANT:
                return _open_pageant(seconds)
            return await asyncio.open_unix_connection(location.path)
    except AgentUnavailable:
        raise
    except OSError as error:
        raise connect_error(location.path, error) from error


async def _open_pipe(path: str) -> _Streams:
    loop = asyncio.get_running_loop()
    if not hasattr(loop, "create_pipe_connection"):
        problem = f"no agent at {path}: {type(loop).__name__} opens no pipes"
        raise AgentUnavailable(problem)
    reader = asyncio.StreamReader()
    transport, protocol = await cast("_PipeLoop", loop).create_pipe_connection(
        lambda: asyncio.StreamReaderProtocol(reader), path
    )
    return reader, asyncio.StreamWriter(transport, protocol, reader, loop)


def _open_pageant(seconds: float | None) -> _Streams:
    from concurrent.futures import ThreadPoolExecutor  # loads on Windows alone

    from ssh_agent.blocking.windows import load_window
    from ssh_agent.pageant import PageantConversation

    window = load_window()
    if not window.handle:
        problem = "no agent: Pageant does not run"
        raise AgentUnavailable(problem)
    stream = PageantStream(PageantConversation(window), ThreadPoolExecutor(1), seconds)
    return stream, stream
