from __future__ import annotations

from typing import Any

import pytest

from ssh_sftp import SFTPUnsafeName
from ssh_sftp.client.flow import Flow
from ssh_sftp.client.scheduler import Scheduler
from ssh_sftp.results import Skipped, TransferFailure
from ssh_wire import SSHError


class Step:
    """A job that does what the test says."""

    def __init__(self, scheduler: Scheduler) -> None:
        self.scheduler = scheduler
        self.calls: list[str] = []

    def start(self) -> None:
        self.calls.append("start")

    def fill(self) -> None:
        self.calls.append("fill")

    def abort(self) -> None:
        self.calls.append("abort")
        self.scheduler.ended(self)

    def drop(self) -> None:
        self.calls.append("drop")


class Harness:
    def __init__(self, wire: Any, **options: Any) -> None:
        self.wire = wire
        self.ended: list[Exception | None] = []
        self.flow = Flow(1000, 1000)
        self.scheduler = Scheduler(wire.protocol, self.flow, self.ended.append, **options)

    def add(self, count: int) -> list[Step]:
        jobs = [Step(self.scheduler) for _ in range(count)]
        for job in jobs:
            self.scheduler.add_file(job)
        self.wire.protocol.settle()
        return jobs


def test_files_run_at_once_up_to_their_limit(wire: Any) -> None:
    harness = Harness(wire, files_in_flight=2)
    jobs = harness.add(3)
    assert [bool(job.calls) for job in jobs] == [True, True, False]
    harness.scheduler.completed(jobs[0], 7)
    wire.protocol.settle()
    assert jobs[2].calls[0] == "start"
    harness.scheduler.completed(jobs[1], 1)
    harness.scheduler.completed(jobs[2], 1)
    wire.protocol.settle()

    assert harness.ended == [None]
    assert harness.scheduler.result.files == 3
    assert harness.scheduler.result.bytes == 9


def test_no_job_starts_without_room(wire: Any) -> None:
    harness = Harness(wire)
    harness.flow.take(1000, 0.0)
    jobs = harness.add(1)
    assert jobs[0].calls == []
    harness.flow.give(1000, 0.0)
    harness.scheduler.touch()
    wire.protocol.settle()

    assert jobs[0].calls == ["start"]


def test_nothing_starts_while_the_stream_is_full(wire: Any) -> None:
    harness = Harness(wire)
    wire.protocol.writable = False

    assert harness.add(1)[0].calls == []


def test_first_failure_ends_all_jobs(wire: Any) -> None:
    harness = Harness(wire, files_in_flight=2)
    jobs = harness.add(3)
    first, second = SSHError("first"), SSHError("second")
    harness.scheduler.fail(first)
    harness.scheduler.fail(second)
    wire.protocol.settle()

    assert harness.ended == [first]
    assert all(job.calls[-1] == "abort" for job in jobs)


def test_error_of_the_progress_callback_is_raised(wire: Any) -> None:
    def progress(*_: object) -> None:
        raise RuntimeError

    harness = Harness(wire, progress=progress)
    harness.add(1)
    harness.scheduler.report(1, 2, "x")
    wire.protocol.settle()

    assert isinstance(harness.ended[0], RuntimeError)


@pytest.mark.row("X01")
def test_paths_in_errors_are_escaped(wire: Any) -> None:
    told: list[str] = []

    def tell(_done: int, _total: int | None, path: str) -> None:
        told.append(path)

    harness = Harness(wire, progress=tell)
    harness.scheduler.report(1, None, "\x1b[2J")

    assert told == ["\\x1b[2J"]


def test_skipped_files_are_listed(wire: Any) -> None:
    harness = Harness(wire)
    harness.scheduler.skip("/l", "it is a symbolic link")

    assert harness.scheduler.result.skipped == (Skipped("/l", "it is a symbolic link"),)


def test_file_that_fails_is_recorded_and_the_others_go_on(wire: Any) -> None:
    harness = Harness(wire, stop=False)
    jobs = harness.add(3)
    error = SSHError("first")
    harness.scheduler.failed("/0", error)
    harness.scheduler.ended(jobs[0])
    harness.scheduler.completed(jobs[1], 5)
    harness.scheduler.completed(jobs[2], 5)
    wire.protocol.settle()

    assert harness.ended == [None]
    assert harness.scheduler.failures == (TransferFailure("/0", error),)
    assert harness.scheduler.result.files == 2
    assert "abort" not in jobs[1].calls


@pytest.mark.parametrize("error", [SFTPUnsafeName("/d", "../x"), SSHError("lost")])
def test_error_that_concerns_all_files_ends_the_transfer(wire: Any, error: SSHError) -> None:
    harness = Harness(wire, stop=False)
    jobs = harness.add(2)
    if "lost" in str(error):
        wire.protocol.eof()
    harness.scheduler.failed("/0", error)
    wire.protocol.settle()

    assert harness.ended == [error]
    assert all(job.calls[-1] == "abort" for job in jobs)


@pytest.mark.parametrize("step", ["start", "fill", "abort"])
def test_job_that_raises_is_dropped_and_ends_the_transfer(
    wire: Any, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    harness = Harness(wire)
    bad, good = Step(harness.scheduler), Step(harness.scheduler)

    def broken() -> None:
        raise RuntimeError(step)

    monkeypatch.setattr(bad, step, broken)
    for job in (bad, good):
        harness.scheduler.add_file(job)
    wire.protocol.settle()
    if step == "fill":
        harness.scheduler.touch()
        wire.protocol.settle()
    if step == "abort":
        harness.scheduler.fail(SSHError("first"))
        wire.protocol.settle()

    assert len(harness.ended) == 1
    assert str(harness.ended[0]) == ("first" if step == "abort" else step)
    assert bad.calls[-1] == "drop"
    assert good.calls[-1] == "abort"


def test_transfer_that_waits_for_the_stream_ends_with_it(wire: Any) -> None:
    harness = Harness(wire)
    wire.protocol.writable = False
    jobs = harness.add(2)
    lost = SSHError("lost")
    harness.scheduler.lost(lost)

    assert harness.ended == [lost]
    assert [job.calls for job in jobs] == [["abort"], ["abort"]]


def test_found_is_called_with_each_file(wire: Any) -> None:
    told: list[tuple[str, int | None]] = []
    harness = Harness(wire)
    harness.scheduler.found("/a", 1)
    harness.scheduler.on_found = lambda path, size: told.append((path, size))
    harness.scheduler.found("/b\x1b", 5)

    assert told == [("/b\\x1b", 5)]


def test_error_of_the_found_callback_is_raised(wire: Any) -> None:
    def found(*_: object) -> None:
        raise RuntimeError

    harness = Harness(wire)
    harness.scheduler.on_found = found
    harness.add(1)
    harness.scheduler.found("/a", 1)
    wire.protocol.settle()

    assert isinstance(harness.ended[0], RuntimeError)
