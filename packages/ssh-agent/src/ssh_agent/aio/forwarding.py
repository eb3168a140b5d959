"""A forwarded agent over asyncio streams."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from ssh_agent.clients import READ_SIZE
from ssh_agent.forwarding import AgentForwarding, ForwardedSession

if TYPE_CHECKING:
    from ssh_agent.aio.streams import StreamReader, StreamWriter

__all__ = ["forward_agent"]


async def forward_agent(
    client: tuple[StreamReader, StreamWriter],
    agent: tuple[StreamReader, StreamWriter],
    session: ForwardedSession,
    *,
    require_binding: bool = False,
) -> None:
    """Pass requests on to an agent, and its replies back, until one of both ends.

    A client that ends gets the replies to what it has asked.  The streams are not closed.

    Args:
        client: the channel to the client at the other end of the session.
        agent: a connection to the agent of its own.
        session: the session, which the agent's connection is bound to first.
        require_binding: refuse every request if the agent does not bind the connection.

    Raises:
        WireError: one of both sent what is not a message.
        WrongReply: the agent answered what was not asked.
        OSError: a connection was lost.
    """
    await _Pump(client, agent, AgentForwarding(session, require_binding=require_binding)).run()


class _Pump:
    """Moves the bytes of one forwarding."""

    def __init__(
        self,
        client: tuple[StreamReader, StreamWriter],
        agent: tuple[StreamReader, StreamWriter],
        core: AgentForwarding,
    ) -> None:
        self._client_reader, self._client_writer = client
        self._agent_reader, self._agent_writer = agent
        self._core = core
        self._room = asyncio.Event()
        self._client_ended = False

    async def run(self) -> None:
        await self._write()
        tasks = [asyncio.ensure_future(each) for each in (self._take(), self._give())]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            if tasks[0].done() and tasks[0].exception() is None and self._core.waiting:
                await tasks[1]
        finally:
            for task in tasks:
                task.cancel()
            results = await asyncio.gather(*tasks, return_exceptions=True)
        for result in results:
            if isinstance(result, Exception):
                raise result

    async def _take(self) -> None:
        """Read the client until it ends."""
        while data := await self._client_reader.read(READ_SIZE):
            self._core.receive_from_client(data)
            await self._write()
            while self._core.is_full:
                self._room.clear()
                await self._room.wait()
        self._client_ended = True

    async def _give(self) -> None:
        """Read the agent until it ends, or has answered a client that has ended."""
        while data := await self._agent_reader.read(READ_SIZE):
            self._core.receive_from_agent(data)
            await self._write()
            self._room.set()
            if self._client_ended and not self._core.waiting:
                return

    async def _write(self) -> None:
        for writer, data in (
            (self._agent_writer, self._core.take_for_agent()),
            (self._client_writer, self._core.take_for_client()),
        ):
            if data:
                writer.write(data)
                await writer.drain()
