from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import pytest

from ssh_sftp import SFTPConnectionLost, SFTPProtocolError
from ssh_sftp import messages as m
from ssh_sftp.client.check_file import HashCheck, HashOutcome, has_check_file
from ssh_sftp.client.flow import Flow
from ssh_sftp.client.requests import FileRequests
from ssh_sftp.client.scheduler import Scheduler
from ssh_sftp.client.storage import MemorySink
from ssh_wire.primitives import string

CONTENT = b"content of a file"
SHA256 = hashlib.sha256(CONTENT).digest()


class Owner:
    """The transfer that compares; its computations can be held back."""

    def __init__(self, wire: Any, here: bytes = CONTENT) -> None:
        self.results: list[HashOutcome] = []
        self.broken_by: list[Exception] = []
        self.held: list[Callable[[], None]] | None = None
        scheduler = Scheduler(wire.protocol, Flow(1, 1), lambda _: None)
        scheduler.compute = self._compute
        self.requests = FileRequests(wire.protocol, self, lambda: None)
        self.local = MemorySink()
        self.local.data += here
        self.check = HashCheck(
            scheduler, self.requests, b"handle", self.local, self.results.append
        )
        self.check.start(len(CONTENT))
        (self.request,) = wire.take()

    def _compute(self, work: Callable[[], bytes], done: Callable[[Any], None]) -> None:
        def both() -> None:
            try:
                result: bytes | Exception = work()
            except OSError as error:
                result = error
            done(result)

        if self.held is None:
            both()
        else:
            self.held.append(both)

    def broken(self, error: Exception) -> None:
        self.broken_by.append(error)


def reply(request: Any, *parts: bytes) -> m.ExtendedReply:
    return m.ExtendedReply(id=request.id, details=b"".join(parts))


def test_request_is_that_of_the_draft(wire: Any) -> None:
    owner = Owner(wire)

    assert owner.request.name == "check-file-handle"
    assert owner.request.encode()[5:] == (
        string("check-file-handle")
        + string(b"handle")
        + string("sha256,sha512,sha384,sha224")
        + (0).to_bytes(8, "big")
        + len(CONTENT).to_bytes(8, "big")
        + (0).to_bytes(4, "big")
    )


@pytest.mark.parametrize("name", [string("check-file"), b""], ids=["draft", "ProFTPD"])
@pytest.mark.parametrize(("here", "equal"), [(CONTENT, True), (b"Content of a file", False)])
def test_hashes_of_equal_bytes_are_equal(wire: Any, name: bytes, here: bytes, equal: bool) -> None:
    owner = Owner(wire, here)
    wire.receive(reply(owner.request, name, string("sha256"), SHA256))

    assert owner.results == [equal]
    assert owner.requests.waiting == 0


def test_algorithm_is_the_one_that_the_server_chose(wire: Any) -> None:
    owner = Owner(wire)
    digest = hashlib.sha512(CONTENT).digest()
    wire.receive(reply(owner.request, string("check-file"), string("sha512"), digest))

    assert owner.results == [True]


def test_shorter_local_file_differs(wire: Any) -> None:
    owner = Owner(wire, CONTENT[:5])
    wire.receive(reply(owner.request, string("sha256"), SHA256))

    assert owner.results == [False]


def test_long_file_is_hashed_in_pieces(wire: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ssh_sftp.client.check_file._PIECE", 10)
    owner = Owner(wire)
    wire.receive(reply(owner.request, string("sha256"), hashlib.sha256(CONTENT[:10]).digest()))
    assert owner.results == []
    (second,) = wire.take()
    wire.receive(reply(second, string("sha256"), hashlib.sha256(CONTENT[10:]).digest()))

    assert owner.results == [True]


def test_refusal_means_that_the_server_has_no_hashes(wire: Any) -> None:
    owner = Owner(wire)
    wire.receive(m.Status(id=owner.request.id, code=8))

    assert owner.results == [None]


@pytest.mark.parametrize(
    "details",
    [
        b"",
        string("check-file"),
        string("md5") + bytes(16),
        string("sha256") + bytes(31),
        string("sha256") + bytes(64),
        string("check-file") + string(b"\xff"),
    ],
)
def test_reply_of_another_form_ends_the_session(wire: Any, details: bytes) -> None:
    owner = Owner(wire)
    with pytest.raises(SFTPProtocolError, match="check-file"):
        wire.receive(reply(owner.request, details))

    assert isinstance(owner.broken_by[0], SFTPProtocolError)
    assert owner.results == []


def test_lost_session_is_an_error(wire: Any) -> None:
    owner = Owner(wire)
    wire.protocol.eof()

    assert isinstance(owner.results[0], SFTPConnectionLost)


def test_local_file_that_cannot_be_read_is_an_error(
    wire: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(_length: int, _offset: int) -> bytes:
        raise OSError(5, "Input/output error", "/local")

    owner = Owner(wire)
    monkeypatch.setattr(owner.local, "read", failing)
    wire.receive(reply(owner.request, string("sha256"), SHA256))

    assert isinstance(owner.results[0], OSError)


@pytest.mark.parametrize("before_reply", [True, False])
def test_stopped_comparison_reports_nothing(wire: Any, before_reply: bool) -> None:
    owner = Owner(wire)
    owner.held = []
    owner.check.stopped = before_reply
    wire.receive(reply(owner.request, string("sha256"), SHA256))
    assert owner.requests.waiting == len(owner.held) == int(not before_reply)
    owner.check.stopped = True
    for work in owner.held:
        work()

    assert owner.results == []
    assert wire.take() == []
    assert owner.requests.waiting == 0


def test_report_that_raises_is_told_to_the_owner(
    wire: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(_outcome: HashOutcome) -> None:
        problem = "a fault"
        raise RuntimeError(problem)

    owner = Owner(wire)
    owner.held = []
    monkeypatch.setattr(owner.check, "_done", failing)
    wire.receive(reply(owner.request, string("sha256"), SHA256))
    owner.held[0]()

    assert "a fault" in str(owner.broken_by[0])


def test_servers_that_announce_it_and_proftpd_are_asked() -> None:
    assert has_check_file({"check-file": b""}, "SSH-2.0-x")
    assert has_check_file({}, "SSH-2.0-mod_sftp")
    assert not has_check_file({"md5-hash": b""}, "SSH-2.0-OpenSSH_9.2")
