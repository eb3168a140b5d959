from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ssh_sftp import (
    Attributes,
    SFTPConnectionLost,
    SFTPError,
    SFTPNoSuchFile,
    SFTPOptions,
    SFTPProtocolError,
    SFTPTimeout,
    SFTPTransferError,
    SFTPTransferErrors,
    SFTPUnsafeName,
)
from ssh_sftp import messages as m
from ssh_sftp.aio import SFTPClient
from ssh_sftp.messages import Request
from ssh_sftp.testing import memory_pipes
from ssh_wire import Message, SSHError, UsageError

FILE, DIRECTORY = 0o100644, 0o040755


def silence(_: Request) -> list[Message]:
    return []


def flood(request: Request) -> list[Message]:
    return [m.Status(id=request.id + number + 1, code=0) for number in range(1000)]


def names(path: Path | str) -> list[str]:
    return sorted(found.name for found in Path(path).iterdir())


async def test_file_uploaded_and_downloaded_is_the_same(
    client: SFTPClient, root: Path, tmp_path: Path
) -> None:
    content = os.urandom(3_000_000)
    (tmp_path / "f").write_bytes(content)
    told: list[tuple[int, int | None, str]] = []

    def tell(done: int, total: int | None, path: str) -> None:
        told.append((done, total, path))

    sent = await client.put(tmp_path / "f", "/", progress=tell)
    got = await client.get("/f", tmp_path / "g", progress=tell)

    assert (root / "f").read_bytes() == (tmp_path / "g").read_bytes() == content
    assert sent.bytes == got.bytes == len(content)
    assert told[-1] == (3_000_000, 3_000_000, "/f")
    assert names(root) == ["f"]


async def test_tree_uploaded_and_downloaded_is_the_same(
    client: SFTPClient, tmp_path: Path
) -> None:
    (tmp_path / "t" / "a" / "b").mkdir(parents=True)
    for number in range(300):
        (tmp_path / "t" / "a" / f"{number}").write_bytes(bytes([number % 256]) * number)
    os.utime(tmp_path / "t" / "a", (5, 7))

    await client.put(tmp_path / "t", "t", recursive=True, preserve=True)
    result = await client.get("t", tmp_path / "u", recursive=True, preserve=True)

    assert result.files == 300
    for number in range(300):
        assert (tmp_path / "u" / "a" / f"{number}").read_bytes() == bytes([number % 256]) * number
    assert (tmp_path / "u" / "a").stat().st_mtime == 7
    assert (tmp_path / "u" / "a" / "b").is_dir()


async def test_directory_without_recursive_is_refused(client: SFTPClient, tmp_path: Path) -> None:
    with pytest.raises(SFTPTransferError, match="directory"):
        await client.get("/", tmp_path / "x")
    with pytest.raises(SFTPTransferError, match="directory"):
        await client.put(tmp_path, "/x")


async def test_error_of_a_file_has_its_path(
    client: SFTPClient, root: Path, tmp_path: Path
) -> None:
    (tmp_path / "f").write_bytes(b"x")
    (root / "f").write_bytes(b"x")
    with pytest.raises(SFTPNoSuchFile) as remote:
        await client.get("missing", tmp_path / "x")
    with pytest.raises(SFTPNoSuchFile) as above:
        await client.put(tmp_path / "f", "missing/f")
    with pytest.raises(FileNotFoundError) as local:
        await client.put(tmp_path / "missing", "f")
    with pytest.raises(OSError, match="below") as where:
        await client.get("f", tmp_path / "f" / "below" / "x")

    assert remote.value.filename == "missing"
    assert above.value.filename == "missing"
    assert local.value.filename == str(tmp_path / "missing")
    assert where.value.filename is not None


async def test_download_to_a_device_writes_in_place(client: SFTPClient, root: Path) -> None:
    (root / "f").write_bytes(bytes(100_000))
    await client.get("f", "/dev/null")

    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)  # noqa: PTH116 (quick)


async def test_concurrent_operations_all_complete(client: SFTPClient, root: Path) -> None:
    for number in range(50):
        (root / f"{number}").write_bytes(bytes(number))
    sizes = await asyncio.gather(*(client.stat(f"{number}") for number in range(50)))

    assert [found.size for found in sizes] == list(range(50))


@pytest.mark.row("P84")
@pytest.mark.row("R08")
async def test_request_without_a_reply_times_out(scripted: Callable[..., SFTPClient]) -> None:
    sftp = scripted(silence, SFTPOptions(timeout=0.01))
    async with sftp:
        with pytest.raises(SFTPTimeout):
            await sftp.stat("/")
        with pytest.raises(SFTPTimeout):
            await sftp.stat("/")


@pytest.mark.row("F09")
async def test_flood_of_unrequested_replies_ends_the_session(scripted: Any) -> None:
    sftp = scripted(flood)
    async with sftp:
        with pytest.raises(SFTPProtocolError):
            await sftp.stat("/")
        assert sftp._protocol.outstanding == 0


@pytest.mark.row("F10")
@pytest.mark.parametrize("count", [0, 2])
async def test_realpath_with_several_names_ends_the_session(scripted: Any, count: int) -> None:
    entry = m.NameEntry(filename="/x")

    def reply(request: Request) -> list[Message]:
        return [m.Name(id=request.id, entries=(entry,) * count)]

    async with scripted(reply) as sftp:
        with pytest.raises(SFTPProtocolError):
            await sftp.realpath("/")


class Hostile:
    """A server that lists what the test says."""

    def __init__(self, entries: list[m.NameEntry]) -> None:
        self.entries = entries
        self.listed = False

    def __call__(self, request: Request) -> list[Message]:
        match request:
            case m.Stat() | m.LStat():
                return [m.Attrs(id=request.id, attributes=Attributes(permissions=DIRECTORY))]
            case m.OpenDir() | m.Open():
                return [m.Handle(id=request.id, handle=b"h")]
            case m.ReadDir() if not self.listed:
                self.listed = True
                return [m.Name(id=request.id, entries=tuple(self.entries))]
            case m.ReadDir():
                return [m.Status(id=request.id, code=1)]
            case m.Read():
                return [m.Data(id=request.id, data=b"evil"[: request.length])]
            case _:
                return [m.Status(id=request.id, code=0)]


@pytest.mark.row("F08")
@pytest.mark.parametrize("name", ["../evil", "/tmp/evil", "a/../../evil", "", "a\0b"])  # noqa: S108 (hostile)
async def test_unsafe_names_make_no_local_files(scripted: Any, tmp_path: Path, name: str) -> None:
    entry = m.NameEntry(filename=name, attributes=Attributes(size=4, permissions=FILE))
    async with scripted(Hostile([entry])) as sftp:
        with pytest.raises(SFTPUnsafeName):
            await sftp.get("/t", tmp_path / "in", recursive=True)
        assert names(tmp_path) == ["in"]
        assert names(tmp_path / "in") == []


@pytest.mark.row("F08")
async def test_unsafe_names_in_a_listing_raise(scripted: Any) -> None:
    async with scripted(Hostile([m.NameEntry(filename="a/b")])) as sftp:
        with pytest.raises(SFTPUnsafeName):
            await sftp.listdir("/t")


@pytest.mark.row("F08")
@pytest.mark.parametrize("kind", [FILE, DIRECTORY])
async def test_links_in_the_destination_are_not_followed(
    scripted: Any, tmp_path: Path, kind: int
) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "victim").write_bytes(b"keep")
    (tmp_path / "in").mkdir()
    target = tmp_path / "outside" / ("victim" if kind == FILE else "")
    (tmp_path / "in" / "name").symlink_to(target)
    entry = m.NameEntry(filename="name", attributes=Attributes(size=4, permissions=kind))
    async with scripted(Hostile([entry])) as sftp:
        if kind == DIRECTORY:
            with pytest.raises(SFTPTransferErrors, match="name") as caught:
                await sftp.get("/t", tmp_path / "in", recursive=True)
            assert isinstance(caught.value.errors[0].cause, OSError)
        else:
            await sftp.get("/t", tmp_path / "in", recursive=True)
            assert not (tmp_path / "in" / "name").is_symlink()

    assert (tmp_path / "outside" / "victim").read_bytes() == b"keep"
    assert names(tmp_path / "outside") == ["victim"]


@pytest.mark.row("F12")
async def test_modes_of_downloaded_files_are_masked(scripted: Any, tmp_path: Path) -> None:
    entry = m.NameEntry(filename="x", attributes=Attributes(size=4, permissions=0o107777))
    async with scripted(Hostile([entry])) as sftp:
        await sftp.get("/t", tmp_path / "in", recursive=True)
    async with scripted(Hostile([entry])) as sftp:
        await sftp.get("/t", tmp_path / "kept", recursive=True, preserve=True)

    assert (tmp_path / "in" / "x").stat().st_mode & 0o7000 == 0
    assert (tmp_path / "kept" / "x").stat().st_mode & 0o7777 == 0o777


@pytest.mark.row("R05")
async def test_lost_connection_leaves_no_file_under_the_name(
    scripted: Any, tmp_path: Path
) -> None:
    found = Attributes(size=100_000, permissions=FILE)
    reads = 0

    def reply(request: Request) -> list[Message]:
        nonlocal reads
        match request:
            case m.Stat():
                return [m.Attrs(id=request.id, attributes=found)]
            case m.Open():
                return [m.Handle(id=request.id, handle=b"h")]
            case m.Read() if reads < 2:
                reads += 1
                return [m.Data(id=request.id, data=bytes(request.length))]
            case _:
                sftp._session.eof_received()
                return []

    (tmp_path / "f").write_bytes(b"before")
    sftp: SFTPClient = scripted(reply)
    async with sftp:
        with pytest.raises(SFTPConnectionLost) as caught:
            await sftp.get("/f", tmp_path / "f")

    assert caught.value.filename == "/f"
    assert (tmp_path / "f").read_bytes() == b"before"
    assert names(tmp_path) == ["f"]


@pytest.mark.row("R09")
async def test_cancelled_put_leaves_nothing_and_the_session_works(
    client: SFTPClient, root: Path, tmp_path: Path
) -> None:
    (tmp_path / "big").write_bytes(bytes(30_000_000))
    begun = asyncio.Event()

    def begin(_done: int, _total: int | None, _path: str) -> None:
        begun.set()

    task = asyncio.ensure_future(client.put(tmp_path / "big", "big", progress=begin))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert await client.listdir("/") == []
    assert names(root) == []


@pytest.mark.row("R09")
async def test_cancelled_get_leaves_nothing(
    client: SFTPClient, root: Path, tmp_path: Path
) -> None:
    (root / "big").write_bytes(bytes(30_000_000))
    begun = asyncio.Event()

    def begin(_done: int, _total: int | None, _path: str) -> None:
        begun.set()

    task = asyncio.ensure_future(client.get("big", tmp_path / "big", progress=begin))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert names(tmp_path) == ["root"]
    assert await client.exists("big")


@pytest.mark.parametrize(
    ("pieces", "quoted"),
    [
        ([b"Welcome to this machine!\r\n"], r"Welcome to this machine!\x0d\x0a"),
        ([b"Hello\r\n\0\0\0\5\2\0\0\0\3"], r"Hello\x0d\x0a"),
        ([b"Hi\n", b"\0\0\0\5\2\0\0\0\3"], r"Hi\x0a"),
        ([b"a", b"\n", b"\0\0\0\5\2\0\0\0\3"], r"a\x0a"),
        ([b"\x1b[2J", b"evil"], r"\x1b[2J"),
        ([b"x" * 100_000], "x" * 200 + "…"),
        ([b"\xff\xfe"], r"\xff\xfe"),
    ],
)
@pytest.mark.parametrize("gone", [False, True])
async def test_text_before_the_version_is_quoted(
    pieces: list[bytes], quoted: str, gone: bool
) -> None:
    near, far = memory_pipes()
    for piece in pieces:
        far.write(piece)
    if gone:
        far.write_eof()
    elif sum(map(len, pieces)) < 4:
        return
    with pytest.raises(SFTPProtocolError) as caught:
        async with SFTPClient.from_pipe(near):
            pass

    assert f"the server sent '{quoted}' before its SFTP version" in str(caught.value)
    assert ".bashrc" in str(caught.value)
    assert str(caught.value).isprintable()


async def test_start_after_the_server_has_gone_raises() -> None:
    near, far = memory_pipes()
    far.close()
    with pytest.raises(SFTPConnectionLost):
        async with SFTPClient.from_pipe(near):
            pass


async def test_modes_of_open_do_what_they_do_locally(client: SFTPClient, root: Path) -> None:
    async with await client.open("f", "xb") as file:
        await file.write(b"one")
    with pytest.raises(SFTPError):
        await client.open("f", "xb")
    async with await client.open("f", "ab") as file:
        await file.write(b" two")
    assert (root / "f").read_bytes() == b"one two"
    with pytest.raises(UsageError):
        await client.open("f", "q")


async def test_listing_and_walk_of_a_tree_return_its_entries(
    client: SFTPClient, root: Path
) -> None:
    (root / "d" / "e").mkdir(parents=True)
    (root / "d" / "f").touch()
    (root / "l").symlink_to("d")

    assert sorted(await client.listdir("/")) == ["d", "l"]
    entries = {entry.name: entry async for entry in client.scandir("d")}
    assert entries["e"].is_dir
    assert entries["f"].is_file
    tops = [top async for top, _, _ in client.walk("/")]
    assert tops == ["/", "/d", "/d/e"]
    async for _ in client.scandir("/"):
        break
    assert await client.exists("/d")
    await client.makedirs("x/y/z", exist_ok=True)
    await client.makedirs("x/y/z", exist_ok=True)
    assert (root / "x" / "y" / "z").is_dir()


async def test_file_goes_into_an_existing_directory(
    client: SFTPClient, root: Path, tmp_path: Path
) -> None:
    (tmp_path / "f").write_bytes(b"new")
    (root / "d").mkdir()
    (root / "real").write_bytes(b"old")
    (root / "link").symlink_to("real")
    (root / "dirlink").symlink_to("d")
    (tmp_path / "into").mkdir()

    await client.put(tmp_path / "f", "dirlink")
    await client.put(tmp_path / "f", "link")
    await client.put(tmp_path / "f")
    await client.get("real", tmp_path / "into")

    assert (root / "d" / "f").read_bytes() == b"new"
    assert (root / "link").is_symlink()
    assert (root / "real").read_bytes() == b"new"
    assert names(root) == ["d", "dirlink", "f", "link", "real"]
    assert names(tmp_path / "into") == ["real"]


@pytest.mark.row("R09")
async def test_open_that_was_cancelled_is_closed(scripted: Any) -> None:
    waiting: list[Request] = []
    seen: list[Request] = []
    asked = asyncio.Event()

    def reply(request: Request) -> list[Message]:
        seen.append(request)
        if isinstance(request, m.Open):
            waiting.append(request)
            asked.set()
            return []
        replies: list[Message] = [m.Handle(id=r.id, handle=b"late") for r in waiting]
        waiting.clear()
        return [*replies, m.Status(id=request.id, code=0)]

    sftp: SFTPClient = scripted(reply)
    async with sftp:
        task = asyncio.ensure_future(sftp.open("f"))
        await asked.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await sftp.remove("x")
        await sftp.remove("x")

    assert [r.handle for r in seen if isinstance(r, m.Close)] == [b"late"]


async def test_tree_goes_on_when_a_file_fails(
    client: SFTPClient, root: Path, tmp_path: Path
) -> None:
    (root / "t" / "d").mkdir(parents=True)
    for name in ("t/a", "t/d/b", "t/z"):
        (root / name).write_bytes(b"content")
    (root / "t" / "pipe").symlink_to("a")
    (root / "t" / "secret").mkdir()
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a").mkdir()  # in the way
    (tmp_path / "in" / "d").write_bytes(b"in the way")

    with pytest.raises(SFTPTransferErrors) as caught:
        await client.get("/t", tmp_path / "in", recursive=True)
    errors = {each.path: each.cause for each in caught.value.errors}

    assert set(errors) == {"/t/a", "/t/d"}
    assert all(isinstance(error, OSError) for error in errors.values())
    assert (tmp_path / "in" / "z").read_bytes() == b"content"
    assert caught.value.done.files == 1
    assert [each.path for each in caught.value.done.skipped] == ["/t/pipe"]
    assert "2 files or directories were not transferred, 1 files were" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert isinstance(caught.value, SSHError)
    assert not list(tmp_path.rglob("*.part-*"))  # noqa: ASYNC240 (quick)


async def test_tree_with_on_error_stop_ends_at_the_first_failure(
    client: SFTPClient, root: Path, tmp_path: Path
) -> None:
    (root / "t").mkdir()
    (root / "t" / "a").write_bytes(b"content")
    (tmp_path / "in" / "a").mkdir(parents=True)
    with pytest.raises(OSError, match="a"):
        await client.get("/t", tmp_path / "in", recursive=True, on_error="stop")
    wrong: Any = "ignore"
    with pytest.raises(UsageError, match="on_error"):
        await client.get("/t", tmp_path / "in", recursive=True, on_error=wrong)


async def test_download_into_a_missing_directory_makes_it(
    client: SFTPClient, root: Path, tmp_path: Path
) -> None:
    (root / "f").write_bytes(b"content")
    await client.get("/f", tmp_path / "a" / "b" / "g")
    await client.get("/f", f"{tmp_path}/c/d/")
    await client.get("/f", f"{tmp_path}/root/")

    assert (tmp_path / "a" / "b" / "g").read_bytes() == b"content"
    assert (tmp_path / "c" / "d" / "f").read_bytes() == b"content"


async def test_single_file_fails_with_its_own_error_under_recursive(
    client: SFTPClient, root: Path, tmp_path: Path
) -> None:
    (root / "f").write_bytes(b"content")
    (tmp_path / "g").write_bytes(b"content")
    (tmp_path / "in" / "f").mkdir(parents=True)
    with pytest.raises(IsADirectoryError):
        await client.get("/f", tmp_path / "in", recursive=True)
    with pytest.raises(SFTPNoSuchFile):
        await client.put(tmp_path / "g", "/no/g", recursive=True)
    with pytest.raises(SFTPNoSuchFile):
        await client.get("/none", tmp_path / "x", recursive=True)
