from __future__ import annotations

from typing import Any

import pytest

from ssh_sftp.flow import Flow
from ssh_sftp.scheduler import Scheduler, Skipped
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


class Harness:
    def __init__(self, wire: Any, **options: Any) -> None:
        self.wire = wire
        self.ended: list[Exception | None] = []
        self.flow = Flow(1000, 1000)
        self.scheduler = Scheduler(wire.requests, self.flow, self.ended.append, **options)

    def add(self, count: int) -> list[Step]:
        jobs = [Step(self.scheduler) for _ in range(count)]
        for job in jobs:
            self.scheduler.add_file(job)
        self.wire.requests.settle()
        return jobs


def test_as_many_files_as_allowed_run_at_once(wire: Any) -> None:
    harness = Harness(wire, files_in_flight=2)
    jobs = harness.add(3)
    assert [bool(job.calls) for job in jobs] == [True, True, False]
    harness.scheduler.completed(jobs[0], 7)
    wire.requests.settle()
    assert jobs[2].calls[0] == "start"
    harness.scheduler.completed(jobs[1], 1)
    harness.scheduler.completed(jobs[2], 1)
    wire.requests.settle()

    assert harness.ended == [None]
    assert harness.scheduler.result.files == 3
    assert harness.scheduler.result.bytes == 9


def test_nothing_starts_without_room(wire: Any) -> None:
    harness = Harness(wire)
    harness.flow.take(1000, 0.0)
    jobs = harness.add(1)
    assert jobs[0].calls == []
    harness.flow.give(1000, 0.0)
    harness.scheduler.touch()
    wire.requests.settle()

    assert jobs[0].calls == ["start"]


def test_nothing_starts_while_the_stream_is_full(wire: Any) -> None:
    harness = Harness(wire)
    wire.requests.writable = False

    assert harness.add(1)[0].calls == []


def test_the_first_failure_ends_all(wire: Any) -> None:
    harness = Harness(wire, files_in_flight=2)
    jobs = harness.add(3)
    first, second = SSHError("first"), SSHError("second")
    harness.scheduler.fail(first)
    harness.scheduler.fail(second)
    wire.requests.settle()

    assert harness.ended == [first]
    assert all(job.calls[-1] == "abort" for job in jobs)


def test_an_error_of_the_progress_callback_is_told(wire: Any) -> None:
    def progress(*_: object) -> None:
        raise RuntimeError

    harness = Harness(wire, progress=progress)
    harness.add(1)
    harness.scheduler.report(1, 2, "x")
    wire.requests.settle()

    assert isinstance(harness.ended[0], RuntimeError)


@pytest.mark.row("X01")
def test_paths_are_told_printable(wire: Any) -> None:
    told: list[str] = []

    def tell(_done: int, _total: int | None, path: str) -> None:
        told.append(path)

    harness = Harness(wire, progress=tell)
    harness.scheduler.report(1, None, "\x1b[2J")

    assert told == ["\\x1b[2J"]


def test_what_is_left_out_is_listed(wire: Any) -> None:
    harness = Harness(wire)
    harness.scheduler.skip("/l", "it is a symbolic link")

    assert harness.scheduler.result.skipped == (Skipped("/l", "it is a symbolic link"),)
