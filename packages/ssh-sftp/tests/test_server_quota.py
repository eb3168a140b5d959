"""A quota: what is counted, what is refused, and that both agree with what is there."""

from __future__ import annotations

import asyncio
import errno
import os
import re
from collections.abc import Awaitable, Callable
from pathlib import Path

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssh_sftp import Attributes, OpenFlags, Pipe, Quota, SFTPError
from ssh_sftp.aio import InMemory, InThreads, Rooted, SFTPClient, SFTPServer
from ssh_sftp.server.answers import value_of
from ssh_sftp.testing import memory_pipes

NEW = Attributes()
WRITE = OpenFlags.WRITE | OpenFlags.CREATE
NAMES = st.sampled_from(["a", "b", "a/a", "a/b", "", ".."])
FLAGS = st.sampled_from(
    [
        OpenFlags.READ,
        WRITE,
        WRITE | OpenFlags.EXCLUSIVE,
        WRITE | OpenFlags.TRUNCATE,
        WRITE | OpenFlags.APPEND,
        OpenFlags.WRITE,
    ]
)


@attrs.frozen
class Step:
    """A call, and what it is given."""

    call: str
    path: str
    other: str = ""
    flags: OpenFlags = WRITE
    number: int = 0


STEPS = st.builds(
    Step,
    st.sampled_from(
        [
            *("write", "write", "write", "resize", "truncate", "mkdir", "symlink"),
            *("rmdir", "remove", "rename", "replace", "hardlink"),
        ]
    ),
    NAMES,
    NAMES,
    FLAGS,
    st.integers(0, 40),
)


async def write(files: Quota, path: str, flags: OpenFlags, end: int) -> None:
    file = await files.open(path, flags, NEW)
    try:
        if flags & (OpenFlags.WRITE | OpenFlags.APPEND):
            await value_of(file.write(memoryview(b"x" * (end // 2)), end - end // 2))
    finally:
        file.close()


async def resize(files: Quota, path: str, size: int) -> None:
    file = await files.open(path, OpenFlags.WRITE, NEW)
    try:
        await value_of(file.setstat(Attributes(size=size)))
    finally:
        file.close()


async def renamed(files: Quota, old: str, new: str) -> None:
    files.rename(old, new)


CALLS: dict[str, Callable[[Quota, Step], Awaitable[None]]] = {
    "write": lambda files, step: write(files, step.path, step.flags, step.number),
    "resize": lambda files, step: resize(files, step.path, step.number),
    "truncate": lambda files, step: files.setstat(step.path, Attributes(size=step.number)),
    "mkdir": lambda files, step: files.mkdir(step.path, NEW),
    "symlink": lambda files, step: files.symlink(step.other or ".", step.path),
    "rename": lambda files, step: renamed(files, step.path, step.other),
    "replace": lambda files, step: files.replace(step.path, step.other),
    "hardlink": lambda files, step: files.hardlink(step.path, step.other),
    "rmdir": lambda files, step: files.rmdir(step.path),
    "remove": lambda files, step: files.remove(step.path),
}


async def errno_of(call: Awaitable[None]) -> int | None:
    try:
        await call
    except OSError as error:
        return error.errno
    return None


@given(steps=st.lists(STEPS, max_size=40), there=st.integers(0, 3))
def test_what_is_counted_is_what_is_there_and_never_more_than_the_quota(
    steps: list[Step], there: int
) -> None:
    async def run() -> None:
        inner = InMemory()
        for number in range(there):
            file = inner.open(f"there{number}", WRITE, NEW)
            file.write(memoryview(b"there"), 0)
            file.close()
        files = Quota(inner, max_bytes=60, max_entries=5)
        await files.measure()
        for step in steps:
            fits = files.used_entries < 5 and files.used_bytes + step.number <= 60
            assert await errno_of(CALLS[step.call](files, step)) != errno.EDQUOT or not fits
            assert files.used_bytes == inner.used_bytes <= 60
            assert files.used_entries == inner.used_entries <= 5

    asyncio.run(run())


def refused(number: int) -> pytest.RaisesExc[OSError]:
    return pytest.raises(OSError, match=re.escape(os.strerror(number)))


async def test_refused_write_leaves_the_file_and_the_count_as_they_were() -> None:
    inner = InMemory()
    files = Quota(inner, max_bytes=10)
    await write(files, "a", WRITE, 8)
    with refused(errno.EDQUOT):
        await write(files, "a", WRITE, 11)
    with refused(errno.EDQUOT):
        await files.setstat("a", Attributes(size=11))
    assert (inner.stat("a").size, files.used_bytes) == (8, 8)
    with refused(errno.ENOENT):
        await files.setstat("b", Attributes(size=1))
    with refused(errno.EPERM):
        await files.hardlink("a", "b")
    await files.setstat("a", Attributes(permissions=0o600))
    assert files.used_bytes == 8


async def test_statistics_are_those_of_the_quota() -> None:
    files = Quota(InMemory(), max_bytes=40_960, max_entries=3)
    await write(files, "a", WRITE, 8192)
    found = await files.statvfs("/")
    assert (found.blocks, found.free_blocks, found.available_blocks) == (10, 8, 8)
    assert (found.files, found.free_files, found.available_files) == (3, 2, 2)
    opened = await files.open("a", WRITE, NEW)
    assert await value_of(opened.statvfs()) == found
    opened.close()
    without = Quota(InMemory(max_bytes=4096))
    assert (await without.statvfs("/")).free_blocks == 1


@pytest.mark.parametrize("threads", [False, True])
async def test_sessions_share_a_quota(tmp_path: Path, threads: bool) -> None:
    root = Rooted(tmp_path)
    (tmp_path / "there").write_bytes(bytes(50_000))
    files = Quota(InThreads(root) if threads else root, max_bytes=300_000)
    pairs = [memory_pipes() for _ in range(4)]
    serving = [asyncio.ensure_future(SFTPServer(far, files).serve()) for _, far in pairs]

    async def put(number: int, near: Pipe) -> str:
        async with SFTPClient.from_pipe(near) as sftp:
            try:
                await sftp.write_bytes(f"file{number}", bytes(100_000))
            except SFTPError as error:
                return str(error)
            return ""

    done = await asyncio.gather(*(put(n, near) for n, (near, _) in enumerate(pairs)))
    await asyncio.gather(*serving)
    used = sum(entry.stat().st_size for entry in os.scandir(tmp_path))
    assert used == files.used_bytes <= 300_000
    assert done.count("") <= 2
    assert all("quota exceeded" in text for text in done if text)
    root.close()
