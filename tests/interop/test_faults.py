"""Servers that die, freeze or fall silent in the middle of things."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

import pytest

from ssh_connection.aio import KeepaliveOptions
from ssh_transport import ConnectionLost
from tests.interop.connecting import connect
from tests.interop.peers import Peer

if TYPE_CHECKING:
    from pathlib import Path

MIB = 1024 * 1024


@pytest.mark.row("R01")
@pytest.mark.row("R05")
async def test_download_fails_when_the_server_is_killed(peer: Peer, tmp_path: Path) -> None:
    async with connect(peer) as conn, conn.sftp() as sftp:
        await conn.run("truncate -s 2G /tmp/endless", check=True)
        middle = asyncio.Event()

        def progress(done: int, *_: object) -> None:
            if done > MIB:
                middle.set()

        fetching = asyncio.create_task(
            sftp.get("/tmp/endless", tmp_path / "file", progress=progress)  # noqa: S108
        )
        waiting = asyncio.create_task(middle.wait())
        await asyncio.wait({waiting, fetching}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        assert not fetching.done()
        await asyncio.to_thread(peer.kill_sessions)

        with pytest.raises(ConnectionError):
            await fetching

    assert not (tmp_path / "file").exists()


@pytest.mark.row("R01")
async def test_every_waiter_gets_the_error_of_a_lost_connection(peer: Peer) -> None:
    async with connect(peer) as conn:
        running = [asyncio.create_task(conn.run("sleep 300")) for _ in range(5)]
        async with conn.start("echo up; exec sleep 300") as process:
            await process.stdout.readline()
            await asyncio.to_thread(peer.kill_sessions)

            assert await process.wait_closed() is not None
            for task in running:
                with pytest.raises(ConnectionLost):
                    await task
        with pytest.raises(ConnectionError):
            await conn.run("true")


@pytest.mark.row("R02")
@pytest.mark.row("R12")
async def test_frozen_server_is_given_up_after_keepalives(peer: Peer) -> None:
    keepalive = KeepaliveOptions(interval=0.2, count_max=3)
    async with connect(peer, keepalive=keepalive) as conn:
        assert (await conn.run("true")).exit_status == 0
        started = asyncio.get_running_loop().time()
        # freezing blocks for a moment, which an idle connection survives
        with peer.frozen(), pytest.raises(ConnectionLost, match="silent"):
            await conn.run("sleep 60")
        assert asyncio.get_running_loop().time() - started < 10


@pytest.mark.row("R12")
async def test_server_that_answers_keepalives_is_kept(peer: Peer) -> None:
    keepalive = KeepaliveOptions(interval=0.05, count_max=2)
    async with connect(peer, keepalive=keepalive) as conn:
        assert (await conn.run("sleep 1; echo still here", text=True)).stdout == "still here\n"
        assert await conn.ping() < 5


@pytest.mark.row("R09")
async def test_transfers_cancelled_anywhere_leave_no_half_file(peer: Peer, tmp_path: Path) -> None:
    source = tmp_path / "source"
    content = os.urandom(4 * MIB)
    source.write_bytes(content)
    async with connect(peer) as conn, conn.sftp() as sftp:
        await sftp.put(source, "victim")
        for turns in range(0, 60, 5):
            for transfer in (
                sftp.get("victim", tmp_path / "fetched"),
                sftp.put(source, "sent"),
            ):
                task = asyncio.create_task(transfer)
                for _ in range(turns):
                    await asyncio.sleep(0)
                task.cancel()
                await asyncio.wait([task])
                # whoever was cancelled behind the rename has the whole file, never a part of it
                fetched = tmp_path / "fetched"
                if fetched.exists():
                    assert fetched.read_bytes() == content
                    fetched.unlink()
                if await sftp.exists("sent"):
                    assert await sftp.read_bytes("sent") == content
                    await sftp.remove("sent")
        assert set(os.listdir(tmp_path)) == {"source"}  # noqa: PTH208 (reads no disk to speak of)
        names = [n for n in await sftp.listdir(".") if n.startswith((".", "sent")) and "part" in n]
        assert names == []
        await sftp.remove("victim")
