"""Links of trees, kept on request: against OpenSSH's server, and against a hostile one."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from ssh_sftp import Attributes, SFTPTransferErrors
from ssh_sftp import messages as m
from ssh_sftp.aio import SFTPClient
from ssh_wire import Message

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


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    top = tmp_path / "tree"
    (top / "deep" / "er").mkdir(parents=True)
    (top / "file").write_bytes(b"1")
    (top / "latest").symlink_to("deep/er")
    (top / "deep" / "up").symlink_to("../file")
    (top / "deep" / "er" / "loop").symlink_to("../..")
    (top / "gone").symlink_to("missing")
    (top / "out").symlink_to("/etc/passwd")
    (top / "deep" / "out").symlink_to("../../outside")
    return top


def links(top: Path) -> dict[str, str]:
    return {
        os.path.relpath(path, top): os.fspath(path.readlink())
        for path in top.rglob("*")
        if path.is_symlink()
    }


WITHIN = {"latest": "deep/er", "deep/up": "../file", "deep/er/loop": "../..", "gone": "missing"}


async def test_upload_makes_every_link_as_it_is(
    sftp: SFTPClient, tree: Path, tmp_path: Path
) -> None:
    done = await sftp.put(tree, tmp_path / "copy", recursive=True, keep_links=True)
    assert links(tmp_path / "copy") == links(tree)
    assert (done.files, done.links, done.skipped) == (1, 6, ())

    (tmp_path / "copy" / "latest").unlink()
    (tmp_path / "copy" / "latest").symlink_to("elsewhere")
    done = await sftp.put(tree, tmp_path / "copy", recursive=True, keep_links=True)
    assert (links(tmp_path / "copy"), done.links) == (links(tree), 6)


async def test_download_makes_the_links_that_stay_within(
    sftp: SFTPClient, tree: Path, tmp_path: Path
) -> None:
    for _again in range(2):
        done = await sftp.get(tree, tmp_path / "copy", recursive=True, keep_links=True)
        assert links(tmp_path / "copy") == WITHIN
        assert done.links == len(WITHIN)
        assert {each.path for each in done.skipped} == {f"{tree}/out", f"{tree}/deep/out"}
        assert {each.reason for each in done.skipped} == {
            "it is a symbolic link that leads out of the tree"
        }


@pytest.mark.parametrize("upload", [True, False])
async def test_file_in_the_place_of_a_link_is_a_failure_and_stays(
    sftp: SFTPClient, tree: Path, tmp_path: Path, *, upload: bool
) -> None:
    copy = tmp_path / "copy"
    copy.mkdir()
    (copy / "latest").write_bytes(b"mine")
    transfer = sftp.put if upload else sftp.get
    with pytest.raises(SFTPTransferErrors) as raised:
        await transfer(tree, copy, recursive=True, keep_links=True)
    (failure,) = raised.value.errors
    assert failure.path.endswith("latest")
    assert raised.value.done.links == (5 if upload else 3)
    assert (copy / "latest").read_bytes() == b"mine"


async def test_failures_of_files_and_links_are_reported_together(
    sftp: SFTPClient, tree: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "copy"
    (copy / "file").mkdir(parents=True)
    with pytest.raises(SFTPTransferErrors) as raised:
        await sftp.put(tree, copy, recursive=True, keep_links=True)
    assert [failure.path for failure in raised.value.errors] == [str(tree / "file")]
    assert links(copy) == links(tree)


async def test_links_are_left_out_without_the_request(
    sftp: SFTPClient, tree: Path, tmp_path: Path
) -> None:
    done = await sftp.put(tree, tmp_path / "copy", recursive=True)
    assert (links(tmp_path / "copy"), done.links, len(done.skipped)) == ({}, 0, 6)


@pytest.mark.row("F08")
async def test_link_that_has_the_name_of_a_directory_lets_nothing_out(
    scripted: Callable[..., SFTPClient], tmp_path: Path
) -> None:
    """The server lists a link, and claims a target outside; nothing is made of it."""
    outside = tmp_path / "outside"
    outside.mkdir()
    listed: list[bool] = []

    def reply(request: m.Request) -> list[Message]:
        match request:
            case m.Stat() | m.LStat():
                return [m.Attrs(id=request.id, attributes=Attributes(permissions=0o40755))]
            case m.OpenDir():
                return [m.Handle(id=request.id, handle=b"h")]
            case m.ReadDir() if not listed:
                listed.append(True)
                attributes = Attributes(permissions=0o120777)
                entry = m.NameEntry(filename="l", longname="", attributes=attributes)
                return [m.Name(id=request.id, entries=(entry,))]
            case m.ReadDir():
                return [m.Status(id=request.id, code=1)]
            case m.ReadLink():
                entry = m.NameEntry(filename=str(outside), longname="", attributes=Attributes())
                return [m.Name(id=request.id, entries=(entry,))]
            case _:
                return [m.Status(id=request.id, code=0)]

    async with scripted(reply) as client:
        done = await client.get("top", tmp_path / "copy", recursive=True, keep_links=True)
    assert (done.links, len(done.skipped)) == (0, 1)
    assert links(tmp_path) == {}
