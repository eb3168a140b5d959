from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssh_sftp import Attributes, SFTPConnectionLost, SFTPProtocolError, SFTPTimeout
from ssh_sftp import messages as m
from ssh_sftp.client.protocol import Outcome, SFTPClientProtocol
from ssh_wire import Message

OK = 0


def ask(wire: Any, path: str = "/x") -> list[Outcome]:
    got: list[Outcome] = []
    protocol = wire.protocol
    protocol.submit(m.Stat(id=protocol.next_id(), path=path), m.Attrs, got.append)
    protocol.flush()
    return got


def test_reply_reaches_the_callback_of_its_request(wire: Any) -> None:
    first, second = ask(wire, "/a"), ask(wire, "/b")
    one, two = wire.take()
    wire.receive(m.Status(id=two.id, code=2), m.Attrs(id=one.id, attributes=Attributes(size=1)))

    assert isinstance(first[0], m.Attrs)
    assert isinstance(second[0], m.Status)
    assert wire.protocol.outstanding == 0


@pytest.mark.row("F01")
@pytest.mark.parametrize("number", [0, 2, 4, 99])
def test_version_other_than_3_is_refused(
    number: int, frame: Callable[[Message], bytes], make_version: Callable[..., m.Version]
) -> None:
    protocol = SFTPClientProtocol(lambda *_: None, now=0.0)
    protocol.start()
    with pytest.raises(SFTPProtocolError):
        protocol.receive(memoryview(frame(make_version(number))))

    assert isinstance(protocol.error, SFTPProtocolError)


@pytest.mark.row("F01")
def test_second_version_is_refused(wire: Any, make_version: Callable[..., m.Version]) -> None:
    with pytest.raises(SFTPProtocolError):
        wire.receive(make_version())


@pytest.mark.row("F09")
@pytest.mark.parametrize(
    "reply",
    [
        m.Status(id=77, code=OK),
        m.Data(id=0, data=b"x"),
        m.Name(id=0, entries=()),
        m.Handle(id=0, handle=b"h"),
    ],
)
def test_reply_to_no_request_ends_the_session(wire: Any, reply: Message) -> None:
    got = ask(wire)
    with pytest.raises(SFTPProtocolError):
        wire.receive(reply)

    assert isinstance(got[0], SFTPProtocolError)
    assert wire.protocol.outstanding == 0
    assert isinstance(ask(wire)[0], SFTPProtocolError)


@pytest.mark.row("R08")
def test_second_reply_to_a_request_ends_the_session(wire: Any) -> None:
    ask(wire)
    (request,) = wire.take()
    with pytest.raises(SFTPProtocolError):
        wire.receive(m.Status(id=request.id, code=4), m.Status(id=request.id, code=4))


@pytest.mark.row("F05")
@pytest.mark.parametrize("size", [0, 257])
def test_handles_out_of_bounds_end_the_session(wire: Any, size: int) -> None:
    got: list[Outcome] = []
    wire.protocol.submit(m.Open(id=5, path="f", flags=1), m.Handle, got.append)
    with pytest.raises(SFTPProtocolError):
        wire.receive(m.Handle(id=5, handle=bytes(size)))

    assert isinstance(got[0], SFTPProtocolError)


@pytest.mark.row("F02")
def test_oversized_packet_ends_the_session(wire: Any) -> None:
    got = ask(wire)
    with pytest.raises(SFTPProtocolError):
        wire.protocol.receive(memoryview(b"\xff\xff\xff\xff"))

    assert isinstance(got[0], SFTPProtocolError)


@pytest.mark.row("R08")
def test_server_that_is_silent_times_out(wire: Any) -> None:
    assert wire.protocol.next_deadline() is None
    wire.protocol.now = 10.0
    got = ask(wire)
    assert wire.protocol.next_deadline() == 40.0
    wire.protocol.tick(39.0)
    assert got == []
    wire.protocol.tick(40.0)

    assert isinstance(got[0], SFTPTimeout)
    assert wire.protocol.next_deadline() is None


def test_end_of_the_stream_fails_every_request(wire: Any) -> None:
    got = ask(wire)
    wire.protocol.eof()

    assert isinstance(got[0], SFTPConnectionLost)


@pytest.mark.row("R01")
def test_end_inside_a_packet_is_a_lost_connection(wire: Any) -> None:
    """A server that was killed ends anywhere."""
    got = ask(wire)
    wire.protocol.receive(memoryview(b"\0\0"))
    wire.protocol.eof()

    assert isinstance(got[0], SFTPConnectionLost)
    assert "inside a packet" in str(got[0])


@pytest.mark.row("P88")
def test_extension_counts_in_the_known_version_only(make_wire: Any) -> None:
    wire = make_wire({"posix-rename@openssh.com": b"2", "fsync@openssh.com": b"1", "odd": b"1"})

    assert not wire.protocol.supports("posix-rename@openssh.com")
    assert wire.protocol.supports("fsync@openssh.com")
    assert not wire.protocol.supports("odd")
    assert "odd" in wire.protocol.extensions


def test_request_ids_wrap_and_skip_outstanding_ones(wire: Any) -> None:
    wire.protocol._next_id = 2**32 - 1
    assert wire.protocol.next_id() == 2**32 - 1
    ask(wire)
    wire.protocol._next_id = 0

    assert wire.protocol.next_id() == 1


@pytest.mark.row("F09")
@given(st.binary(max_size=200))
def test_bytes_of_any_kind_are_taken_or_end_the_session(data: bytes) -> None:
    protocol = SFTPClientProtocol(lambda *_: None, now=0.0)
    protocol.start()
    try:
        protocol.receive(memoryview(data))
    except SFTPProtocolError:
        assert protocol.error is not None
