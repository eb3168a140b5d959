"""The host keys of a server in tests, a signer beside memory, and a client that learns keys."""

from __future__ import annotations

import asyncio

from ssh_connection.aio import HostKeyProver
from ssh_keys import PrivateKey, PublicKey

ED25519 = PrivateKey.generate("ed25519")
ECDSA = PrivateKey.generate("ecdsa")
RSA = PrivateKey.generate("rsa", 2048)


class Device:
    """A signer whose key is not in memory."""

    def __init__(self, key: PrivateKey, fault: Exception | None = None) -> None:
        self.key = key
        self.fault = fault
        self.asked: list[str] = []

    @property
    def public_key(self) -> PublicKey:
        return self.key.public_key

    async def sign(self, data: bytes, algorithm: str) -> bytes:
        self.asked.append(algorithm)
        await asyncio.sleep(0)
        if self.fault is not None:
            raise self.fault
        return self.key.sign(data, algorithm)


class Learner:
    """Keeps what it was told, and what was proven of it."""

    def __init__(self) -> None:
        self.told: list[tuple[PublicKey, ...]] = []
        self.proven: list[tuple[PublicKey, ...]] = []
        self.extra: tuple[PublicKey, ...] = ()
        self.done = asyncio.Event()

    async def __call__(self, keys: tuple[PublicKey, ...], prove: HostKeyProver) -> None:
        self.told.append(keys)
        self.proven.append(await prove((*keys, *self.extra)))
        self.done.set()
