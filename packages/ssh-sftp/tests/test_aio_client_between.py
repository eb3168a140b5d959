"""Copies from one server to another: OpenSSH's, and hostile ones."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Protocol

import pytest

from ssh_sftp import (
    Attributes,
    PathFilter,
    SFTPConnectionLost,
    SFTPError,
    SFTPNoSuchFile,
    SFTPOptions,
    SFTPTransferError,
    SFTPTransferErrors,
    SFTPUnsafeName,
)
from ssh_sftp import messages as m
from ssh_sftp.aio import SFTPClient
from ssh_sftp.results import Skipped
from ssh_wire import Message

SERVER = "/usr/lib/openssh/sftp-server"


class Servers(Protocol):
    """Starts servers of OpenSSH."""

    async def __call__(self, *words: str, options: SFTPOptions | None = None) -> SFTPClient:
        """Start one with some words; return a session with it."""
        ...


@pytest.fixture
async def servers(openssh: None) -> AsyncIterator[Servers]:
    """Start servers of OpenSSH; they end with the test."""
    del openssh  # it only has to be there
    async with AsyncExitStack() as stack:

        async def start(*words: str, options: SFTPOptions | None = None) -> SFTPClient:
            process = await asyncio.create_subprocess_exec(
                SERVER, "-e", *words, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
            )
            stack.push_async_callback(process.wait)
            assert process.stdout is not None
            assert process.stdin is not None
            client = SFTPClient.from_streams(process.stdout, process.stdin, options)
            return await stack.enter_async_context(client)

        yield start


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    top = tmp_path / "tree"
    (top / "deep" / "er").mkdir(parents=True)
    (top / "empty").mkdir()
    (top / "big").write_bytes(os.urandom(3_000_001))
    for number in range(40):
        (top / "deep" / f"file {number}").write_bytes(os.urandom(number))
    (top / "deep" / "er" / "old").write_bytes(b"1")
    (top / "deep" / "er" / "old").chmod(0o640)
    os.utime(top / "deep" / "er" / "old", (1_500_000_000, 1_600_000_000))
    os.utime(top / "deep" / "er", (1_500_000_000, 1_600_000_000))
    (top / "link").symlink_to("big")
    return top


def content(top: Path) -> dict[str, bytes | None]:
    return {
        str(path.relative_to(top)): path.read_bytes() if path.is_file() else None
        for path in top.rglob("*")
        if not path.is_symlink()
    }


async def test_tree_arrives_at_the_other_server_as_it_is(
    servers: Servers, tree: Path, tmp_path: Path
) -> None:
    one, other = await servers(), await servers(options=SFTPOptions(fsync=True))
    told: dict[str, int] = {}
    found: list[str] = []
    done = await one.copy_to(
        tree,
        other,
        f"{tmp_path}/copy/",
        recursive=True,
        preserve=True,
        progress=lambda count, _total, path: told.update({path: count}),
        found=lambda path, _size: found.append(path),
    )

    assert content(tmp_path / "copy") == content(tree)
    files = {path: data for path, data in content(tree).items() if data is not None}
    assert told == {str(tree / path): len(data) for path, data in files.items()}
    assert sorted(found) == sorted(told)
    assert (done.files, done.sizes_checked, done.refused) == (len(files), len(files), ())
    assert done.bytes == sum(told.values())
    assert done.directories == 4
    assert done.skipped == (Skipped(str(tree / "link"), "it is a symbolic link"),)
    old = tmp_path / "copy" / "deep" / "er" / "old"
    assert (old.stat().st_mode & 0o777, old.stat().st_mtime) == (0o640, 1_600_000_000)
    assert old.parent.stat().st_mtime == 1_600_000_000


async def test_file_replaces_a_file_and_goes_into_a_directory(
    servers: Servers, tree: Path, tmp_path: Path
) -> None:
    one, other = await servers(), await servers()
    target = tmp_path / "target"
    target.mkdir()
    (target / "big").write_bytes(b"before")
    await one.copy_to(tree / "big", other, target)
    await one.copy_to(tree / "big", other, target / "second")
    assert sorted(content(target)) == ["big", "second"]
    assert set(content(target).values()) == {(tree / "big").read_bytes()}


async def test_server_without_posix_rename_replaces_a_file_all_the_same(
    servers: Servers, tree: Path, tmp_path: Path
) -> None:
    one, other = await servers(), await servers("-P", "posix-rename")
    (tmp_path / "target").write_bytes(b"before")
    try:
        await one.copy_to(tree / "big", other, tmp_path / "target")
    except SFTPError:  # it announces the extension and refuses it
        assert (tmp_path / "target").read_bytes() == b"before"
    else:
        assert (tmp_path / "target").read_bytes() == (tree / "big").read_bytes()
    assert {name.partition("/")[0] for name in content(tmp_path)} == {"target", "tree"}


async def test_patterns_choose_what_is_copied(
    servers: Servers, tree: Path, tmp_path: Path
) -> None:
    one, other = await servers(), await servers()
    select = PathFilter(include=["big", "old"], exclude=["empty/"])
    await one.copy_to(tree, other, tmp_path / "copy", recursive=True, select=select)
    assert sorted(content(tmp_path / "copy")) == ["big", "deep", "deep/er", "deep/er/old"]


async def test_failures_are_data_and_the_others_are_copied(
    servers: Servers, tree: Path, tmp_path: Path
) -> None:
    one, other = await servers(), await servers()
    target = tmp_path / "copy"
    (target / "big").mkdir(parents=True)  # in the place of a file
    (target / "deep").write_bytes(b"in the place of a directory")
    with pytest.raises(SFTPTransferErrors) as raised:
        await one.copy_to(tree, other, target, recursive=True)
    failed = {failure.path for failure in raised.value.errors}
    assert failed == {str(tree / "big"), str(tree / "deep")}
    assert sorted(content(target)) == ["big", "deep", "empty"]

    with pytest.raises(SFTPError):
        await one.copy_to(tree, other, target, recursive=True, on_error="stop")


async def test_directory_needs_recursive_and_a_missing_file_is_named(
    servers: Servers, tree: Path, tmp_path: Path
) -> None:
    one, other = await servers(), await servers()
    with pytest.raises(SFTPTransferError, match="it is a directory"):
        await one.copy_to(tree, other, tmp_path / "copy")
    with pytest.raises(SFTPNoSuchFile) as raised:
        await one.copy_to(tree / "missing", other, tmp_path / "copy")
    assert raised.value.filename == str(tree / "missing")
    assert not (tmp_path / "copy").exists()


async def test_refused_times_leave_a_whole_file(
    servers: Servers, tree: Path, tmp_path: Path
) -> None:
    one, other = await servers(), await servers("-P", "fsetstat,setstat,stat")
    done = await one.copy_to(tree / "big", other, tmp_path / "copy", preserve=True)
    assert (tmp_path / "copy").read_bytes() == (tree / "big").read_bytes()
    what = [refusal.what for refusal in done.refused]
    assert what == ["permissions and times", "the size check"]
    assert done.sizes_checked == 0


@pytest.mark.row("R05")
@pytest.mark.parametrize("at", [1, 1_000_000, 3_000_000])
async def test_cancelled_copy_leaves_the_old_file_and_nothing_else(
    servers: Servers, tree: Path, tmp_path: Path, at: int
) -> None:
    one, other = await servers(), await servers()
    target = tmp_path / "target"
    target.mkdir()
    (target / "big").write_bytes(b"before")
    reached = asyncio.Event()

    def progress(done: int, _total: int | None, _path: str) -> None:
        if done >= at:
            reached.set()

    copying = asyncio.ensure_future(one.copy_to(tree / "big", other, target, progress=progress))
    await reached.wait()
    copying.cancel()
    with pytest.raises(asyncio.CancelledError):
        await copying
    assert content(target) == {"big": b"before"}


async def test_callback_that_raises_ends_the_copy_of_a_tree(
    servers: Servers, tree: Path, tmp_path: Path
) -> None:
    """The other files that are under way are given up too, and removed."""
    one, other = await servers(), await servers()

    def progress(_done: int, _total: int | None, path: str) -> None:
        if path.endswith("file 20"):
            raise RuntimeError(path)

    with pytest.raises(RuntimeError):
        await one.copy_to(tree, other, tmp_path / "copy", recursive=True, progress=progress)
    assert not [name for name in content(tmp_path / "copy") if ".part-" in name]
    assert await one.exists(tree)
    assert await other.exists(tree)


async def test_file_that_is_written_in_place_keeps_its_other_names(
    servers: Servers, tree: Path, tmp_path: Path
) -> None:
    one, other = await servers(), await servers(options=SFTPOptions(atomic=False))
    (tmp_path / "target").write_bytes(b"before")
    os.link(tmp_path / "target", tmp_path / "second")
    await one.copy_to(tree / "big", other, tmp_path / "target")
    assert (tmp_path / "second").read_bytes() == (tree / "big").read_bytes()


def hostile(name: str) -> Callable[[m.Request], list[Message]]:
    """A server that lists a directory with one entry."""
    listed: list[bool] = []

    def reply(request: m.Request) -> list[Message]:
        match request:
            case m.Stat() | m.LStat():
                return [m.Attrs(id=request.id, attributes=Attributes(permissions=0o40755))]
            case m.OpenDir():
                return [m.Handle(id=request.id, handle=b"h")]
            case m.ReadDir() if not listed:
                listed.append(True)
                attributes = Attributes(permissions=0o100644, size=3)
                entry = m.NameEntry(filename=name, longname="", attributes=attributes)
                return [m.Name(id=request.id, entries=(entry,))]
            case m.ReadDir():
                return [m.Status(id=request.id, code=1)]
            case _:
                return [m.Status(id=request.id, code=0)]

    return reply


@pytest.mark.row("F08")
@pytest.mark.parametrize("name", ["../outside", "/outside", "a/b", "..\0", ""])
async def test_names_of_one_server_do_not_lead_out_of_the_directory_of_the_other(
    servers: Servers, scripted: Callable[..., SFTPClient], tmp_path: Path, name: str
) -> None:
    other = await servers()
    async with scripted(hostile(name)) as one:
        with pytest.raises(SFTPUnsafeName):
            await one.copy_to("top", other, tmp_path / "copy", recursive=True)
    assert content(tmp_path) == {}


async def test_lost_session_ends_the_copy(servers: Servers, tree: Path, tmp_path: Path) -> None:
    one, other = await servers(), await servers()
    closing: list[asyncio.Future[None]] = []

    def progress(_done: int, _total: int | None, path: str) -> None:
        if path.endswith("file 20") and not closing:
            closing.append(asyncio.ensure_future(other.close()))

    with pytest.raises((SFTPConnectionLost, SFTPError)) as raised:
        await one.copy_to(tree, other, tmp_path / "copy", recursive=True, progress=progress)
    assert not isinstance(raised.value, SFTPTransferErrors)
    await closing[0]


@pytest.mark.row("F11")
@pytest.mark.parametrize(("told", "given"), [(3, 2), (3, 5)])
async def test_size_that_is_not_what_was_read_is_an_error(
    servers: Servers, scripted: Callable[..., SFTPClient], tmp_path: Path, told: int, given: int
) -> None:
    """Nothing gets the final name, and the part is removed."""

    def reply(request: m.Request) -> list[Message]:
        match request:
            case m.Stat() | m.LStat() | m.FStat():
                attributes = Attributes(permissions=0o100644, size=told)
                return [m.Attrs(id=request.id, attributes=attributes)]
            case m.Open():
                return [m.Handle(id=request.id, handle=b"h")]
            case m.Read() if request.offset < given:
                return [m.Data(id=request.id, data=bytes(given)[request.offset :])]
            case m.Read():
                return [m.Status(id=request.id, code=1)]
            case _:
                return [m.Status(id=request.id, code=0)]

    other = await servers()
    async with scripted(reply) as one:
        with pytest.raises(SFTPTransferError, match=f"it has 3 bytes, and {given} were read"):
            await one.copy_to("file", other, tmp_path / "copy")
    assert content(tmp_path) == {}


@pytest.mark.row("R07")
async def test_server_that_stores_less_is_found_out(
    servers: Servers, scripted: Callable[..., SFTPClient], tree: Path
) -> None:
    """It acknowledges every byte and tells another size; the final name is never asked for."""
    asked: list[m.Request] = []

    def reply(request: m.Request) -> list[Message]:
        asked.append(request)
        match request:
            case m.LStat():
                return [m.Status(id=request.id, code=2)]
            case m.Stat():
                attributes = Attributes(permissions=0o100644, size=7)
                return [m.Attrs(id=request.id, attributes=attributes)]
            case m.Open():
                return [m.Handle(id=request.id, handle=b"h")]
            case _:
                return [m.Status(id=request.id, code=0)]

    one = await servers()
    async with scripted(reply) as other:
        with pytest.raises(SFTPTransferError, match="the server has 7 bytes of the 3000001"):
            await one.copy_to(tree / "big", other, "copy")
    assert not [each for each in asked if isinstance(each, m.Rename | m.PosixRename)]
    (removed,) = [each for each in asked if isinstance(each, m.Remove)]
    assert removed.path.startswith("copy.part-")
