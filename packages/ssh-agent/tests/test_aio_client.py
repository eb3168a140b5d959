from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from agent_samples import KEYS
from ssh_agent import (
    AgentMisbehaved,
    AgentRefused,
    AgentTimeout,
    AgentUnavailable,
    Constraints,
)
from ssh_agent.aio import AgentClient
from ssh_agent.framing import frame
from ssh_agent.location import Location
from ssh_agent.messages import (
    AddSmartcardKey,
    AgentFailure,
    AgentSuccess,
    IdentitiesAnswer,
    Lock,
    QueryExtension,
    RemoveAllIdentities,
    RemoveIdentity,
    RemoveSmartcardKey,
    SessionBind,
    Unlock,
)
from ssh_keys import PrivateKey
from ssh_wire import Message
from ssh_wire.primitives import string

LISTING = frame(IdentitiesAnswer(identities=()).encode())
FAILURE = frame(AgentFailure().encode())


class Recorder:
    """A writer that keeps what is written."""

    def __init__(self) -> None:
        self.data = b""
        self.closed = 0

    def write(self, data: bytes, /) -> None:
        self.data += data

    async def drain(self) -> None:
        pass

    def close(self) -> None:
        self.closed += 1

    async def wait_closed(self) -> None:
        pass


class Broken(Recorder):
    async def drain(self) -> None:
        raise ConnectionResetError

    async def wait_closed(self) -> None:
        raise BrokenPipeError


def client(replies: bytes = b"", *, eof: bool = False) -> tuple[AgentClient, Recorder]:
    reader = asyncio.StreamReader()
    reader.feed_data(replies)
    if eof:
        reader.feed_eof()
    writer = Recorder()
    return AgentClient.from_streams(reader, writer, timeout=0.01), writer


async def test_request_is_written_and_reply_returned() -> None:
    agent, writer = client(LISTING)
    async with agent:
        assert await agent.identities() == ()

    assert writer.data == b"\0\0\0\x01\x0b"
    assert writer.closed


async def test_requests_of_several_tasks_share_connection() -> None:
    reader, writer = asyncio.StreamReader(), Recorder()
    agent = AgentClient.from_streams(reader, writer)
    tasks = [asyncio.ensure_future(agent.identities()) for _ in range(3)]
    await asyncio.sleep(0)
    assert writer.data == b"\0\0\0\x01\x0b" * 3

    reader.feed_data(LISTING * 3)

    assert await asyncio.gather(*tasks) == [(), (), ()]


async def test_refused_request_leaves_connection_usable(ed25519: PrivateKey) -> None:
    reader, writer = asyncio.StreamReader(), Recorder()
    agent = AgentClient.from_streams(reader, writer)
    reader.feed_data(FAILURE)
    with pytest.raises(AgentRefused):
        await agent.sign(ed25519.public_key, b"data", "ssh-ed25519")

    reader.feed_data(LISTING)

    assert await agent.identities() == ()
    assert not writer.closed


async def test_cancelled_request_leaves_others_in_order() -> None:
    reader = asyncio.StreamReader()
    agent = AgentClient.from_streams(reader, Recorder())
    first = asyncio.ensure_future(agent.identities())
    second = asyncio.ensure_future(agent.identities())
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.sleep(0)
    reader.feed_data(LISTING * 2)

    assert await second == ()
    with pytest.raises(asyncio.CancelledError):
        await first


@pytest.mark.row("G03")
async def test_agent_that_never_replies_is_closed_after_timeout() -> None:
    agent, writer = client()

    with pytest.raises(AgentTimeout):
        await agent.identities()

    assert writer.closed
    with pytest.raises(AgentTimeout):
        await agent.identities()


@pytest.mark.row("G03")
async def test_malformed_reply_closes_connection() -> None:
    agent, writer = client(b"\0\0\0\0")

    with pytest.raises(AgentMisbehaved):
        await agent.identities()

    assert writer.closed


async def test_agent_that_closes_connection_raises_connection_error() -> None:
    agent, _ = client(LISTING[:3], eof=True)

    with pytest.raises(ConnectionError, match="closed the connection"):
        await agent.identities()


async def test_failed_write_raises_agent_unavailable() -> None:
    agent = AgentClient.from_streams(asyncio.StreamReader(), Broken())

    with pytest.raises(AgentUnavailable):
        await agent.identities()
    await agent.close()


async def test_request_on_closed_client_raises_agent_unavailable() -> None:
    agent, _ = client(LISTING)
    await agent.close()

    with pytest.raises(AgentUnavailable, match="was closed"):
        await agent.identities()


async def test_missing_socket_raises_agent_unavailable(tmp_path: Path) -> None:
    with pytest.raises(AgentUnavailable, match="No such file"):
        async with AgentClient.connect(str(tmp_path / "nobody")):
            pass


async def test_agent_that_accepts_no_connection_raises_timeout(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def never(path: str) -> None:
        del path
        await asyncio.Event().wait()

    monkeypatch.setattr(asyncio, "open_unix_connection", never)

    with pytest.raises(AgentTimeout):
        await AgentClient.connect("/agent", timeout=0)


async def test_agent_of_openssh_lists_and_signs(
    openssh_agent: str,
    monkeypatch: pytest.MonkeyPatch,
    ed25519: PrivateKey,
    ecdsa: PrivateKey,
    rsa: PrivateKey,
) -> None:
    monkeypatch.setenv("SSH_AUTH_SOCK", openssh_agent)
    async with AgentClient.connect() as agent:
        listed = await agent.identities()
        wanted = [(each.key, name) for each in listed for name in each.key.algorithms]
        signatures = await asyncio.gather(*(agent.sign(k, b"data", n) for k, n in wanted))

    assert {each.key for each in listed} == {k.public_key for k in (ed25519, ecdsa, rsa)}
    for (key, name), signature in zip(wanted, signatures, strict=True):
        assert key.verify(b"data", signature, name)


async def test_agent_of_openssh_refuses_key_that_it_lacks(
    openssh_agent: str, other: PrivateKey
) -> None:
    agent = await AgentClient.connect(openssh_agent)
    async with agent:
        with pytest.raises(AgentRefused):
            await agent.sign(other.public_key, b"data", "ssh-ed25519")
        assert len(await agent.identities()) == 3


@pytest.mark.parametrize(("lifetime", "confirm"), [(0, False), (600, False), (600, True)])
async def test_openssh_agent_keeps_keys_of_every_family(
    empty_agent: str,
    ed25519: PrivateKey,
    ecdsa: PrivateKey,
    rsa: PrivateKey,
    lifetime: int,
    confirm: bool,
) -> None:
    constraints = Constraints(lifetime=lifetime or None, confirm=confirm)
    async with AgentClient.connect(empty_agent) as agent:
        for key in (ed25519, ecdsa, rsa):
            await agent.add(key, f"my {key.comment}", constraints=constraints)
        found = await agent.identities()

        assert [each.key for each in found] == [k.public_key for k in (ed25519, ecdsa, rsa)]
        assert [each.comment for each in found] == ["my ed@test", "my ec@test", "my rsa@test"]
        if not confirm:
            signature = await agent.sign(ecdsa.public_key, b"data", "ecdsa-sha2-nistp256")
            assert ecdsa.public_key.verify(b"data", signature, "ecdsa-sha2-nistp256")


async def test_refused_addition_raises(ed25519: PrivateKey) -> None:
    agent, _ = client(FAILURE)

    with pytest.raises(AgentRefused) as caught:
        await agent.add(ed25519)
    assert str(caught.value) == "the agent refused AddIdentity"


SUCCESS = frame(AgentSuccess().encode())
CALLS: dict[str, tuple[Callable[[AgentClient], Awaitable[object]], Message]] = {
    "remove": (
        lambda agent: agent.remove(KEYS["rsa"].public_key),
        RemoveIdentity(key=KEYS["rsa"].public_key.blob),
    ),
    "remove_all": (lambda agent: agent.remove_all(), RemoveAllIdentities()),
    "lock": (lambda agent: agent.lock("pass"), Lock(passphrase=b"pass")),
    "unlock": (lambda agent: agent.unlock(b"pass"), Unlock(passphrase=b"pass")),
    "add_smartcard": (
        lambda agent: agent.add_smartcard("/lib.so", "1234"),
        AddSmartcardKey(token="/lib.so", pin=b"1234"),
    ),
    "remove_smartcard": (
        lambda agent: agent.remove_smartcard("/lib.so"),
        RemoveSmartcardKey(token="/lib.so", pin=b""),
    ),
    "bind": (
        lambda agent: agent.bind(KEYS["rsa"].public_key, b"i", b"s", forwarding=False),
        SessionBind(
            host_key=KEYS["rsa"].public_key.blob,
            session_id=b"i",
            signature=b"s",
            is_forwarding=False,
        ),
    ),
}


@pytest.mark.parametrize("name", CALLS)
async def test_request_of_each_method_is_sent(name: str) -> None:
    call, message = CALLS[name]
    agent, writer = client(SUCCESS)

    assert await call(agent) is None
    assert writer.data == frame(message.encode())


async def test_names_of_extensions_are_returned() -> None:
    agent, writer = client(frame(AgentSuccess(contents=string("a@b")).encode()))

    assert await agent.extensions() == ("a@b",)
    assert writer.data == frame(QueryExtension().encode())


async def test_answer_of_extension_is_its_contents() -> None:
    agent, _ = client(frame(AgentSuccess(contents=b"out").encode()))

    assert await agent.extension("a@example.com", b"in") == b"out"


async def test_error_of_stream_itself_is_raised() -> None:
    class Refusing(Recorder):
        async def drain(self) -> None:
            problem = "no agent: Pageant does not run"
            raise AgentUnavailable(problem)

    agent = AgentClient.from_streams(asyncio.StreamReader(), Refusing())

    for _ in range(2):
        with pytest.raises(AgentUnavailable, match="Pageant does not run"):
            await agent.remove_all()


async def test_first_place_that_has_agent_is_taken(
    openssh_agent: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = [Location(str(tmp_path / "nobody")), Location(openssh_agent)]

    def two_places(*_asked: object) -> tuple[Location, ...]:
        return tuple(places)

    monkeypatch.setattr("ssh_agent.aio.streams.locate", two_places)

    for _ in range(2):
        async with AgentClient.connect() as agent:
            assert len(await agent.identities()) == 3
        places.reverse()  # then the first has one, and the second is not tried
