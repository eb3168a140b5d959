"""The sessions of a client: what each of them asks for before its command."""

from __future__ import annotations

import attrs
import pytest

from programs import upper
from ssh_connection.aio import ClientConnection, Launch
from ssh_connection.aio.testing import EndpointPair, client_settings, server_settings

pytestmark = pytest.mark.usefixtures("reports")


def with_environment(**variables: str) -> EndpointPair:
    server = attrs.evolve(server_settings(upper), env=frozenset({"A", "B"}))
    ends = EndpointPair(server)
    settings = attrs.evolve(client_settings(), environment=variables)
    ends.client = ClientConnection(settings, bytes)
    return ends


async def test_environment_of_the_settings_is_asked_for_in_each_session() -> None:
    async with with_environment(A="1", B="2") as ends:
        assert (await ends.client.run("run")).stdout == b"RUN A=1 B=2"
        async with ends.client.start("start") as process:
            process.stdin.write_eof()
            assert await process.stdout.read() == b"START A=1 B=2"


async def test_environment_of_a_command_comes_before_that_of_the_settings() -> None:
    async with with_environment(A="1", B="2") as ends:
        assert (await ends.client.run("x", env={"A": "9"})).stdout == b"X A=9 B=2"


async def test_launch_is_not_changed_by_the_environment_of_the_settings() -> None:
    launch = Launch(command="x", env={"A": "9"})
    async with with_environment(B="2") as ends, ends.client.sessions.start(launch) as process:
        assert dict(process.launch.env) == {"A": "9", "B": "2"}
        process.stdin.write_eof()
        await process.wait()
    assert dict(launch.env) == {"A": "9"}
