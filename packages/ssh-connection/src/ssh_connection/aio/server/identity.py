"""Who the server is: its host keys, their certificates, and how it signs with them.

A signature that takes long is made beside the event loop: by a thread for RSA, by whoever
holds the key for an agent or a device.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from ssh_keys import PrivateKey, PublicKey

if TYPE_CHECKING:
    from ssh_keys import Certificate, Credential

__all__ = ["HostIdentity", "HostSigner"]

_SLOW = frozenset({"ssh-rsa"})  # more than a millisecond; it lets other threads run


class HostSigner(Protocol):
    """Something that signs with a host key; a `ssh_auth.Signer` is one."""

    @property
    def public_key(self) -> PublicKey:
        """The key whose signatures it makes."""
        ...

    async def sign(self, data: bytes, algorithm: str) -> bytes:
        """Return the signature of `data`."""
        ...


class HostIdentity:
    """The host keys of a server.

    Attributes:
        keys: their public halves.
        presented: what a client may choose from: the keys and their certificates.
    """

    def __init__(
        self,
        keys: Sequence[PrivateKey | HostSigner],
        certificates: Sequence[Certificate] = (),
    ) -> None:
        self._signers = {key.public_key.blob: key for key in keys}
        self.keys: tuple[PublicKey, ...] = tuple(key.public_key for key in keys)
        own = [each for each in certificates if each.public_key.blob in self._signers]
        self.presented: tuple[Credential, ...] = (*self.keys, *own)

    def sign_at_once(self, key: PublicKey, data: bytes, algorithm: str) -> bytes | None:
        """Return the signature, or None where it takes too long for the event loop."""
        signer = self._signers[key.blob]
        if isinstance(signer, PrivateKey) and key.kind not in _SLOW:
            return signer.sign(data, algorithm)
        return None

    async def sign(self, key: PublicKey, data: bytes, algorithm: str) -> bytes:
        """Return the signature."""
        signer = self._signers[key.blob]
        if not isinstance(signer, PrivateKey):
            return await signer.sign(data, algorithm)
        if key.kind in _SLOW:
            return await asyncio.to_thread(signer.sign, data, algorithm)
        return signer.sign(data, algorithm)
