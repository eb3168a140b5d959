from __future__ import annotations

import asyncio
import gc
from pathlib import Path
from typing import Any

import pytest

from ssh_sftp.aio import SFTPClient


@pytest.mark.row("R09")
async def test_transfer_whose_undoing_is_cancelled_too_reports_nothing_later(
    client: SFTPClient, root: Path, tmp_path: Path
) -> None:
    """Its error comes when there is no caller any more, whom it could be raised in."""
    reported: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, about: reported.append(about))
    (root / "big").write_bytes(bytes(30_000_000))
    begun = asyncio.Event()

    def begin(_done: int, _total: int | None, _path: str) -> None:
        begun.set()

    task = asyncio.ensure_future(client.get("big", tmp_path / "big", progress=begin))
    await begun.wait()
    task.cancel()
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert await client.exists("big")
    del task
    gc.collect()
    assert reported == []
    assert not (tmp_path / "big").exists()
