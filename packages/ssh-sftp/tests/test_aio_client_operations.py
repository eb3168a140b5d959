from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ssh_sftp import Attributes, SFTPOptions, SFTPTransferError
from ssh_sftp.aio import SFTPClient
from ssh_wire import UsageError


async def test_each_operation_on_a_path_has_its_effect(client: SFTPClient, root: Path) -> None:
    await client.mkdir("d", 0o700)
    (root / "d" / "f").write_bytes(b"12345")
    await client.symlink("f", "d/l")
    await client.hardlink("d/f", "d/h")
    await client.truncate("d/f", 2)
    await client.chmod("d/f", 0o600)
    await client.lsetstat("d/l", Attributes(atime=1, mtime=2))

    assert (await client.stat("d/l")).size == 2
    assert (await client.lstat("d/l")).mtime == 2
    assert await client.readlink("d/l") == "f"
    assert await client.realpath("d/../d/l") == "/d/f"
    assert await client.home() == "/"
    assert await client.expand_path("~/d") == "/d"
    assert (await client.statvfs("d")).max_name > 0
    assert client.supports("limits@openssh.com")
    entries = {entry.name: entry async for entry in client.scandir("d")}
    assert entries["l"].is_symlink
    assert entries["f"].path == "d/f"
    await client.remove("d/h")
    await client.rename("d/f", "d/g")
    await client.posix_rename("d/g", "d/l")
    await client.remove("d/l")
    await client.rmdir("d")
    with pytest.raises(FileNotFoundError):
        await client.home("somebody")
    await client.makedirs("x/y")
    with pytest.raises(OSError, match="x/y"):
        await client.makedirs("x/y")


@pytest.mark.row("F10")
async def test_listing_and_walk_beyond_their_bounds_raise(client: SFTPClient, root: Path) -> None:
    (root / "a" / "b" / "c").mkdir(parents=True)
    for number in range(5):
        (root / f"{number}").touch()
    client._session.options = SFTPOptions(max_entries=3, max_depth=2)
    with pytest.raises(SFTPTransferError, match="more than 3"):
        await client.listdir("/")
    with pytest.raises(SFTPTransferError, match="deeper"):
        _ = [top async for top, _, _ in client.walk("/a")]


@pytest.mark.parametrize("path", ["a\0b", b"/a\0b", 5, None])
async def test_path_that_no_server_can_have_is_refused_and_the_session_goes_on(
    client: SFTPClient, path: Any
) -> None:
    for refused in (client.stat(path), client.listdir(path), client.rename("a", path)):
        with pytest.raises(UsageError, match="a path on the server"):
            await refused
    with pytest.raises(UsageError, match="a path on the server"):
        await client.get(path, "here")
    assert await client.exists("/")
