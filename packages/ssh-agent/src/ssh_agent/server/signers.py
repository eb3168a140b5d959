"""What signs with a key that the agent's process does not hold."""

from __future__ import annotations

from typing import Protocol

from ssh_keys import PublicKey

__all__ = ["AgentSigner"]


class AgentSigner(Protocol):
    """A key that is elsewhere: in another process, a token, a key service.

    A connection of the agent waits for a signature while all others are served.
    """

    @property
    def public_key(self) -> PublicKey:
        """The key whose signatures it makes."""
        ...

    async def sign(self, data: bytes, algorithm: str, /) -> bytes:
        """Return the signature as it is sent, algorithm name first.

        Args:
            data: what to sign.
            algorithm: one of the key's `algorithms`.

        Raises:
            Exception: it cannot, or may not; the agent answers SSH_AGENT_FAILURE.
        """
        ...
