"""The agent of a client, at a server."""

from __future__ import annotations

import asyncio
import stat
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from programs import Remote, pair, settle, until
from ssh_agent.aio import AgentClient, StreamReader, StreamWriter, open_agent, serve
from ssh_agent.errors import AgentError
from ssh_agent.server import Keyring
from ssh_auth import Accept, AuthContext, Permissions
from ssh_connection.aio import Process, ServerAuthentication, SessionForwards
from ssh_connection.aio.server.session_listener import SessionListener
from ssh_connection.aio.services import agent as service
from ssh_connection.aio.testing import EndpointPair
from ssh_connection.errors import RequestRefused
from ssh_keys import PrivateKey
from ssh_wire.messages import connection as m
from ssh_wire.messages.openssh import AgentConnectRequest, AgentForwardingRequest

pytestmark = pytest.mark.usefixtures("reports")

KEY = PrivateKey.generate("ed25519")


@asynccontextmanager
async def connected(
    path: Path, remote: Remote, *, on: bool = True, permitted: bool = True
) -> AsyncGenerator[EndpointPair]:
    """A client with an agent, and a server that lets it be forwarded."""

    async def accept(_context: AuthContext) -> Accept:
        return Accept(permissions=Permissions(agent=permitted))

    async def opener() -> tuple[StreamReader, StreamWriter]:
        return await open_agent(str(path))

    forwards = SessionForwards(agent=opener)
    authentication = ServerAuthentication(none=accept)
    ends = pair(
        remote,
        client={"session_forwards": forwards},
        authentication=authentication,
        agent_forwarding=on,
    )
    async with serve(Keyring(), path), ends:
        async with AgentClient.connect(str(path)) as agent:
            await agent.add(KEY, "mine")
        yield ends


async def start(ends: EndpointPair) -> Process:
    return await ends.client.start("x", agent_forwarding=True)


def socket_of(remote: Remote) -> Path:
    path = remote.sessions[-1].agent_socket
    assert path is not None
    return Path(path)


async def test_program_of_the_session_reaches_the_agent_of_the_client(tmp_path: Path) -> None:
    remote = Remote()
    async with connected(tmp_path / "agent", remote) as ends, await_closed(ends):
        process = await start(ends)
        path = socket_of(remote)
        async with AgentClient.connect(str(path)) as agent:
            (found,) = await agent.identities()
            assert found.comment == "mine"
            await agent.sign(found.key, b"data", "ssh-ed25519")
        await process.close()
        await until(lambda: not path.parent.exists())


@asynccontextmanager
async def await_closed(ends: EndpointPair) -> AsyncGenerator[None]:
    """Have the connection end before the agent does."""
    try:
        yield
    finally:
        await ends.client.close()
        await ends.server.close()


async def test_socket_is_of_its_user_alone(tmp_path: Path) -> None:
    remote = Remote()
    async with connected(tmp_path / "agent", remote) as ends, await_closed(ends):
        process = await start(ends)
        path = socket_of(remote)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        await process.close()


@pytest.mark.row("G08")
async def test_program_of_another_user_is_cut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def other_user(_accepted: object) -> int:
        return 12345

    monkeypatch.setattr(service, "peer_uid", other_user)
    remote = Remote()
    async with connected(tmp_path / "agent", remote) as ends, await_closed(ends):
        process = await start(ends)
        async with AgentClient.connect(str(socket_of(remote))) as agent:
            with pytest.raises(AgentError):
                await agent.identities()
        await process.close()


@pytest.mark.row("C16")
@pytest.mark.parametrize(("on", "permitted"), [(False, True), (True, False)])
async def test_agent_is_not_forwarded_where_settings_or_permissions_exclude_it(
    tmp_path: Path, *, on: bool, permitted: bool
) -> None:
    remote = Remote()
    async with connected(tmp_path / "agent", remote, on=on, permitted=permitted) as ends:
        with pytest.raises(RequestRefused, match="forward the agent"):
            await start(ends)


async def test_agent_is_off_without_being_switched_on() -> None:
    async with pair(Remote()) as ends:
        assert "agent-forward" not in ends.client._core.peer_extensions
        channel = await ends.client.sessions.open(100_000)
        assert await channel.request(AgentForwardingRequest(recipient=0)) is False


@pytest.mark.parametrize("name", [AgentForwardingRequest, AgentConnectRequest])
async def test_second_request_and_one_after_the_command_are_refused(
    name: Callable[..., m.RequestHead],
) -> None:
    remote = Remote()
    async with pair(remote, agent_forwarding=True) as ends:
        assert ends.client._core.peer_extensions["agent-forward"] == b"0"
        channel = await ends.client.sessions.open(100_000)
        assert await channel.request(name(recipient=0)) is True
        assert await channel.request(AgentForwardingRequest(recipient=0)) is False
        other = await ends.client.sessions.open(100_000)
        assert await other.request(m.ExecRequest(recipient=0, command=b"x")) is True
        assert await other.request(name(recipient=0)) is False


async def test_socket_is_gone_when_the_connection_is_lost(tmp_path: Path) -> None:
    remote = Remote()
    async with connected(tmp_path / "agent", remote) as ends, await_closed(ends):
        await start(ends)
        path = socket_of(remote)
        agent = await AgentClient.connect(str(path))
        await agent.identities()
        ends.client._driver.abort()
        await ends.server.wait_closed()
        await settle()
        assert not path.parent.exists()
        with pytest.raises(AgentError):
            await agent.identities()
        await agent.close()


async def test_sessions_have_sockets_of_their_own(tmp_path: Path) -> None:
    remote = Remote()
    async with connected(tmp_path / "agent", remote) as ends, await_closed(ends):
        one, two = await start(ends), await start(ends)
        first, second = (Path(each.agent_socket or "") for each in remote.sessions)
        assert first != second
        await one.close()
        await until(lambda: not first.exists())
        async with AgentClient.connect(str(second)) as agent:
            assert len(await agent.identities()) == 1
        await two.close()


async def test_connections_beyond_the_limit_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "MAX_CONNECTIONS", 2)
    remote = Remote()
    async with connected(tmp_path / "agent", remote) as ends, await_closed(ends):
        process = await start(ends)
        path = str(socket_of(remote))
        first, second, third = [await AgentClient.connect(path) for _ in range(3)]
        for each in (first, second):
            await each.identities()
        late = asyncio.create_task(third.identities())
        await settle()
        assert not late.done()
        await first.close()
        assert len(await late) == 1
        await second.close()
        await third.close()
        await process.close()


async def test_request_for_which_there_is_no_socket_is_refused(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class Full:
        @staticmethod
        def open() -> SessionListener:
            raise OSError(24, "Too many open files")

    monkeypatch.setattr(service, "AgentListener", Full)
    async with pair(Remote(), agent_forwarding=True) as ends:
        channel = await ends.client.sessions.open(100_000)
        assert await channel.request(AgentForwardingRequest(recipient=0)) is False
    assert "Too many open files" in caplog.text
