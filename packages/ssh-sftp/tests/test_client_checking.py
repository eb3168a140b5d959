from __future__ import annotations

import hashlib
from typing import Any

import pytest

from ssh_sftp import SFTPConnectionLost, SFTPPermissionDenied
from ssh_sftp import messages as m
from ssh_sftp.client.checking import Check, CheckResult, Compared, Verdict
from ssh_sftp.client.flow import Flow
from ssh_sftp.client.requests import FileRequests
from ssh_sftp.client.scheduler import Scheduler
from ssh_sftp.client.storage import MemorySink
from ssh_sftp.messages import Request
from ssh_wire import Message
from ssh_wire.primitives import string

EOF, DENIED = 1, 3
MIB = 1024 * 1024


class Owner:
    """The transfer that compares."""

    def __init__(self, wire: Any, here: bytes, *, whole: bool = True) -> None:
        self.results: list[CheckResult] = []
        self.flow = Flow(100_000, 1_000_000)
        self.scheduler = Scheduler(wire.protocol, self.flow, lambda _: None)
        self.requests = FileRequests(wire.protocol, self, lambda: None)
        local = MemorySink()
        local.data += here
        self.local = local
        self.compared = Compared(path="/f", handle=b"h", local=local, size=len(here), whole=whole)
        self.check = self.again()

    def again(self) -> Check:
        return Check(self.scheduler, self.requests, self.compared, self.results.append)

    def broken(self, error: Exception) -> None:
        raise error


def serve(wire: Any, owner: Owner, content: bytes, most: int = 1 << 20) -> int:
    """Answer READs with the content, in pieces of at most `most`; return how many bytes."""
    given = 0

    def reply(request: Request) -> Message:
        nonlocal given
        assert isinstance(request, m.Read)
        data = content[request.offset : request.offset + min(request.length, most)]
        given += len(data)
        return m.Data(id=request.id, data=data) if data else m.Status(id=request.id, code=EOF)

    owner.check.fill()
    for _ in range(10_000):
        requests = wire.take()
        if not requests:
            break
        for request in requests:
            wire.receive(reply(request))
        owner.check.fill()
    assert owner.flow.outstanding == 0
    return given


@pytest.mark.parametrize("most", [1 << 20, 777])
@pytest.mark.parametrize("size", [0, 1, 100_000])
def test_equal_bytes_are_found_equal(wire: Any, size: int, most: int) -> None:
    owner = Owner(wire, bytes(size))
    given = serve(wire, owner, bytes(size + 5), most)

    assert owner.results == [Verdict.EQUAL]
    assert given == size


@pytest.mark.parametrize("at", [0, 50_000, 99_999])
def test_one_other_byte_is_a_difference(wire: Any, at: int) -> None:
    content = bytearray(100_000)
    content[at] = 1
    owner = Owner(wire, bytes(100_000))
    serve(wire, owner, bytes(content), 10_000)

    assert owner.results == [Verdict.DIFFERENT]


@pytest.mark.parametrize("there", [0, 99_999])
def test_file_that_ends_earlier_on_the_server_differs(wire: Any, there: int) -> None:
    owner = Owner(wire, bytes(100_000))
    serve(wire, owner, bytes(there))

    assert owner.results == [Verdict.DIFFERENT]


def test_data_of_no_bytes_is_a_difference(wire: Any) -> None:
    owner = Owner(wire, b"x")
    owner.check.fill()
    (read,) = wire.take()
    wire.receive(m.Data(id=read.id, data=b""))

    assert owner.results == [Verdict.DIFFERENT]


def test_samples_of_a_long_file_are_a_part_of_it(wire: Any) -> None:
    owner = Owner(wire, bytes(8 * MIB), whole=False)
    given = serve(wire, owner, bytes(8 * MIB))

    assert owner.results == [Verdict.EQUAL]
    assert 2 * MIB < given < 4 * MIB


def test_refused_read_is_an_error_that_names_the_file(wire: Any) -> None:
    owner = Owner(wire, bytes(10))
    owner.check.fill()
    (read,) = wire.take()
    wire.receive(m.Status(id=read.id, code=DENIED, text="no"))
    (error,) = owner.results

    assert isinstance(error, SFTPPermissionDenied)
    assert error.filename == "/f"


def test_session_that_is_lost_is_an_error(wire: Any) -> None:
    owner = Owner(wire, bytes(200_000))
    owner.check.fill()
    wire.take()
    wire.protocol.eof()
    (error,) = owner.results

    assert isinstance(error, SFTPConnectionLost)
    assert owner.flow.outstanding == 0


def test_local_file_that_cannot_be_read_is_an_error(
    wire: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(_length: int, _offset: int) -> bytes:
        raise OSError(5, "Input/output error", "/local")

    owner = Owner(wire, bytes(10))
    monkeypatch.setattr(owner.local, "read", failing)
    serve(wire, owner, bytes(10))
    (error,) = owner.results

    assert isinstance(error, OSError)
    assert error.filename == "/local"


@pytest.mark.parametrize("most", [1 << 20, 5])
def test_stopped_comparison_gives_no_result_and_counts_its_bytes_back(
    wire: Any, most: int
) -> None:
    owner = Owner(wire, bytes(200_000))
    owner.check.fill()
    reads = wire.take()
    owner.check.stop()
    for read in reads:
        wire.receive(m.Data(id=read.id, data=bytes(min(read.length, most))))
    owner.check.fill()

    assert wire.take() == []
    assert owner.results == []
    assert owner.flow.outstanding == 0
    assert owner.requests.waiting == 0


def test_difference_in_a_short_read_gives_up_the_rest_of_it(wire: Any) -> None:
    owner = Owner(wire, bytes(100))
    owner.check.fill()
    (read,) = wire.take()
    wire.receive(m.Data(id=read.id, data=b"\1"))

    assert owner.results == [Verdict.DIFFERENT]
    assert wire.take() == []
    assert owner.flow.outstanding == 0


@pytest.mark.parametrize(("here", "verdict"), [(b"\0", Verdict.EQUAL), (b"x", Verdict.DIFFERENT)])
def test_hashes_are_compared_where_the_server_has_them(
    wire: Any, here: bytes, verdict: Verdict
) -> None:
    owner = Owner(wire, here * 2 * MIB)
    owner.scheduler.has_check_file = True
    check = owner.again()
    check.fill()
    (request,) = wire.take()
    assert isinstance(request, m.CheckFileHandle)
    check.fill()
    assert wire.take() == []
    digest = hashlib.sha256(bytes(2 * MIB)).digest()
    wire.receive(m.ExtendedReply(id=request.id, details=string("sha256") + digest))

    assert owner.results == [verdict]


def test_file_is_read_back_when_the_server_refuses_hashes(wire: Any) -> None:
    owner = Owner(wire, bytes(2 * MIB))
    owner.scheduler.has_check_file = True
    owner.check = owner.again()
    owner.check.fill()
    (request,) = wire.take()
    wire.receive(m.Status(id=request.id, code=8))
    given = serve(wire, owner, bytes(2 * MIB))

    assert owner.results == [Verdict.EQUAL]
    assert given == 2 * MIB


def test_error_of_a_hash_is_the_result(wire: Any) -> None:
    owner = Owner(wire, bytes(2 * MIB))
    owner.scheduler.has_check_file = True
    owner.again().fill()
    wire.take()
    wire.protocol.eof()

    assert isinstance(owner.results[0], SFTPConnectionLost)


def test_comparison_of_hashes_that_is_stopped_gives_no_result(wire: Any) -> None:
    owner = Owner(wire, bytes(2 * MIB))
    owner.scheduler.has_check_file = True
    check = owner.again()
    check.fill()
    (request,) = wire.take()
    check.stop()
    wire.receive(m.ExtendedReply(id=request.id, details=string("sha256") + bytes(32)))

    assert owner.results == []
    assert owner.requests.waiting == 0
