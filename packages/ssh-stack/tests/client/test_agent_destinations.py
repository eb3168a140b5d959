"""Keys of an agent that are for one host log in there, and nowhere else."""

from __future__ import annotations

import os
import shutil
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from add_harness import agent_at
from loopback_server import HOST_KEY, USER, USER_KEY, serving
from ssh_agent import Constraints, DestinationConstraint, DestinationKey, Hop
from ssh_agent.aio import AgentClient
from ssh_keys import PrivateKey
from ssh_stack import DEFAULT, AuthenticationFailed, HostKeyError
from ssh_stack.client import public_keys

OTHER = PrivateKey.generate("ed25519")


@pytest.fixture
def agent(tmp_path: Path) -> Generator[str]:
    """The socket of an `ssh-agent` without keys."""
    if shutil.which("ssh-agent") is None:
        if os.environ.get("SSH_STACK_REQUIRE_PEERS") == "1":
            pytest.fail("required, but missing: ssh-agent", pytrace=False)
        pytest.skip("OpenSSH's ssh-agent is not installed")
    with agent_at(tmp_path / "agent") as path:
        yield path


async def log_in(agent: str, host: PrivateKey, user: str = "") -> None:
    """Log in with a key that the agent uses for a host, and there for a user, alone."""
    hop = Hop("host", (DestinationKey(host.public_key),), user)
    constraints = Constraints(destinations=(DestinationConstraint(hop),))
    async with AgentClient.connect(agent) as client:
        await client.add(USER_KEY, constraints=constraints)
    async with serving() as here, here.connect(agent=agent, keys=None):
        pass


@pytest.mark.row("G10")
@pytest.mark.parametrize("user", ["", USER, "m*"])
async def test_key_for_this_host_logs_in(agent: str, user: str) -> None:
    await log_in(agent, HOST_KEY, user)


@pytest.mark.row("G10")
@pytest.mark.parametrize(("host", "user"), [(OTHER, ""), (HOST_KEY, "root")])
async def test_key_for_another_host_or_user_does_not(
    agent: str, host: PrivateKey, user: str
) -> None:
    with pytest.raises(AuthenticationFailed, match="refused"):
        await log_in(agent, host, user)


async def test_agent_of_windows_is_looked_for_without_variable(
    agent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str | None] = []
    connect = AgentClient.connect

    def take(path: str | None = None, **options: Any) -> object:
        asked.append(path)
        return connect(agent, **options)

    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    monkeypatch.setattr(public_keys, "_WINDOWS", True)
    async with AgentClient.connect(agent) as client:
        await client.add(USER_KEY)
    monkeypatch.setattr(AgentClient, "connect", take)

    async with serving() as here, here.connect(agent=DEFAULT, keys=None):
        pass

    assert asked == [None]


@pytest.mark.row("A22")
async def test_agent_is_asked_for_nothing_before_the_host_key_is_accepted(
    agent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str | None] = []
    connect = AgentClient.connect

    def take(path: str | None = None, **options: Any) -> object:
        asked.append(path)
        return connect(path, **options)

    async with AgentClient.connect(agent) as client:
        await client.add(USER_KEY)
    monkeypatch.setattr(AgentClient, "connect", take)

    async with serving() as here:
        with pytest.raises(HostKeyError):
            async with here.connect(agent=agent, keys=None, known_hosts=b""):
                pass
        assert asked == []
        async with here.connect(agent=agent, keys=None):
            assert asked == [agent]
