from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssh_sftp import Attributes, SFTPOptions, SFTPTransferError
from ssh_sftp.aio.client.part_file import PartFile, data_runs
from ssh_sftp.aio.client.sink import DownloadTarget, LocalFolder
from ssh_sftp.client.storage import OnWritten

FOUND = Attributes(size=100, permissions=0o100644, atime=1, mtime=2)
RESUME = SFTPOptions(resume=True)


def part_of(path: Path, options: SFTPOptions = RESUME, found: Attributes = FOUND) -> PartFile:
    """The file "f" in a directory."""
    folder = LocalFolder(DownloadTarget(options, preserve=False), str(path))
    folder.enter()
    return folder.file("f", found)


def ignore(_size: int, _error: Exception | None) -> None: ...


def names(path: Path) -> list[str]:
    return sorted(found.name for found in path.iterdir())


def left(path: Path, content: bytes, found: Attributes = FOUND) -> Path:
    """Leave a part as an earlier attempt does."""
    part = part_of(path, found=found)
    assert part.resume() == 0
    part.write(memoryview(content), 0, ignore)
    part.keep()
    (made,) = path.glob("f.part-r*")
    return made


def test_part_is_found_again_and_gets_the_name_in_the_end(tmp_path: Path) -> None:
    left(tmp_path, b"begin")
    part = part_of(tmp_path)
    assert part.resume() == 5
    assert part.read(10, 1) == b"egin"
    part.write(memoryview(b"end"), 5, ignore)
    ended: list[Exception | None] = []
    part.finish(ended.append)

    assert ended == [None]
    assert names(tmp_path) == ["f"]
    assert (tmp_path / "f").read_bytes() == b"beginend"


@pytest.mark.parametrize("mode", [0o400, 0o444, 0o644])
def test_file_that_was_resumed_has_the_permissions_of_the_server(
    tmp_path: Path, mode: int
) -> None:
    """The part can be written by its owner, whatever they are."""
    found = Attributes(size=5, permissions=0o100000 | mode)
    made = left(tmp_path, b"begin", found)
    assert made.stat().st_mode & 0o600 == 0o600
    part = part_of(tmp_path, found=found)
    part.resume()
    part.finish(lambda _: None)

    assert (tmp_path / "f").stat().st_mode & 0o700 == mode & 0o700


def test_restarted_part_is_empty(tmp_path: Path) -> None:
    left(tmp_path, b"other")
    part = part_of(tmp_path)
    part.resume()
    part.restart()
    part.write(memoryview(b"x"), 0, ignore)
    part.finish(lambda _: None)

    assert (tmp_path / "f").read_bytes() == b"x"


def test_part_that_another_transfer_writes_is_an_error(tmp_path: Path) -> None:
    first, second = part_of(tmp_path), part_of(tmp_path)
    first.resume()
    with pytest.raises(SFTPTransferError, match="another transfer writes it"):
        second.resume()
    second.discard()
    first.finish(lambda _: None)

    assert names(tmp_path) == ["f"]


def test_file_system_without_locks_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unsupported(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", unsupported)
    part = part_of(tmp_path)

    assert part.resume() == 0
    part.discard()
    assert names(tmp_path) == []


def link_to_nothing(path: Path) -> None:
    path.symlink_to("nothing")


@pytest.mark.row("F08")
@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (os.mkdir, "directory"),
        (os.mkfifo, "not a regular file"),
        (link_to_nothing, "symbolic links"),
    ],
)
def test_part_that_is_no_regular_file_is_refused(
    tmp_path: Path, make: Callable[[Path], object], problem: str
) -> None:
    made = left(tmp_path, b"x")
    made.unlink()
    make(made)
    part = part_of(tmp_path)
    with pytest.raises((SFTPTransferError, OSError), match=problem):
        part.resume()
    part.discard()

    assert names(tmp_path) == [made.name]


def test_part_of_another_user_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    left(tmp_path, b"x")
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    part = part_of(tmp_path)
    with pytest.raises(SFTPTransferError, match="another user"):
        part.resume()
    part.discard()


def test_part_that_is_completed_meanwhile_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = left(tmp_path, b"x")
    flock = fcntl.flock

    def rename_first(descriptor: int, operation: int) -> None:
        if names(tmp_path) == [made.name]:
            made.rename(tmp_path / "f")
        flock(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", rename_first)
    part = part_of(tmp_path)

    assert part.resume() == 0
    part.discard()
    assert names(tmp_path) == ["f"]


@pytest.mark.row("R07")
def test_kept_part_ends_before_the_first_block_that_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pwrite = os.pwrite

    def full(descriptor: int, data: Any, offset: int) -> int:
        if offset == 10:
            raise OSError(errno.ENOSPC, "No space left on device")
        return pwrite(descriptor, data, offset)

    part = part_of(tmp_path)
    part.resume()
    part.write(memoryview(bytes(10)), 0, ignore)
    monkeypatch.setattr(os, "pwrite", full)
    failures: list[OSError] = []
    for offset in (10, 20):
        try:
            part.write(memoryview(bytes(10)), offset, ignore)
        except OSError as error:
            failures.append(error)
    part.keep()
    (made,) = tmp_path.glob("f.part-r*")

    assert [error.filename for error in failures] == [str(tmp_path / "f")]
    assert made.stat().st_size == 10


class SlowDisk:
    """Holds back the writes of a target, as a disk that is slow."""

    slow = True

    def __init__(self) -> None:
        self.waiting: list[tuple[int, OnWritten]] = []

    def write(self, _: int, data: memoryview, offset: int, written: OnWritten) -> None:
        del offset
        self.waiting.append((len(data), written))


@pytest.mark.parametrize("keep", [True, False])
def test_file_that_fails_is_left_when_its_last_write_is_done(tmp_path: Path, keep: bool) -> None:
    disk = SlowDisk()
    target = DownloadTarget(RESUME, preserve=False)
    setattr(target, "writer", disk)  # noqa: B010 (what checkers refuse)
    folder = LocalFolder(target, str(tmp_path))
    folder.enter()
    part = folder.file("f", FOUND)
    part.resume()
    for offset in (0, 10):
        part.write(memoryview(bytes(10)), offset, ignore)
    if keep:
        part.keep()
    else:
        part.discard()
    assert len(names(tmp_path)) == 1
    for size, written in disk.waiting:
        written(size, OSError(errno.EIO, "Input/output error"))

    assert len(names(tmp_path)) == int(keep)


# ---------------------------------------------------------------- holes


@given(
    blocks=st.lists(st.tuples(st.sampled_from([0, 1]), st.integers(1, 9_000)), max_size=6),
    offset=st.integers(0, 10_000),
)
def test_runs_have_every_byte_that_is_not_zero(blocks: list[tuple[int, int]], offset: int) -> None:
    data = b"".join(bytes([byte]) * size for byte, size in blocks)
    runs = list(data_runs(memoryview(data), offset))
    rebuilt = bytearray(len(data))
    for start, end in runs:
        rebuilt[start:end] = data[start:end]

    assert rebuilt == data
    assert all(data[start:end].strip(b"\0") for start, end in runs)
    assert all(before[1] < behind[0] for before, behind in pairwise(runs))


@pytest.mark.parametrize("data", [bytes(20_000), b"x" + bytes(20_000), bytes(20_000) + b"x"])
@pytest.mark.parametrize("finish", [True, False])
def test_file_that_ends_in_a_hole_has_its_size(tmp_path: Path, data: bytes, finish: bool) -> None:
    options = SFTPOptions(resume=True, sparse=True, verify=True)
    part = part_of(tmp_path, options)
    part.resume()
    told: list[int] = []
    part.write(memoryview(data), 0, lambda size, _: told.append(size))
    assert told == [len(data)]
    assert part.read(len(data), 0) == data
    if finish:
        part.finish(lambda _: None)
    else:
        part.keep()
    (made,) = tmp_path.iterdir()

    assert made.read_bytes() == data


def test_failure_of_one_run_is_that_of_the_block(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    part = part_of(tmp_path, SFTPOptions(sparse=True))
    monkeypatch.setattr(os, "pwrite", full)
    with pytest.raises(OSError, match="No space"):
        part.write(memoryview(b"x" + bytes(20_000) + b"y"), 0, ignore)
    part.discard()

    assert names(tmp_path) == []
