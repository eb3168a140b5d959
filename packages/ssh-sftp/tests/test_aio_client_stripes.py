from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from ssh_sftp import SFTPError, SFTPOptions
from ssh_sftp.aio import Rooted, SFTPClient, SFTPServer
from ssh_sftp.testing import memory_pipes

SIZE = 3_000_000


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def content(path: Path) -> bytes:
    return path.read_bytes()


class Sessions:
    """Sessions with one server, or with several that have different folders."""

    def __init__(self, root: Path, others: Path | None = None) -> None:
        self._root = root
        self._others = others or root
        self._serving: list[asyncio.Task[None]] = []
        self.opened: list[SFTPClient] = []
        self.asked = 0
        self.most = 100

    async def open(
        self, root: Path | None = None, options: SFTPOptions | None = None
    ) -> SFTPClient:
        self.asked += 1
        if self.asked > self.most:
            problem = "no more sessions"
            raise SFTPError(problem)
        near, far = memory_pipes()
        server = SFTPServer(far, Rooted(root or self._others))
        self._serving.append(asyncio.create_task(server.serve()))
        client = SFTPClient.from_pipe(near, options)
        try:
            await client.start()
        except BaseException:
            await client.close()
            raise
        self.opened.append(client)
        return client

    @asynccontextmanager
    async def first(self, options: SFTPOptions) -> AsyncGenerator[SFTPClient]:
        async with await self.open(self._root, options) as sftp:
            sftp.open_others_with(self.open)
            yield sftp
        await asyncio.gather(*self._serving)  # each session is closed


@pytest.fixture(autouse=True)
def short_ranges(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ssh_sftp.client.striping._LEAST", 500_000)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source"
    path.write_bytes(os.urandom(SIZE))
    return path


@pytest.mark.parametrize("atomic", [True, False])
@pytest.mark.parametrize("verify", [True, False])
@pytest.mark.parametrize(("stripes", "opened"), [(1, 1), (4, 4), (10, 6)])
async def test_large_file_is_uploaded_over_several_sessions(
    root: Path, source: Path, stripes: int, opened: int, verify: bool, atomic: bool
) -> None:
    told: list[int] = []

    def tell(done: int, _total: int | None, _path: str) -> None:
        told.append(done)

    sessions = Sessions(root)
    options = SFTPOptions(stripes=stripes, verify=verify, atomic=atomic)
    async with sessions.first(options) as sftp:
        result = await sftp.put(source, "f", progress=tell)

    assert len(sessions.opened) == opened
    assert content(root / "f") == content(source)
    assert names(root) == ["f"]
    assert told == sorted(told)
    assert told[-1] == result.bytes == SIZE
    assert result.refused == ()


@pytest.mark.parametrize(
    "options",
    [
        SFTPOptions(stripes=4, resume=True),
        SFTPOptions(stripes=4, sparse=True),
        SFTPOptions(stripes=4, limit=100_000_000),
    ],
)
async def test_upload_that_must_be_in_order_goes_over_one_session(
    root: Path, source: Path, options: SFTPOptions
) -> None:
    sessions = Sessions(root)
    async with sessions.first(options) as sftp:
        await sftp.put(source, "f")

    assert len(sessions.opened) == 1
    assert content(root / "f") == content(source)


async def test_small_file_and_one_that_is_missing_open_no_session(
    root: Path, tmp_path: Path
) -> None:
    (tmp_path / "small").write_bytes(b"small")
    sessions = Sessions(root)
    async with sessions.first(SFTPOptions(stripes=4)) as sftp:
        await sftp.put(tmp_path / "small", "f")
        with pytest.raises(FileNotFoundError):
            await sftp.put(tmp_path / "missing", "g")

    assert len(sessions.opened) == 1


async def test_server_that_gives_fewer_sessions_gets_the_file_over_these(
    root: Path, source: Path
) -> None:
    sessions = Sessions(root)
    sessions.most = 3
    async with sessions.first(SFTPOptions(stripes=6)) as sftp:
        result = await sftp.put(source, "f")

    assert content(root / "f") == content(source)
    assert [each.what for each in result.refused] == ["another channel"]


async def test_fault_while_a_session_is_opened_closes_the_others(root: Path, source: Path) -> None:
    sessions = Sessions(root)

    async def failing() -> SFTPClient:
        if sessions.asked == 2:
            problem = "a fault"
            raise RuntimeError(problem)
        return await sessions.open()

    async with sessions.first(SFTPOptions(stripes=3)) as sftp:
        sftp.open_others_with(failing)
        with pytest.raises(RuntimeError, match="a fault"):
            await sftp.put(source, "f")

    assert names(root) == []


@pytest.mark.row("R05")
async def test_range_that_fails_ends_the_upload_and_leaves_no_part(
    root: Path, source: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (root / "f").write_bytes(b"before")
    sessions = Sessions(root, other)  # the part is missing there
    async with sessions.first(SFTPOptions(stripes=4)) as sftp:
        with pytest.raises(FileNotFoundError):
            await sftp.put(source, "f")

    assert names(root) == ["f"]
    assert content(root / "f") == b"before"


@pytest.mark.row("R09")
@pytest.mark.parametrize("turns", [1, 5, 10, 20, 40, 80])
async def test_upload_over_several_sessions_that_is_cancelled_leaves_no_part(
    root: Path, source: Path, turns: int
) -> None:
    sessions = Sessions(root)
    async with sessions.first(SFTPOptions(stripes=4)) as sftp:
        task = asyncio.create_task(sftp.put(source, "f"))
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])

    assert names(root) in ([], ["f"])
    assert not names(root) or content(root / "f") == content(source)


@pytest.mark.row("R01")
async def test_lost_session_ends_the_upload(root: Path, source: Path) -> None:
    sessions = Sessions(root)
    tasks: list[asyncio.Task[None]] = []

    def lose(_done: int, _total: int | None, _path: str) -> None:
        if not tasks:
            tasks.append(asyncio.ensure_future(sessions.opened[-1].close()))

    async with sessions.first(SFTPOptions(stripes=4, write_size=10_000)) as sftp:
        with pytest.raises(ConnectionError):
            await sftp.put(source, "f", progress=lose)
        await tasks[0]

    assert names(root) == []
