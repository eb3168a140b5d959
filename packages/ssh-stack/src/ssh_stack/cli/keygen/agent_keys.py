"""Keys whose private halves the agent has: they sign files and certificates."""

from __future__ import annotations

from contextlib import ExitStack

from ssh_agent.blocking import AgentClient
from ssh_keys import PublicKey

__all__ = ["AgentSigner"]


class AgentSigner:
    """A key that the agent signs with.

    Attributes:
        public_key: the key.
    """

    def __init__(self, public_key: PublicKey, stack: ExitStack) -> None:
        self.public_key: PublicKey = public_key
        self._client = stack.enter_context(AgentClient.connect())

    def sign(self, data: bytes, algorithm: str, /) -> bytes:
        """Return the agent's signature.

        Raises:
            AgentError: it does not have the key, or refuses to sign.
        """
        return self._client.sign(self.public_key, data, algorithm)
