from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssh_connection.control import messages as m
from ssh_connection.control.client import ControlClient, require_granted
from ssh_connection.control.errors import ControlRefused, ControlViolation
from ssh_connection.control.framing import frame
from ssh_connection.control.server import ControlServer
from ssh_wire import ProtocolError, UsageError


def greeted() -> ControlClient:
    client = ControlClient()
    assert client.receive(ControlServer.hello) == []
    return client


def with_session() -> ControlClient:
    client = greeted()
    client.request(m.NewSession())
    client.receive(frame(m.SessionOpened(request_id=0, session=7)))
    return client


def test_hello_is_that_of_openssh() -> None:
    assert ControlClient.hello.hex() == "000000080000000100000004"


def test_hello_of_the_master_tells_its_extensions() -> None:
    client = greeted()

    assert client.greeted
    assert client.offers(m.INFO)
    assert not client.offers("other")


@pytest.mark.parametrize(
    ("message", "problem"),
    [
        (m.Hello(version=3), "version 3"),
        (m.Alive(pid=1), "began with Alive"),
    ],
)
def test_other_beginning_is_refused(message: m.ControlMessage, problem: str) -> None:
    with pytest.raises(ControlViolation, match=problem):
        ControlClient().receive(frame(message))


def test_second_hello_is_refused() -> None:
    with pytest.raises(ControlViolation, match="Hello out of turn"):
        greeted().receive(ControlServer.hello)


def test_requests_are_numbered_and_answered_one_by_one() -> None:
    client = greeted()

    assert client.request(m.AliveCheck()) == frame(m.AliveCheck(request_id=0))
    assert client.receive(frame(m.Alive(request_id=0, pid=5))) == [m.Alive(request_id=0, pid=5)]
    assert client.request(m.Terminate()) == frame(m.Terminate(request_id=1))


def test_second_request_before_the_answer_is_refused() -> None:
    client = greeted()
    client.request(m.AliveCheck())

    with pytest.raises(UsageError, match="one request at a time"):
        client.request(m.AliveCheck())


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (m.Alive(request_id=9, pid=1), "request 9, which was not asked"),
        (m.RemotePort(request_id=0, port=1), "AliveCheck by RemotePort"),
        (m.ExitMessage(session=0, status=0), "ExitMessage out of turn"),
        (m.TerminalFailed(session=0), "TerminalFailed out of turn"),
    ],
)
def test_wrong_answer_is_refused(answer: m.ControlMessage, problem: str) -> None:
    client = greeted()
    client.request(m.AliveCheck())

    with pytest.raises(ControlViolation, match=problem):
        client.receive(frame(answer))


def test_answer_that_was_not_asked_for_is_refused() -> None:
    with pytest.raises(ControlViolation, match="not asked"):
        greeted().receive(frame(m.Ok()))


@pytest.mark.parametrize("answer", [m.Failure(reason="no"), m.PermissionDenied(reason="no")])
def test_refusal_answers_every_request(answer: m.ControlMessage) -> None:
    client = greeted()
    client.request(m.ProxyRequest())

    assert client.receive(frame(answer)) == [answer]
    with pytest.raises(ControlRefused, match=r"the proxy mode: the master .*: no"):
        require_granted("the proxy mode", answer)


def test_answer_that_grants_raises_nothing() -> None:
    require_granted("it", m.Ok())


def test_session_ends_with_its_status() -> None:
    client = with_session()
    failed, ended = m.TerminalFailed(session=7), m.ExitMessage(session=7, status=3)

    assert client.receive(frame(failed) + frame(ended)) == [failed, ended]


@pytest.mark.parametrize("session", [6, 8])
def test_status_of_another_session_is_refused(session: int) -> None:
    with pytest.raises(ControlViolation, match="out of turn"):
        with_session().receive(frame(m.ExitMessage(session=session, status=0)))


def test_second_exit_status_is_refused() -> None:
    client = with_session()
    client.receive(frame(m.ExitMessage(session=7, status=0)))

    with pytest.raises(ControlViolation, match="two exit statuses"):
        client.receive(frame(m.ExitMessage(session=7, status=0)))


def test_proxy_mode_leaves_what_follows_unread() -> None:
    client = greeted()
    client.request(m.ProxyRequest())

    assert client.receive(frame(m.Proxy()) + b"\0\0\0\2\0\x63") == [m.Proxy()]
    assert client.rest() == b"\0\0\0\2\0\x63"
    with pytest.raises(UsageError):
        client.request(m.AliveCheck())


@given(st.lists(st.binary(max_size=30), max_size=4))
def test_any_master_is_understood_or_a_protocol_error(pieces: list[bytes]) -> None:
    client = greeted()
    client.request(m.AliveCheck())
    with suppress(ProtocolError):
        for each in pieces:
            client.receive(len(each).to_bytes(4, "big") + each)
