"""Keys in PKCS#11 tokens (PKCS11Provider of ssh_config(5)), and keys whose signing takes time."""

from __future__ import annotations

import logging
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Final

from ssh_keys import PinNeeded, TokenFailed
from ssh_stack.client.key_files import NamedKey
from ssh_stack.local.callbacks import call_for_text
from ssh_stack.local.threads import run_in_thread
from ssh_wire import SSHError
from ssh_wire.text import printable

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AsyncExitStack

    from ssh_keys import PrivateKey, PublicKey
    from ssh_keys.pkcs11 import Token
    from ssh_stack.client.plan.identity import IdentityPlan

__all__ = ["ThreadSigner", "TokenLogin", "token_keys"]

_LOG: Final = logging.getLogger("ssh_stack")


class TokenLogin:
    """Logs in to a token when its first signature is wanted.

    The user is asked once: a token locks itself after a few wrong PINs.

    Args:
        token: the token.
        plan: says who is asked.
    """

    def __init__(self, token: Token, plan: IdentityPlan) -> None:
        self._token = token
        self._plan = plan
        self._failed: TokenFailed | None = None

    async def log_in(self) -> None:
        """Log in, unless that was done.

        Raises:
            TokenFailed: the user cannot be asked, or the token refuses the PIN.
        """
        if self._failed is not None:
            raise self._failed
        if not self._token.needs_pin:
            return
        try:
            pin = await self._ask()
            await run_in_thread(partial(self._token.log_in, pin))
        except TokenFailed as error:
            self._failed = error
            raise

    async def _ask(self) -> str:
        ask = getattr(self._plan.prompter, "token_pin", None)
        pin = None
        if ask is not None:
            asked = partial(ask, self._token.label)
            pin = await call_for_text(asked, what="prompter.token_pin")
        if pin is None:
            problem = (
                f"the PKCS#11 token '{self._token.label}' needs its PIN, and was given none: "
                "the prompter has no token_pin, or no answer"
            )
            raise PinNeeded(problem)
        return pin


class ThreadSigner:
    """Signs in a thread, so that no other connection waits.

    Args:
        key: the key, in a token or with a service.
        source: where it comes from.
        login: logs in to its token first.
    """

    def __init__(
        self, key: PrivateKey, source: str = "memory", login: TokenLogin | None = None
    ) -> None:
        self._key = key
        self._source = source
        self._login = login

    @property
    def public_key(self) -> PublicKey:
        """The public half of the key."""
        return self._key.public_key

    @property
    def source(self) -> str:
        """Where the key comes from."""
        return self._source

    async def sign(self, data: bytes, algorithm: str) -> bytes:
        """Return the signature blob over `data`.

        Raises:
            SSHError: the token or the service does not sign.
        """
        if self._login is not None:
            await self._login.log_in()
        return await run_in_thread(partial(self._key.sign, data, algorithm))

    def __repr__(self) -> str:
        return f"ThreadSigner({self.public_key.fingerprint()}, source={self._source!r})"


async def token_keys(
    library: str, plan: IdentityPlan, stack: AsyncExitStack
) -> Sequence[NamedKey]:
    """Return the keys of the tokens that the library of PKCS11Provider finds.

    A library or token that cannot be used is one key without a signer, and one line of the log.

    Args:
        library: the path of the library.
        plan: says who is asked for a PIN, and which keys are strong enough.
        stack: closes the tokens.
    """
    try:
        return await _token_keys(library, plan, stack)
    except SSHError as error:
        source = f"PKCS#11 library {printable(library)}"
        _LOG.warning("%s is not used: %s", source, error)
        return (NamedKey(source=source, problem=str(error)),)


async def _token_keys(
    library: str, plan: IdentityPlan, stack: AsyncExitStack
) -> Sequence[NamedKey]:
    from ssh_keys.pkcs11 import open_tokens  # python-pkcs11 is an extra

    tokens = await run_in_thread(partial(open_tokens, library, policy=plan.key_policy))
    found: list[NamedKey] = []
    for token in tokens:
        stack.callback(_close, token)
        login = TokenLogin(token, plan)
        for key in await run_in_thread(partial(_keys, token)):
            source = f"PKCS#11 token '{token.label}' {key.comment}".rstrip()
            signer = ThreadSigner(key, source, login)
            found.append(NamedKey(source=source, public_key=key.public_key, signer=signer))
    return found


def _keys(token: Token) -> Sequence[PrivateKey]:
    return token.keys


def _close(token: Token) -> None:
    with suppress(TokenFailed):  # it was pulled out
        token.close()
