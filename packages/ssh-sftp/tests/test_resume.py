"""Transfers that are interrupted and go on, with OpenSSH's sftp-server, which is killed."""

from __future__ import annotations

import asyncio
import os
import random
import resource
import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final

import pytest

from ssh_sftp import SFTPConnectionLost, SFTPError, SFTPOptions, SFTPTransferError, Transferred
from ssh_sftp.aio import SFTPClient

SERVER = "/usr/lib/openssh/sftp-server"
SIZE: Final = 3_000_000
RESUME: Final = SFTPOptions(resume=True, timeout=20)
VERIFY: Final = SFTPOptions(resume=True, verify=True, timeout=20)

pytestmark = pytest.mark.usefixtures("openssh")


class Run:
    """A session, and the server of it, which can be killed."""

    def __init__(self, sftp: SFTPClient, process: asyncio.subprocess.Process) -> None:
        self.sftp = sftp
        self._process = process

    def kill_after(self, size: int) -> Callable[[int, int | None, str], None]:
        """Return a callback of progress that kills the server after so many bytes."""

        def progress(done: int, _total: int | None, _path: str) -> None:
            if done >= size and self._process.returncode is None:
                self._process.kill()

        return progress


@asynccontextmanager
async def session(options: SFTPOptions = RESUME, *server: str) -> AsyncGenerator[Run]:
    process = await asyncio.create_subprocess_exec(
        *(server or (SERVER,)), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stdin is not None
    async with SFTPClient.from_streams(process.stdout, process.stdin, options) as client:
        yield Run(client, process)
    with suppress(OSError):  # of what was written to a server that was killed
        await process.stdin.wait_closed()
    await process.wait()


class Pair:
    """A file here and its copy there."""

    def __init__(self, tmp_path: Path, *, upload: bool, size: int = SIZE) -> None:
        self.upload = upload
        self.source = tmp_path / "source"
        self.folder = tmp_path / "target"
        self.folder.mkdir()
        self.target = self.folder / "f"
        self.content = random.Random(size).randbytes(size)  # noqa: S311 (a test's content)
        self.source.write_bytes(self.content)

    @property
    def is_complete(self) -> bool:
        return self.target.read_bytes() == self.content

    async def transfer(
        self, run: Run, progress: Callable[[int, int | None, str], None] | None = None
    ) -> Transferred:
        if self.upload:
            return await run.sftp.put(self.source, str(self.target), progress=progress)
        return await run.sftp.get(str(self.source), self.target, progress=progress)

    async def interrupt(self, size: int, options: SFTPOptions = RESUME) -> Path:
        """Transfer until the server is killed; return the partial file."""
        async with session(options) as run:
            with pytest.raises(SFTPConnectionLost):
                await self.transfer(run, run.kill_after(size))
        (part,) = self.folder.glob("f.part-*")
        return part


@pytest.fixture(params=["get", "put"])
def pair(request: pytest.FixtureRequest, tmp_path: Path) -> Pair:
    return Pair(tmp_path, upload=request.param == "put")


@pytest.mark.row("R01")
@pytest.mark.row("R05")
@pytest.mark.row("R06")
async def test_transfer_goes_on_where_the_server_was_killed(pair: Pair) -> None:
    chosen = random.Random(6)  # noqa: S311 (a test's choice)
    for _ in range(40):
        part = await pair.interrupt(chosen.randrange(1, SIZE))
        left = part.stat().st_size
        assert part.read_bytes() == pair.content[:left]
        async with session() as run:
            result = await pair.transfer(run)
        assert result.resumed == left
        assert result.bytes == SIZE
        assert [path.name for path in pair.folder.iterdir()] == ["f"]
        assert pair.is_complete
        pair.target.unlink()


@pytest.mark.row("R06")
async def test_transfer_of_a_source_that_has_changed_begins_again(pair: Pair) -> None:
    await pair.interrupt(SIZE // 2)
    changed = b"x" + pair.content
    pair.source.write_bytes(changed)
    async with session() as run:
        result = await pair.transfer(run)

    assert result.resumed == 0
    assert pair.target.read_bytes() == changed


@pytest.mark.row("R06")
@pytest.mark.parametrize("damaged", ["first", "last"])
async def test_part_that_differs_is_not_continued(pair: Pair, damaged: str) -> None:
    part = await pair.interrupt(SIZE // 2)
    content = bytearray(part.read_bytes())
    content[0 if damaged == "first" else -1] ^= 1
    part.write_bytes(content)
    async with session() as run:
        result = await pair.transfer(run)

    assert result.resumed == 0
    assert pair.is_complete


@pytest.mark.row("R06")
async def test_source_changed_behind_its_size_and_time_is_found_by_comparison(pair: Pair) -> None:
    await pair.interrupt(SIZE // 2)
    before = pair.source.stat()
    changed = bytes(pair.content[:1000]) + b"changed" + pair.content[1007:]
    pair.source.write_bytes(changed)
    os.utime(pair.source, ns=(before.st_atime_ns, before.st_mtime_ns))
    async with session() as run:
        result = await pair.transfer(run)

    assert result.resumed == 0
    assert pair.target.read_bytes() == changed


async def test_part_that_is_longer_than_the_source_is_not_continued(pair: Pair) -> None:
    part = await pair.interrupt(SIZE // 2)
    part.write_bytes(pair.content + b"more")
    async with session() as run:
        assert (await pair.transfer(run)).resumed == 0

    assert pair.is_complete


async def test_complete_part_is_compared_and_renamed(pair: Pair) -> None:
    part = await pair.interrupt(SIZE // 2)
    part.write_bytes(pair.content)
    async with session() as run:
        assert (await pair.transfer(run)).resumed == SIZE

    assert pair.is_complete


async def test_verified_transfer_counts_the_files_that_it_compared(pair: Pair) -> None:
    await pair.interrupt(SIZE // 2, VERIFY)
    async with session(VERIFY) as run:
        result = await pair.transfer(run)

    assert result.verified == 1
    assert result.resumed > 0
    assert pair.is_complete


@pytest.mark.row("R05")
async def test_interrupted_transfer_without_resume_leaves_no_file_here(tmp_path: Path) -> None:
    pair = Pair(tmp_path, upload=False)
    async with session(SFTPOptions(timeout=20)) as run:
        with pytest.raises(SFTPConnectionLost):
            await pair.transfer(run, run.kill_after(SIZE // 2))

    assert list(pair.folder.iterdir()) == []


@pytest.mark.row("R09")
async def test_cancelled_transfer_leaves_a_part_that_is_continued(pair: Pair) -> None:
    begun = asyncio.Event()

    def begin(done: int, _total: int | None, _path: str) -> None:
        if done > SIZE // 3:
            begun.set()

    async with session() as run:
        task = asyncio.ensure_future(pair.transfer(run, begin))
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        (part,) = pair.folder.glob("f.part-*")
        left = part.stat().st_size
        assert part.read_bytes() == pair.content[:left]
        result = await pair.transfer(run)

    assert result.resumed == left
    assert pair.is_complete


@pytest.mark.row("R05")
async def test_file_in_the_way_stays_until_the_new_one_is_complete(pair: Pair) -> None:
    pair.target.write_bytes(b"before")
    await pair.interrupt(SIZE // 2)
    assert pair.target.read_bytes() == b"before"
    async with session() as run:
        await pair.transfer(run)

    assert pair.is_complete


async def test_two_downloads_do_not_write_one_part(tmp_path: Path) -> None:
    pair = Pair(tmp_path, upload=False)
    async with session() as first, session() as second:
        both = await asyncio.gather(
            pair.transfer(first), pair.transfer(second), return_exceptions=True
        )

    failures = [each for each in both if isinstance(each, BaseException)]
    assert all(isinstance(each, SFTPTransferError) for each in failures)
    assert len(failures) < 2
    assert pair.is_complete


@pytest.mark.row("F08")
async def test_part_that_is_a_link_is_not_followed(tmp_path: Path) -> None:
    pair = Pair(tmp_path, upload=False)
    part = await pair.interrupt(SIZE // 2)
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")
    part.unlink()
    part.symlink_to(victim)
    async with session() as run:
        with pytest.raises(OSError, match="f"):
            await pair.transfer(run)

    assert victim.read_bytes() == b"precious"


@pytest.mark.row("F08")
async def test_part_with_a_second_name_is_not_continued(tmp_path: Path) -> None:
    pair = Pair(tmp_path, upload=False)
    part = await pair.interrupt(SIZE // 2)
    victim = tmp_path / "victim"
    os.link(part, victim)
    before = victim.read_bytes()
    async with session() as run:
        with pytest.raises(SFTPTransferError, match="second name"):
            await pair.transfer(run)

    assert victim.read_bytes() == before


@pytest.mark.skipif(sys.platform != "linux", reason="holes are asked for as on Linux")
async def test_sparse_file_keeps_its_holes_and_its_content(pair: Pair) -> None:
    with pair.source.open("wb") as file:
        file.seek(5_000_000)
        file.write(b"data")
        file.truncate(20_000_000)
    pair.content = pair.source.read_bytes()
    async with session(SFTPOptions(sparse=True, verify=True)) as run:
        result = await pair.transfer(run)

    assert result.bytes == 20_000_000
    assert pair.is_complete
    assert pair.target.stat().st_blocks * 512 < 1_000_000


async def test_arguments_of_one_transfer_count_before_the_options(pair: Pair) -> None:
    await pair.interrupt(SIZE // 2)
    async with session(SFTPOptions(timeout=20)) as run:
        there = str(pair.target)
        if pair.upload:
            result = await run.sftp.put(pair.source, there, resume=True, verify=True)
        else:
            result = await run.sftp.get(str(pair.source), there, resume=True, verify=True)

    assert result.resumed > 0
    assert result.verified == 1
    assert pair.is_complete


async def test_resumed_transfer_in_place_goes_on_in_the_file_itself(pair: Pair) -> None:
    in_place = SFTPOptions(resume=True, atomic=False)
    pair.target.write_bytes(pair.content[: SIZE // 2])
    async with session(in_place) as run:
        result = await pair.transfer(run)

    assert result.resumed == SIZE // 2
    assert pair.is_complete


FULL = ("/bin/sh", "-c", f"trap '' XFSZ; ulimit -f {SIZE // 2 // 512}; exec {SERVER}")
"""A server whose files end at half of the size: to the client a full disk."""


@pytest.mark.row("R07")
@pytest.mark.parametrize("options", [RESUME, SFTPOptions(timeout=20)])
async def test_full_disk_of_the_server_leaves_the_file_in_the_way_and_a_part_without_gaps(
    tmp_path: Path, options: SFTPOptions
) -> None:
    pair = Pair(tmp_path, upload=True)
    pair.target.write_bytes(b"before")
    async with session(options, *FULL) as run:
        with pytest.raises(SFTPError) as caught:
            await pair.transfer(run)
        assert caught.value.filename == str(pair.target)
        assert await run.sftp.exists(str(pair.target))
    parts = list(pair.folder.glob("f.part-*"))

    assert pair.target.read_bytes() == b"before"
    assert len(parts) == int(options.resume)
    for part in parts:
        assert pair.content.startswith(part.read_bytes())
        assert part.stat().st_size > 0
    async with session(options) as run:
        assert ((await pair.transfer(run)).resumed > 0) == options.resume
    assert pair.is_complete


@pytest.mark.row("R07")
@pytest.mark.parametrize("options", [RESUME, SFTPOptions(timeout=20)])
async def test_full_disk_here_leaves_the_file_in_the_way_and_a_part_without_gaps(
    tmp_path: Path, options: SFTPOptions
) -> None:
    pair = Pair(tmp_path, upload=False)
    pair.target.write_bytes(b"before")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    async with session(options) as run:
        resource.setrlimit(resource.RLIMIT_FSIZE, (SIZE // 2, before[1]))
        try:
            with pytest.raises(OSError, match="large") as caught:
                await pair.transfer(run)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        parts = list(pair.folder.glob("f.part-*"))

        assert caught.value.filename == str(pair.target)
        assert pair.target.read_bytes() == b"before"
        assert len(parts) == int(options.resume)
        assert all(pair.content.startswith(part.read_bytes()) for part in parts)
        assert ((await pair.transfer(run)).resumed > 0) == options.resume
    assert pair.is_complete


CLIENT = """\
import asyncio, sys
from ssh_sftp import SFTPOptions
from ssh_sftp.aio import SFTPClient

def progress(done, total, path):
    print(done, flush=True)

async def main(server, way, source, target):
    process = await asyncio.create_subprocess_exec(
        server, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    options = SFTPOptions(resume=True)
    async with SFTPClient.from_streams(process.stdout, process.stdin, options) as sftp:
        await getattr(sftp, way)(source, target, progress=progress)

asyncio.run(main(*sys.argv[1:]))
"""


@pytest.mark.row("R05")
@pytest.mark.row("R06")
async def test_client_that_is_killed_leaves_a_part_that_is_continued(pair: Pair) -> None:
    pair.target.write_bytes(b"before")
    way = "put" if pair.upload else "get"
    words = (sys.executable, "-c", CLIENT, SERVER, way, str(pair.source), str(pair.target))
    process = await asyncio.create_subprocess_exec(*words, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    while int(await process.stdout.readline()) < SIZE // 3:
        pass
    process.kill()
    await process.stdout.read()
    await process.wait()
    left = 0
    for part in pair.folder.glob("f.part-*"):  # none if it was complete before the signal came
        left = part.stat().st_size
        assert pair.content.startswith(part.read_bytes())
    assert left or pair.is_complete
    assert pair.is_complete or pair.target.read_bytes() == b"before"
    async with session() as run:
        result = await pair.transfer(run)

    assert result.resumed >= left
    assert pair.is_complete


@pytest.mark.row("R21")
async def test_file_of_ten_gigabytes_is_continued_behind_four_gigabytes(pair: Pair) -> None:
    """Offsets beyond 32 bits; holes keep it quick."""
    size = 10 * 1024**3
    with pair.source.open("wb") as file:
        file.seek(size - len(pair.content))
        file.write(pair.content)
    os.utime(pair.source, (1_000_000_000, 1_000_000_000))
    async with session() as run:
        task = asyncio.ensure_future(pair.transfer(run, run.kill_after(1)))
        with pytest.raises(SFTPConnectionLost):
            await task
        (part,) = pair.folder.glob("f.part-*")
    os.truncate(part, size - len(pair.content))
    async with session() as run:
        result = await pair.transfer(run)

    assert result.bytes == size
    assert result.resumed == size - len(pair.content)
    with pair.target.open("rb") as file:
        file.seek(size - len(pair.content))
        assert file.read() == pair.content
    assert pair.target.stat().st_size == size
    assert pair.target.stat().st_blocks * 512 < 100_000_000
