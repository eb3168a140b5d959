"""An sshd that closes idle channels (ChannelTimeout): their siblings go on."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

import ssh_stack
from tests.interop import local

if TYPE_CHECKING:
    from collections.abc import Generator

    from tests.interop.local import LocalSshd


@pytest.fixture(scope="module")
def impatient(
    tmp_path_factory: pytest.TempPathFactory, local_sshd: LocalSshd
) -> Generator[LocalSshd]:
    """An sshd that closes a command that has been idle for a second, and no shell."""
    del local_sshd  # asked for because it says what the machine lacks
    folder = tmp_path_factory.mktemp("impatient")
    with local.serve(folder, ["ChannelTimeout=session:command=1"]) as server:
        yield server


def connect(server: LocalSshd) -> ssh_stack.Connect:
    return ssh_stack.connect(
        "127.0.0.1",
        server.port,
        username=server.user,
        keys=server.key,
        known_hosts=server.known_hosts,
        agent=None,
        config=None,
    )


async def test_channel_that_sshd_closes_ends_alone(impatient: LocalSshd) -> None:
    async with asyncio.timeout(60), connect(impatient) as conn, conn.start() as shell:
        with pytest.raises(ssh_stack.NoExitStatus):  # without a status it is not a success
            await conn.run("sleep 30")
        await shell.stdin.write(b"echo from the shell\nexit 3\n")
        assert (await shell.stdout.read()).endswith(b"from the shell\n")
        assert await shell.wait() == 3
        assert (await conn.run("echo after", text=True)).stdout == "after\n"
