"""ping@openssh.com and the intervals of typed keys, with OpenSSH's servers."""

from __future__ import annotations

import asyncio

from ssh_connection.aio import Pty
from ssh_connection.aio.process.typing import TypedWriter
from tests.interop.connecting import connect
from tests.interop.peers import Peer


async def test_what_is_typed_arrives_and_the_pauses_are_answered(peer: Peer) -> None:
    pty = Pty(keystroke_interval=20)
    async with asyncio.timeout(60), connect(peer) as conn:
        assert await conn.ping() >= 0
        async with conn.start("cat", text=True, pty=pty) as process:
            obscured = isinstance(process.process.stdin, TypedWriter)
            # OpenSSH has it since 9.5
            assert obscured != conn.server_software.startswith(("OpenSSH_8.", "OpenSSH_9.2"))
            for key in "typed\n":
                await process.stdin.write(key)
            await process.stdout.expect("typed\r\ntyped\r\n", timeout=20)
            await asyncio.sleep(0.2)  # chaff is on its way
            assert await conn.ping() >= 0
