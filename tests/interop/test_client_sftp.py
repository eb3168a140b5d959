"""Files and trees, to and from OpenSSH's SFTP server."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING

import pytest

from ssh_sftp import SFTPNoSuchFile
from tests.interop.connecting import connect
from tests.interop.peers import Peer

if TYPE_CHECKING:
    from pathlib import Path

MIB = 1024 * 1024


async def test_64_mib_both_ways_with_rekeys_in_the_middle(peer: Peer, tmp_path: Path) -> None:
    data = os.urandom(MIB) * 64
    local = tmp_path / "data"
    local.write_bytes(data)

    async with connect(peer, rekey_bytes=16 * MIB) as conn, conn.sftp() as sftp:
        await sftp.put(local, "copy")
        remote = await conn.run("sha256sum copy", text=True, check=True)
        await sftp.get("copy", tmp_path / "back")
        await sftp.remove("copy")

    assert remote.stdout.split()[0] == hashlib.sha256(data).hexdigest()
    assert (tmp_path / "back").read_bytes() == data


async def test_tree_uploaded_and_downloaded_is_the_same(peer: Peer, tmp_path: Path) -> None:
    source = tmp_path / "tree"
    for number in range(200):
        path = source / f"d{number % 7}" / f"f{number}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(os.urandom(number * 13))
    (source / "empty").mkdir()

    async with connect(peer) as conn, conn.sftp() as sftp:
        await sftp.put(source, "tree", recursive=True)
        await sftp.get("tree", tmp_path / "back", recursive=True)
        await conn.run("rm -rf tree", check=True)

    def content(root: Path) -> dict[str, bytes | None]:
        return {
            str(p.relative_to(root)): p.read_bytes() if p.is_file() else None
            for p in root.rglob("*")
        }

    assert content(tmp_path / "back") == content(source)


async def test_operations(peer: Peer) -> None:
    async with connect(peer) as conn, conn.sftp() as sftp:
        base = sftp.path("operations")
        await base.mkdir()
        await (base / "text").write_text("hello\n")
        assert await (base / "text").read_text() == "hello\n"
        assert (await sftp.stat("operations/text")).size == 6
        await sftp.rename("operations/text", "operations/renamed")
        await sftp.symlink("renamed", "operations/link")
        assert await sftp.readlink("operations/link") == "renamed"
        assert sorted(await sftp.listdir("operations")) == ["link", "renamed"]
        assert (await sftp.statvfs("operations")).block_size > 0
        largest = (await sftp.limits()).max_read
        assert largest is None or largest >= 32768  # 8.4 does not say
        with pytest.raises(SFTPNoSuchFile) as caught:
            await sftp.stat("operations/nothing")
        assert caught.value.filename == "operations/nothing"
        await sftp.remove("operations/link")
        await sftp.remove("operations/renamed")
        await base.rmdir()
        assert not await base.exists()
