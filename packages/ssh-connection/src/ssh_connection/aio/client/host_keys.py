"""What a server announces of its other host keys, and the proof of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

from ssh_connection import hostkeys
from ssh_wire.messages import connection as m

if TYPE_CHECKING:
    from ssh_connection.aio.client.settings import HostKeyUpdater
    from ssh_connection.multiplexer import GlobalAnswer
    from ssh_keys import PublicKey

__all__ = ["learn"]


async def learn(
    message: m.GlobalRequest,
    learner: HostKeyUpdater,
    request: Callable[[m.GlobalRequest], Awaitable[GlobalAnswer]],
    session_id: bytes,
) -> None:
    """Give the announced keys to `learner`, with a function that asks the server to prove them.

    Args:
        message: the announcement (OpenSSH's PROTOCOL section 2.5).
        learner: takes the keys, and believes only what is proven.
        request: sends a global request and returns the answer.
        session_id: the session identifier of the connection.
    """

    async def prove(keys: Sequence[PublicKey]) -> tuple[PublicKey, ...]:
        if not keys:
            return ()
        answer = await request(hostkeys.proof_request(keys))
        if isinstance(answer, m.RequestFailure):
            return ()
        return hostkeys.proven(keys, answer.details, session_id)

    await learner(hostkeys.announced(message), prove)
