"""AgentClient for asyncio: the core, a stream, and a timeout.

Whoever waits for a reply reads for all: requests of several tasks are pipelined on one
connection, and no task of its own has to be ended.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Self, TypeVar

from ssh_agent.aio.streams import StreamReader, StreamWriter, open_agent
from ssh_agent.clients import DEFAULT_TIMEOUT, READ_SIZE, closed, conversation_error
from ssh_agent.core import AgentProtocol, PendingRequest
from ssh_agent.errors import AgentError
from ssh_agent.requests import (
    AgentRequest,
    ExtensionNamesRequest,
    ExtensionRequest,
    IdentitiesRequest,
    SignatureRequest,
)
from ssh_keys import KeyPolicy
from ssh_wire import lazy
from ssh_wire.aio import close_after, timeout

if TYPE_CHECKING:
    from collections.abc import Generator
    from types import TracebackType

    from ssh_agent import operations
    from ssh_agent.constraints import Constraints
    from ssh_agent.identities import Identities
    from ssh_keys import Certificate, Credential, PrivateKey
else:  # most clients list and sign
    operations = lazy.module("ssh_agent.operations")

__all__ = ["DEFAULT_TIMEOUT", "AgentClient", "Connecting"]

T = TypeVar("T")


class AgentClient:
    """A connection to an agent.

    Any number of tasks may use it at once.  An agent that does not answer in time costs
    the connection, because every later reply would wait behind the missing one.

    Each method that asks the agent raises AgentError: the agent refuses, misbehaves, is gone or
    is late.
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
            path: the agent's Unix socket; on Windows a named pipe, or "pageant".  There the
                default without SSH_AUTH_SOCK is OpenSSH's agent, and else Pageant.
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
        """
        return await self.ask(IdentitiesRequest(policy=policy))

    async def sign(self, key: Credential, data: bytes, algorithm: str) -> bytes:
        """Return the agent's signature over `data`, verified.

        Args:
            key: the key, or the certificate of it that the agent lists.
            data: what to sign.
            algorithm: one of the key's own algorithms.

        Raises:
            UsageError: the key has no such algorithm, or the data is too long for an agent.
        """
        return await self.ask(SignatureRequest(key, data, algorithm))

    async def add(
        self,
        key: PrivateKey,
        comment: str = "",
        *,
        certificate: Certificate | None = None,
        constraints: Constraints | None = None,
    ) -> None:
        """Have the agent keep a private key.

        Args:
            key: the key; of a FIDO token's, its handle.
            comment: what the agent calls it; by default the key's own comment.
            certificate: with which it is listed instead of the plain key.
            constraints: its lifetime, whether each use is confirmed, the ways that it may be
                used, and the library for a FIDO token.

        Raises:
            UsageError: the certificate is another key's, or no agent takes the constraints.
        """
        request = operations.add(key, comment, certificate=certificate, constraints=constraints)
        await self.ask(request)

    async def remove(self, key: Credential) -> None:
        """Have the agent forget a key or certificate that it lists."""
        await self.ask(operations.remove(key))

    async def remove_all(self) -> None:
        """Have the agent forget every key."""
        await self.ask(operations.remove_all())

    async def lock(self, passphrase: str | bytes) -> None:
        """Have the agent list no key and refuse everything, until it is unlocked."""
        await self.ask(operations.lock(passphrase))

    async def unlock(self, passphrase: str | bytes) -> None:
        """Have a locked agent serve again; a wrong passphrase is answered late."""
        await self.ask(operations.unlock(passphrase))

    async def add_smartcard(
        self, token: str, pin: str | bytes = b"", *, constraints: Constraints | None = None
    ) -> None:
        """Have the agent use the keys of a token.

        Args:
            token: which one; for OpenSSH the path of a PKCS#11 library.
            pin: the PIN of the token.
            constraints: how its keys may be used, and certificates of them.

        Raises:
            UsageError: no agent takes the constraints.
        """
        await self.ask(operations.add_smartcard(token, pin, constraints=constraints))

    async def remove_smartcard(self, token: str, pin: str | bytes = b"") -> None:
        """Have the agent forget the keys of a token."""
        await self.ask(operations.remove_smartcard(token, pin))

    async def extensions(self) -> tuple[str, ...]:
        """Return the names of the agent's extensions; many agents refuse to tell."""
        return await self.ask(ExtensionNamesRequest())

    async def bind(
        self, host_key: Credential, session_id: bytes, signature: bytes, *, forwarding: bool
    ) -> None:
        """Bind this connection to an SSH session ("session-bind@openssh.com").

        The agent then knows over which hosts a request comes, and applies the destination
        constraints of its keys.

        Args:
            host_key: the host's key, or its certificate.
            session_id: the session identifier.
            signature: the host's signature of it, from the first key exchange.
            forwarding: whether the agent is forwarded over the session, instead of used to
                log in to it.
        """
        await self.ask(operations.bind(host_key, session_id, signature, forwarding=forwarding))

    async def extension(self, name: str, contents: bytes = b"") -> bytes:
        """Send the request of an extension; return the contents of its answer (section 4.7)."""
        return await self.ask(ExtensionRequest(name, contents))

    async def ask(self, request: AgentRequest[T]) -> T:
        """Send a request, and return what its reply means.

        Raises:
            UsageError: the request is too long for an agent, or 256 wait already.
        """
        pending = self._core.start(request)
        try:
            async with timeout(self._timeout):
                await self._converse(pending)
        except AgentError as error:
            self._end(error)
        except (OSError, EOFError) as error:
            self._end(conversation_error(error, self._timeout))
        return pending.result()

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
        streams = await open_agent(self._path, self._timeout)
        return AgentClient.from_streams(*streams, timeout=self._timeout)
