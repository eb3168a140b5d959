"""SFTP accounts as administrators set them up, and a server with manners of its own."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import ssh_stack
from ssh_stack import (
    SFTPOptions,
    SFTPPermissionDenied,
    SFTPProtocolError,
    SFTPTransferErrors,
)
from tests.interop import local, odd_sftp
from tests.interop.connecting import connect
from tests.interop.peers import USER

if TYPE_CHECKING:
    from collections.abc import Generator

    from tests.interop.local import LocalSshd
    from tests.interop.peers import Peer

WRITE_ONLY = "fstat,fsetstat,setstat,stat,lstat,read,opendir,readdir,realpath"
HOME = f"/home/{USER}"


def account(*options: str) -> str:
    """The lines of an account that has SFTP alone, with such options."""
    return f"Match User {USER}\n  ForceCommand internal-sftp {' '.join(options)}\n"


def held(peer: Peer, path: str) -> bytes:
    """What a file at the peer holds; the file is removed."""
    done = peer.run_client(["sh", "-c", f"cat {shlex.quote(path)}; rm -f {shlex.quote(path)}"])
    return done.stdout


@pytest.mark.parametrize("size", [10, 1_000_000])
async def test_account_that_may_only_write_takes_an_upload(
    peer: Peer, tmp_path: Path, size: int
) -> None:
    content = os.urandom(size)
    (tmp_path / "f").write_bytes(content)
    with peer.sshd_with(account("-P", WRITE_ONLY)) as narrow:
        async with connect(narrow) as conn, conn.sftp() as sftp:
            await sftp.put(tmp_path / "f", "dropped")
            result = await sftp.put(tmp_path / "f", "dropped", preserve=True)  # over the other
            with pytest.raises(SFTPPermissionDenied):
                await sftp.get("dropped", tmp_path / "back")

    assert held(peer, f"{HOME}/dropped") == content
    assert result.sizes_checked == 0
    refused = {each.what for each in result.refused}
    assert refused == {"the size check", "permissions and times"}
    assert all(isinstance(each.cause, PermissionError) for each in result.refused)


async def test_account_that_may_not_rename_takes_files_in_place(
    peer: Peer, tmp_path: Path
) -> None:
    (tmp_path / "f").write_bytes(b"content")
    options = account("-P", f"{WRITE_ONLY},rename,posix-rename,remove")
    with peer.sshd_with(options) as narrow:
        async with connect(narrow) as conn:
            async with conn.sftp() as sftp:
                with pytest.raises(SFTPPermissionDenied, match=r"SFTPOptions\(atomic=False\)"):
                    await sftp.put(tmp_path / "f", "refused")
            async with conn.sftp(SFTPOptions(atomic=False)) as sftp:
                await sftp.put(tmp_path / "f", "in-place")
                await sftp.put(tmp_path / "f", "in-place")

    assert held(peer, f"{HOME}/in-place") == b"content"
    assert held(peer, f"{HOME}/refused") == b""
    peer.run_client(["sh", "-c", f"rm -f {HOME}/refused.part-*"])


async def test_folder_that_may_only_be_written_to_takes_uploads(
    peer: Peer, tmp_path: Path
) -> None:
    """A drop box: a chrooted account whose folder has the mode 0300."""
    root = "/srv/chroot"
    make = f"mkdir -p {root}/drop && chown {USER} {root}/drop && chmod 0300 {root}/drop"
    assert peer.run_client(["sh", "-c", make]).returncode == 0
    (tmp_path / "t" / "d").mkdir(parents=True)
    for name in ("f", "t/a", "t/d/b"):
        (tmp_path / name).write_bytes(name.encode())
    lines = f"{account()}  ChrootDirectory {root}\n"
    with peer.sshd_with(lines) as narrow:
        async with connect(narrow) as conn, conn.sftp() as sftp:
            await sftp.put(tmp_path / "f", "/drop")
            one = await sftp.put(tmp_path / "f", "/drop")
            tree = await sftp.put(tmp_path / "t", "/drop/t", recursive=True, preserve=True)
            with pytest.raises(SFTPPermissionDenied):
                await sftp.listdir("/drop")

    assert (one.files, one.refused) == (1, ())
    assert (tree.files, tree.refused) == (2, ())
    assert held(peer, f"{root}/drop/f") == b"f"
    assert held(peer, f"{root}/drop/t/d/b") == b"t/d/b"
    peer.run_client(["rm", "-rf", root])


async def test_account_that_may_not_stat_gives_its_files(peer: Peer, tmp_path: Path) -> None:
    with peer.sshd_with(account("-P", "stat,lstat,fstat")) as narrow:
        async with connect(narrow) as conn, conn.sftp() as sftp:
            result = await sftp.get("/etc/passwd", tmp_path / "passwd")
            assert await sftp.read_bytes("/etc/passwd") == (tmp_path / "passwd").read_bytes()
            tree = await sftp.get("/etc/ssh/authorized", tmp_path / "tree", recursive=True)

    assert (tmp_path / "passwd").read_bytes().startswith(b"root:")
    assert (result.sizes_checked, tree.sizes_checked) == (0, 1)
    assert [path.name for path in (tmp_path / "tree").iterdir()] == ["keys"]


async def test_output_of_a_start_up_file_is_quoted_in_the_error(peer: Peer) -> None:
    command = "sh -c 'echo Welcome to this machine; exec /usr/lib/openssh/sftp-server'"
    with peer.sshd_with(f"Match User {USER}\n  ForceCommand {command}\n") as chatty:
        async with connect(chatty) as conn:
            with pytest.raises(SFTPProtocolError, match=r"Welcome to this machine.*\.bashrc"):
                async with conn.sftp():
                    pass


async def test_files_that_cannot_be_read_do_not_keep_the_rest_back(
    peer: Peer, tmp_path: Path
) -> None:
    make = "mkdir -p t/d && touch t/a t/secret t/d/b && chmod 0 t/secret && mkdir -m 0 t/locked"
    async with connect(peer) as conn, conn.sftp() as sftp:
        await conn.run(make, check=True)
        with pytest.raises(SFTPTransferErrors) as caught:
            await sftp.get("t", tmp_path / "t", recursive=True)
        with pytest.raises(SFTPPermissionDenied):
            await sftp.get("t", tmp_path / "t", recursive=True, on_error="stop")
        await conn.run("chmod 700 t/locked; rm -rf t", check=True)

    failed = {each.path: each.cause for each in caught.value.errors}
    assert set(failed) == {"t/secret", "t/locked"}
    assert all(isinstance(error, SFTPPermissionDenied) for error in failed.values())
    assert caught.value.done.files == 2
    assert (tmp_path / "t" / "d" / "b").exists()


# ------------------------------------------------------------------ manners of its own


@pytest.fixture(scope="module")
def appliance(tmp_path_factory: pytest.TempPathFactory) -> Generator[LocalSshd]:
    """The machine's own sshd, whose SFTP is that of `odd_sftp`."""
    if reason := local.unavailable():
        if os.environ.get("SSH_STACK_REQUIRE_PEERS") == "1":
            pytest.fail(f"required, but missing: {reason}", pytrace=False)
        pytest.skip(reason)
    program = f"{sys.executable} {odd_sftp.__file__} /usr/lib/openssh/sftp-server"
    with local.serve(tmp_path_factory.mktemp("odd"), [f"ForceCommand={program}"]) as server:
        yield server


async def test_appliance_with_odd_replies_serves_all_operations(
    appliance: LocalSshd, tmp_path: Path
) -> None:
    content = os.urandom(300_000)
    there, here = tmp_path / "there", tmp_path / "here"
    (there / "d" / "e").mkdir(parents=True)
    (there / "empty").mkdir()
    for name in ("a", "d/b", "d/e/c"):
        (there / name).write_bytes(content[: len(name) * 40_000])
    (there / "d" / "none").touch()
    (there / "d" / "link").symlink_to("b")
    async with (
        ssh_stack.connect(
            "127.0.0.1",
            appliance.port,
            username=appliance.user,
            keys=[appliance.key],
            agent=None,
            known_hosts=appliance.known_hosts,
            config=None,
        ) as conn,
        conn.sftp() as sftp,
    ):
        assert sftp.extensions == {}
        got = await sftp.get(there, here, recursive=True)
        await sftp.put(here, there / "again", recursive=True, preserve=True)
        assert sorted(await sftp.listdir(there / "d")) == ["b", "e", "link", "none"]
        assert await sftp.listdir(there / "empty") == []
        tops = [top async for top, _, _ in sftp.walk(there / "d")]
        assert tops == [f"{there}/d", f"{there}/d/e"]
        async with await sftp.open(there / "a") as file:
            assert await file.read() == content[:40_000]
        await sftp.put(here / "d" / "b", there / "a")  # over a file, without posix-rename
        with pytest.raises(FileNotFoundError):
            await sftp.stat(there / "missing")
        assert await sftp.path(str(there / "d")).is_dir()

    assert (got.files, got.sizes_checked) == (4, 4)
    assert [skipped.path for skipped in got.skipped] == [f"{there}/d/link"]
    for name in ("d/b", "d/e/c", "d/none"):
        assert (there / "again" / name).read_bytes() == (there / name).read_bytes()
    assert (there / "a").read_bytes() == (there / "d" / "b").read_bytes()
    assert not list(tmp_path.rglob("*.part-*"))  # noqa: ASYNC240 (quick)
