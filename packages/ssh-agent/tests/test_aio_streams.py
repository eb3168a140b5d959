from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from ssh_agent import AgentUnavailable
from ssh_agent.aio import AgentClient
from ssh_agent.aio.streams import PageantStream, open_streams
from ssh_agent.location import Location
from ssh_agent.pageant import PageantConversation
from test_blocking_windows import User32, window
from test_pageant import LIST, Window


async def test_requests_of_several_tasks_reach_pageant_in_order() -> None:
    pageant = Window()
    stream = PageantStream(PageantConversation(pageant), ThreadPoolExecutor(1), 5)
    async with AgentClient.from_streams(stream, stream) as agent:
        assert await asyncio.gather(*(agent.identities() for _ in range(4))) == [()] * 4

    assert pageant.requests == [LIST] * 4


async def test_pageant_is_found_by_its_window(monkeypatch: pytest.MonkeyPatch) -> None:
    users = [User32(), User32(handle=None)]
    monkeypatch.setattr("ssh_agent.blocking.windows.load_window", lambda: window(users.pop(0)))

    reader, writer = await open_streams(Location("pageant", "pageant"), 5)
    assert isinstance(reader, PageantStream)
    assert isinstance(writer, PageantStream)
    writer.close()
    with pytest.raises(AgentUnavailable, match="Pageant does not run"):
        await open_streams(Location("pageant", "pageant"), 5)


async def test_named_pipe_is_opened_by_event_loop(
    openssh_agent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = asyncio.get_running_loop()

    async def create_pipe_connection(
        factory: Callable[[], asyncio.StreamReaderProtocol], address: str
    ) -> tuple[asyncio.Transport, asyncio.StreamReaderProtocol]:
        return await loop.create_unix_connection(factory, address)

    monkeypatch.setattr(loop, "create_pipe_connection", create_pipe_connection, raising=False)
    streams = await open_streams(Location(openssh_agent, "pipe"), 5)

    async with AgentClient.from_streams(*streams) as agent:
        assert len(await agent.identities()) == 3


async def test_event_loop_without_pipes_raises_agent_unavailable() -> None:
    with pytest.raises(AgentUnavailable, match="opens no pipes"):
        await open_streams(Location("//./pipe/x", "pipe"), 5)
