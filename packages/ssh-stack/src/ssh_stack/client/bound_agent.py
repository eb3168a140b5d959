"""An agent that is told for which session it signs."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from ssh_agent import AgentRefused

if TYPE_CHECKING:
    from ssh_agent.aio import AgentClient
    from ssh_connection.aio import SessionProof
    from ssh_keys import Certificate, PublicKey

__all__ = ["BoundAgent"]


class BoundAgent:
    """Signs with the keys of an agent, whose connection is bound to the session before.

    A key with destination constraints (`ssh-add -h`) signs for no other server than those, so
    that the agent has to know which server this is (PROTOCOL.agent section 1).  An agent that does
    not know of sessions has no such keys.

    Args:
        agent: the agent.
        session: returns the session, once the keys are exchanged.
    """

    def __init__(self, agent: AgentClient, session: Callable[[], SessionProof | None]) -> None:
        self._agent = agent
        self._session = session
        self._bound = False

    async def sign(self, key: PublicKey | Certificate, data: bytes, algorithm: str, /) -> bytes:
        """Return the agent's signature over `data`.

        Raises:
            AgentError: the agent refuses, misbehaves, is gone or is late.
        """
        session = self._session()
        if session is not None and not self._bound:
            self._bound = True
            with suppress(AgentRefused):  # as OpenSSH's client goes on
                await self._agent.bind(
                    session.host_key, session.session_id, session.signature, forwarding=False
                )
        return await self._agent.sign(key, data, algorithm)
