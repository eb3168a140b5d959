"""OpenSSH's server ends what was started for a call, wherever the call is cancelled."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Coroutine
from typing import Any, TypeAlias

import pytest

import ssh_stack
from ssh_stack import Connection
from tests.adversary.cancelling import MOMENTS, SECONDS, Moment, leaves_nothing, sweep, until
from tests.interop.connecting import connect
from tests.interop.peers import Peer

_numbers = itertools.count()

Operation: TypeAlias = Callable[[Connection, str], Coroutine[Any, Any, object]]

pytestmark = [
    pytest.mark.row("R09"),
    pytest.mark.row("X08"),
    pytest.mark.parametrize("moment", MOMENTS),
]


async def run(conn: Connection, program: str) -> None:
    await conn.run(f"exec {program}")


async def start(conn: Connection, program: str) -> None:
    async with conn.start(f"echo x; exec {program}") as process:
        # before it runs, sshd cannot send it a signal: only the second one has an effect
        assert await process.stdout.readline() == b"x\n"


async def start_with_a_terminal(conn: Connection, program: str) -> None:
    pty = ssh_stack.Pty(columns=80, rows=24)
    async with conn.start(f"echo x; exec {program}", pty=pty) as process:
        assert await process.stdout.readline() == b"x\r\n"


async def run_with_a_timeout(conn: Connection, program: str) -> None:
    with pytest.raises(ssh_stack.SSHTimeout):
        await conn.run(f"exec {program}", timeout=0.1)


@pytest.mark.parametrize("operation", [run, start, start_with_a_terminal, run_with_a_timeout])
async def test_command_that_is_cancelled_anywhere_is_ended_by_openssh(
    operation: Operation, moment: Moment, peer: Peer
) -> None:
    program = f"sleep 8{next(_numbers)}399.5"
    async with connect(peer) as conn:
        await conn.run("true")

        async def check() -> None:
            await until(lambda: not conn.channels, lambda: conn.channels)
            async with asyncio.timeout(SECONDS):
                while (await conn.run(f"pgrep -x -f '{program}'")).exit_status == 0:
                    pass
            await nothing()

        async with leaves_nothing() as nothing:
            swept = await sweep(lambda: operation(conn, program), moment, check)
    assert swept.points > 0


async def test_forward_that_is_cancelled_anywhere_is_cancelled_at_openssh(
    moment: Moment, peer: Peer
) -> None:
    async with connect(peer) as conn:
        listening = await _listening(conn)

        async def forward() -> None:
            async with conn.forward_remote("127.0.0.1:0", "127.0.0.1:1"):
                pass

        async def check() -> None:
            async with asyncio.timeout(SECONDS):
                while await _listening(conn) - listening:
                    pass
            await nothing()

        async with leaves_nothing() as nothing:
            swept = await sweep(forward, moment, check)
    assert swept.points > 0


async def _listening(conn: Connection) -> set[str]:
    """Return the addresses that the server's machine listens on, as the kernel writes them."""
    lines = (await conn.run("cat /proc/net/tcp", text=True, check=True)).stdout.splitlines()
    return {fields[1] for fields in map(str.split, lines) if fields[3] == "0A"}
