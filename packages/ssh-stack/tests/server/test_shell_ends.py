"""What becomes of commands when clients go away, or do not read."""

# ruff: noqa: S604 - the `shell` of a LocalShell is a path

from __future__ import annotations

import asyncio

import pytest

from loopback_server import connected, serving, watch
from ssh_connection.aio import Pty, Session
from ssh_stack import LocalShell

# ------------------------------------------------------------- the client goes away


HANGS = {
    "a command": "echo $$; exec sleep 300",
    "it ignores HUP": "trap '' HUP; echo $$; exec sleep 300",
    "it ignores HUP and TERM": "trap '' HUP TERM; echo $$; exec sleep 300",
    "its child": "sleep 300 & echo $!; wait",
    "a child that ignores HUP and TERM": "trap '' HUP TERM; sleep 300 & echo $!; trap - HUP; wait",
    "it is stopped": "echo $$; kill -STOP $$",
    "it writes without end": "echo $$; exec cat /dev/zero",
    "its child, after it has ended": "sleep 300 & echo $!",
}


@pytest.mark.parametrize("pty", [None, Pty()], ids=["pipes", "terminal"])
@pytest.mark.parametrize("command", HANGS.values(), ids=HANGS)
async def test_processes_end_when_client_closes_session(command: str, pty: Pty | None) -> None:
    if pty is not None and command == HANGS["its child, after it has ended"]:
        return  # the end of the terminal's session
    async with connected() as conn:
        async with conn.start(command, pty=pty) as process:
            watched = await watch(process)
            process._channel.abort()
            await watched.gone()
        assert (await conn.run("echo still there", text=True)).stdout == "still there\n"


@pytest.mark.parametrize("command", HANGS.values(), ids=HANGS)
async def test_processes_end_when_connection_is_lost(command: str) -> None:
    async with serving() as here, here.connect() as conn, conn.start(command) as process:
        watched = await watch(process)
        conn._client.driver.abort()
        await watched.gone()


@pytest.mark.row("R17")
@pytest.mark.parametrize("command", HANGS.values(), ids=HANGS)
async def test_processes_end_when_server_closes(command: str) -> None:
    async with serving() as here, here.connect() as conn, conn.start(command) as process:
        watched = await watch(process)
        await here.server.close()
        await watched.gone()


async def test_process_ends_when_close_is_cancelled() -> None:
    async with connected() as conn:
        process = await conn.start("echo $$; exec sleep 300").open()
        watched = await watch(process)
        running = asyncio.create_task(process.close())
        await asyncio.sleep(0)
        running.cancel()
        await asyncio.wait([running])
        await watched.gone()


# ------------------------------------------------------------- back-pressure


async def test_program_is_blocked_when_client_does_not_read() -> None:
    sessions: list[Session] = []
    shell = LocalShell(shell="/bin/sh")

    async def handler(session: Session) -> None:
        sessions.append(session)
        await shell(session)

    command = "head -c 50000000 /dev/zero"
    async with connected(session=handler) as conn, conn.start(command) as process:
        await process.stdout.readexactly(1)
        await conn.ping()
        assert sessions[0].channel.core.held <= 512 * 1024
        rest = await process.stdout.read()

    assert len(rest) == 50_000_000 - 1


async def test_client_is_blocked_when_program_does_not_read() -> None:
    async with connected() as conn, conn.start("read line; exec wc -c") as process:
        writing = asyncio.create_task(process.stdin.write(b"\n" + b"x" * 20_000_000))
        await conn.ping()
        await writing
        process.stdin.write_eof()

        assert int(await process.stdout.read()) == 20_000_000
