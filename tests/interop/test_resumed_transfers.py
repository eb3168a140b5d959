"""Transfers that go on after a loss, and over several channels, with OpenSSH's server."""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest

from ssh_stack import SFTPClient, SFTPOptions, Transferred
from tests.interop.connecting import connect
from tests.interop.peers import Peer

MIB = 1024 * 1024
SIZE = 24 * MIB


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


async def killed_in_the_middle(peer: Peer, transfer: Any) -> None:
    """Kill the server's sessions when a part is transferred."""
    middle = asyncio.Event()

    def progress(done: int, _total: int | None, _path: str) -> None:
        if done > SIZE // 3:
            middle.set()

    slow = SFTPOptions(limit=8 * MIB)  # the kill takes a moment
    async with connect(peer) as conn, conn.sftp(options=slow) as sftp:
        running: Coroutine[Any, Any, Transferred] = transfer(sftp, progress)
        task = asyncio.create_task(running)
        waiting = asyncio.create_task(middle.wait())
        await asyncio.wait({waiting, task}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        assert not task.done()
        await asyncio.to_thread(peer.kill_sessions)
        with pytest.raises(ConnectionError):
            await task


@pytest.mark.row("R01")
@pytest.mark.row("R06")
@pytest.mark.parametrize("upload", [True, False], ids=["put", "get"])
async def test_transfer_goes_on_after_the_server_was_killed(
    peer: Peer, tmp_path: Path, upload: bool
) -> None:
    here, back = tmp_path / "here", tmp_path / "back"
    here.write_bytes(os.urandom(SIZE))
    there = f"/tmp/resumed-{upload}"  # noqa: S108 (of the peer)

    def transfer(sftp: SFTPClient, progress: Any = None) -> Coroutine[Any, Any, Transferred]:
        if upload:
            return sftp.put(here, there, resume=True, progress=progress)
        return sftp.get(there, back, resume=True, progress=progress)

    async with connect(peer) as conn, conn.sftp() as sftp:
        if not upload:
            await sftp.put(here, there)
    await killed_in_the_middle(peer, transfer)
    async with connect(peer) as conn, conn.sftp() as sftp:
        result = await transfer(sftp)
        if upload:
            await sftp.get(there, back)
        await sftp.remove(there)

    assert result.resumed > 0
    assert digest(back) == digest(here)


async def test_large_upload_goes_over_several_channels(peer: Peer, tmp_path: Path) -> None:
    here, back = tmp_path / "here", tmp_path / "back"
    here.write_bytes(os.urandom(SIZE))
    options = SFTPOptions(stripes=4)
    async with connect(peer) as conn:
        async with conn.sftp(options=options) as sftp:
            result = await sftp.put(here, "striped", verify=True)
            await sftp.get("striped", back)
            await sftp.remove("striped")
        assert not conn.channels

    assert (result.verified, result.refused) == (1, ())
    assert digest(back) == digest(here)
