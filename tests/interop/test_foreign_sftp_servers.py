"""Transfers with SFTP servers that others have written, and that lack OpenSSH's extensions.

OpenSSH's own is in `test_client_sftp`, ProFTPD's in `test_proftpd_hashes`, AsyncSSH's in
`test_remote_files`.
"""

from __future__ import annotations

import asyncio
import os
import pwd
import shutil
import socket
import subprocess
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Final, TypeAlias

import attrs
import pytest

import ssh_stack
from ssh_stack import PrivateKey, SFTPClient
from tests.interop import loopback, paramiko_server

HOST: Final = PrivateKey.generate("ed25519")
USER: Final = PrivateKey.generate("ed25519")
CONTENT: Final = os.urandom(3_000_001)
TREE: Final = {"a": b"first", "deep/b": b"second", "deep/er/c": CONTENT[:70_000]}
SECONDS: Final = 20


@attrs.frozen
class At:
    """A server that runs, and where it keeps what a client puts into `folder`."""

    port: int
    folder: str
    there: Path
    links: bool = True
    reads_parts: bool = True
    """Whether a file that is open for writing can be read."""


Running: TypeAlias = Callable[[Path], AbstractAsyncContextManager[At]]


@asynccontextmanager
async def program(words: list[str], port: int) -> AsyncGenerator[None]:
    """Run a server until the end of the block."""
    if shutil.which(words[0]) is None:
        if os.environ.get("SSH_STACK_REQUIRE_PEERS") == "1":
            pytest.fail(f"{words[0]} is not installed")
        pytest.skip(f"{words[0]} is not installed")
    process = await asyncio.create_subprocess_exec(
        *words, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        await asyncio.to_thread(loopback.wait_for_ssh, port, seconds=SECONDS)
        yield
    finally:
        process.kill()
        await process.wait()


@asynccontextmanager
async def dropbear(folder: Path) -> AsyncGenerator[At]:
    """Dropbear, with OpenSSH's sftp-server behind it, and a home directory of its own."""
    home, key = folder / "home", folder / "key"
    (home / ".ssh").mkdir(parents=True)
    (home / ".ssh" / "authorized_keys").write_text(USER.public_key.to_openssh())
    (folder / "openssh").write_bytes(HOST.to_openssh())
    convert = ["dropbearconvert", "openssh", "dropbear", str(folder / "openssh"), str(key)]
    await asyncio.to_thread(lambda: subprocess.run(convert, check=True, capture_output=True))
    port = loopback.free_port()
    start = f"mount --bind {home} ~ && exec dropbear -F -s -r {key} -p 127.0.0.1:{port}"
    async with program(["unshare", "-m", "sh", "-c", start], port):
        there = folder / "served"
        there.mkdir()
        yield At(port, str(there), there)


@asynccontextmanager
async def rclone(folder: Path) -> AsyncGenerator[At]:
    """`rclone serve sftp`, which has no links."""
    there = folder / "served"
    there.mkdir()
    (folder / "host").write_bytes(HOST.to_openssh())
    (folder / "keys").write_text(USER.public_key.to_openssh())
    port = loopback.free_port()
    words = ["rclone", "serve", "sftp", str(there), "--addr", f"127.0.0.1:{port}"]
    words += ["--key", str(folder / "host"), "--authorized-keys", str(folder / "keys")]
    words += ["--config", "/dev/null", "--cache-dir", str(folder / "cache")]
    words += ["--vfs-cache-mode", "full", "--vfs-write-back", "0"]
    async with program(words, port):
        yield At(port, "/", there, links=False, reads_parts=False)


@asynccontextmanager
async def of_paramiko(folder: Path) -> AsyncGenerator[At]:
    """A server made of Paramiko."""
    there = folder / "served"
    there.mkdir()
    (folder / "host").write_bytes(HOST.to_openssh())
    with socket.create_server(("127.0.0.1", 0)) as listener:
        served = paramiko_server.Server(folder / "host", USER.public_key.blob)
        serving = asyncio.create_task(asyncio.to_thread(served.serve, listener))
        try:
            yield At(listener.getsockname()[1], str(there), there)
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            await serving


def connecting(at: At) -> ssh_stack.Connect:
    return ssh_stack.connect(
        "127.0.0.1",
        at.port,
        username=pwd.getpwuid(os.getuid()).pw_name,
        keys=[USER],
        agent=None,
        config=None,
        known_hosts=f"[127.0.0.1]:{at.port} {HOST.public_key.to_openssh()}".encode(),
    )


async def use_names(sftp: SFTPClient, at: At) -> None:
    """Make, list, rename, ask for and remove."""
    top = sftp.path(at.folder)
    await (top / "made" / "deep").mkdir(parents=True)
    await sftp.write_bytes(str(top / "made" / "one"), b"one")
    await (top / "made" / "one").rename(top / "made" / "two")
    assert sorted(await sftp.listdir(str(top / "made"))) == ["deep", "two"]
    assert (await sftp.stat(str(top / "made" / "two"))).size == 3
    assert (await sftp.stat(str(top / "made" / "deep"))).is_dir
    assert not await (top / "made" / "one").exists()
    if at.links:
        await (top / "made" / "link").symlink_to("two")
        assert str(await (top / "made" / "link").readlink()).endswith("two")
        assert await sftp.read_bytes(str(top / "made" / "link")) == b"one"
    await sftp.rmtree(str(top / "made"))
    assert await sftp.listdir(at.folder) == []


class _Interrupted(Exception):
    """The transfer is given up."""


def interrupt(done: int, _total: int | None, _path: str) -> None:
    if done > len(CONTENT) // 2:
        raise _Interrupted


async def use_transfers(sftp: SFTPClient, at: At, here: Path) -> None:
    """Put and get a file, each again after an interruption, and replace it."""
    path = f"{at.folder.rstrip('/')}/file"
    (here / "file").write_bytes(CONTENT)
    with pytest.raises(_Interrupted):
        await sftp.put(here / "file", path, resume=True, progress=interrupt)
    assert not await sftp.exists(path)
    result = await sftp.put(here / "file", path, resume=True)
    assert (result.resumed > 0) is at.reads_parts
    with pytest.raises(_Interrupted):
        await sftp.get(path, here / "back", resume=True, progress=interrupt)
    assert not (here / "back").exists()
    result = await sftp.get(path, here / "back", resume=True)
    assert result.resumed > 0
    assert (here / "back").read_bytes() == CONTENT
    (here / "file").write_bytes(CONTENT[::-1])
    await sftp.put(here / "file", path)
    await sftp.get(path, here / "back")
    assert (here / "back").read_bytes() == CONTENT[::-1]
    assert await sftp.listdir(at.folder) == ["file"]
    await sftp.remove(path)


def tree(top: Path) -> dict[str, bytes]:
    return {
        path.relative_to(top).as_posix(): path.read_bytes()
        for path in top.rglob("*")
        if path.is_file()
    }


async def use_trees(sftp: SFTPClient, at: At, here: Path) -> None:
    """Make trees alike in both directions; the second time nothing is left to do."""
    source, back = here / "source", here / "copies"
    for name, content in TREE.items():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_bytes(content)
    there = f"{at.folder.rstrip('/')}/tree"
    done = await sftp.sync(source, there, direction="upload")
    assert done.files == len(TREE)
    done = await sftp.sync(source, there, direction="upload")
    assert done.files == 0
    (source / "a").unlink()
    await sftp.sync(source, there, direction="upload", delete=True)
    await sftp.sync(back, there, direction="download")
    assert tree(back) == tree(source) == tree(at.there / "tree")


@pytest.mark.parametrize("running", [dropbear, of_paramiko, rclone])
async def test_server_is_used(tmp_path: Path, running: Running) -> None:
    here = tmp_path / "here"
    here.mkdir()
    async with running(tmp_path) as at, connecting(at) as connection, connection.sftp() as sftp:
        await use_names(sftp, at)
        await use_transfers(sftp, at, here)
        await use_trees(sftp, at, here)
