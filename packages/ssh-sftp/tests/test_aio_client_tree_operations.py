from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

import pytest

from ssh_sftp import (
    Attributes,
    SFTPConnectionLost,
    SFTPError,
    SFTPNoSuchFile,
    SFTPOptions,
    SFTPTransferError,
    StatusCode,
)
from ssh_sftp import messages as m
from ssh_sftp.aio import SFTPClient
from ssh_sftp.messages import Request
from ssh_wire import Message, UsageError
from ssh_wire.primitives import string

NAMES = ["a.txt", "b.bin", ".hidden", "d/a.txt", "d/e/c.txt", "d/e/.x", "other/z", "d/[1].txt"]


@pytest.fixture
def tree(root: Path) -> Path:
    for name in NAMES:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    (root / "empty").mkdir()
    (root / "link").symlink_to("d")
    (root / "gone").symlink_to("nothing")
    return root


@pytest.mark.parametrize(
    "pattern",
    [
        *("*", "*.txt", "?.*", ".*", "d/*", "*/*.txt", "*/e/*", "none/*", "d/e", "none"),
        *(
            "**/*.txt",
            "**/e/*",
            "d/**/*",
            "**/[ab].txt",
            "d/[[]1].txt",
            "[!d]*",
            "./a.txt",
        ),
        *("**/a.txt", "link/*.txt", "**/d/**/*.txt"),
    ],
)
async def test_matching_paths_are_those_of_pathlib(
    client: SFTPClient, tree: Path, pattern: str
) -> None:
    there = tree.glob(pattern)  # noqa: ASYNC240 (a test's own folder)
    expected = sorted({str(each.relative_to(tree)) for each in there})

    assert sorted([path async for path in client.glob(pattern)]) == expected
    assert sorted([path async for path in client.glob(f"/{pattern}")]) == [
        f"/{each}" for each in expected
    ]
    assert sorted([str(each) async for each in client.path().glob(pattern)]) == expected


@pytest.mark.usefixtures("tree")
async def test_deep_pattern_alone_matches_directories(client: SFTPClient) -> None:
    found = [path async for path in client.glob("**", "/")]

    assert sorted(found) == ["/", "/d", "/d/e", "/empty", "/other"]


async def test_pattern_below_a_root_and_one_of_bytes_match(client: SFTPClient, tree: Path) -> None:
    (tree / os.fsdecode(b"\xff.txt")).touch()

    assert [path async for path in client.glob("*.txt", "d/e")] == ["d/e/c.txt"]
    assert [path async for path in client.glob(b"\xff*")] == ["\udcff.txt"]
    assert [each.name async for each in client.path("d").rglob("c.*")] == ["c.txt"]


@pytest.mark.usefixtures("tree")
async def test_name_alone_matches_a_link_that_leads_nowhere(client: SFTPClient) -> None:
    assert [path async for path in client.glob("gone")] == ["gone"]


async def test_glob_leaves_out_directories_that_cannot_be_listed(
    scripted: Any,
) -> None:
    def reply(request: Request) -> list[Message]:
        return [m.Status(id=request.id, code=StatusCode.PERMISSION_DENIED)]

    async with scripted(reply) as sftp:
        assert [path async for path in sftp.glob("*/a")] == []
        assert [path async for path in sftp.glob("d/a")] == []


@pytest.mark.usefixtures("tree")
async def test_depth_of_a_deep_pattern_is_bounded(client: SFTPClient) -> None:
    client._session.options = SFTPOptions(max_depth=2)

    with pytest.raises(SFTPTransferError, match="deeper"):
        _ = [path async for path in client.glob("**/*.txt")]


async def test_tree_is_removed_and_links_are_not_followed(client: SFTPClient, tree: Path) -> None:
    for count in range(200):
        (tree / "d" / "e" / f"{count}").touch()
    (tree / "d" / "out").symlink_to("../other")
    (tree / "d" / "up").symlink_to("..")

    await client.rmtree("d")

    assert not (tree / "d").exists()
    assert (tree / "other" / "z").exists()
    await client.rmtree(b"empty")
    with pytest.raises(SFTPTransferError, match="not a directory"):
        await client.rmtree("link")
    with pytest.raises(SFTPTransferError, match="not a directory"):
        await client.rmtree("a.txt")
    with pytest.raises(SFTPNoSuchFile):
        await client.rmtree("d")
    await client.rmtree("d", missing_ok=True)


async def test_refused_removal_is_raised_with_its_path(scripted: Any) -> None:
    entries = tuple(
        m.NameEntry(filename=name, attributes=Attributes(permissions=0o100644)) for name in "ab"
    )
    listed: list[Request] = []

    def reply(request: Request) -> list[Message]:
        match request:
            case m.LStat():
                return [m.Attrs(id=request.id, attributes=Attributes(permissions=0o040755))]
            case m.OpenDir():
                return [m.Handle(id=request.id, handle=b"h")]
            case m.ReadDir() if not listed:
                listed.append(request)
                return [m.Name(id=request.id, entries=entries)]
            case m.ReadDir():
                return [m.Status(id=request.id, code=StatusCode.EOF)]
            case m.Remove(path="d/b"):
                return [m.Status(id=request.id, code=StatusCode.PERMISSION_DENIED)]
            case _:
                return [m.Status(id=request.id, code=0)]

    async with scripted(reply) as sftp:
        with pytest.raises(PermissionError) as caught:
            await sftp.rmtree("d")

    assert caught.value.filename == "d/b"


async def test_touch_makes_files_and_sets_times(client: SFTPClient, root: Path) -> None:
    await client.touch("new", 0o600)
    assert (root / "new").stat().st_mode & 0o777 == 0o600
    await client.utime("new", 1, 2)
    assert (root / "new").stat().st_mtime == 2
    await client.touch("new")
    assert (root / "new").stat().st_mtime > 1_000_000
    with pytest.raises(FileExistsError):
        await client.touch("new", exist_ok=False)
    with pytest.raises(FileNotFoundError):
        await client.touch("none/new")
    await client.chown("new", os.getuid(), os.getgid())


async def test_copy_goes_through_the_client_without_copy_data(scripted: Any) -> None:
    content = os.urandom(300_000)
    target = bytearray(400_000)
    ends: list[int] = []

    def reply(request: Request) -> list[Message]:  # noqa: PLR0911 (one a request)
        match request:
            case m.Stat():
                found = Attributes(size=len(content), permissions=0o104755)
                return [m.Attrs(id=request.id, attributes=found)]
            case m.RealPath():
                entry = m.NameEntry(filename=f"/{request.path}")
                return [m.Name(id=request.id, entries=(entry,))]
            case m.Open():
                if request.path == "new":
                    assert request.attributes.mode == 0o755
                return [m.Handle(id=request.id, handle=request.path.encode())]
            case m.Read():
                data = content[request.offset : request.offset + request.length]
                if not data:
                    return [m.Status(id=request.id, code=StatusCode.EOF)]
                return [m.Data(id=request.id, data=data)]
            case m.Write():
                end = request.offset + len(request.data)
                target[request.offset : end] = request.data
                ends.append(end)
                return [m.Status(id=request.id, code=0)]
            case _:
                return [m.Status(id=request.id, code=0)]

    async with scripted(reply) as sftp:
        await sftp.copy("old", "new")

    assert target[: max(ends)] == content


async def test_file_is_not_copied_to_itself(client: SFTPClient, tree: Path) -> None:
    (tree / "same").symlink_to("a.txt")
    for target in ("a.txt", "./d/../a.txt", "same"):
        with pytest.raises(SFTPTransferError, match="same file"):
            await client.copy("a.txt", target)
    assert (tree / "a.txt").read_text() == "a.txt"
    await client.copy(b"a.txt", "copied")
    assert (tree / "copied").read_text() == "a.txt"


def checking(details: Any, asked: list[m.CheckFileName], content: bytes) -> Any:
    def reply(request: Request) -> list[Message]:
        match request:
            case m.CheckFileName():
                asked.append(request)
                if details is None:
                    return [m.Status(id=request.id, code=StatusCode.OP_UNSUPPORTED)]
                return [m.ExtendedReply(id=request.id, details=details)]
            case m.Open():
                return [m.Handle(id=request.id, handle=b"h")]
            case m.Read() if request.offset < len(content):
                return [m.Data(id=request.id, data=content[request.offset :])]
            case m.Read():
                return [m.Status(id=request.id, code=StatusCode.EOF)]
            case _:
                return [m.Status(id=request.id, code=0)]

    return reply


async def test_checksum_is_the_one_of_the_server(scripted: Any) -> None:
    digest = hashlib.sha256(b"content").digest()
    asked: list[m.CheckFileName] = []
    details = string("check-file") + string("sha256") + digest
    async with scripted(checking(details, asked, b"")) as sftp:
        sftp._peer_software = "SSH-2.0-mod_sftp"
        assert await sftp.checksum("f") == digest
    assert asked == [m.CheckFileName(id=asked[0].id, path="f", algorithms="sha256")]


@pytest.mark.parametrize("announced", [True, False])
async def test_checksum_is_computed_here_without_check_file(
    scripted: Any, announced: bool
) -> None:
    asked: list[m.CheckFileName] = []
    async with scripted(checking(None, asked, b"content")) as sftp:
        sftp._peer_software = "SSH-2.0-mod_sftp" if announced else ""
        found = await sftp.checksum("f", "sha512")
        with pytest.raises(UsageError, match="sha256"):
            await sftp.checksum("f", "md5")
    assert found == hashlib.sha512(b"content").digest()
    assert len(asked) == announced


async def test_lost_connection_is_raised_by_every_operation(client: SFTPClient) -> None:
    await client.close()
    for call in (
        client.rmtree("d"),
        client.touch("d"),
        client.checksum("d"),
        client.copy("a", "b"),
        anext(client.glob("*")),
        anext(client.glob("a")),
    ):
        with pytest.raises((SFTPConnectionLost, SFTPError)):
            await call
