from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest

from agent_dialogue import login
from agent_samples import KEYS
from ssh_agent import (
    AgentError,
    AgentRefused,
    Constraints,
    DestinationConstraint,
    DestinationKey,
    Hop,
)
from ssh_agent.aio import AgentClient, forward_agent, serve
from ssh_agent.errors import WrongReply
from ssh_agent.forwarding import ForwardedSession
from ssh_agent.framing import frame
from ssh_agent.messages import AgentSuccess, RequestIdentities
from ssh_agent.server import Keyring
from ssh_keys import PrivateKey
from ssh_wire import WireError

KEY = KEYS["ed25519"]
HOST, NEXT = KEYS["ecdsa"], KEYS["ecdsa384"]
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


def over(host: PrivateKey) -> ForwardedSession:
    return ForwardedSession(
        host_key=host.public_key, session_id=b"one", signature=host.sign(b"one")
    )


SESSION = over(HOST)


async def pair() -> tuple[Streams, Streams]:
    ours, theirs = socket.socketpair()
    return await asyncio.open_connection(sock=ours), await asyncio.open_connection(sock=theirs)


@asynccontextmanager
async def forwarded(path: str, hop: ForwardedSession) -> AsyncGenerator[AgentClient]:
    """A client at the other end of a session that the agent at a path is forwarded over."""
    near, far = await pair()
    agent = await asyncio.open_unix_connection(path)
    forwarding = asyncio.create_task(forward_agent(near, agent, hop))
    try:
        async with AgentClient.from_streams(*far) as client:
            yield client
    finally:
        await asyncio.wait_for(forwarding, 10)
        near[1].close()
        agent[1].close()


def to(host: PrivateKey, origin: PrivateKey | None = None) -> DestinationConstraint:
    start = Hop("origin", (DestinationKey(origin.public_key),)) if origin else Hop()
    return DestinationConstraint(Hop("host", (DestinationKey(host.public_key),)), start)


async def use_over_two_hops(path: str) -> None:
    """Add constrained keys locally, and use them behind a hop."""
    async with AgentClient.connect(path) as local:
        await local.add(
            KEY, "both", constraints=Constraints(destinations=(to(HOST), to(NEXT, HOST)))
        )
        await local.add(KEYS["rsa"], "first", constraints=Constraints(destinations=(to(HOST),)))
    public = KEY.public_key
    async with forwarded(path, SESSION) as client:
        assert [each.comment for each in await client.identities()] == ["both"]
        with pytest.raises(AgentRefused):
            await client.sign(public, login(public, b"one"), "ssh-ed25519")
        await client.bind(NEXT.public_key, b"two", NEXT.sign(b"two"), forwarding=False)
        data = login(public, b"two", host_key=NEXT.public_key)
        assert public.verify(data, await client.sign(public, data, "ssh-ed25519"))
    async with forwarded(path, over(NEXT)) as client:
        assert await client.identities() == ()


@pytest.mark.row("G10")
async def test_constrained_keys_are_used_over_two_hops() -> None:
    async with serve(Keyring()) as agent:
        await use_over_two_hops(agent.path)


@pytest.mark.row("G10")
async def test_openssh_s_agent_is_bound_the_same_way(empty_agent: str) -> None:
    await use_over_two_hops(empty_agent)


async def test_client_that_ends_gets_the_replies_to_what_it_asked() -> None:
    near, far = await pair()
    agent, behind = await pair()
    forwarding = asyncio.create_task(forward_agent(near, agent, SESSION))
    far[1].write(frame(RequestIdentities().encode()) * 2)
    far[1].write_eof()
    await behind[0].readuntil(SESSION.message.encode())
    behind[1].write(frame(AgentSuccess().encode()) * 2)
    await asyncio.sleep(0)
    behind[1].write(frame(AgentSuccess().encode()))

    await forwarding
    near[1].close()

    assert await far[0].read() == frame(AgentSuccess().encode()) * 2
    for _, writer in (far, agent, behind):
        writer.close()


async def test_many_requests_wait_for_room() -> None:
    async with serve(Keyring()) as agent:
        agent.keyring.add(KEY, comment="x" * 60_000)
        async with forwarded(agent.path, SESSION) as client:
            listed = await asyncio.gather(*(client.identities() for _ in range(200)))
    assert all(len(each) == 1 for each in listed)


async def test_agent_that_ends_ends_the_forwarding() -> None:
    near, far = await pair()
    agent, behind = await pair()
    forwarding = asyncio.create_task(forward_agent(near, agent, SESSION))
    client = AgentClient.from_streams(*far)
    waiting = asyncio.create_task(client.identities())
    await behind[0].readuntil(SESSION.message.encode())
    behind[1].close()

    await forwarding
    near[1].close()
    with pytest.raises(AgentError):
        await waiting
    agent[1].close()


@pytest.mark.parametrize("end", ["client", "agent", "nothing asked"])
async def test_what_is_not_a_message_ends_the_forwarding_with_its_error(end: str) -> None:
    near, far = await pair()
    agent, behind = await pair()
    forwarding = asyncio.create_task(forward_agent(near, agent, SESSION))
    if end == "client":
        far[1].write(bytes(4))
    else:
        bad = frame(AgentSuccess().encode()) * 2
        behind[1].write(bytes(4) if end == "agent" else bad)

    with pytest.raises(WrongReply if end == "nothing asked" else WireError):
        await forwarding

    for _, writer in (near, far, agent, behind):
        writer.close()


async def test_forwarding_that_is_cancelled_ends_both_directions() -> None:
    near, far = await pair()
    agent, behind = await pair()
    forwarding = asyncio.create_task(forward_agent(near, agent, SESSION))
    await behind[0].readuntil(SESSION.message.encode())
    forwarding.cancel()

    with pytest.raises(asyncio.CancelledError):
        await forwarding

    for _, writer in (near, far, agent, behind):
        writer.close()
