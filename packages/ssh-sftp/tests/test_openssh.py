"""Against OpenSSH: our client with its sftp-server, its sftp with our server."""

from __future__ import annotations

import asyncio
import grp
import hashlib
import os
import pwd
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ssh_sftp import Attributes, SFTPError, SFTPNoSuchFile
from ssh_sftp.aio import SFTPClient

SERVER = "/usr/lib/openssh/sftp-server"
BIG = 64 * 1024 * 1024

pytestmark = pytest.mark.usefixtures("openssh")


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def make_tree(top: Path) -> None:
    (top / "a" / "b").mkdir(parents=True)
    (top / "empty").mkdir()
    for number in range(150):
        (top / "a" / f"f{number}").write_bytes(os.urandom(number * 7))
    (top / "a" / "b" / "large").write_bytes(os.urandom(700_000))
    (top / "a" / "b" / "none").write_bytes(b"")
    (top / "a" / "b" / "n\udcffame with space").write_bytes(b"x")
    (top / "link").symlink_to("a")


def tree(top: Path) -> dict[str, bytes | None]:
    return {
        str(path.relative_to(top)): path.read_bytes() if path.is_file() else None
        for path in sorted(top.rglob("*"))
        if not path.is_symlink()
    }


@pytest.fixture
async def sftp(openssh: None) -> AsyncIterator[SFTPClient]:
    del openssh  # it only has to be there
    process = await asyncio.create_subprocess_exec(
        SERVER, "-e", "-l", "ERROR", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stdin is not None
    async with SFTPClient.from_streams(process.stdout, process.stdin) as client:
        yield client
    await process.wait()


async def test_names_of_owners_are_those_of_the_server(sftp: SFTPClient) -> None:
    users, groups = await sftp.owner_names([0, 4_000_000_000], [0])
    assert users == {0: pwd.getpwuid(0).pw_name}
    assert groups == {0: grp.getgrgid(0).gr_name}
    assert await sftp.owner_names([], []) == ({}, {})


async def test_listing_has_the_line_that_the_server_would_display(
    sftp: SFTPClient, tmp_path: Path
) -> None:
    (tmp_path / "file").write_bytes(b"12345")
    (entry,) = [each async for each in sftp.scandir(str(tmp_path))]
    assert entry.longname.startswith("-rw")
    assert entry.longname.endswith(" file")


async def test_operations_on_paths_have_their_effect_on_openssh(
    sftp: SFTPClient, tmp_path: Path
) -> None:
    top = sftp.path(str(tmp_path))
    await (top / "d").mkdir()
    await (top / "d" / "file").write_bytes(b"hello")
    await sftp.rename(top / "d" / "file", top / "d" / "moved")
    await (top / "other").write_text("other")
    with pytest.raises(SFTPError):
        await sftp.rename(top / "other", top / "d" / "moved")
    await sftp.posix_rename(top / "other", top / "d" / "moved")
    await sftp.symlink("d/moved", top / "link")
    await sftp.hardlink(top / "d" / "moved", top / "second")
    await sftp.chmod(top / "second", 0o640)
    await sftp.setstat(top / "second", Attributes(atime=1_000_000, mtime=2_000_000))
    await sftp.lsetstat(top / "link", Attributes(atime=5, mtime=6))
    await sftp.truncate(top / "second", 3)

    assert await (top / "link").read_text() == "oth"
    assert await sftp.readlink(top / "link") == "d/moved"
    assert (tmp_path / "link").readlink() == Path("d/moved")
    assert (await sftp.stat(top / "link")).mode == 0o640
    assert (await sftp.lstat(top / "link")).mtime == 6
    assert (tmp_path / "second").stat().st_nlink == 2
    assert await sftp.realpath(f"{top}/d/../d") == f"{tmp_path}/d"
    assert await sftp.expand_path("~") == await sftp.home() == await sftp.realpath(".")
    assert (await sftp.statvfs(top)).block_size > 0
    assert (await sftp.limits()).max_read == 261_120
    assert sorted(await sftp.listdir(top)) == ["d", "link", "second"]
    with pytest.raises(SFTPNoSuchFile) as caught:
        await sftp.stat(top / "missing")
    assert caught.value.filename == f"{top}/missing"
    await sftp.remove(top / "d" / "moved")
    await sftp.rmdir(top / "d")
    assert not await (top / "d").exists()


async def test_files_opened_on_openssh_read_and_write(sftp: SFTPClient, tmp_path: Path) -> None:
    content = os.urandom(1_000_000)
    async with await sftp.open(tmp_path / "f", "w+b") as file:
        assert await file.write(content) == len(content)
        await file.fsync()
        assert (await file.stat()).size == len(content)
        assert await file.read_at(10, 999_995) == content[-5:]
        await file.seek(-100_000, os.SEEK_END)
        assert await file.read() == content[-100_000:]
        await file.truncate(10)
    assert (tmp_path / "f").read_bytes() == content[:10]


async def test_64_mib_uploaded_and_downloaded_are_the_same(
    sftp: SFTPClient, tmp_path: Path
) -> None:
    source = tmp_path / "source"
    source.write_bytes(os.urandom(BIG))
    told: list[int] = []

    await sftp.put(source, tmp_path / "remote", progress=lambda done, _t, _p: told.append(done))
    await sftp.get(tmp_path / "remote", tmp_path / "back", preserve=True)

    assert told[-1] == BIG
    assert digest(source) == digest(tmp_path / "remote") == digest(tmp_path / "back")
    assert set(await sftp.listdir(tmp_path)) == {"back", "remote", "source"}


async def test_tree_with_openssh_is_the_same_both_ways(sftp: SFTPClient, tmp_path: Path) -> None:
    make_tree(tmp_path / "t")
    os.utime(tmp_path / "t" / "a", (1_000_000, 2_000_000))

    sent = await sftp.put(tmp_path / "t", tmp_path / "remote", recursive=True, preserve=True)
    back = await sftp.get(tmp_path / "remote", tmp_path / "back", recursive=True, preserve=True)

    assert tree(tmp_path / "t") == tree(tmp_path / "remote") == tree(tmp_path / "back")
    assert sent.files == back.files == 153
    assert [skipped.path for skipped in sent.skipped] == [str(tmp_path / "t" / "link")]
    assert (tmp_path / "back" / "a").stat().st_mtime == 2_000_000


@pytest.mark.row("P89")
async def test_put_replaces_what_is_there_and_keeps_its_mode(
    sftp: SFTPClient, tmp_path: Path
) -> None:
    (tmp_path / "new").write_bytes(b"new")
    (tmp_path / "old").write_bytes(b"old and longer")
    (tmp_path / "old").chmod(0o600)

    await sftp.put(tmp_path / "new", tmp_path / "old")

    assert (tmp_path / "old").read_bytes() == b"new"
    assert (tmp_path / "old").stat().st_mode & 0o777 == 0o600


async def test_directory_of_many_files_is_listed_whole(sftp: SFTPClient, tmp_path: Path) -> None:
    names = {f"name-{number}" for number in range(1500)}
    for name in names:
        (tmp_path / name).touch()

    assert set(await sftp.listdir(tmp_path)) == names


def batch(commands: str, *options: str) -> subprocess.CompletedProcess[str]:
    server = " ".join([sys.executable, "-m", "ssh_sftp.server", *options])
    return subprocess.run(
        ["sftp", "-D", server, "-b", "-"],
        input=commands,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.row("P87")
def test_openssh_sftp_client_uses_this_server(tmp_path: Path) -> None:
    make_tree(tmp_path / "t")
    (tmp_path / "big").write_bytes(os.urandom(BIG))

    done = batch(
        f"""
cd {tmp_path}
put {tmp_path}/big sent
get sent {tmp_path}/back
put -rp {tmp_path}/t up
get -r up {tmp_path}/down
ls -la up
ln -s sent symbolic
ln sent hard
chmod 640 sent
rename hard renamed
mkdir d
rmdir d
df .
rm renamed
"""
    )

    assert done.returncode == 0, done.stderr
    assert digest(tmp_path / "big") == digest(tmp_path / "sent") == digest(tmp_path / "back")
    assert tree(tmp_path / "t") == tree(tmp_path / "down")
    assert (tmp_path / "symbolic").readlink() == Path("sent")
    assert (tmp_path / "sent").stat().st_mode & 0o777 == 0o640
    assert not (tmp_path / "renamed").exists()


@pytest.mark.row("F07")
def test_openssh_sftp_client_cannot_change_a_read_only_server(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"x")

    done = batch(f"put {tmp_path}/f {tmp_path}/g\n", "-R")

    assert done.returncode != 0
    assert "ermission denied" in done.stderr
    assert not (tmp_path / "g").exists()


def test_openssh_sftp_client_stays_below_the_root(tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "f").write_bytes(b"inside")
    (tmp_path / "secret").write_bytes(b"outside")

    done = batch(f"get /f {tmp_path}/got\nget /../secret {tmp_path}/no", f"--root={tmp_path}/root")

    assert done.returncode != 0
    assert (tmp_path / "got").read_bytes() == b"inside"
    assert not (tmp_path / "no").exists()
