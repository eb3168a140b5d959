"""AgentClient without asyncio: the core, a stream, and a deadline.

Whoever waits for a reply reads for all: requests of several threads are pipelined.
"""

from __future__ import annotations

import os
import sys
import time
from contextlib import contextmanager, suppress
from threading import Lock
from typing import TYPE_CHECKING, Self, TypeVar

from ssh_agent.blocking.streams import AgentStream, SocketStream, open_stream
from ssh_agent.clients import DEFAULT_TIMEOUT, READ_SIZE, closed, conversation_error
from ssh_agent.core import AgentProtocol, PendingRequest
from ssh_agent.errors import AgentError, AgentUnavailable
from ssh_agent.location import locate
from ssh_agent.requests import (
    AgentRequest,
    ExtensionNamesRequest,
    ExtensionRequest,
    IdentitiesRequest,
    SignatureRequest,
)
from ssh_keys import KeyPolicy
from ssh_wire import lazy

if TYPE_CHECKING:
    import socket
    from collections.abc import Generator
    from types import TracebackType

    from ssh_agent import operations
    from ssh_agent.constraints import Constraints
    from ssh_agent.identities import Identities
    from ssh_keys import Certificate, Credential, PrivateKey
else:  # most clients list and sign
    operations = lazy.module("ssh_agent.operations")

__all__ = ["DEFAULT_TIMEOUT", "AgentClient"]

T = TypeVar("T")


class AgentClient:
    """A connection to an agent.

    Any number of threads may use it at once.  An agent that does not answer in time costs the
    connection, because every later reply would wait behind the missing one.

    Each method that asks the agent raises AgentError: the agent refuses, misbehaves, is gone or
    is late.
    """

    def __init__(self, stream: AgentStream, *, timeout: float | None) -> None:
        self._core = AgentProtocol()
        self._stream = stream
        self._timeout = timeout
        self._state = Lock()  # of the core
        self._sending = Lock()
        self._receiving = Lock()

    @classmethod
    def connect(cls, path: str | None = None, *, timeout: float | None = DEFAULT_TIMEOUT) -> Self:
        """Connect to the agent at `path`, by default at SSH_AUTH_SOCK.

        Args:
            path: the agent's Unix socket; on Windows a named pipe, or "pageant".  There the
                default without SSH_AUTH_SOCK is OpenSSH's agent, and else Pageant.
            timeout: seconds that each reply may take.

        Raises:
            AgentUnavailable: there is no agent at that place.
            AgentTimeout: it does not take the connection.
        """
        *others, last = locate(path, os.environ, sys.platform)
        for location in others:
            with suppress(AgentError):
                return cls(open_stream(location, timeout), timeout=timeout)
        return cls(open_stream(last, timeout), timeout=timeout)

    @classmethod
    def from_socket(
        cls, connection: socket.socket, *, timeout: float | None = DEFAULT_TIMEOUT
    ) -> Self:
        """Talk to an agent at the other end of a connected socket, which is ours from now on."""
        return cls(SocketStream(connection), timeout=timeout)

    @classmethod
    def from_stream(cls, stream: AgentStream, *, timeout: float | None = DEFAULT_TIMEOUT) -> Self:
        """Talk to an agent at the other end of any stream, which is ours from now on."""
        return cls(stream, timeout=timeout)

    def identities(self, *, policy: KeyPolicy = KeyPolicy.DEFAULT) -> Identities:
        """Return the agent's usable keys; `skipped` names those that are not.

        Args:
            policy: which keys are strong enough to be read.
        """
        return self.ask(IdentitiesRequest(policy=policy))

    def sign(self, key: Credential, data: bytes, algorithm: str) -> bytes:
        """Return the agent's signature over `data`, verified.

        Args:
            key: the key, or the certificate of it that the agent lists.
            data: what to sign.
            algorithm: one of the key's own algorithms.

        Raises:
            UsageError: the key has no such algorithm, or the data is too long for an agent.
        """
        return self.ask(SignatureRequest(key, data, algorithm))

    def add(
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
        self.ask(request)

    def remove(self, key: Credential) -> None:
        """Have the agent forget a key or certificate that it lists."""
        self.ask(operations.remove(key))

    def remove_all(self) -> None:
        """Have the agent forget every key."""
        self.ask(operations.remove_all())

    def lock(self, passphrase: str | bytes) -> None:
        """Have the agent list no key and refuse everything, until it is unlocked."""
        self.ask(operations.lock(passphrase))

    def unlock(self, passphrase: str | bytes) -> None:
        """Have a locked agent serve again; a wrong passphrase is answered late."""
        self.ask(operations.unlock(passphrase))

    def add_smartcard(
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
        self.ask(operations.add_smartcard(token, pin, constraints=constraints))

    def remove_smartcard(self, token: str, pin: str | bytes = b"") -> None:
        """Have the agent forget the keys of a token."""
        self.ask(operations.remove_smartcard(token, pin))

    def extensions(self) -> tuple[str, ...]:
        """Return the names of the agent's extensions; many agents refuse to tell."""
        return self.ask(ExtensionNamesRequest())

    def bind(
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
        self.ask(operations.bind(host_key, session_id, signature, forwarding=forwarding))

    def extension(self, name: str, contents: bytes = b"") -> bytes:
        """Send the request of an extension; return the contents of its answer (section 4.7)."""
        return self.ask(ExtensionRequest(name, contents))

    def ask(self, request: AgentRequest[T]) -> T:
        """Send a request, and return what its reply means.

        Raises:
            UsageError: the request is too long for an agent, or 256 wait already.
        """
        deadline = None if self._timeout is None else time.monotonic() + self._timeout
        with self._sending:
            with self._state:
                pending = self._core.start(request)
                outgoing = self._core.take_outgoing()
            with self._told():
                self._stream.send(outgoing, self._timeout)
        with self._told():
            self._wait(pending, deadline)
        return pending.result()

    def close(self) -> None:
        """Close the connection; who waits for a reply gets AgentUnavailable."""
        self._end(closed())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _wait(self, pending: PendingRequest[T], deadline: float | None) -> None:
        while not pending.done:
            with self._receiving:
                if pending.done:  # whoever read before took our reply too
                    break
                left = None if deadline is None else deadline - time.monotonic()
                if left is not None and left <= 0:
                    raise TimeoutError
                data = self._stream.receive(READ_SIZE, left)
                if not data:
                    raise EOFError("it closed the connection")  # noqa: TRY003 (the cause)
                with self._state:
                    self._core.receive(data)
        if self._core.error is not None:
            self._stream.close()

    @contextmanager
    def _told(self) -> Generator[None]:
        """Tell everybody who waits for a reply when the conversation fails."""
        try:
            yield
        except AgentError as error:
            self._end(error)
        except (OSError, EOFError) as error:
            self._end(conversation_error(error, self._timeout))
        except BaseException:  # interrupted halfway: the order of replies is lost
            self._end(AgentUnavailable("a request to the agent was interrupted"))
            raise

    def _end(self, error: AgentError) -> None:
        with self._state:
            self._core.close(error)
        self._stream.close()
