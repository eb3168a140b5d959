"""What signs for a publickey request: a key in memory, or an agent.

A hardware token or a key service is one more class with these three members.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from ssh_keys import PrivateKey, PublicKey

if TYPE_CHECKING:
    from ssh_agent import Identity
    from ssh_keys import Certificate

__all__ = ["AgentSigner", "KeySigner", "Signer", "SigningAgent"]


class Signer(Protocol):
    """Something that signs with one key."""

    @property
    def public_key(self) -> PublicKey:
        """The key whose signatures it makes."""
        ...

    @property
    def source(self) -> str:
        """Where the key comes from, for reports: "agent", "memory", "file /path"."""
        ...

    async def sign(self, data: bytes, algorithm: str) -> bytes:
        """Return the signature blob over `data`.

        Raises:
            SSHError: it cannot, or may not.
        """
        ...


class SigningAgent(Protocol):
    """What a signer needs of an agent; `ssh_agent.aio.AgentClient` is one."""

    async def sign(self, key: PublicKey | Certificate, data: bytes, algorithm: str, /) -> bytes:
        """Return the agent's signature over `data`, by the key or that of the certificate."""
        ...


class KeySigner:
    """Signs with a private key in memory."""

    def __init__(self, key: PrivateKey, source: str = "memory") -> None:
        self._key = key
        self._source = source

    @property
    def public_key(self) -> PublicKey:
        """The public half of the key."""
        return self._key.public_key

    @property
    def source(self) -> str:
        """Where the key was loaded from."""
        return self._source

    async def sign(self, data: bytes, algorithm: str) -> bytes:
        """Return the signature blob over `data`; nothing is awaited."""
        return self._key.sign(data, algorithm)

    def __repr__(self) -> str:
        return f"KeySigner({self.public_key.fingerprint()}, source={self._source!r})"


class AgentSigner:
    """Signs with a key, or with the key of a certificate, that an agent holds."""

    def __init__(self, agent: SigningAgent, identity: Identity) -> None:
        self._agent = agent
        self._identity = identity

    @property
    def public_key(self) -> PublicKey:
        """The public key that the agent listed, or that of the certificate."""
        return self._identity.key

    @property
    def source(self) -> str:
        """The agent, and its name for the key."""
        comment = self._identity.comment
        return f"agent {comment}" if comment else "agent"

    async def sign(self, data: bytes, algorithm: str) -> bytes:
        """Ask the agent for the signature.

        Raises:
            AgentError: the agent refuses, misbehaves, is gone or is late.
        """
        return await self._agent.sign(self._identity.listed, data, algorithm)

    def __repr__(self) -> str:
        return f"AgentSigner({self.public_key.fingerprint()}, source={self.source!r})"
