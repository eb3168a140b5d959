"""A copy on the server, against OpenSSH's."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ssh_sftp import SFTPNoSuchFile, SFTPTransferError, SFTPUnsupported
from ssh_sftp.aio import Rooted, SFTPClient, SFTPServer
from ssh_sftp.testing import memory_pipes

SERVER = "/usr/lib/openssh/sftp-server"


@pytest.fixture
async def sftp(openssh: None) -> AsyncIterator[SFTPClient]:
    del openssh  # it only has to be there
    process = await asyncio.create_subprocess_exec(
        SERVER, "-e", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stdin is not None
    async with SFTPClient.from_streams(process.stdout, process.stdin) as client:
        yield client
    await process.wait()


async def test_copy_has_the_bytes_and_the_permissions_without_set_id(
    sftp: SFTPClient, tmp_path: Path
) -> None:
    (tmp_path / "old").write_bytes(os.urandom(300_000))
    (tmp_path / "old").chmod(0o4640)
    await sftp.copy(str(tmp_path / "old"), str(tmp_path / "new"))
    assert (tmp_path / "new").read_bytes() == (tmp_path / "old").read_bytes()
    assert (tmp_path / "new").stat().st_mode & 0o7777 == 0o640


async def test_copy_replaces_a_longer_file(sftp: SFTPClient, tmp_path: Path) -> None:
    (tmp_path / "old").write_bytes(b"short")
    (tmp_path / "new").write_bytes(bytes(1000))
    await sftp.copy(str(tmp_path / "old"), str(tmp_path / "new"))
    assert (tmp_path / "new").read_bytes() == b"short"


async def test_copy_of_what_is_no_file_is_refused(sftp: SFTPClient, tmp_path: Path) -> None:
    with pytest.raises(SFTPTransferError, match="not a regular file"):
        await sftp.copy(str(tmp_path), str(tmp_path / "new"))
    with pytest.raises(SFTPNoSuchFile):
        await sftp.copy(str(tmp_path / "none"), str(tmp_path / "new"))
    (tmp_path / "old").touch()
    with pytest.raises(SFTPNoSuchFile):
        await sftp.copy(str(tmp_path / "old"), str(tmp_path / "no" / "new"))
    assert not (tmp_path / "new").exists()


async def test_server_without_the_extension_is_not_asked(root: Path) -> None:
    (root / "old").touch()
    near, far = memory_pipes()
    server = SFTPServer(far, Rooted(root), denied=["copy-data", "users-groups-by-id"])
    serving = asyncio.ensure_future(server.serve())
    async with SFTPClient.from_pipe(near) as client:
        await client.copy("old", "new")
        assert (root / "new").exists()
        with pytest.raises(SFTPUnsupported, match="users-groups-by-id"):
            await client.owner_names([0], [0])
    await serving
