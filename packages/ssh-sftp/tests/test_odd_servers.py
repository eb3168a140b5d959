"""Servers with manners of their own: types that are not told, niceties that are refused."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from ssh_sftp import Attributes, SFTPError, SFTPOptions, SFTPTransferErrors
from ssh_sftp import messages as m
from ssh_sftp.messages import Request
from ssh_wire import Message

FILE, DIRECTORY = 0o100644, 0o040755


def names(path: Path | str) -> list[str]:
    return sorted(found.name for found in Path(path).iterdir())


class Keeper:
    """A server of files in memory, with the manners that the test gives it."""

    def __init__(self, files: dict[str, bytes], **manners: Any) -> None:
        self.files = files
        self.type_bits: bool = manners.get("type_bits", True)
        self.long_names: bool = manners.get("long_names", True)
        self.denied: set[type[Request]] = manners.get("denied", set())
        self.missing: int = manners.get("missing", 2)
        self.opened: dict[bytes, str] = {}
        self.listed: set[bytes] = set()

    def __call__(self, request: Request) -> list[Message]:
        if type(request) in self.denied:
            return [m.Status(id=request.id, code=3, text="denied")]
        answer = getattr(self, type(request).__name__.lower(), None)
        reply = answer(request) if answer is not None else None
        return [reply or m.Status(id=request.id, code=0)]

    def is_dir(self, path: str) -> bool:
        return path == "/" or any(name.startswith(f"{path}/") for name in self.files)

    def attributes(self, path: str) -> Attributes:
        bits = (DIRECTORY if self.is_dir(path) else FILE) if self.type_bits else 0o644
        return Attributes(size=len(self.files.get(path, b"")), permissions=bits)

    def stat(self, request: m.Stat | m.LStat) -> Message:
        path = request.path
        if path not in self.files and not self.is_dir(path):
            return m.Status(id=request.id, code=self.missing)
        return m.Attrs(id=request.id, attributes=self.attributes(path))

    lstat = stat

    def opendir(self, request: m.OpenDir) -> Message:
        if not self.is_dir(request.path):
            return m.Status(id=request.id, code=4)
        return self.handle(request.id, request.path)

    def handle(self, number: int, path: str) -> Message:
        handle = f"h{len(self.opened)}".encode()
        self.opened[handle] = path
        return m.Handle(id=number, handle=handle)

    def readdir(self, request: m.ReadDir) -> Message:
        top = self.opened[request.handle].rstrip("/")
        names = {n[len(top) + 1 :].split("/")[0] for n in self.files if n.startswith(f"{top}/")}
        if request.handle in self.listed:
            return m.Name(id=request.id, entries=())
        self.listed.add(request.handle)
        return m.Name(id=request.id, entries=tuple(self.entry(top, name) for name in names))

    def entry(self, top: str, name: str) -> m.NameEntry:
        path = f"{top}/{name}"
        letter = "d" if self.is_dir(path) else "-"
        line = f"{letter}rw-r--r-- 1 u g 5 Jan 1 1970 {name}"
        longname = line if self.long_names else name
        return m.NameEntry(filename=name, longname=longname, attributes=self.attributes(path))

    def open(self, request: m.Open) -> Message:
        top = request.path.rpartition("/")[0]
        if request.flags & 8:
            if not self.is_dir(top or "/"):
                return m.Status(id=request.id, code=self.missing)
            self.files[request.path] = b""
        elif request.path not in self.files:
            return m.Status(id=request.id, code=self.missing)
        return self.handle(request.id, request.path)

    def read(self, request: m.Read) -> Message:
        content = self.files[self.opened[request.handle]]
        return m.Data(
            id=request.id, data=content[request.offset : request.offset + request.length]
        )

    def write(self, request: m.Write) -> None:
        path = self.opened[request.handle]
        self.files[path] = self.files[path][: request.offset] + bytes(request.data)

    def fstat(self, request: m.FStat) -> Message:
        return m.Attrs(id=request.id, attributes=self.attributes(self.opened[request.handle]))

    def rename(self, request: m.Rename) -> Message | None:
        if request.new in self.files:
            return m.Status(id=request.id, code=4)
        self.files[request.new] = self.files.pop(request.old)
        return None

    def remove(self, request: m.Remove) -> None:
        del self.files[request.path]


TREE = {"/t/a": b"one", "/t/d/b": b"two", "/t/d/e/c": b"three", "/t/empty": b""}


@pytest.mark.parametrize("long_names", [True, False])
async def test_tree_of_a_server_that_reports_no_types_is_downloaded(
    scripted: Any, tmp_path: Path, long_names: bool
) -> None:
    keeper = Keeper(dict(TREE), type_bits=False, long_names=long_names)
    async with scripted(keeper) as sftp:
        if long_names:
            result = await sftp.get("/t", tmp_path / "in", recursive=True)
            assert result.files == 4
            assert (tmp_path / "in/d/e/c").read_bytes() == b"three"
            assert [top async for top, _, _ in sftp.walk("/t")] == ["/t", "/t/d", "/t/d/e"]
            assert {str(path) async for path in sftp.path("/t").glob("d/*/c")} == {"/t/d/e/c"}
        else:
            with pytest.raises(SFTPTransferErrors, match="does not say") as caught:
                await sftp.get("/t", tmp_path / "in", recursive=True)
            assert {each.path for each in caught.value.errors} == {"/t/a", "/t/d", "/t/empty"}
            assert {each.path for each in caught.value.done.skipped} == {
                "/t/a",
                "/t/d",
                "/t/empty",
            }
        entries = {entry.name: entry async for entry in sftp.scandir("/t")}
    assert set(entries) == {"a", "d", "empty"}
    assert entries["d"].is_dir is long_names


async def test_files_go_into_directories_of_unknown_type(scripted: Any, tmp_path: Path) -> None:
    (tmp_path / "new").write_bytes(b"new")
    keeper = Keeper(dict(TREE), type_bits=False)
    async with scripted(keeper) as sftp:
        await sftp.put(tmp_path / "new", "/t/d")
        await sftp.put(tmp_path / "new", "/t/a2")
        await sftp.get("/t/a", tmp_path)

    assert keeper.files["/t/d/new"] == keeper.files["/t/a2"] == b"new"
    assert (tmp_path / "a").read_bytes() == b"one"


async def test_upload_of_a_tree_goes_on_when_a_file_fails(
    scripted: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "t" / "d").mkdir(parents=True)
    for name in ("a", "b", "d/c"):
        (tmp_path / "t" / name).write_bytes(b"content")
    keeper = Keeper({"/t/b": b"old", "/t/d/x": b""})
    open_file = keeper.open

    def denied(request: m.Open) -> Message:
        if request.path.startswith("/t/b"):
            return m.Status(id=request.id, code=3, text="denied")
        return open_file(request)

    monkeypatch.setattr(keeper, "open", denied)
    async with scripted(keeper) as sftp:
        with pytest.raises(SFTPTransferErrors) as caught:
            await sftp.put(tmp_path / "t", "/t", recursive=True)

    (failure,) = caught.value.errors
    assert failure.path == str(tmp_path / "t" / "b")
    assert isinstance(failure.cause, PermissionError)
    assert caught.value.done.files == 2
    assert keeper.files["/t/a"] == keeper.files["/t/d/c"] == b"content"
    assert keeper.files["/t/b"] == b"old"
    assert not any(".part-" in name for name in keeper.files)


NICETIES = {m.Stat, m.LStat, m.FStat, m.FSetStat, m.SetStat, m.RealPath, m.ReadDir, m.OpenDir}


@pytest.mark.parametrize("size", [5, 100_000])
async def test_upload_to_an_account_that_may_only_write_is_complete(
    scripted: Any, tmp_path: Path, size: int
) -> None:
    (tmp_path / "f").write_bytes(bytes(size))
    keeper = Keeper({"/d/x": b""}, denied=NICETIES)
    async with scripted(keeper) as sftp:
        result = await sftp.put(tmp_path / "f", "/d/f", preserve=True)

    assert keeper.files["/d/f"] == bytes(size)
    assert result.sizes_checked == 0
    assert [each.what for each in result.refused] == ["the size check", "permissions and times"]


@pytest.mark.parametrize("size", [0, 5, 100_000])
async def test_upload_is_checked_if_the_server_reports_the_size(
    scripted: Any, tmp_path: Path, size: int
) -> None:
    (tmp_path / "f").write_bytes(bytes(size))
    keeper = Keeper({"/d/x": b""})
    async with scripted(keeper) as sftp:
        result = await sftp.put(tmp_path / "f", "/d/f")
        back = await sftp.get("/d/f", tmp_path / "back")

    assert (result.sizes_checked, result.refused) == (1, ())
    assert back.sizes_checked == 1


async def test_upload_in_place_works_where_nothing_may_be_renamed(
    scripted: Any, tmp_path: Path
) -> None:
    (tmp_path / "f").write_bytes(b"new")
    keeper = Keeper({"/d/f": b"old"}, denied={*NICETIES, m.Rename, m.Remove})
    async with scripted(keeper) as sftp:
        with pytest.raises(PermissionError, match=r"SFTPOptions\(atomic=False\)"):
            await sftp.put(tmp_path / "f", "/d/f")
    assert keeper.files["/d/f"] == b"old"
    async with scripted(keeper, SFTPOptions(atomic=False)) as sftp:
        await sftp.put(tmp_path / "f", "/d/f")

    assert keeper.files["/d/f"] == b"new"


async def test_file_without_any_reported_attributes_is_downloaded(
    scripted: Any, tmp_path: Path
) -> None:
    keeper = Keeper(dict(TREE), denied={m.Stat, m.LStat, m.FStat})
    async with scripted(keeper) as sftp:
        result = await sftp.get("/t/a", tmp_path / "a")
        assert await sftp.read_bytes("/t/d/b") == b"two"
        tree = await sftp.get("/t", tmp_path / "t", recursive=True)

    assert (tmp_path / "a").read_bytes() == b"one"
    assert (result.files, result.sizes_checked) == (1, 0)
    assert tree.files == 4


@pytest.mark.parametrize("missing", [2, 4])
async def test_missing_remote_directory_is_named(
    scripted: Any, tmp_path: Path, missing: int
) -> None:
    (tmp_path / "f").write_bytes(b"x")
    keeper = Keeper({"/d/x": b""}, missing=missing)
    async with scripted(keeper) as sftp:
        with pytest.raises(FileNotFoundError if missing == 2 else SFTPError) as caught:
            await sftp.put(tmp_path / "f", "/no/such/f")
        if missing == 2:
            assert caught.value.filename == "/no/such"
            assert str(caught.value) == "/no/such: the directory does not exist"
        with pytest.raises(FileNotFoundError if missing == 2 else SFTPError) as slash:
            await sftp.put(tmp_path / "f", "/d/new/")
        assert slash.value.filename == ("/d/new/" if missing == 2 else "/d/new/f")


async def test_missing_directory_is_named_if_the_server_sends_only_failure(
    scripted: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "f").write_bytes(b"x")
    keeper = Keeper({"/d/x": b""})

    def failure(request: Request) -> Message:
        return m.Status(id=request.id, code=4)

    monkeypatch.setattr(keeper, "open", failure)
    monkeypatch.setattr(keeper, "mkdir", failure, raising=False)
    async with scripted(keeper) as sftp:
        with pytest.raises(FileNotFoundError) as caught:
            await sftp.put(tmp_path / "f", "/no/such/f")
        assert caught.value.filename == "/no/such"
        (tmp_path / "t").mkdir()
        with pytest.raises(FileNotFoundError) as tree:
            await sftp.put(tmp_path / "t", "/no/such/t", recursive=True)
        assert tree.value.filename == "/no/such"
        with pytest.raises(SFTPError) as there:
            await sftp.put(tmp_path / "f", "/d/f")
    assert there.value.filename == "/d/f"


@pytest.mark.parametrize("name", ["中" * 100, "x" * 300, "x" * 65_000])
async def test_name_too_long_for_this_file_system_is_listed(
    scripted: Any, tmp_path: Path, name: str
) -> None:
    keeper = Keeper({f"/t/{name}": b"content", "/t/a": b"one"})
    async with scripted(keeper) as sftp:
        assert sorted(await sftp.listdir("/t")) == sorted(["a", name])
        assert await sftp.read_bytes(f"/t/{name}") == b"content"
        with pytest.raises(SFTPTransferErrors) as tree:
            await sftp.get("/t", tmp_path / "t", recursive=True)
        with pytest.raises(OSError, match="too long"):
            await sftp.get(f"/t/{name}", tmp_path / "t")

    assert [failure.path for failure in tree.value.errors] == [f"/t/{name}"]
    assert names(tmp_path / "t") == ["a"]


async def test_block_sizes_can_be_chosen(scripted: Any, tmp_path: Path) -> None:
    content = os.urandom(10_000)
    (tmp_path / "f").write_bytes(content)
    keeper = Keeper({"/d/x": b""})
    seen: list[int] = []

    def reply(request: Request) -> list[Message]:
        if isinstance(request, m.Read):
            seen.append(request.length)
        if isinstance(request, m.Write):
            seen.append(len(request.data))
        return keeper(request)

    options = SFTPOptions(read_size=4_000, write_size=3_000)
    async with scripted(reply, options) as sftp:
        await sftp.put(tmp_path / "f", "/d/f")
        assert await sftp.read_bytes("/d/f") == content

    assert seen == [3_000, 3_000, 3_000, 1_000, 4_000, 4_000, 2_000]


async def test_unreported_directory_takes_a_file_by_its_slash(
    scripted: Any, tmp_path: Path
) -> None:
    (tmp_path / "f").write_bytes(b"x")
    keeper = Keeper({"/d/x": b""}, denied=NICETIES)
    async with scripted(keeper) as sftp:
        await sftp.put(tmp_path / "f", "/d/")
        assert not await sftp.is_dir("/d")

    assert keeper.files["/d/f"] == b"x"


@pytest.mark.parametrize("type_bits", [True, False])
async def test_is_file_and_is_dir_without_reported_types(scripted: Any, type_bits: bool) -> None:
    keeper = Keeper(dict(TREE), type_bits=type_bits)
    async with scripted(keeper) as sftp:
        path = sftp.path("/t")
        assert await path.is_dir()
        assert not await path.is_file()
        assert await (path / "a").is_file()
        assert not await (path / "a").is_dir()
        assert not await (path / "none").is_dir()
        assert not await (path / "none").is_file()


async def test_makedirs_sends_no_stat(scripted: Any) -> None:
    made: list[str] = []

    def reply(request: Request) -> list[Message]:
        if not isinstance(request, m.MkDir):
            return [m.Status(id=request.id, code=3, text="denied")]
        above = request.path.rpartition("/")[0]
        if above not in {"", *made}:
            return [m.Status(id=request.id, code=2)]
        made.append(request.path)
        return [m.Status(id=request.id, code=0)]

    async with scripted(reply) as sftp:
        await sftp.makedirs("/a/b/c")

    assert made == ["/a", "/a/b", "/a/b/c"]
