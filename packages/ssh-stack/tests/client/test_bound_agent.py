from __future__ import annotations

from typing import Any, cast

import pytest

from ssh_agent import AgentRefused
from ssh_agent.aio import AgentClient
from ssh_auth.testing import finish
from ssh_connection.aio import SessionProof
from ssh_keys import PrivateKey
from ssh_stack.client.bound_agent import BoundAgent

KEY = PrivateKey.generate("ed25519").public_key
HOST = PrivateKey.generate("ed25519").public_key
SESSION = SessionProof(host_key=HOST, session_id=b"session", signature=b"signature")


class Agent:
    """Notes what it is asked."""

    def __init__(self, *, refuses: bool = False) -> None:
        self.asked: list[Any] = []
        self._refuses = refuses

    async def bind(self, *arguments: object, forwarding: bool) -> None:
        self.asked.append((*arguments, forwarding))
        if self._refuses:
            problem = "no extensions"
            raise AgentRefused(problem)

    async def sign(self, *arguments: object) -> bytes:
        self.asked.append(arguments)
        return b"signed"


@pytest.mark.parametrize("refuses", [False, True])
def test_connection_is_bound_once_before_the_first_signature(refuses: bool) -> None:
    agent = Agent(refuses=refuses)
    bound = BoundAgent(cast("AgentClient", agent), lambda: SESSION)

    for _ in range(2):
        assert finish(bound.sign(KEY, b"data", "ssh-ed25519")) == b"signed"

    signed = (KEY, b"data", "ssh-ed25519")
    assert agent.asked == [(HOST, b"session", b"signature", False), signed, signed]


def test_signature_without_a_session_is_bound_to_none() -> None:
    agent = Agent()

    finish(BoundAgent(cast("AgentClient", agent), lambda: None).sign(KEY, b"data", ""))

    assert agent.asked == [(KEY, b"data", "")]
