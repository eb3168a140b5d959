from __future__ import annotations

import asyncio
import os
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from ssh_sftp import Attributes, SFTPOptions
from ssh_sftp.aio import SFTPClient
from ssh_sftp.aio.client import disk_writer as disk
from ssh_sftp.aio.client.disk_writer import DiskWriter
from ssh_sftp.aio.client.sink import DownloadTarget, LocalFolder


def names(path: Path | str) -> list[str]:
    return sorted(found.name for found in Path(path).iterdir())


async def test_writes_to_a_slow_disk_run_in_a_thread(tmp_path: Path) -> None:
    times = iter([0.0, 1.0])
    writer = DiskWriter(slow_after=0.5, clock=lambda: next(times))
    descriptor = os.open(tmp_path / "f", os.O_RDWR | os.O_CREAT)
    done: asyncio.Queue[tuple[int, Exception | None]] = asyncio.Queue()

    def written(size: int, error: Exception | None) -> None:
        done.put_nowait((size, error))

    writer.write(descriptor, memoryview(b"ab"), 0, written)
    assert writer.slow
    assert done.get_nowait() == (2, None)
    buffer = bytearray(b"cd")
    writer.write(descriptor, memoryview(buffer), 2, written)
    buffer[:] = b"xx"  # the view was valid during the call only
    writer.write(descriptor, memoryview(b"ef"), 4, written)
    writer.write(-1, memoryview(b"gh"), 6, written)
    assert done.empty()
    results = [await done.get() for _ in range(3)]

    assert results[:2] == [(2, None), (2, None)]
    assert isinstance(results[2][1], OSError)
    assert os.pread(descriptor, 10, 0) == b"abcdef"
    os.close(descriptor)


async def test_file_on_a_slow_disk_is_finished_in_a_thread(tmp_path: Path) -> None:
    download_target = DownloadTarget(SFTPOptions(), preserve=False)
    download_target.writer.slow = True
    folder = LocalFolder(download_target, str(tmp_path))
    folder.enter()
    sink = folder.file("f", Attributes())
    done: asyncio.Future[Exception | None] = asyncio.get_running_loop().create_future()
    sink.write(memoryview(b"abc"), 0, lambda _size, _error: sink.finish(done.set_result))

    assert await done is None
    assert (tmp_path / "f").read_bytes() == b"abc"


async def test_discard_during_a_write_waits_for_the_thread(tmp_path: Path) -> None:
    download_target = DownloadTarget(SFTPOptions(), preserve=False)
    download_target.writer.slow = True
    folder = LocalFolder(download_target, str(tmp_path))
    folder.enter()
    sink = folder.file("f", Attributes())
    done: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    sink.write(memoryview(b"abc"), 0, lambda size, _: done.set_result(size))
    sink.discard()
    assert len(names(tmp_path)) == 1

    assert await done == 3
    assert names(tmp_path) == []


@pytest.mark.parametrize("files", [1, 20])
async def test_download_to_a_slow_disk_completes(
    client: SFTPClient, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: int
) -> None:
    """What a thread's work leads to is sent, though no packet of the server arrives then."""
    monkeypatch.setattr("ssh_sftp.aio.client.sink.DiskWriter", partial(DiskWriter, -1.0))
    (root / "tree").mkdir()
    for number in range(files):
        (root / "tree" / str(number)).write_bytes(os.urandom(100_000))
    async with asyncio.timeout(30):
        await client.get("/tree", tmp_path / "got", recursive=True)
        await client.get("/tree/0", tmp_path / "one")
    for number in range(files):
        data = (root / "tree" / str(number)).read_bytes()
        assert (tmp_path / "got" / str(number)).read_bytes() == data
    assert (tmp_path / "one").read_bytes() == (root / "tree" / "0").read_bytes()


async def test_thread_that_raises_fails_each_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError

    writer = DiskWriter()
    writer.slow = True
    done: asyncio.Queue[tuple[int, Exception | None]] = asyncio.Queue()

    def written(size: int, error: Exception | None) -> None:
        done.put_nowait((size, error))

    descriptor = os.open(tmp_path / "f", os.O_RDWR | os.O_CREAT)
    monkeypatch.setattr(disk, "write_all", broken)
    for _ in range(3):
        writer.write(descriptor, memoryview(b"ab"), 0, written)
    results = [await done.get() for _ in range(3)]
    os.close(descriptor)

    assert [size for size, _ in results] == [2, 2, 2]
    assert all(isinstance(error, RuntimeError) for _, error in results)


async def test_write_that_is_cancelled_before_it_begins_is_reported(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    loop = asyncio.get_running_loop()
    started: list[asyncio.Future[Any]] = []

    def run_in_executor(*_: object) -> asyncio.Future[Any]:
        started.append(loop.create_future())
        return started[-1]

    monkeypatch.setattr(loop, "run_in_executor", run_in_executor)
    writer = DiskWriter()
    writer.slow = True
    told: list[Exception | None] = []
    writer.write(-1, memoryview(b"ab"), 0, lambda _, error: told.append(error))
    writer.run(lambda: None, told.append)
    for future in started:
        future.cancel()
    await asyncio.sleep(0)

    assert [type(error) for error in told] == [RuntimeError, RuntimeError]
