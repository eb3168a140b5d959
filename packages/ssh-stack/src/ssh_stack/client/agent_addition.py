"""Keys of files that go to the agent when they are used (AddKeysToAgent, ssh_config(5))."""

from __future__ import annotations

import logging
import os
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final

from ssh_stack.local.callbacks import call_for_decision
from ssh_stack.sources import Default
from ssh_wire import SSHError

if TYPE_CHECKING:
    from ssh_auth import Signer
    from ssh_keys import PrivateKey, PublicKey
    from ssh_stack.client.plan.identity import IdentityPlan

__all__ = ["AddingSigner", "adds_keys"]

_LOG: Final = logging.getLogger("ssh_stack")


def adds_keys(plan: IdentityPlan) -> bool:
    """Return whether keys are added to an agent at all."""
    return plan.add_to_agent != "no" and bool(_socket(plan))


def _socket(plan: IdentityPlan) -> str:
    """Return the agent's socket; empty where there is none."""
    if isinstance(plan.agent, Default):
        return os.environ.get("SSH_AUTH_SOCK", "")
    return "" if plan.agent is None else os.fspath(plan.agent)


class AddingSigner:
    """Signs with the key of a file, and adds it to the agent before it does so first.

    Args:
        signer: signs.
        load: returns the private key; it asks for its passphrase where it is encrypted.
        plan: says which agent, for how long, and who is asked.
    """

    def __init__(
        self, signer: Signer, load: Callable[[], Awaitable[PrivateKey]], plan: IdentityPlan
    ) -> None:
        self._signer = signer
        self._load = load
        self._plan = plan
        self._tried = False

    @property
    def public_key(self) -> PublicKey:
        """The key whose signatures it makes."""
        return self._signer.public_key

    @property
    def source(self) -> str:
        """Where the key comes from."""
        return self._signer.source

    async def sign(self, data: bytes, algorithm: str) -> bytes:
        """Return the signature blob over `data`.

        Raises:
            SSHError: it cannot sign; a key that cannot be added signs nevertheless.
        """
        if not self._tried:
            key = await self._load()  # a wrong passphrase is an error here as well
            self._tried = True
            await self._add(key)
        return await self._signer.sign(data, algorithm)

    async def _add(self, key: PrivateKey) -> None:
        plan, path = self._plan, self.source.removeprefix("file ")
        if plan.add_to_agent == "ask" and not await self._is_confirmed(path):
            return
        if key.public_key.kind.startswith(("sk-", "webauthn-")):
            return  # the agent would need the library of its token
        from ssh_agent import AgentError, Constraints  # where a key is added
        from ssh_agent.aio import AgentClient  # the same

        constraints = Constraints(
            lifetime=plan.agent_lifetime or None, confirm=plan.add_to_agent == "confirm"
        )
        try:
            async with AgentClient.connect(_socket(plan)) as agent:
                await agent.add(key, key.comment or path, constraints=constraints)
        except (AgentError, SSHError) as error:
            _LOG.debug("the key of %s was not added to the agent: %s", path, error)
        else:
            _LOG.debug("the key of %s was added to the agent", path)

    async def _is_confirmed(self, path: str) -> bool:
        """Ask whether the key is to be added; a user who cannot be asked has not confirmed it."""
        ask = getattr(self._plan.prompter, "confirm_key_addition", None)
        return ask is not None and await call_for_decision(ask, path)
