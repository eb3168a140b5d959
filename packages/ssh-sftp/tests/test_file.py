from __future__ import annotations

import os
from pathlib import Path

import pytest

from ssh_sftp import Attributes, OpenFlags
from ssh_sftp.aio import SFTPClient
from ssh_sftp.aio.file import open_flags
from ssh_wire import UsageError


async def test_reading_and_seeking(client: SFTPClient, root: Path) -> None:
    content = os.urandom(1_000_000)
    (root / "f").write_bytes(content)
    async with await client.open("f") as file:
        assert await file.read(10) == content[:10]
        assert file.tell() == 10
        await file.seek(5, os.SEEK_CUR)
        assert await file.read(10) == content[15:25]
        await file.seek(-10, os.SEEK_END)
        assert await file.read() == content[-10:]
        assert await file.read(1) == b""
        assert await file.read_at(5, 100) == content[100:105]
        assert await file.read(0) == b""
        await file.seek(0)
        assert b"".join([block async for block in file]) == content
        with pytest.raises(UsageError):
            await file.seek(-1)
    assert file.closed
    with pytest.raises(UsageError):
        await file.read(1)


async def test_writing(client: SFTPClient, root: Path) -> None:
    content = os.urandom(700_000)
    async with await client.open("f", "w+") as file:
        await file.write(content)
        await file.write_at(b"XY", 1)
        await file.seek(0)
        assert await file.read(4) == content[:1] + b"XY" + content[3:4]
        await file.truncate(100)
        await file.setstat(Attributes(permissions=0o600))
        await file.fsync()
        assert (await file.statvfs()).block_size > 0
        assert (await file.stat()).size == 100
        assert "open" in repr(file)
    assert (root / "f").stat().st_mode & 0o777 == 0o600
    assert (root / "f").stat().st_size == 100


async def test_a_refused_write_is_raised(client: SFTPClient, root: Path) -> None:
    (root / "f").write_bytes(b"x")
    async with await client.open("f", "r") as file:
        with pytest.raises(OSError, match="f"):
            await file.write(b"y")


def test_modes() -> None:
    assert open_flags("rb") == OpenFlags.READ
    assert open_flags("w+") & OpenFlags.READ
    for mode in ("", "rw", "b", "r++"):
        with pytest.raises(UsageError):
            open_flags(mode)
