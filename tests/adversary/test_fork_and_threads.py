"""A connection belongs to one process and one event loop; others are told, and break nothing."""

# ruff: noqa: S604 - the `shell` of a LocalShell is a path

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

import ssh_stack
from ssh_keys import PrivateKey
from ssh_stack import AuthorizedKeys, Connect, LocalShell, Server, UsageError

HOST_KEY = PrivateKey.generate("ed25519")
USER_KEY = PrivateKey.generate("ed25519")

PROGRAM = """\
import asyncio, gc, os, sys
import ssh_stack
from ssh_stack import UsageError

way, port, key, known = sys.argv[1:]
options = dict(username="me", keys=[key], agent=None, config=None, known_hosts=known)

def is_refused(work):
    try:
        work()
    except UsageError as error:
        return "fork" in str(error)
    return False

def use_in_child(conn, process):
    if way == "run":
        return is_refused(lambda: asyncio.run(conn.run("true")))
    if way == "write":
        return is_refused(lambda: process.stdin.put(b"child "))
    if way == "close":
        asyncio.run(conn.close())
        return True
    del conn, process
    return gc.collect() >= 0

async def main():
    async with ssh_stack.connect("127.0.0.1", int(port), **options) as conn:
        process = await conn.start("cat").open()
        await process.stdin.write(b"before ")
        child = os.fork()
        if not child:
            if way == "leave":
                raise LookupError  # through the scope, which must not disconnect the parent
            os._exit(0 if use_in_child(conn, process) else 1)
        _, status = await asyncio.to_thread(os.waitpid, child, 0)
        assert status == 0, status
        await process.stdin.write(b"behind")
        process.stdin.write_eof()
        assert await process.stdout.read() == b"before behind"
        conn.rekey()
        assert (await conn.run("echo works", text=True)).stdout == "works\\n"
        print("done", flush=True)

async def main_or_child():
    try:
        await main()
    except LookupError:
        os._exit(0)

asyncio.run(main_or_child())
"""
"""Forks while a connection is open, and uses it in the child in one way."""


def connecting(server: Server) -> Connect:
    known = f"[127.0.0.1]:{server.port} {HOST_KEY.public_key.to_openssh()}"
    return ssh_stack.connect(
        "127.0.0.1",
        server.port,
        username="me",
        keys=[USER_KEY],
        agent=None,
        config=None,
        known_hosts=known.encode(),
    )


@asynccontextmanager
async def serving() -> AsyncGenerator[Server]:
    async with ssh_stack.serve(
        "127.0.0.1",
        0,
        host_keys=[HOST_KEY],
        auth=AuthorizedKeys([USER_KEY.public_key], users=["me"]),
        session=LocalShell(shell="/bin/sh"),
    ) as server:
        yield server


@pytest.mark.row("R20")
@pytest.mark.skipif(sys.platform == "win32", reason="there is no fork")
@pytest.mark.parametrize("way", ["run", "write", "close", "leave", "collect"])
async def test_fork_cannot_use_the_connection_and_does_not_disturb_it(
    way: str, tmp_path: Path
) -> None:
    key, known = tmp_path / "key", tmp_path / "known_hosts"
    key.write_bytes(USER_KEY.to_openssh())
    key.chmod(0o600)
    async with serving() as server:
        known.write_text(f"[127.0.0.1]:{server.port} {HOST_KEY.public_key.to_openssh()}\n")
        program = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", PROGRAM, way, str(server.port), str(key), str(known)),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await program.communicate()
    assert (out, program.returncode) == (b"done\n", 0), err.decode()


@pytest.mark.row("R20")
async def test_thread_with_another_loop_is_told_and_does_not_disturb_the_connection() -> None:
    async with serving() as server, connecting(server) as connection:

        async def use() -> None:
            await connection.run("true")

        async def ping() -> None:
            await connection.ping()

        for work in (use, ping, connection.close):
            with pytest.raises(UsageError, match="another event loop"):
                await asyncio.to_thread(asyncio.run, work())

        assert (await connection.run("echo works", text=True)).stdout == "works\n"


@pytest.mark.row("R20")
async def test_thread_may_call_through_the_loop_of_the_connection() -> None:
    async with serving() as server, connecting(server) as connection:
        loop = asyncio.get_running_loop()

        def use() -> bytes:
            running = connection.run("echo works")
            return asyncio.run_coroutine_threadsafe(running, loop).result(20).stdout

        outputs = await asyncio.gather(*(asyncio.to_thread(use) for _ in range(8)))
    assert outputs == [b"works\n"] * 8
