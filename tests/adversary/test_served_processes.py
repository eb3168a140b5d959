"""Servers that are killed, stopped, or have no descriptor left: processes of their own.

`SSH_STACK_KILLS=1000` has them killed at so many bytes (R01); a few are enough for every day.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Final

import attrs
import pytest

import ssh_stack
from ssh_keys.files import write_private_key
from ssh_stack import Connection, KeepaliveOptions, Timeouts
from tests.adversary.cancelling import leaves_nothing
from tests.adversary.places import HOST_KEY, USER_KEY

KILLS: Final = int(os.environ.get("SSH_STACK_KILLS", "8"))
SIZE: Final = 64 * 1024 * 1024
KEEPALIVE: Final = KeepaliveOptions(interval=0.3, count_max=3)
PROGRAM: Final = """\
import asyncio, resource, sys
import ssh_stack
from ssh_keys.files import read_private_key
from ssh_stack import AuthorizedKeys, LocalShell, MaxStartups, Rooted

key, user, folder, descriptors, grace = sys.argv[1:]
if int(descriptors):
    resource.setrlimit(resource.RLIMIT_NOFILE, (int(descriptors), int(descriptors)))


async def main():
    many = MaxStartups(start=5000, full=5000, per_source=5000)
    async with ssh_stack.serve(
        "127.0.0.1", 0, host_keys=[read_private_key(key)], max_startups=many,
        auth=AuthorizedKeys([read_private_key(user).public_key], users=["me"]),
        session=LocalShell(shell="/bin/sh"), sftp=Rooted(folder), login_grace=float(grace),
    ) as server:
        print(server.port, flush=True)
        loop = asyncio.get_running_loop()
        loop.add_reader(0, loop.stop)
        await asyncio.Event().wait()


try:
    asyncio.run(main())
except RuntimeError as error:  # the loop was stopped
    print(error, flush=True)
"""


@attrs.frozen
class Served:
    """A server in a process of its own."""

    process: asyncio.subprocess.Process
    port: int

    def connect(self, **options: Any) -> ssh_stack.Connect:
        known = f"[127.0.0.1]:{self.port} {HOST_KEY.public_key.to_openssh()}".encode()
        given: dict[str, Any] = {"keepalive": KEEPALIVE, **options}
        return ssh_stack.connect(
            "127.0.0.1",
            self.port,
            username="me",
            keys=[USER_KEY],
            agent=None,
            config=None,
            known_hosts=known,
            **given,
        )

    def signal(self, number: int) -> None:
        self.process.send_signal(number)


@asynccontextmanager
async def served(
    tmp_path: Path, folder: Path, descriptors: int = 0, grace: float = 60.0
) -> AsyncGenerator[Served]:
    key, user = tmp_path / "host_key", tmp_path / "user_key"
    if not key.exists():
        write_private_key(key, HOST_KEY)
        write_private_key(user, USER_KEY)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", PROGRAM, key, user, folder, str(descriptors), str(grace)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    assert process.stdout is not None
    try:
        yield Served(process, int(await process.stdout.readline()))
    finally:
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGCONT)
            process.kill()
        await process.communicate()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    found = tmp_path / "there"
    found.mkdir()
    with (found / "large").open("wb") as file:
        file.truncate(SIZE)
    return found


# ---------------------------------------------------------------- killed


@pytest.mark.row("R01")
@pytest.mark.timeout(60 + 10 * KILLS)
async def test_transfer_whose_server_is_killed_at_any_byte_raises_at_once(
    tmp_path: Path, folder: Path
) -> None:
    chosen = random.Random(KILLS)  # noqa: S311 (nothing secret)
    loop = asyncio.get_running_loop()
    async with leaves_nothing() as nothing:
        for number in range(KILLS):
            at = chosen.randrange(SIZE)
            async with served(tmp_path, folder) as server:
                connection = await server.connect()
                killed: list[float] = []

                def progress(done: int, *_: object, at: int = at, server: Served = server) -> None:
                    if done >= at and not killed:  # noqa: B023 (it is called in this round)
                        server.signal(signal.SIGKILL)
                        killed.append(loop.time())  # noqa: B023

                other = asyncio.ensure_future(connection.run("exec sleep 600"))
                with pytest.raises(ConnectionError):
                    await _transfer(connection, folder, tmp_path, progress, back=bool(number % 2))
                with pytest.raises(ssh_stack.ConnectionLost):
                    await other
                assert killed
                assert loop.time() - killed[0] < 5  # at once, on a machine that is not busy
                await connection.close()
            assert not (tmp_path / "got").exists()
            assert not (folder / "put").exists()
        await nothing()


async def _transfer(
    connection: Connection, there: Path, here: Path, progress: Any, *, back: bool
) -> None:
    async with connection.sftp() as sftp:
        if back:
            await sftp.put(there / "large", "/put", progress=progress)
        else:
            await sftp.get("/large", here / "got", progress=progress)


@pytest.mark.row("R17")
async def test_client_is_told_where_the_loop_of_its_server_is_stopped(
    tmp_path: Path, folder: Path
) -> None:
    async with served(tmp_path, folder) as server, server.connect() as connection:
        running = asyncio.ensure_future(connection.run("exec sleep 600"))
        await connection.ping()
        assert server.process.stdin is not None
        assert server.process.stdout is not None
        server.process.stdin.close()
        with pytest.raises(ssh_stack.ConnectionLost):
            await running
        assert b"Event loop stopped" in await server.process.stdout.read()
        assert await server.process.wait() == 0


# ---------------------------------------------------------------- stopped


@pytest.mark.row("R02")
@pytest.mark.parametrize("stage", ["handshake", "command", "transfer", "close"])
async def test_server_that_is_stopped_is_given_up_in_bounded_time(
    stage: str, tmp_path: Path, folder: Path
) -> None:
    loop = asyncio.get_running_loop()
    timeouts = Timeouts(connect=1.0, handshake=1.0, auth=1.0, close=1.0)
    async with leaves_nothing() as nothing, served(tmp_path, folder) as server:
        if stage == "handshake":
            server.signal(signal.SIGSTOP)
            with pytest.raises(ssh_stack.SSHTimeout):
                await server.connect(timeouts=timeouts)
        else:
            connection = await server.connect(timeouts=timeouts)
            if stage == "transfer":

                def progress(done: int, *_: object) -> None:
                    if done:
                        server.signal(signal.SIGSTOP)

                with pytest.raises(ConnectionError):
                    await _transfer(connection, folder, tmp_path, progress, back=False)
                assert not (tmp_path / "got").exists()
            elif stage == "command":
                async with connection.start("echo up; exec sleep 600") as process:
                    assert await process.stdout.readline() == b"up\n"
                    server.signal(signal.SIGSTOP)
                    assert isinstance(await process.wait_closed(), ssh_stack.ConnectionLost)
            else:
                server.signal(signal.SIGSTOP)
            began = loop.time()
            await connection.close()
            assert loop.time() - began < 4
        server.signal(signal.SIGKILL)
        await server.process.wait()
    await nothing()


# ---------------------------------------------------------------- without descriptors


@pytest.mark.row("R14")
async def test_server_without_descriptors_takes_clients_again_when_some_are_free(
    tmp_path: Path, folder: Path
) -> None:
    async with served(tmp_path, folder, descriptors=64) as server:
        server.signal(signal.SIGSTOP)
        others = [await asyncio.open_connection("127.0.0.1", server.port) for _ in range(100)]
        server.signal(signal.SIGCONT)  # it accepts them all before it serves the first
        async with asyncio.timeout(30):
            assert (await others[0][0].readline()).startswith(b"SSH-2.0-")
        assert server.process.returncode is None
        for _, writer in others:
            writer.transport.abort()
        relaxed = Timeouts(connect=30.0, handshake=30.0, auth=30.0)
        async with (
            server.connect(timeouts=relaxed, keepalive=None) as connection,
            connection.sftp() as sftp,
        ):
            assert (await sftp.stat("/large")).size == SIZE


@pytest.mark.row("R14")
async def test_server_works_on_behind_a_storm_of_connections(tmp_path: Path, folder: Path) -> None:
    async def visit() -> None:
        with suppress(ConnectionError):
            _, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.transport.abort()

    async with served(tmp_path, folder) as server:
        for _ in range(10):
            await asyncio.gather(*(visit() for _ in range(100)))
        async with server.connect() as connection:
            assert (await connection.run("echo in", text=True)).stdout == "in\n"


# ---------------------------------------------------------------- slow clients


async def _silent(_: asyncio.StreamWriter) -> None:
    """Say nothing."""


async def _trickles(writer: asyncio.StreamWriter) -> None:
    writer.write(b"SSH-2.0-sl")


async def _identified(writer: asyncio.StreamWriter) -> None:
    writer.write(b"SSH-2.0-slow\r\n")


async def _begins_packet(writer: asyncio.StreamWriter) -> None:
    writer.write(b"SSH-2.0-slow\r\n\0\0\1")


@pytest.mark.row("R13")
async def test_honest_clients_are_served_beside_five_hundred_slow_clients(
    tmp_path: Path, folder: Path
) -> None:
    behaviours = (_silent, _trickles, _identified, _begins_packet)

    async def slow(number: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        try:
            await behaviours[number % len(behaviours)](writer)
            while await reader.read(65536):  # until the grace is over
                pass
        except ConnectionError:
            pass
        finally:
            writer.transport.abort()

    async def honest() -> str:
        async with server.connect(timeouts=relaxed, keepalive=None) as connection:
            return (await connection.run("echo in", text=True)).stdout

    relaxed = Timeouts(connect=60.0, handshake=60.0, auth=60.0)
    async with served(tmp_path, folder, grace=8.0) as server:
        crowd = [asyncio.ensure_future(slow(number)) for number in range(500)]
        printed = [await asyncio.gather(*(honest() for _ in range(10))) for _ in range(4)]
        assert printed == [["in\n"] * 10] * 4
        await asyncio.gather(*crowd)
