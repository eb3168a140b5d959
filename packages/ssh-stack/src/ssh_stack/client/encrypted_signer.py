"""A key whose passphrase is asked for when its signature is wanted, and not before."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from ssh_keys import KeyDecryptError, KeyFormatError, PassphraseNeeded, PrivateKey, PublicKey
from ssh_stack.client.plan.identity import PASSPHRASE_PROMPTS

__all__ = ["EncryptedSigner"]


class EncryptedSigner:
    """Signs with an encrypted private key.

    Args:
        load: reads the key with a passphrase.
        source: where the key comes from, such as "file /home/me/.ssh/id_rsa".
        ask: returns the passphrase, or None to give up.
        public_key: the public half, where it is known without the passphrase.
        tries: how often `ask` is called while its answer does not open the key.
    """

    def __init__(
        self,
        load: Callable[[str | bytes | None], PrivateKey],
        source: str,
        ask: Callable[[], Awaitable[str | bytes | None]],
        public_key: PublicKey | None,
        tries: int = PASSPHRASE_PROMPTS,
    ) -> None:
        self._load = load
        self._source = source
        self._ask = ask
        self._public_key = public_key
        self._tries = tries
        self._key: PrivateKey | None = None

    @property
    def public_key(self) -> PublicKey:
        """The public half, which the file shows without a passphrase.

        Raises:
            PassphraseNeeded: it does not, and the key is still locked.
        """
        if self._public_key is None:
            raise _wrong_passphrase(self._source)
        return self._public_key

    @property
    def source(self) -> str:
        """Where the key comes from."""
        return self._source

    async def sign(self, data: bytes, algorithm: str) -> bytes:
        """Return the signature blob over `data`; the first one asks for the passphrase.

        Raises:
            KeyDecryptError: no answer opened the key.
            KeyFormatError: the file is another key than its public half, or cannot be read.
        """
        return (await self.unlock()).sign(data, algorithm)

    async def unlock(self) -> PrivateKey:
        """Return the private key; ask for its passphrase if that has not been done.

        Raises:
            KeyDecryptError: no answer opened the key.
            KeyFormatError: the file is another key than its public half, or cannot be read.
        """
        for remaining in reversed(range(self._tries)):
            if self._key is not None:
                break
            passphrase = await self._ask()
            if not passphrase:
                raise _wrong_passphrase(self._source)
            try:
                self._key = await self._open(passphrase)
            except KeyDecryptError:
                if not remaining:
                    problem = f"wrong passphrase for {self._source}"
                    raise KeyDecryptError(problem) from None
        if self._key is None:  # pragma: no cover (the last wrong answer has raised)
            raise _wrong_passphrase(self._source)
        return self._key

    async def _open(self, passphrase: str | bytes) -> PrivateKey:
        try:
            # deriving a key from a passphrase takes its time
            key = await asyncio.to_thread(self._load, passphrase)
        except OSError as error:
            problem = f"{self._source} cannot be read: {error.strerror or error}"
            raise KeyFormatError(problem) from error
        if self._public_key is None:
            self._public_key = key.public_key
        elif key.public_key != self._public_key:
            problem = f"{self._source} is not the private key of the public key beside it"
            raise KeyFormatError(problem)
        return key


def _wrong_passphrase(source: str) -> PassphraseNeeded:
    problem = f"the passphrase of {source} was not given"
    return PassphraseNeeded(problem)
