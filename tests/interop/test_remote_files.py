"""Open files, paths and trees on SFTP servers that others have written."""

from __future__ import annotations

import asyncio
import hashlib
import os
import random
from typing import TYPE_CHECKING

import asyncssh
import pytest

import ssh_stack
from ssh_stack import PrivateKey, SFTPClient
from tests.interop import test_proftpd_hashes as proftpd
from tests.interop.connecting import connect

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from ssh_sftp.aio import RemoteFile
    from tests.interop.peers import Peer

SERVER = "/usr/lib/openssh/sftp-server"


async def use_files(sftp: SFTPClient, folder: str) -> None:
    """Use what open files, paths and trees have, in a folder of the server that is missing."""
    content = random.Random(5).randbytes(700_001)  # noqa: S311 (a test's content)
    top = sftp.path(folder)
    await (top / "deep" / "er").mkdir(parents=True)
    async with await (top / "file").open("w+b") as file:
        for start in range(0, len(content), 1000):
            await file.write(content[start : start + 1000])
        await file.seek(0)
        pieces = [piece async for piece in _pieces(file, 1000)]
        assert b"".join(pieces) == content
        await file.seek(-1, os.SEEK_END)
        assert await file.read() == content[-1:]
        await file.seek(10)
        await file.write(b"changed")
        assert await file.read_at(9, 9) == content[9:10] + b"changed" + content[17:18]
    changed = content[:10] + b"changed" + content[17:]
    assert await sftp.checksum(f"{folder}/file") == hashlib.sha256(changed).digest()
    await sftp.copy(f"{folder}/file", f"{folder}/deep/copy")
    assert await sftp.read_bytes(f"{folder}/deep/copy") == changed
    async with await (top / "text").open("w") as text:
        await text.writelines(f"line {number}\n" for number in range(10_000))
    async with await (top / "text").open("r") as text:
        assert [line async for line in text] == [f"line {number}\n" for number in range(10_000)]
    await (top / "deep" / "er" / "new").touch()
    await (top / "deep" / "link").symlink_to("er")
    assert sorted([path async for path in sftp.glob("**/[cn]*", folder)]) == [
        *(f"{folder}/deep/copy", f"{folder}/deep/er/new"),
    ]
    target = await (top / "deep" / "link").readlink()
    assert target.name == "er"  # ProFTPD makes it absolute
    await top.rmtree()
    assert not await top.exists()


async def _pieces(file: RemoteFile, size: int) -> AsyncIterator[bytes]:
    while data := await file.read(size):
        yield data


async def test_files_of_openssh_are_used(peer: Peer) -> None:
    async with connect(peer) as conn, conn.sftp() as sftp:
        await use_files(sftp, "remote-files")


async def test_files_of_the_bare_program_are_used_over_a_pipe(tmp_path: Path) -> None:
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(SERVER, stdin=pipe, stdout=pipe)
    assert process.stdout is not None
    assert process.stdin is not None
    try:
        async with SFTPClient.from_streams(process.stdout, process.stdin) as sftp:
            await use_files(sftp, str(tmp_path / "remote"))
    finally:
        process.stdin.close()
        assert await asyncio.wait_for(process.wait(), 20) == 0


class _Accepting(asyncssh.SSHServer):
    def begin_auth(self, username: str) -> bool:
        return username != "user"


async def test_files_of_asyncssh_are_used(tmp_path: Path) -> None:
    key = PrivateKey.generate("ed25519")
    (tmp_path / "key").write_bytes(key.to_openssh())
    (tmp_path / "key").chmod(0o600)
    async with asyncssh.listen(
        "127.0.0.1",
        0,
        server_factory=_Accepting,
        server_host_keys=[str(tmp_path / "key")],
        sftp_factory=True,
    ) as server:
        port = server.get_port()
        known = f"[127.0.0.1]:{port} {key.public_key.to_openssh()}\n".encode()
        async with (
            ssh_stack.connect(
                "127.0.0.1", port, username="user", known_hosts=known, config=None, keys=()
            ) as conn,
            conn.sftp() as sftp,
        ):
            await use_files(sftp, str(tmp_path / "remote"))


async def test_files_of_proftpd_are_used(tmp_path: Path) -> None:
    if not os.access(proftpd.PROGRAM, os.X_OK):
        missing = f"{proftpd.PROGRAM} is missing (Debian: proftpd-core, proftpd-mod-crypto)"
        if os.environ.get("SSH_STACK_REQUIRE_PEERS") == "1":
            pytest.fail(missing)
        pytest.skip(missing)
    async with proftpd.session(proftpd.ProFTPD(tmp_path)) as sftp:
        await use_files(sftp, str(tmp_path / "remote"))
