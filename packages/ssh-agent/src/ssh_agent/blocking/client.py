"""AgentClient without asyncio: the core, a Unix socket, and a deadline."""

from __future__ import annotations

import os
import socket
import time
from threading import Lock
from typing import TYPE_CHECKING, Self, TypeVar

from ssh_agent.clients import DEFAULT_TIMEOUT, READ_SIZE, closed, connect_error, conversation_error
from ssh_agent.core import AgentProtocol, PendingRequest
from ssh_agent.errors import AgentError, AgentUnavailable
from ssh_agent.location import socket_path
from ssh_agent.requests import ActionRequest, AgentRequest, IdentitiesRequest, SignatureRequest
from ssh_keys import KeyPolicy

if TYPE_CHECKING:
    from types import TracebackType

    from ssh_agent.identities import Identities
    from ssh_keys import Certificate, PrivateKey, PublicKey

__all__ = ["DEFAULT_TIMEOUT", "AgentClient"]

T = TypeVar("T")


class AgentClient:
    """A connection to an agent.

    Any number of threads may use it; their requests take turns.  An agent that does not
    answer in time costs the connection, because every later reply would wait behind the
    missing one.
    """

    def __init__(self, connection: socket.socket, *, timeout: float | None) -> None:
        self._core = AgentProtocol()
        self._socket = connection
        self._timeout = timeout
        self._turn = Lock()

    @classmethod
    def connect(cls, path: str | None = None, *, timeout: float | None = DEFAULT_TIMEOUT) -> Self:
        """Connect to the agent at `path`, by default at SSH_AUTH_SOCK.

        Args:
            path: the agent's Unix socket.
            timeout: seconds that each reply may take.

        Raises:
            AgentUnavailable: there is no agent at that place.
            AgentTimeout: it does not take the connection.
        """
        path = socket_path(path, os.environ)
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connection.settimeout(timeout)
            connection.connect(path)
        except OSError as error:
            connection.close()
            raise connect_error(path, error) from error
        return cls(connection, timeout=timeout)

    @classmethod
    def from_socket(
        cls, connection: socket.socket, *, timeout: float | None = DEFAULT_TIMEOUT
    ) -> Self:
        """Talk to an agent at the other end of a connected socket, which is ours from now on."""
        return cls(connection, timeout=timeout)

    def identities(self, *, policy: KeyPolicy = KeyPolicy.DEFAULT) -> Identities:
        """Return the agent's usable keys; `skipped` names those that are not.

        Args:
            policy: which keys are strong enough to be read.

        Raises:
            AgentError: the agent refuses, misbehaves, is gone or is late.
        """
        return self._ask(IdentitiesRequest(policy=policy))

    def sign(self, key: PublicKey | Certificate, data: bytes, algorithm: str) -> bytes:
        """Return the agent's signature over `data`, verified.

        Args:
            key: the key, or the certificate of it that the agent lists.
            data: what to sign.
            algorithm: one of the key's own algorithms.

        Raises:
            AgentError: the agent refuses, misbehaves, is gone or is late.
            UsageError: the key has no such algorithm, or the data is too long for an agent.
        """
        return self._ask(SignatureRequest(key, data, algorithm))

    def add(
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
        self._ask(request)

    def close(self) -> None:
        """Close the connection."""
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

    def _ask(self, request: AgentRequest[T]) -> T:
        with self._turn:
            pending = self._core.start(request)
            try:
                self._converse(pending)
            except (OSError, EOFError) as error:
                self._end(conversation_error(error, self._timeout))
            except BaseException:  # interrupted halfway: the order of replies is lost
                self._end(AgentUnavailable("a request to the agent was interrupted"))
                raise
            return pending.result()

    def _converse(self, pending: PendingRequest[T]) -> None:
        deadline = None if self._timeout is None else time.monotonic() + self._timeout
        self._socket.settimeout(self._timeout)
        self._socket.sendall(self._core.take_outgoing())
        while not pending.done:
            if deadline is not None:
                left = deadline - time.monotonic()
                if left <= 0:
                    raise TimeoutError
                self._socket.settimeout(left)
            data = self._socket.recv(READ_SIZE)
            if not data:
                raise EOFError("it closed the connection")  # noqa: TRY003 (the cause)
            self._core.receive(data)
        if self._core.error is not None:
            self._socket.close()

    def _end(self, error: AgentError) -> None:
        self._core.close(error)
        self._socket.close()
