"""`serve`: what goes wrong, and its end."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import cast

import pytest

from loopback_server import SECONDS, USER, connected, serving
from ssh_auth import AuthenticationFailed, Permissions
from ssh_connection import ConnectionLimits
from ssh_connection.aio import ServerConnection, Session, User
from ssh_sftp.aio import SFTPClient
from ssh_stack import (
    MaxStartups,
    Rooted,
)
from ssh_stack.server.serving import Server
from ssh_transport import PeerDisconnected
from ssh_wire import DisconnectReason

MANY = MaxStartups(start=1000, full=1000, per_source=1000)
ALICE = User("alice", None, Permissions())


@contextlib.asynccontextmanager
async def stranger(server: Server) -> AsyncGenerator[asyncio.StreamReader]:
    """Somebody who connects and says nothing."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    try:
        yield reader
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


async def _until_empty(server: Server) -> None:
    async with asyncio.timeout(SECONDS):
        for connection in server.connections:
            await connection.wait_closed()
        while server.connections:  # noqa: ASYNC110 (a turn of the loop, no time)
            await asyncio.sleep(0)


# ------------------------------------------------------------- faults


@pytest.mark.row("R16")
async def test_handler_that_raises_fails_its_session_alone(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def broken(session: Session) -> int:
        if session.command == b"fail":
            raise ZeroDivisionError
        await session.write(b"fine")
        return 0

    async with serving(session=broken) as here, here.connect() as conn:
        done = await conn.run("fail")
        assert (done.exit_status, done.stdout) == (255, b"")
        assert (await conn.run("work")).stdout == b"fine"
    assert "ZeroDivisionError" in caplog.text


@pytest.mark.row("R16")
async def test_handler_that_hangs_does_not_hinder_others() -> None:
    async def slow(session: Session) -> int:
        if session.command == b"hang":
            await asyncio.Event().wait()
        await session.write(b"fine")
        return 0

    async with connected(session=slow) as conn, conn.start("hang") as process:
        assert (await conn.run("work")).stdout == b"fine"
        process._channel.abort()


@pytest.mark.row("X01")
async def test_connection_errors_are_reported_and_escaped(
    caplog: pytest.LogCaptureFixture,
) -> None:
    told: list[tuple[ServerConnection, Exception]] = []

    def on_error(connection: ServerConnection, error: Exception) -> None:
        told.append((connection, error))
        raise ZeroDivisionError  # does no harm

    caplog.set_level(logging.INFO)
    async with serving(on_error=on_error) as here:
        reader, writer = await asyncio.open_connection("127.0.0.1", here.server.port)
        writer.write(b"GET / HTTP/1.1\r\nHost: \x1b[31m\r\n\r\n")
        with contextlib.suppress(ConnectionError):
            await reader.read()
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()
        with pytest.raises(AuthenticationFailed):
            async with here.connect(username="somebody"):
                pass
        async with here.connect():
            pass
        await _until_empty(here.server)

    connection, error = told[0]
    assert connection.peer is not None
    assert connection.peer[0] == "127.0.0.1"
    assert "identification" in str(error)
    assert "key SHA256:" in caplog.text
    assert "refused for somebody" in caplog.text
    assert f"{USER} logged in from 127.0.0.1:" in caplog.text
    assert not {"\x1b", "\x9b"} & set(caplog.text)


# ------------------------------------------------------------- the end


@pytest.mark.row("R17")
async def test_clients_are_told_that_server_closes() -> None:
    async with serving() as here, here.connect() as conn:
        running = asyncio.create_task(conn.run("exec sleep 300"))
        await conn.ping()
        await here.server.close()

        with pytest.raises(PeerDisconnected) as caught:
            await running
        assert caught.value.code == DisconnectReason.BY_APPLICATION
        with pytest.raises(OSError, match=str(here.server.port)):
            await asyncio.open_connection("127.0.0.1", here.server.port)


@pytest.mark.row("R17")
async def test_close_ends_hundred_transfers(tmp_path: Path) -> None:
    with (tmp_path / "endless").open("wb") as file:
        file.truncate(1 << 34)
    begun = asyncio.Semaphore(0)
    limits = ConnectionLimits(sessions=100)
    serves = serving(sftp=Rooted(tmp_path), limits=limits)
    async with serves as here, here.connect() as conn, contextlib.AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(conn.sftp()) for _ in range(100)]
        transfers = [
            asyncio.create_task(_fetch(sftp, tmp_path / str(number), begun))
            for number, sftp in enumerate(clients)
        ]
        for _ in transfers:
            await begun.acquire()
        await here.server.close()

        results = await asyncio.gather(*transfers, return_exceptions=True)
        assert all(isinstance(result, ConnectionError) for result in results)
    assert [path.name for path in tmp_path.iterdir()] == ["endless"]  # noqa: ASYNC240 (a small one)


async def _fetch(sftp: SFTPClient, target: Path, begun: asyncio.Semaphore) -> None:
    first = True

    def progress(*_: object) -> None:
        nonlocal first
        if first:
            first = False
            begun.release()

    await sftp.get("endless", target, progress=progress)


@pytest.mark.row("R17")
async def test_close_aborts_connection_of_client_that_does_not_read() -> None:
    serves = serving(close_timeout=0.2)
    command = "exec cat /dev/zero"
    async with serves as here:
        reader, writer = await asyncio.open_connection("127.0.0.1", here.server.port)
        connects = here.connect(stream=(reader, writer))
        async with connects as conn, conn.start(command) as process:
            await process.stdout.readexactly(1)
            stream = cast("asyncio.Transport", writer.transport)
            stream.pause_reading()  # as a client that is stopped
            async with asyncio.timeout(SECONDS):
                await here.server.close()
            stream.resume_reading()


async def test_connection_during_close_is_refused() -> None:
    async with serving() as here:
        here.server._closed.set()
        async with stranger(here.server) as late:
            with contextlib.suppress(ConnectionError):
                assert await late.read() == b""
        assert not here.server.connections
