"""Totals, rate and running files of transfers."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssh_sftp.aio import RunningFile, SFTPClient, TransferProgress
from ssh_wire import UsageError


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_totals_rate_and_time_left_follow_from_what_was_reported() -> None:
    clock = Clock()
    progress = TransferProgress(clock=clock)
    progress.found("a", 600)
    progress.found("b", 300)
    clock.now += 2
    progress(200, 600, "a")
    progress(300, 300, "b")
    assert (progress.files_found, progress.files_done) == (2, 1)
    assert (progress.bytes_found, progress.bytes_done) == (900, 500)
    assert (progress.rate, progress.seconds_left) == (250.0, 1.6)
    assert progress.running == (RunningFile("a", 200, 600),)


def test_time_left_is_not_known_without_a_rate_or_a_size() -> None:
    clock = Clock()
    progress = TransferProgress(clock=clock)
    progress.found("a", 10)
    assert progress.seconds_left is None
    clock.now += 1
    progress.found("b", None)
    progress(5, None, "b")
    assert (progress.seconds_left, progress.sizes_known) == (None, False)


def test_function_is_called_once_an_interval_and_at_the_end() -> None:
    clock = Clock()
    calls: list[int] = []
    progress = TransferProgress(
        lambda now: calls.append(now.bytes_done), interval=1.0, clock=clock
    )
    progress.found("a", 100)
    for done in range(10, 100, 10):
        clock.now += 0.25
        progress(done, 100, "a")
    progress(100, 100, "a")
    assert calls == [10, 50, 90, 100]


@pytest.mark.parametrize("interval", [-1, float("nan")])
def test_interval_that_is_no_time_is_refused(interval: float) -> None:
    with pytest.raises(UsageError, match="interval"):
        TransferProgress(interval=interval)


@given(st.lists(st.lists(st.integers(1, 1000), min_size=1, max_size=5), max_size=8))
def test_end_of_all_files_is_the_sum_of_their_sizes(files: list[list[int]]) -> None:
    progress = TransferProgress(clock=Clock())
    for number, blocks in enumerate(files):
        progress.found(str(number), sum(blocks))
    for number, blocks in enumerate(files):
        for end in range(1, len(blocks) + 1):
            progress(sum(blocks[:end]), sum(blocks), str(number))
    assert progress.bytes_done == progress.bytes_found == sum(map(sum, files))
    assert (progress.files_done, progress.running) == (len(files), ())


async def test_transfers_in_all_directions_report_to_it(
    client: SFTPClient, root: Path, tmp_path: Path
) -> None:
    """One object has the sum of several transfers, and learns of files without `found=`."""
    tree = tmp_path / "tree"
    (tree / "deep").mkdir(parents=True)
    (tree / "big").write_bytes(os.urandom(700_000))
    (tree / "deep" / "small").write_bytes(b"1")
    (tree / "empty").write_bytes(b"")
    progress = TransferProgress()

    await client.put(tree, "/put", recursive=True, progress=progress)
    assert (progress.files_found, progress.files_done, progress.bytes_done) == (3, 3, 700_001)
    await client.get("/put", tmp_path / "got", recursive=True, progress=progress)
    await client.sync(tree, "/synced", direction="upload", progress=progress)
    await client.copy_to("/put", client, "/copied", recursive=True, progress=progress)
    assert (progress.files_found, progress.files_done) == (12, 12)
    assert progress.bytes_found == progress.bytes_done == 4 * 700_001
    assert (root / "copied" / "deep" / "small").read_bytes() == b"1"
    assert progress.running == ()
