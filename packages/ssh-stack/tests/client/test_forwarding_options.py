"""`agent_forwarding` and `x11_forwarding`, end to end with a server of our own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import pytest

import ssh_stack
import ssh_stack.sync
from loopback_server import HOST_KEY, USER, USER_KEY, serving
from ssh_agent.aio import serve as serve_agent
from ssh_agent.server import Keyring
from ssh_stack import AuthorizedKeys, LocalShell
from ssh_wire import UsageError

SOCKET = 'test -S "$SSH_AUTH_SOCK" && echo there || echo none'


def options(**given: Any) -> dict[str, Any]:
    known = f"* {HOST_KEY.public_key.to_openssh()}\n".encode()
    usual = {
        "username": USER,
        "keys": [USER_KEY],
        "known_hosts": known,
        "config": None,
        "agent": None,
    }
    return {**usual, **given}


@asynccontextmanager
async def forwarding(path: Path) -> AsyncGenerator[int]:
    async with (
        serving(agent_forwarding=True) as here,
        serve_agent(Keyring(), path),
    ):
        yield here.server.port


@pytest.mark.parametrize(
    ("given", "printed"),
    [
        ({"agent_forwarding": "{agent}"}, "there"),
        ({"agent_forwarding": True, "agent": "{agent}"}, "there"),
        ({"agent_forwarding": False, "config_options": ["ForwardAgent yes"]}, "none"),
        ({"agent": "{agent}", "config_options": ["ForwardAgent yes"]}, "there"),
        ({"config_options": ["ForwardAgent {agent}"]}, "there"),
        ({"config_options": ["ForwardAgent $OTHER_AGENT"]}, "there"),
        ({"config_options": ["ForwardAgent $NO_AGENT"]}, "none"),
        ({"config_options": ["ForwardAgent yes"]}, "none"),
        ({"agent": "{agent}"}, "none"),
    ],
)
async def test_agent_is_forwarded_where_option_or_configuration_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: dict[str, Any], printed: str
) -> None:
    path = tmp_path / "agent"
    monkeypatch.setenv("OTHER_AGENT", str(path))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)

    def filled(value: Any) -> Any:
        if isinstance(value, list):
            return [each.replace("{agent}", str(path)) for each in cast("list[str]", value)]
        return str(path) if value == "{agent}" else value

    chosen = options(**{name: filled(value) for name, value in given.items()})
    async with (
        forwarding(path) as port,
        ssh_stack.connect("127.0.0.1", port, **chosen) as connection,
    ):
        assert (await connection.run(SOCKET, text=True)).stdout == f"{printed}\n"


async def test_agent_that_there_is_not_cannot_be_asked_for(tmp_path: Path) -> None:
    async with (
        forwarding(tmp_path / "agent") as port,
        ssh_stack.connect("127.0.0.1", port, **options()) as connection,
    ):
        with pytest.raises(UsageError, match="no agent to forward"):
            await connection.start("true", agent_forwarding=True)


async def test_blocking_api_forwards_the_agent(tmp_path: Path) -> None:
    path = tmp_path / "agent"

    def body(port: int) -> tuple[str, str]:
        given = options(agent=str(path))
        with ssh_stack.sync.connect("127.0.0.1", port, **given) as connection:
            plain = connection.run(SOCKET, text=True).stdout
            with connection.start(SOCKET, text=True, agent_forwarding=True) as process:
                asked = process.stdout.read()
        return plain, asked

    served = ssh_stack.serve(
        "127.0.0.1",
        host_keys=[HOST_KEY],
        auth=AuthorizedKeys([USER_KEY.public_key], users=[USER]),
        session=LocalShell(),
        agent_forwarding=True,
    )
    async with served as server, serve_agent(Keyring(), path):
        assert await asyncio.to_thread(body, server.port) == ("none\n", "there\n")


@pytest.mark.parametrize("value", ["yes", 1, None])
def test_x11_forwarding_that_is_not_an_answer_is_refused(value: object) -> None:
    with pytest.raises(UsageError, match="x11_forwarding is True, False"):
        ssh_stack.connect("host", x11_forwarding=value)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType] (as a caller without types may)
