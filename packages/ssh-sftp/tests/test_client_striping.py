from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssh_sftp import Attributes, SFTPConnectionLost, SFTPError, SFTPTransferError
from ssh_sftp import messages as m
from ssh_sftp.client.extents import whole
from ssh_sftp.client.flow import Flow
from ssh_sftp.client.scheduler import Scheduler
from ssh_sftp.client.striping import StripedFile, StripeUpload, split
from ssh_sftp.messages import Request
from ssh_wire import Message

MIB = 1024 * 1024
FAILURE = 4
CONTENT = bytes(range(256)) * 1_000


class Source:
    path = "/local"
    attributes = Attributes(size=len(CONTENT))
    version = "1"

    def __init__(self, content: bytes = CONTENT) -> None:
        self._content = content

    def ranges(self) -> Any:
        return whole(len(CONTENT))

    def is_unchanged(self) -> bool:
        return True

    def read(self, length: int, offset: int) -> bytes:
        return self._content[offset : offset + length]

    def close(self) -> None: ...


class Run:
    """One range of a file, and what the server has of it."""

    def __init__(self, wire: Any, begin: int, end: int, source: Source | None = None) -> None:
        self.ended: list[Exception | None] = []
        self.sent: list[int] = []
        self.written = bytearray(len(CONTENT))
        self.open = 0
        self.refuse: type[Request] | None = None
        self.flow = Flow(50_000, 1_000_000)
        self.scheduler = Scheduler(wire.protocol, self.flow, self.ended.append)
        file = StripedFile(
            path="/f.part", source=source or Source(), sent=self.sent.append, done=lambda _: None
        )
        self.job = StripeUpload(self.scheduler, file, begin, end)
        self.scheduler.add_file(self.job)

    def reply(self, request: Request) -> Message:
        if type(request) is self.refuse:
            return m.Status(id=request.id, code=FAILURE, text="refused")
        match request:
            case m.Open():
                assert request.path == "/f.part"
                self.open += 1
                return m.Handle(id=request.id, handle=b"h")
            case m.Write():
                end = request.offset + len(request.data)
                self.written[request.offset : end] = request.data
            case m.Close():
                self.open -= 1
            case _:
                raise AssertionError(request)
        return m.Status(id=request.id, code=0)


@given(size=st.integers(0, 1 << 34), sessions=st.integers(1, 10))
def test_ranges_cover_the_file_once(size: int, sessions: int) -> None:
    found = split(size, sessions)

    assert 1 <= len(found) <= sessions
    assert found[0][0] == 0
    assert found[-1][1] == size
    assert all(before[1] == behind[0] for before, behind in pairwise(found))
    if len(found) > 1:
        assert min(end - begin for begin, end in found) >= 4 * MIB


@pytest.mark.parametrize(("begin", "end"), [(0, 100_000), (100_000, 256_000), (7, 8)])
def test_range_is_written_and_the_file_closed(wire: Any, begin: int, end: int) -> None:
    run = Run(wire, begin, end)
    wire.answer(run.reply)

    assert run.ended == [None]
    assert run.written[begin:end] == CONTENT[begin:end]
    assert not any(run.written[:begin])
    assert not any(run.written[end:])
    assert sum(run.sent) == end - begin
    assert run.open == 0
    assert run.flow.outstanding == 0


@pytest.mark.row("R07")
@pytest.mark.parametrize("refused", [m.Open, m.Write, m.Close])
def test_refusal_is_an_error_that_names_the_file(wire: Any, refused: type[Request]) -> None:
    run = Run(wire, 0, 200_000)
    run.refuse = refused
    wire.answer(run.reply)

    assert isinstance(run.ended[0], SFTPError)
    assert run.ended[0].filename == "/f.part"
    assert run.flow.outstanding == 0


def test_local_file_that_shrinks_is_an_error(wire: Any) -> None:
    run = Run(wire, 0, 200_000, Source(CONTENT[:1000]))
    wire.answer(run.reply)

    assert isinstance(run.ended[0], SFTPTransferError)
    assert run.open == 0


@pytest.mark.row("R01")
@pytest.mark.parametrize("answered", [0, 1, 3])
def test_lost_session_is_an_error(wire: Any, answered: int) -> None:
    run = Run(wire, 0, 200_000)
    waiting = wire.take()
    for _ in range(answered):
        wire.receive(run.reply(waiting.pop(0)))
        waiting += wire.take()
    wire.protocol.eof()
    wire.take()

    assert isinstance(run.ended[0], SFTPConnectionLost)
    assert run.flow.outstanding == 0


def test_session_that_is_lost_while_the_file_is_closed_is_an_error(wire: Any) -> None:
    run = Run(wire, 0, 10)

    def reply(request: Request) -> Message | None:
        return None if isinstance(request, m.Close) else run.reply(request)

    wire.answer(reply)
    wire.protocol.eof()
    wire.take()

    assert isinstance(run.ended[0], SFTPConnectionLost)


@pytest.mark.row("R09")
@pytest.mark.parametrize("answered", range(8))
def test_cancel_at_any_step_closes_the_file(wire: Any, answered: int) -> None:
    run = Run(wire, 0, 200_000)
    waiting = wire.take()
    for _ in range(answered):
        if waiting:
            wire.receive(run.reply(waiting.pop(0)))
        waiting += wire.take()
    run.scheduler.cancel()
    run.job.abort()
    run.job.fill()
    for request in waiting:
        wire.receive(run.reply(request))
    wire.answer(run.reply)

    assert len(run.ended) == 1
    assert run.open == 0
    assert run.flow.outstanding == 0


def test_report_that_raises_ends_the_transfer(wire: Any) -> None:
    run = Run(wire, 0, 200_000)

    def failing(_length: int) -> None:
        problem = "a fault"
        raise RuntimeError(problem)

    run.job._file = StripedFile(path="/f.part", source=Source(), sent=failing, done=lambda _: None)
    with pytest.raises(SFTPError, match="a fault"):
        wire.answer(run.reply)
    wire.take()

    assert "a fault" in str(run.ended[0])
    assert run.flow.outstanding == 0
