"""Channels that carry nothing are closed by either side, and connections without any."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from programs import Remote, cat, pair, settle
from ssh_connection import ChannelTimedOut, ConnectionLimits, NoExitStatus
from ssh_connection.aio import Session
from ssh_transport import PeerDisconnected

pytestmark = pytest.mark.usefixtures("clock")


def limits(**given: Any) -> dict[str, Any]:
    return {"limits": ConnectionLimits(**given)}


async def test_idle_command_of_a_client_ends_by_a_named_error_with_its_output() -> None:
    remote = Remote(says=b"first")
    async with pair(remote, client=limits(channel_timeouts=[("session", 60)])) as ends:
        with pytest.raises(ChannelTimedOut) as caught:
            await ends.client.run("x", text=True)
        error = caught.value
        assert str(error) == "timed out after 60 s while a session channel carried nothing"
        assert (error.name, error.seconds, error.kind) == ("channel", 60, "session")
        assert error.completed is not None
        assert error.completed.stdout == "first"
        await remote.ended.wait()
        assert await ends.client.ping() >= 0


async def test_channel_that_carries_something_in_either_direction_lives_on() -> None:
    async with (
        pair(cat, client=limits(channel_timeouts=[("session", 60)])) as ends,
        ends.client.start("cat") as process,
    ):
        for _ in range(5):
            await asyncio.sleep(50)
            await process.stdin.write(b"x")
            assert await process.stdout.read(1) == b"x"
        with pytest.raises(ChannelTimedOut):
            await process.stdout.read(1)


@pytest.mark.parametrize("kind", ["session:command", "session:*"])
async def test_idle_command_at_a_server_is_closed_and_its_handler_cancelled(kind: str) -> None:
    remote = Remote()
    async with pair(remote, **limits(channel_timeouts=[(kind, 60), ("*", 0)])) as ends:
        with pytest.raises(NoExitStatus):
            await ends.client.run("x")
        await remote.ended.wait()
        assert remote.cancelled


async def test_shell_is_not_closed_by_the_timeout_of_commands() -> None:
    async def shell(session: Session) -> int:
        await session.stdin.read()
        return 3

    async with (
        pair(shell, **limits(channel_timeouts=[("session:command", 60)])) as ends,
        ends.client.start() as process,
    ):
        await asyncio.sleep(1000)
        process.stdin.write_eof()
        assert await process.wait() == 3


async def test_client_without_channels_is_disconnected_by_the_server() -> None:
    async with pair(cat, **limits(unused_timeout=60)) as ends:
        async with ends.client.start("cat") as process:
            await asyncio.sleep(500)
            process.stdin.write_eof()
            assert await process.wait() == 0
        await ends.client.wait_closed()
        assert isinstance(ends.client.end, PeerDisconnected)
        assert "no channel was open for 60 s" in str(ends.client.end)
        await settle()
        assert ends.server.is_closed
