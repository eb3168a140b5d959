from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssh_connection.control import messages as m
from ssh_connection.control.client import ControlClient
from ssh_connection.control.errors import ControlViolation
from ssh_connection.control.framing import frame
from ssh_connection.control.server import ControlServer
from ssh_wire import ProtocolError


def greeted() -> ControlServer:
    server = ControlServer()
    server.receive(ControlClient.hello)
    assert server.next_request() is None
    return server


def test_request_is_returned_with_no_descriptors() -> None:
    server = greeted()
    server.receive(frame(m.AliveCheck(request_id=4)))

    assert server.next_request() == (m.AliveCheck(request_id=4), ())
    assert server.next_request() is None


def test_session_waits_for_its_descriptors() -> None:
    server = greeted()
    asked = m.NewSession(request_id=1, command="true")
    server.receive(frame(asked))
    assert server.next_request() is None
    server.receive(b"\0", (11,))
    server.receive(b"\0", (12,))
    assert server.next_request() is None
    server.receive(b"\0" + frame(m.AliveCheck(request_id=2)), (13,))

    assert server.next_request() == (asked, (11, 12, 13))
    assert server.next_request() == (m.AliveCheck(request_id=2), ())


def test_stream_takes_two_descriptors_and_leaves_the_third() -> None:
    server = greeted()
    asked = m.NewStdioForward(host="h", port=1)
    server.receive(frame(asked) + b"\0\0", (11, 12, 13))

    assert server.next_request() == (asked, (11, 12))
    assert server.unclaimed() == (13,)
    assert server.unclaimed() == ()


@pytest.mark.row("C24")
def test_session_with_too_few_descriptors_is_refused() -> None:
    server = greeted()
    server.receive(frame(m.NewSession()) + b"\0\0\0", (11, 12))

    with pytest.raises(ControlViolation, match="fewer descriptors"):
        server.next_request()
    assert server.unclaimed() == (11, 12)


@pytest.mark.row("C24")
@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (frame(m.AliveCheck()), "without Hello"),
        (frame(m.Hello(version=5)), "version 5"),
        (ControlClient.hello * 2, "Hello twice"),
    ],
)
def test_wrong_beginning_is_refused(data: bytes, problem: str) -> None:
    server = ControlServer()
    server.receive(data)

    with pytest.raises(ControlViolation, match=problem):
        server.next_request()


def test_unknown_request_keeps_its_id() -> None:
    server = greeted()
    server.receive(bytes.fromhex("00000008 10000077 00000009"))

    assert server.next_request() == (m.Request(request_id=9), ())


def test_what_follows_the_last_request_is_left() -> None:
    server = greeted()
    server.receive(frame(m.ProxyRequest()) + b"behind")

    assert server.next_request() == (m.ProxyRequest(), ())
    assert server.rest() == b"behind"


@given(st.lists(st.binary(max_size=30), max_size=4))
def test_any_client_is_understood_or_a_protocol_error(pieces: list[bytes]) -> None:
    server = greeted()
    with suppress(ProtocolError):
        for each in pieces:
            server.receive(len(each).to_bytes(4, "big") + each)
            server.next_request()
