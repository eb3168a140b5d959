"""A key whose passphrase is asked for when its signature is wanted, and not before."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from ssh_keys import KeyDecryptError, PassphraseNeeded, PrivateKey, PublicKey

__all__ = ["LockedSigner"]

_TRIES: Final = 3  # as ssh's NumberOfPasswordPrompts


class LockedSigner:
    """Signs with an encrypted private key."""

    def __init__(
        self,
        load: Callable[[str | bytes | None], PrivateKey],
        source: str,
        ask: Callable[[], Awaitable[str | None]],
        public_key: PublicKey | None,
    ) -> None:
        self._load = load
        self._source = source
        self._ask = ask
        self._public_key = public_key
        self._key: PrivateKey | None = None

    @property
    def public_key(self) -> PublicKey:
        """The public half, which the file shows without a passphrase.

        Raises:
            PassphraseNeeded: it does not, and the key is still locked.
        """
        if self._key is not None:
            return self._key.public_key
        if self._public_key is None:
            raise _locked(self._source)
        return self._public_key

    @property
    def source(self) -> str:
        """Where the key comes from."""
        return self._source

    async def sign(self, data: bytes, algorithm: str) -> bytes:
        """Return the signature blob over `data`; the first one asks for the passphrase.

        Raises:
            KeyDecryptError: no answer opened the key.
        """
        return (await self.unlock()).sign(data, algorithm)

    async def unlock(self) -> PrivateKey:
        """Return the private key; ask for its passphrase if that has not been done.

        Raises:
            KeyDecryptError: no answer opened the key.
        """
        for remaining in reversed(range(_TRIES)):
            if self._key is not None:
                break
            passphrase = await self._ask()
            if not passphrase:
                raise _locked(self._source)
            try:
                self._key = await asyncio.to_thread(self._load, passphrase)
            except KeyDecryptError:
                if not remaining:
                    raise
        if self._key is None:  # pragma: no cover (the last wrong answer has raised)
            raise _locked(self._source)
        return self._key


def _locked(source: str) -> PassphraseNeeded:
    problem = f"the passphrase of {source} was not given"
    return PassphraseNeeded(problem)
