"""AgentClient for asyncio: the core, a stream, and a timeout.

Whoever waits for a reply reads for all: requests of several tasks are pipelined on one
connection, and no task of its own has to be ended.
"""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol, Self, TypeVar

from ssh_agent.clients import DEFAULT_TIMEOUT, READ_SIZE, closed, connect_error, conversation_error
from ssh_agent.core import AgentProtocol, PendingRequest
from ssh_agent.location import socket_path
from ssh_agent.requests import ActionRequest, AgentRequest, IdentitiesRequest, SignatureRequest
from ssh_keys import KeyPolicy
from ssh_wire.aio import close_after, timeout

if TYPE_CHECKING:
    from collections.abc import Generator
    from types import TracebackType

    from ssh_agent.errors import AgentError
    from ssh_agent.identities import Identities
    from ssh_keys import Certificate, PrivateKey, PublicKey

__all__ = ["DEFAULT_TIMEOUT", "AgentClient", "Connecting", "StreamReader", "StreamWriter"]

T = TypeVar("T")


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


class AgentClient:
    """A connection to an agent.

    Any number of tasks may use it at once.  An agent that does not answer in time costs
    the connection, because every later reply would wait behind the missing one.
    """

    def __init__(
        self, reader: StreamReader, writer: StreamWriter, *, timeout: float | None
    ) -> None:
        self._core = AgentProtocol()
        self._reader = reader
        self._writer = writer
        self._timeout = timeout
        self._reading = asyncio.Lock()

    @classmethod
    def connect(
        cls, path: str | None = None, *, timeout: float | None = DEFAULT_TIMEOUT
    ) -> Connecting:
        """Connect to the agent at `path`, by default at SSH_AUTH_SOCK.

        To be awaited, or entered: `async with AgentClient.connect() as agent`.

        Args:
            path: the agent's Unix socket.
            timeout: seconds that connecting, and later each reply, may take.

        Raises:
            AgentUnavailable: there is no agent at that place.
            AgentTimeout: it does not take the connection.
        """
        return Connecting(path, timeout)

    @classmethod
    def from_streams(
        cls,
        reader: StreamReader,
        writer: StreamWriter,
        *,
        timeout: float | None = DEFAULT_TIMEOUT,
    ) -> Self:
        """Talk to an agent at the other end of a pair of streams."""
        return cls(reader, writer, timeout=timeout)

    async def identities(self, *, policy: KeyPolicy = KeyPolicy.DEFAULT) -> Identities:
        """Return the agent's usable keys; `skipped` names those that are not.

        Args:
            policy: which keys are strong enough to be read.

        Raises:
            AgentError: the agent refuses, misbehaves, is gone or is late.
        """
        return await self._ask(IdentitiesRequest(policy=policy))

    async def sign(self, key: PublicKey | Certificate, data: bytes, algorithm: str) -> bytes:
        """Return the agent's signature over `data`, verified.

        Args:
            key: the key, or the certificate of it that the agent lists.
            data: what to sign.
            algorithm: one of the key's own algorithms.

        Raises:
            AgentError: the agent refuses, misbehaves, is gone or is late.
            UsageError: the key has no such algorithm, or the data is too long for an agent.
        """
        return await self._ask(SignatureRequest(key, data, algorithm))

    async def add(
        self, key: PrivateKey, comment: str = "", *, lifetime: int = 0, confirm: bool = False
    ) -> None:
        """Have the agent keep a private key.

        Args:
            key: the key.
            comment: what the agent calls it; by default the key's own comment.
            lifetime: seconds after which the agent forgets it; 0 for never.
            confirm: whether the agent asks its user before each use.

        Raises:
            AgentError: the agent refuses, misbehaves, is gone or is late.
            UsageError: an agent does not take that number of seconds.
        """
        from ssh_agent.added_identity import AddedIdentity  # loads with the first addition
        from ssh_agent.constraints import Constraints

        constraints = Constraints(lifetime=lifetime or None, confirm=confirm)
        identity = AddedIdentity(key, comment or key.comment, constraints=constraints)
        request = ActionRequest(identity.message)
        await self._ask(request)

    async def close(self) -> None:
        """Close the connection; who waits for a reply gets AgentUnavailable."""
        self._end(closed())
        with suppress(OSError):
            await self._writer.wait_closed()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await close_after(error, self.close)

    async def _ask(self, request: AgentRequest[T]) -> T:
        pending = self._core.start(request)
        try:
            async with timeout(self._timeout):
                await self._converse(pending)
        except (OSError, EOFError) as error:
            self._end(conversation_error(error, self._timeout))
        return pending.result()

    async def _converse(self, pending: PendingRequest[T]) -> None:
        self._writer.write(self._core.take_outgoing())
        await self._writer.drain()
        while not pending.done:
            async with self._reading:
                if pending.done:  # whoever read before took our reply too
                    break
                data = await self._reader.read(READ_SIZE)
                if not data:
                    raise EOFError("it closed the connection")  # noqa: TRY003 (the cause)
                self._core.receive(data)
        if self._core.error is not None:
            self._writer.close()

    def _end(self, error: AgentError) -> None:
        self._core.close(error)
        self._writer.close()


class Connecting:
    """A connection about to be made: await it, or enter it."""

    def __init__(self, path: str | None, timeout: float | None) -> None:
        self._path = path
        self._timeout = timeout
        self._client: AgentClient | None = None

    def __await__(self) -> Generator[object, None, AgentClient]:
        return self._open().__await__()

    async def __aenter__(self) -> AgentClient:
        self._client = await self._open()
        return self._client

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._client is not None:  # pragma: no branch (it was entered)
            await close_after(error, self._client.close)

    async def _open(self) -> AgentClient:
        path = socket_path(self._path, os.environ)
        try:
            async with timeout(self._timeout):
                reader, writer = await asyncio.open_unix_connection(path)
        except OSError as error:
            raise connect_error(path, error) from error
        return AgentClient.from_streams(reader, writer, timeout=self._timeout)
