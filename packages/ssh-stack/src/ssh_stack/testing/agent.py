"""An agent on a Unix socket, for clients in any thread or process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Self

from ssh_agent.aio import AgentListener, AgentServer
from ssh_agent.server import Keyring
from ssh_stack.sync._portal import portal

if TYPE_CHECKING:
    from types import TracebackType

    from ssh_agent import Constraints
    from ssh_keys import Certificate, PrivateKey, PublicKey

__all__ = ["SSHAgent"]


class SSHAgent:
    """An agent that holds the keys that a test gives it, in a thread of its own.

    `with SSHAgent() as agent` starts it; `agent.path` is what SSH_AUTH_SOCK is to be.

    Attributes:
        requests: a line for each request and each reply, without their contents.
    """

    def __init__(self) -> None:
        self.requests: Final[list[str]] = []
        self._keyring = Keyring()
        self._server = AgentServer(
            self._keyring, lambda: AgentListener.open(None), trace=self.requests.append
        )

    @property
    def path(self) -> str:
        """Where its socket is: what SSH_AUTH_SOCK is to be."""
        return self._server.path

    @property
    def keys(self) -> tuple[PublicKey, ...]:
        """The public keys of what it holds, in the order in which they were added."""
        return tuple(each.public_key for each in portal().call(lambda: self._keyring.identities))

    def add(
        self,
        key: PrivateKey,
        *,
        certificate: Certificate | None = None,
        comment: str = "",
        constraints: Constraints | None = None,
    ) -> None:
        """Keep a key.

        Args:
            key: the private key.
            certificate: its certificate, which is listed instead of the plain key.
            comment: what the agent calls it; by default the comment of the key.
            constraints: how it may be used.

        Raises:
            UsageError: the certificate is another key's, or the private key is in a FIDO token.
        """
        portal().call(
            self._keyring.add,
            key,
            certificate=certificate,
            comment=comment,
            constraints=constraints,
            now=self._server.now(),
        )

    def remove_all(self) -> None:
        """Forget every key."""
        portal().call(self._keyring.remove_all)

    def close(self) -> None:
        """End every connection and remove the socket."""
        portal().wait(self._server.close)

    def __enter__(self) -> Self:
        portal().wait(self._server.__aenter__)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
