from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ssh_sftp import Attributes, SFTPError, SFTPProtocolError, SFTPTransferError
from ssh_sftp import messages as m
from ssh_sftp.client.download import DownloadChecks, FileDownload
from ssh_sftp.client.flow import Flow
from ssh_sftp.client.limits import ServerLimits
from ssh_sftp.client.scheduler import Scheduler
from ssh_sftp.client.storage import MemorySink, OnWritten
from ssh_sftp.messages import Request
from ssh_wire import Message

EOF = 1
FAILURE = 4


class Run:
    """One download, and how it ended."""

    def __init__(
        self, wire: Any, size: int | None, *, resume: bool = False, verify: bool = False
    ) -> None:
        self.ended: list[Exception | None] = []
        flow = Flow(100_000, 1_000_000)
        self.scheduler = Scheduler(wire.protocol, flow, self.ended.append)
        self.sink = MemorySink()
        self.flow = flow
        self.checks: DownloadChecks | None = None
        if resume or verify:
            source = Attributes(size=size, atime=1, mtime=1)
            self.checks = DownloadChecks(
                part=self.sink, source=source, resume=resume, verify=verify
            )
        job = FileDownload(self.scheduler, "/f", size, self.sink, self.checks)
        self.scheduler.add_file(job)


class File:
    """A file on a server that answers in any order, and as much as it likes."""

    def __init__(self, content: bytes, seed: int, *, short: bool) -> None:
        self.content = content
        self.random = random.Random(seed)  # noqa: S311 (a test's choice)
        self.short = short
        self.waiting: list[Request] = []
        self.open = 0
        self.attributes = Attributes(size=len(content), atime=1, mtime=1)

    def reply(self, request: Request) -> Message:
        match request:
            case m.Open():
                self.open += 1
                return m.Handle(id=request.id, handle=b"h")
            case m.Close():
                self.open -= 1
                return m.Status(id=request.id, code=0)
            case m.FStat():
                return m.Attrs(id=request.id, attributes=self.attributes)
            case m.Read():
                data = self.content[request.offset : request.offset + request.length]
                if self.short and data:
                    data = data[: self.random.randint(1, len(data))]
                if not data:
                    return m.Status(id=request.id, code=EOF)
                return m.Data(id=request.id, data=data)
            case _:
                raise AssertionError(request)

    def serve(self, wire: Any) -> None:
        """Answer what is asked, in any order, until nothing is."""
        for _ in range(100_000):
            self.waiting += wire.take()
            if not self.waiting:
                return
            index = self.random.randrange(len(self.waiting))
            wire.receive(self.reply(self.waiting.pop(index)))


@pytest.mark.row("P82")
@pytest.mark.row("F11")
@settings(deadline=None)
@given(
    size=st.integers(0, 400_000),
    seed=st.integers(),
    short=st.booleans(),
    known=st.booleans(),
)
def test_data_in_any_order_and_short_reads_give_the_file(
    make_wire: Any, size: int, seed: int, short: bool, known: bool
) -> None:
    content = random.Random(seed).randbytes(size)  # noqa: S311 (a test's choice)
    wire = make_wire()
    run = Run(wire, size if known else None)
    File(content, seed, short=short and size < 100_000).serve(wire)

    assert run.ended == [None]
    assert run.sink.data == content
    assert run.flow.outstanding == 0
    assert wire.protocol.outstanding == 0
    assert run.scheduler.result.bytes == size


@pytest.mark.row("F11")
@pytest.mark.parametrize(("reported", "has"), [(10, 5), (100_000, 99_999), (100_000, 0)])
def test_file_that_is_shorter_than_its_reported_size_is_an_error(
    wire: Any, reported: int, has: int
) -> None:
    run = Run(wire, reported)
    file = File(bytes(has), 1, short=False)
    file.serve(wire)

    assert isinstance(run.ended[0], SFTPTransferError)
    assert run.sink.data == b""
    assert file.open == 0


@pytest.mark.row("F11")
def test_data_of_too_many_bytes_ends_the_session(wire: Any) -> None:
    run = Run(wire, 10)
    (opening,) = wire.take()
    wire.receive(m.Handle(id=opening.id, handle=b"h"))
    read = wire.take()[0]
    with pytest.raises(SFTPProtocolError):
        wire.receive(m.Data(id=read.id, data=bytes(11)))
    wire.protocol.settle()

    assert isinstance(run.ended[0], SFTPProtocolError)
    assert run.flow.outstanding == 0


def empty_at_the_end(content: bytes) -> Any:
    """A server that answers a READ behind the end with DATA of no bytes, for ever."""

    def reply(request: Request) -> Message:
        match request:
            case m.Open():
                return m.Handle(id=request.id, handle=b"h")
            case m.Read():
                data = content[request.offset : request.offset + request.length]
                return m.Data(id=request.id, data=data)
            case _:
                return m.Status(id=request.id, code=0)

    return reply


@pytest.mark.row("F11")
@pytest.mark.parametrize("size", [0, 5, 100_000])
def test_data_of_no_bytes_ends_a_file_of_unknown_size(wire: Any, size: int) -> None:
    run = Run(wire, None)
    wire.answer(empty_at_the_end(bytes(size)))

    assert run.ended == [None]
    assert run.sink.data == bytes(size)
    assert run.scheduler.result.sizes_checked == 0
    assert run.flow.outstanding == 0


@pytest.mark.row("F11")
@pytest.mark.parametrize(("reported", "has"), [(10, 0), (10, 5), (100_000, 99_999)])
def test_data_of_no_bytes_before_the_reported_size_is_a_short_file(
    wire: Any, reported: int, has: int
) -> None:
    run = Run(wire, reported)
    wire.answer(empty_at_the_end(bytes(has)))

    assert isinstance(run.ended[0], SFTPTransferError)
    assert f"ends at byte {has}" in str(run.ended[0])
    assert run.sink.data == b""
    assert wire.protocol.error is None
    assert run.flow.outstanding == 0


def test_reported_size_is_checked(wire: Any) -> None:
    run = Run(wire, 10)
    File(bytes(10), 1, short=False).serve(wire)

    assert run.scheduler.result.sizes_checked == 1


def test_error_of_a_file_is_kept_when_its_sink_cannot_discard(
    wire: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Run(wire, 10)

    def stuck() -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(run.sink, "discard", stuck)
    (opening,) = wire.take()
    wire.receive(m.Status(id=opening.id, code=3, text="no"))

    assert isinstance(run.ended[0], PermissionError)
    assert wire.protocol.error is None


def test_small_file_is_read_and_closed_at_once(wire: Any) -> None:
    Run(wire, 1024)
    (opening,) = wire.take()
    wire.receive(m.Handle(id=opening.id, handle=b"h"))

    assert [type(request) for request in wire.take()] == [m.Read, m.Close]


def test_refused_open_names_the_file(wire: Any) -> None:
    run = Run(wire, 10)
    (opening,) = wire.take()
    wire.receive(m.Status(id=opening.id, code=3, text="no"))

    assert isinstance(run.ended[0], PermissionError)
    assert isinstance(run.ended[0], SFTPError)
    assert run.ended[0].filename == "/f"


def test_refused_read_names_the_file_and_closes_it(wire: Any) -> None:
    run = Run(wire, 200_000)
    file = File(bytes(200_000), 1, short=False)

    def reply(request: Request) -> Message:
        if isinstance(request, m.Read) and request.offset:
            return m.Status(id=request.id, code=FAILURE, text="bad sector")
        return file.reply(request)

    wire.answer(reply)

    assert isinstance(run.ended[0], SFTPError)
    assert str(run.ended[0]) == "/f: bad sector"
    assert file.open == 0


@pytest.mark.row("R09")
def test_cancelled_download_closes_the_file_that_opens_late(wire: Any) -> None:
    run = Run(wire, 10)
    (opening,) = wire.take()
    run.scheduler.cancel()
    wire.receive(m.Handle(id=opening.id, handle=b"h"))
    (closing,) = wire.take()
    assert isinstance(closing, m.Close)
    wire.receive(m.Status(id=closing.id, code=0))

    assert len(run.ended) == 1
    assert run.sink.data == b""


def test_download_ends_when_the_connection_is_lost(wire: Any) -> None:
    run = Run(wire, 200_000)
    (opening,) = wire.take()
    wire.receive(m.Handle(id=opening.id, handle=b"h"))
    wire.protocol.eof()

    assert isinstance(run.ended[0], ConnectionError)
    assert run.flow.outstanding == 0


@pytest.mark.row("R07")
def test_download_ends_when_its_sink_fails(wire: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    run = Run(wire, 10)

    def full(_data: memoryview, _offset: int, _written: OnWritten) -> None:
        raise OSError(28, "No space left on device", "/local")

    monkeypatch.setattr(run.sink, "write", full)
    File(bytes(10), 1, short=False).serve(wire)

    assert isinstance(run.ended[0], OSError)
    assert run.ended[0].filename == "/local"


# ---------------------------------------------------------------- resume and verify


@pytest.mark.row("R06")
@pytest.mark.parametrize(
    ("left", "resumed"),
    [(b"", 0), (bytes(70), 70), (bytes(100), 100), (b"other", 0), (bytes(101), 0)],
)
def test_download_goes_on_from_what_is_equal(wire: Any, left: bytes, resumed: int) -> None:
    run = Run(wire, 100, resume=True)
    run.sink.data += left
    File(bytes(100), 1, short=True).serve(wire)

    assert run.ended == [None]
    assert run.sink.data == bytes(100)
    assert run.scheduler.result.resumed == resumed


@pytest.mark.row("R06")
@pytest.mark.parametrize("changed", [Attributes(size=200), Attributes(atime=1, mtime=2)])
def test_source_that_changes_while_it_is_read_is_an_error_and_leaves_nothing(
    wire: Any, changed: Attributes
) -> None:
    run = Run(wire, 100, resume=True)
    file = File(bytes(100), 1, short=False)
    file.attributes = changed
    file.serve(wire)

    assert isinstance(run.ended[0], SFTPTransferError)
    assert "changed" in str(run.ended[0])
    assert run.sink.data == b""


def test_attributes_that_are_not_reported_are_no_change(wire: Any) -> None:
    run = Run(wire, 100, resume=True)
    file = File(bytes(100), 1, short=False)
    file.attributes = Attributes()
    file.serve(wire)

    assert run.ended == [None]


def test_refused_attributes_are_no_change(wire: Any) -> None:
    run = Run(wire, 100, resume=True)
    file = File(bytes(100), 1, short=False)

    def reply(request: Request) -> Message:
        if isinstance(request, m.FStat):
            return m.Status(id=request.id, code=FAILURE)
        return file.reply(request)

    wire.answer(reply)

    assert run.ended == [None]


@pytest.mark.row("R07")
@pytest.mark.parametrize("step", ["resume", "restart"])
def test_part_that_cannot_be_continued_is_an_error_and_closes_the_file(
    wire: Any, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing() -> int:
        raise OSError(5, "Input/output error", "/local")

    run = Run(wire, 100, resume=True)
    run.sink.data += b"other"
    monkeypatch.setattr(run.sink, step, failing)
    file = File(bytes(100), 1, short=False)
    file.serve(wire)

    assert isinstance(run.ended[0], OSError)
    assert run.ended[0].filename == "/local"
    assert file.open == 0


def test_comparison_that_is_refused_ends_the_download_and_keeps_the_part(wire: Any) -> None:
    run = Run(wire, 100, resume=True)
    run.sink.data += bytes(50)
    file = File(bytes(100), 1, short=False)

    def reply(request: Request) -> Message:
        if isinstance(request, m.Read):
            return m.Status(id=request.id, code=FAILURE, text="bad sector")
        return file.reply(request)

    wire.answer(reply)

    assert isinstance(run.ended[0], SFTPError)
    assert run.sink.data == bytes(50)
    assert file.open == 0


@pytest.mark.row("R09")
@pytest.mark.parametrize("verify", [True, False])
def test_download_that_is_cancelled_while_it_compares_closes_the_file(
    wire: Any, verify: bool
) -> None:
    run = Run(wire, 100, resume=True, verify=verify)
    run.sink.data += bytes(50)
    file = File(bytes(100), 1, short=False)
    (opening,) = wire.take()
    wire.receive(file.reply(opening))
    run.scheduler.cancel()
    file.serve(wire)

    assert len(run.ended) == 1
    assert run.sink.data == bytes(50)
    assert file.open == 0
    assert run.flow.outstanding == 0


@pytest.mark.parametrize("size", [0, 100, 100_000])
def test_verified_download_compares_all_bytes(wire: Any, size: int) -> None:
    run = Run(wire, size, verify=True)
    File(bytes(size), 1, short=False).serve(wire)

    assert run.ended == [None]
    assert run.scheduler.result.verified == 1


@pytest.mark.parametrize("resume", [True, False])
def test_download_whose_content_differs_is_an_error_and_leaves_nothing(
    wire: Any, resume: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Run(wire, 100, resume=resume, verify=True)

    def damaged(length: int, offset: int) -> bytes:
        return b"\1" * length if offset + length <= 100 else b""

    monkeypatch.setattr(run.sink, "read", damaged)
    file = File(bytes(100), 1, short=False)
    file.serve(wire)

    assert isinstance(run.ended[0], SFTPTransferError)
    assert "differs from the file on the server" in str(run.ended[0])
    assert run.sink.data == b""
    assert file.open == 0


def test_verification_that_is_refused_is_an_error(wire: Any) -> None:
    run = Run(wire, 100, verify=True)
    file = File(bytes(100), 1, short=False)
    reads = 0

    def reply(request: Request) -> Message:
        nonlocal reads
        if isinstance(request, m.Read):
            reads += 1
            if reads > 1:
                return m.Status(id=request.id, code=FAILURE, text="once only")
        return file.reply(request)

    wire.answer(reply)

    assert isinstance(run.ended[0], SFTPError)
    assert run.sink.data == b""


@pytest.mark.row("R07")
def test_file_that_cannot_get_its_name_is_an_error_and_leaves_nothing(
    wire: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(_finished: object) -> None:
        raise PermissionError(13, "Permission denied", "/local")

    run = Run(wire, 100)
    monkeypatch.setattr(run.sink, "finish", refused)
    File(bytes(100), 1, short=False).serve(wire)

    assert isinstance(run.ended[0], PermissionError)
    assert run.sink.data == b""


def test_report_of_a_write_that_raises_ends_the_transfer(
    wire: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    reports: list[OnWritten] = []
    run = Run(wire, 100)

    def later(_data: memoryview, _offset: int, written: OnWritten) -> None:
        reports.append(written)

    def broken(_path: str, _error: Exception) -> None:
        problem = "a fault of the scheduler"
        raise RuntimeError(problem)

    monkeypatch.setattr(run.sink, "write", later)
    monkeypatch.setattr(run.scheduler, "failed", broken)
    File(bytes(100), 1, short=False).serve(wire)
    (report,) = reports
    report(100, OSError(28, "No space left on device"))
    wire.take()

    assert isinstance(run.ended[0], RuntimeError)


@pytest.mark.row("R07")
def test_write_that_waited_for_its_turn_and_fails_is_an_error(
    wire: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a resumed download, a block that came early is written when the one before it is."""
    wire.protocol.limits = ServerLimits(max_read=512)
    run = Run(wire, 1024, resume=True)
    file = File(bytes(1024), 1, short=False)
    (opening,) = wire.take()
    wire.receive(file.reply(opening))
    first, second = wire.take()
    written = run.sink.write

    def full(data: memoryview, offset: int, done: OnWritten) -> None:
        if offset:
            raise OSError(28, "No space left on device", "/local")
        written(data, offset, done)

    monkeypatch.setattr(run.sink, "write", full)
    wire.receive(file.reply(second))
    assert run.sink.data == b""
    wire.receive(file.reply(first))
    file.serve(wire)

    assert isinstance(run.ended[0], OSError)
    assert run.ended[0].filename == "/local"
    assert run.flow.outstanding == 0
    assert file.open == 0


@pytest.mark.row("F11")
def test_data_behind_the_end_of_a_file_of_unknown_size_is_an_error(wire: Any) -> None:
    run = Run(wire, None)
    file = File(bytes(100_000), 1, short=False)
    (opening,) = wire.take()
    wire.receive(file.reply(opening))
    first, *others = wire.take()
    wire.receive(*(file.reply(each) for each in others))
    wire.receive(m.Status(id=first.id, code=EOF))
    file.serve(wire)

    assert isinstance(run.ended[0], SFTPTransferError)
    assert "changed while it was read" in str(run.ended[0])
    assert run.sink.data == b""
