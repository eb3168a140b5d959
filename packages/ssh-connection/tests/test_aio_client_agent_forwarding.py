"""The agent that a client forwards."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from programs import pair, until, upper
from ssh_agent import AgentRefused, Constraints, DestinationConstraint, DestinationKey, Hop
from ssh_agent.aio import AgentClient, StreamReader, StreamWriter, open_agent, serve
from ssh_agent.errors import AgentUnavailable
from ssh_agent.server import Keyring
from ssh_connection import ChannelOpenRefused
from ssh_connection.aio import Channel, ServerConnection, SessionForwards
from ssh_connection.aio.client.agent_forwarding import MAX_AGENT_CHANNELS, agent_request
from ssh_connection.aio.process.launch import Launch
from ssh_connection.aio.testing import EndpointPair
from ssh_keys import PrivateKey
from ssh_wire import OpenFailureReason
from ssh_wire.messages import connection as m

pytestmark = pytest.mark.usefixtures("reports")

KEY = PrivateKey.generate("ed25519")
NAMES = ("auth-agent@openssh.com", "agent-connect")


@asynccontextmanager
async def forwarding(path: Path, *, every: bool = True) -> AsyncGenerator[EndpointPair]:
    """A connection whose sessions have an agent forwarded, which has one key."""

    async def opener() -> tuple[StreamReader, StreamWriter]:
        return await open_agent(str(path))

    forwards = SessionForwards(agent=opener, every_agent=every)
    async with serve(Keyring(), path), pair(upper, client={"session_forwards": forwards}) as ends:
        async with AgentClient.connect(str(path)) as agent:
            await agent.add(KEY, "mine")
        yield ends


async def open_channel(server: ServerConnection, kind: str = NAMES[0]) -> Channel:
    """Have the server open a channel to the agent."""
    channel = Channel()
    message = m.ChannelOpen(kind=kind, sender=0, window=100_000, max_packet=0)
    channel.adopt(server._mux.open(message, channel))
    await channel.wait_opened()
    return channel


class Writer:
    """A channel, as an agent client writes to it."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.write = channel.write

    async def drain(self) -> None:
        """Return at once."""

    def close(self) -> None:
        self.channel.close()

    async def wait_closed(self) -> None:
        await self.channel.wait_closed()


def agent_over(channel: Channel) -> AgentClient:
    return AgentClient.from_streams(channel.stream().reader, Writer(channel))


@pytest.mark.parametrize("kind", NAMES)
async def test_server_uses_the_agent_once_a_session_has_asked(tmp_path: Path, kind: str) -> None:
    async with forwarding(tmp_path / "agent") as ends:
        await ends.client.run("true")
        async with agent_over(await open_channel(ends.server, kind)) as agent:
            (found,) = await agent.identities()
            signature = await agent.sign(found.key, b"data", "ssh-ed25519")

    assert found.comment == "mine"
    KEY.public_key.verify(signature, b"data", "ssh-ed25519")


@pytest.mark.row("G09")
@pytest.mark.parametrize("wish", [None, False])
async def test_agent_is_refused_to_a_server_when_no_session_has_asked(
    tmp_path: Path, *, wish: bool | None
) -> None:
    launch = Launch(command="x", agent_forwarding=wish)
    async with (
        forwarding(tmp_path / "agent", every=wish is False) as ends,
        ends.client.sessions.start(launch) as process,
    ):
        with pytest.raises(ChannelOpenRefused) as caught:
            await open_channel(ends.server)
        process.stdin.write_eof()
        await process.wait()
    assert caught.value.reason == OpenFailureReason.ADMINISTRATIVELY_PROHIBITED


@pytest.mark.row("G09")
async def test_channels_to_the_agent_are_capped(tmp_path: Path) -> None:
    async with forwarding(tmp_path / "agent") as ends:
        await ends.client.run("true")
        channels = [await open_channel(ends.server) for _ in range(MAX_AGENT_CHANNELS)]
        for _ in range(1000):
            with pytest.raises(ChannelOpenRefused) as caught:
                await open_channel(ends.server)
            assert caught.value.reason == OpenFailureReason.RESOURCE_SHORTAGE
        channels[0].close()
        await channels[0].wait_closed()
        await until(lambda: len(ends.client._children.tasks) < MAX_AGENT_CHANNELS)
        async with agent_over(await open_channel(ends.server)) as agent:
            assert len(await agent.identities()) == 1


@pytest.mark.row("G10")
async def test_connection_to_the_agent_is_bound_to_the_session(tmp_path: Path) -> None:
    other = PrivateKey.generate("ed25519")
    async with forwarding(tmp_path / "agent") as ends:
        await ends.client.run("true")
        host = ends.client.host_key
        async with AgentClient.connect(str(tmp_path / "agent")) as local:
            for key, target in (("here", host), ("elsewhere", KEY.public_key)):
                at = DestinationConstraint(Hop("h", (DestinationKey(target),)), Hop())
                beyond = DestinationConstraint(
                    Hop("next", (DestinationKey(other.public_key),)),
                    Hop("h", (DestinationKey(target),)),
                )
                await local.add(
                    PrivateKey.generate("ed25519"),
                    key,
                    constraints=Constraints(destinations=(at, beyond)),
                )
        async with agent_over(await open_channel(ends.server)) as agent:
            names = [each.comment for each in await agent.identities()]

    assert names == ["mine", "here"]


async def test_agent_that_is_gone_is_refused_and_reported_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def opener() -> tuple[StreamReader, StreamWriter]:
        return await open_agent(str(tmp_path / "nothing"))

    forwards = SessionForwards(agent=opener, every_agent=True)
    async with pair(upper, client={"session_forwards": forwards}) as ends:
        await ends.client.run("true")
        caplog.clear()
        for _ in range(3):
            with pytest.raises(ChannelOpenRefused) as caught:
                await open_channel(ends.server)
            assert caught.value.reason == OpenFailureReason.CONNECT_FAILED
    (record,) = [each for each in caplog.records if each.levelname == "WARNING"]
    assert "no agent at" in record.getMessage()


async def test_channel_that_speaks_nonsense_is_closed_and_others_go_on(tmp_path: Path) -> None:
    async with forwarding(tmp_path / "agent") as ends:
        await ends.client.run("true")
        async with agent_over(await open_channel(ends.server)) as agent:
            bad = await open_channel(ends.server)
            bad.write(b"\xff" * 8)
            await bad.wait_closed()
            assert len(await agent.identities()) == 1


async def test_channels_to_the_agent_end_with_the_connection(tmp_path: Path) -> None:
    async with forwarding(tmp_path / "agent") as ends:
        await ends.client.run("true")
        agent = agent_over(await open_channel(ends.server))
        assert len(await agent.identities()) == 1
        await ends.client.close()
        with pytest.raises(AgentUnavailable):
            await agent.identities()


async def test_server_cannot_load_a_library_into_the_agent(tmp_path: Path) -> None:
    async with forwarding(tmp_path / "agent") as ends:
        await ends.client.run("true")
        async with agent_over(await open_channel(ends.server)) as agent:
            with pytest.raises(AgentRefused):
                await agent.add_smartcard("/usr/lib/libc.so.6", "1234")


@pytest.mark.parametrize(
    ("extensions", "kind"),
    [
        ({}, "auth-agent-req@openssh.com"),
        ({"agent-forward": b"0"}, "agent-req"),
        ({"agent-forward": b"1"}, "auth-agent-req@openssh.com"),
        ({"ping@openssh.com": b"0"}, "auth-agent-req@openssh.com"),
    ],
)
def test_request_has_the_name_that_the_server_announces(
    extensions: dict[str, bytes], kind: str
) -> None:
    assert agent_request(extensions).kind == kind


async def test_slow_program_holds_up_its_own_channel_alone(tmp_path: Path) -> None:
    async with forwarding(tmp_path / "agent") as ends:
        await ends.client.run("true")
        await open_channel(ends.server)  # never says anything
        async with agent_over(await open_channel(ends.server)) as agent:
            answers = await asyncio.gather(*(agent.identities() for _ in range(200)))
    assert [len(each) for each in answers] == [1] * 200
