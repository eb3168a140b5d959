"""`sync` against OpenSSH's server, beside rsync on the same trees."""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import stat
import subprocess
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from ssh_sftp import (
    Attributes,
    PathFilter,
    SFTPError,
    SFTPOptions,
    SFTPTransferErrors,
    SFTPUnsafeName,
    SyncDirection,
    SyncResult,
)
from ssh_sftp import messages as m
from ssh_sftp.aio import SFTPClient
from ssh_sftp.results import Skipped
from ssh_wire import Message, UsageError

SERVER = "/usr/lib/openssh/sftp-server"
RSYNC = shutil.which("rsync")
DIRECTIONS: tuple[SyncDirection, ...] = ("upload", "download")
ENTRIES = ("file", "file", "file", "directory", "directory", "link", None)


@asynccontextmanager
async def served(options: SFTPOptions | None = None) -> AsyncGenerator[SFTPClient]:
    process = await asyncio.create_subprocess_exec(
        SERVER, "-e", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stdin is not None
    async with SFTPClient.from_streams(process.stdout, process.stdin, options) as client:
        yield client
    await process.wait()


@pytest.fixture
async def sftp(openssh: None) -> AsyncIterator[SFTPClient]:
    del openssh  # it only has to be there
    async with served() as client:
        yield client


def grow(top: Path, draw: random.Random, depth: int = 0) -> None:
    """Make a tree of few names, sizes and times, so that two of them have much in common."""
    top.mkdir()
    for name in "abcde":
        path, kind = top / name, draw.choice(ENTRIES)
        if kind == "file":
            path.write_bytes(bytes([draw.randrange(2)]) * draw.choice((0, 3, 40_000)))
            path.chmod(draw.choice((0o644, 0o600)))
            os.utime(path, (5, draw.choice((1_000, 2_000))))
        elif kind == "link":
            path.symlink_to("a")
        elif kind == "directory" and depth < 3:
            grow(path, draw, depth + 1)
    top.chmod(draw.choice((0o755, 0o700)))
    os.utime(top, (5, draw.choice((1_000, 2_000))))


def state(top: Path) -> dict[str, Any]:
    """Return what a tree has: kinds, modes, times and content."""
    found: dict[str, Any] = {}
    for path in sorted(top.rglob("*")):
        seen = path.lstat()
        if path.is_symlink():
            content: Any = str(path.readlink())
            found[str(path.relative_to(top))] = ("link", content)
        else:
            content = path.read_bytes() if path.is_file() else None
            attributes = (stat.S_IMODE(seen.st_mode), int(seen.st_mtime))
            found[str(path.relative_to(top))] = (*attributes, content)
    return found


def seeded(seed: str) -> random.Random:
    return random.Random(seed)  # noqa: S311 (a test that fails can be repeated)


def copied(source: Path, target: Path) -> None:
    subprocess.run(["cp", "-a", source, target], check=True)


def rsync(source: Path, target: Path, *flags: str) -> None:
    assert RSYNC is not None
    words = [RSYNC, "-rpt", "--delete", *flags, f"{source}/", f"{target}/"]
    subprocess.run(words, check=True)


def sides(direction: SyncDirection, source: Path, target: Path) -> tuple[Path, str]:
    return (source, str(target)) if direction == "upload" else (target, str(source))


@pytest.mark.skipif(RSYNC is None, reason="rsync is not installed")
@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("checksum", [False, True])
async def test_result_is_that_of_rsync(
    sftp: SFTPClient, tmp_path: Path, direction: SyncDirection, checksum: bool
) -> None:
    for seed in range(15):
        draw = seeded(f"{direction} {checksum} {seed}")
        top = tmp_path / str(seed)
        top.mkdir()
        source, ours, theirs = top / "source", top / "ours", top / "theirs"
        grow(source, draw)
        grow(ours, draw)
        copied(ours, theirs)

        here, there = sides(direction, source, ours)
        result = await sftp.sync(here, there, direction=direction, delete=True, checksum=checksum)
        rsync(source, theirs, *["--checksum"] * checksum)

        assert state(ours) == state(theirs), seed
        assert set(result.deleted) == set(result.plan.paths("delete"))
        again = await sftp.sync(here, there, direction=direction, delete=True, checksum=checksum)
        assert again.plan.steps == ()
        assert (again.files, again.bytes, again.deleted) == (0, 0, ())


@pytest.mark.parametrize("direction", DIRECTIONS)
async def test_dry_run_changes_nothing_and_plans_all(
    sftp: SFTPClient, tmp_path: Path, direction: SyncDirection
) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    grow(source, seeded("1"))
    grow(target, seeded("2"))
    before = state(target)
    here, there = sides(direction, source, target)
    planned = await sftp.sync(here, there, direction=direction, delete=True, dry_run=True)
    assert state(target) == before
    assert planned.plan.steps
    assert (planned.files, planned.deleted) == (0, ())

    done = await sftp.sync(here, there, direction=direction, delete=True)
    assert done.plan == planned.plan
    assert done.files == planned.plan.files


@pytest.mark.parametrize("direction", DIRECTIONS)
async def test_missing_target_is_made_and_only_changes_follow(
    sftp: SFTPClient, tmp_path: Path, direction: SyncDirection
) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    (source / "empty").mkdir(parents=True)
    for number in range(20):
        (source / f"f{number}").write_bytes(b"x" * number)
    here, there = sides(direction, source, target)
    seen: list[str] = []

    first = await sftp.sync(here, there, direction=direction)
    (source / "f7").write_bytes(b"another size")
    second = await sftp.sync(
        here, there, direction=direction, found=lambda path, _size: seen.append(path)
    )

    assert (first.files, second.files) == (20, 1)
    assert [Path(path).name for path in seen] == ["f7"]
    assert state(source) == state(target)


@pytest.mark.parametrize("direction", DIRECTIONS)
async def test_what_is_not_selected_is_neither_transferred_nor_deleted(
    sftp: SFTPClient, tmp_path: Path, direction: SyncDirection
) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    (source / "d").mkdir(parents=True)
    (source / "d" / "new.o").touch()
    (source / "d" / "new.c").touch()
    (target / "extra").mkdir(parents=True)
    (target / "extra" / "old.o").touch()
    (target / "extra" / "old.c").touch()
    here, there = sides(direction, source, target)
    result = await sftp.sync(
        here, there, direction=direction, delete=True, select=PathFilter(exclude=["*.o"])
    )
    assert result.deleted == ("extra/old.c",)
    assert set(state(target)) == {"d", "d/new.c", "extra", "extra/old.o"}


@pytest.mark.parametrize("direction", DIRECTIONS)
async def test_content_that_size_and_time_hide_is_found_by_checksum(
    sftp: SFTPClient, tmp_path: Path, direction: SyncDirection
) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    for top, letter in ((source, b"a"), (target, b"b")):
        top.mkdir()
        (top / "file").write_bytes(letter * 3_000_000)
        (top / "same").write_bytes(b"same")
        os.utime(top / "file", (1, 1))
        os.utime(top / "same", (1, letter[0]))
    here, there = sides(direction, source, target)
    blind = await sftp.sync(here, there, direction=direction, dry_run=True)
    assert blind.plan.paths("file") == ("same",)
    result = await sftp.sync(here, there, direction=direction, checksum=True)
    assert result.plan.paths("file") == ("file",)
    assert result.plan.paths("attributes") == ("same",)
    assert state(source) == state(target)


async def test_links_are_reported_as_left_out(sftp: SFTPClient, tmp_path: Path) -> None:
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "link").symlink_to("/etc/passwd")
    result = await sftp.sync(tmp_path / "target", str(tmp_path / "source"), direction="download")
    path = str(tmp_path / "source" / "link")
    assert result.skipped == (Skipped(path, "it is a symbolic link"),)
    assert state(tmp_path / "target") == {}


@pytest.mark.parametrize("direction", DIRECTIONS)
async def test_directory_in_the_way_of_a_file_is_a_failure_with_its_path(
    sftp: SFTPClient, tmp_path: Path, direction: SyncDirection
) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    source.mkdir()
    (source / "a").touch()
    (source / "b").touch()
    (target / "a").mkdir(parents=True)
    here, there = sides(direction, source, target)
    with pytest.raises(SFTPTransferErrors, match="nothing may be deleted") as caught:
        await sftp.sync(here, there, direction=direction)
    assert isinstance(caught.value.done, SyncResult)
    assert caught.value.errors[0].path == str(target / "a")
    assert (target / "b").exists()
    with pytest.raises(Exception, match="nothing may be deleted") as stopped:
        await sftp.sync(here, there, direction=direction, on_error="stop")
    assert not isinstance(stopped.value, SFTPTransferErrors)


async def test_direction_that_does_not_exist_is_refused(client: SFTPClient) -> None:
    with pytest.raises(UsageError, match="direction"):
        await client.sync("a", "b", direction="both")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("direction", DIRECTIONS)
async def test_source_that_is_missing_deletes_nothing(
    client: SFTPClient, root: Path, tmp_path: Path, direction: SyncDirection
) -> None:
    (root / "target").mkdir()
    (root / "target" / "kept").touch()
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "kept").touch()
    here = tmp_path / ("none" if direction == "upload" else "here")
    there = "target" if direction == "upload" else "none"
    with pytest.raises((SFTPError, OSError)):
        await client.sync(here, there, direction=direction, delete=True)
    assert (root / "target" / "kept").exists()
    assert (tmp_path / "here" / "kept").exists()


def listing(request: m.Request, entry: m.NameEntry, left: list[int]) -> list[Message]:
    """Answer for a directory `/t` with one entry, and none below it that can be opened."""
    top = Attributes(permissions=0o40755, atime=1, mtime=1)
    match request:
        case m.OpenDir(path="/t"):
            return [m.Handle(id=request.id, handle=b"top")]
        case m.OpenDir():
            return [m.Status(id=request.id, code=3, text="Permission denied")]
        case m.ReadDir() if left:
            left.clear()
            return [m.Name(id=request.id, entries=(entry,))]
        case m.ReadDir():
            return [m.Status(id=request.id, code=1)]
        case m.Stat() | m.LStat():
            return [m.Attrs(id=request.id, attributes=top)]
        case _:
            return [m.Status(id=request.id, code=0)]


async def test_part_of_the_source_that_cannot_be_read_keeps_the_whole_target(
    scripted: Callable[..., SFTPClient], tmp_path: Path
) -> None:
    (tmp_path / "closed").mkdir()
    (tmp_path / "closed" / "kept").touch()
    (tmp_path / "extra").touch()
    attributes = Attributes(size=0, permissions=0o40755, atime=1, mtime=1)
    entry = m.NameEntry(filename="closed", attributes=attributes)
    left = [1]

    def reply(request: m.Request) -> list[Message]:
        return listing(request, entry, left)

    async with scripted(reply) as client:
        with pytest.raises(SFTPTransferErrors) as caught:
            await client.sync(tmp_path, "/t", direction="download", delete=True)
    assert [failure.path for failure in caught.value.errors] == ["/t/closed"]
    assert (tmp_path / "closed" / "kept").exists()
    assert (tmp_path / "extra").exists()


@pytest.mark.row("F08")
@pytest.mark.parametrize("name", ["../evil", "/evil", "a/b", "", "nul\0"])
async def test_unsafe_name_ends_a_sync_before_anything_is_changed(
    scripted: Callable[..., SFTPClient], tmp_path: Path, name: str
) -> None:
    (tmp_path / "kept").touch()
    entry = m.NameEntry(filename=name, attributes=Attributes(size=0, permissions=0o100644))
    left = [1]

    def reply(request: m.Request) -> list[Message]:
        return listing(request, entry, left)

    async with scripted(reply) as client:
        with pytest.raises(SFTPUnsafeName):
            await client.sync(tmp_path, "/t", direction="download", delete=True)
    assert os.listdir(tmp_path) == ["kept"]  # noqa: PTH208 (nothing else runs)


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("resume", [False, True])
async def test_parts_stay_where_transfers_resume(
    openssh: None, tmp_path: Path, direction: SyncDirection, resume: bool
) -> None:
    del openssh
    source, target = tmp_path / "source", tmp_path / "target"
    (source / "a").mkdir(parents=True)
    (source / "a" / "file").write_bytes(b"x" * 300_000)
    for folder in ("a", "gone"):
        (target / folder).mkdir(parents=True)
        (target / folder / "file.part-r0123456789ab").write_bytes(b"x" * 1000)
    (target / "file.part-r0123456789").write_bytes(b"another name")

    async with served(SFTPOptions(resume=resume)) as sftp:
        await sftp.sync(*sides(direction, source, target), direction=direction, delete=True)

    left = {str(path.relative_to(target)) for path in target.rglob("*")}
    assert left - {"a/file.part-r0123456789ab"} == {"a", "a/file"}
    assert ("a/file.part-r0123456789ab" in left) is resume


@pytest.mark.parametrize("direction", DIRECTIONS)
async def test_sync_continues_the_part_that_an_interrupted_one_left(
    openssh: None, tmp_path: Path, direction: SyncDirection
) -> None:
    del openssh
    source, target = tmp_path / "source", tmp_path / "target"
    source.mkdir()
    target.mkdir()
    content = seeded(direction).randbytes(3_000_000)
    (source / "file").write_bytes(content)
    both = sides(direction, source, target)

    def interrupt(done: int, _total: int | None, _path: str) -> None:
        if done > 1_000_000:
            raise InterruptedError

    async with served(SFTPOptions(resume=True)) as sftp:
        with pytest.raises(InterruptedError):
            await sftp.sync(*both, direction=direction, delete=True, progress=interrupt)
    assert not (target / "file").exists()
    async with served(SFTPOptions(resume=True)) as sftp:
        result = await sftp.sync(*both, direction=direction, delete=True)

    assert result.resumed > 0
    assert [path.name for path in target.iterdir()] == ["file"]
    assert (target / "file").read_bytes() == content
