"""What signs messages, files and certificates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from ssh_keys.public import PublicKey

__all__ = ["MessageSigner"]


class MessageSigner(Protocol):
    """Something that signs with one key: a `PrivateKey`, or what asks an agent or a token."""

    @property
    def public_key(self) -> PublicKey:
        """The key that signs."""
        ...

    def sign(self, data: bytes, algorithm: str, /) -> bytes:
        """Return the signature of `data` as it is sent, algorithm name first."""
        ...
