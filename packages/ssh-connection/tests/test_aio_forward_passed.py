"""Listeners of clients in proxy mode, without sockets."""

from __future__ import annotations

import pytest

from ssh_connection.aio.forward.passed import PassedForwards
from ssh_connection.aio.forward.requested import RemoteForwards
from ssh_connection.aio.services import forwarded_tcpip, streamlocal
from ssh_connection.control.proxy_server import ProxyServer
from ssh_connection.multiplexer import GlobalAnswer
from ssh_connection.testing import Recorder, Side
from ssh_wire.messages import connection as m
from ssh_wire.messages import openssh


class Master:
    """A master's side, with clients."""

    def __init__(self) -> None:
        self.side = Side()
        self.forwards = RemoteForwards(self.side.mux, lambda: None, 1.0, lambda: None)
        self.side.mux.services.register(
            *forwarded_tcpip.client_rows(self.forwards), *streamlocal.client_rows(self.forwards)
        )
        self.passed = PassedForwards(self.side.mux, lambda: self.forwards)
        self.answers: list[GlobalAnswer] = []

    def client(self) -> ProxyServer:
        return ProxyServer(self.side.mux, self.passed, lambda _: "", lambda: None)

    def listen(self, client: ProxyServer, port: int, answer: GlobalAnswer) -> None:
        message = m.TCPIPForward(want_reply=True, address="localhost", port=port)
        self.passed.listen(message, client, self.answers.append)
        if self.side.wire.payloads:
            assert self.side.wire.sent() == [message]
            self.side.receive(answer)

    def connect(self, port: int) -> None:
        self.side.receive(
            m.ForwardedTCPIPOpen(
                sender=5, window=9, max_packet=9, address="localhost", port=port,
                origin_host="o", origin_port=2,
            )
        )  # fmt: skip


def test_connection_goes_to_the_client_that_asked() -> None:
    master = Master()
    first, second = master.client(), master.client()
    master.listen(first, 1, m.RequestSuccess())
    master.listen(second, 0, m.RequestSuccess(details=b"\0\0\0\2"))
    master.connect(2)
    assert not first.outgoing
    assert b"forwarded-tcpip" in second.outgoing
    assert master.answers == [m.RequestSuccess(), m.RequestSuccess(details=b"\0\0\0\2")]
    assert not master.side.wire.payloads


@pytest.mark.row("C24")
def test_listener_of_another_is_neither_taken_nor_cancelled() -> None:
    master = Master()
    first, second = master.client(), master.client()
    master.listen(first, 1, m.RequestSuccess())
    master.listen(second, 1, m.RequestSuccess())
    master.passed.stop(
        m.CancelTCPIPForward(want_reply=True, address="localhost", port=1),
        second,
        master.answers.append,
    )
    assert master.answers[1:] == [m.RequestFailure()] * 2
    master.connect(1)
    assert first.outgoing
    assert not second.outgoing


def test_listener_that_is_asked_for_twice_at_once_is_the_firsts() -> None:
    master = Master()
    first, second = master.client(), master.client()
    message = m.TCPIPForward(want_reply=True, address="", port=1)
    master.passed.listen(message, first, master.answers.append)
    master.passed.listen(message, second, master.answers.append)
    master.side.receive(m.RequestSuccess(), m.RequestSuccess())
    assert master.answers == [m.RequestSuccess(), m.RequestFailure()]


@pytest.mark.parametrize(
    "answer", [m.RequestFailure(), m.RequestSuccess(), m.RequestSuccess(details=b"x")]
)
def test_listener_that_is_refused_is_not_there(answer: GlobalAnswer) -> None:
    master = Master()
    master.listen(master.client(), 0, answer)
    assert master.answers == [m.RequestFailure()]
    assert master.forwards.all == ()


def test_port_that_is_none_is_not_asked_for() -> None:
    master = Master()
    master.listen(master.client(), 70000, m.RequestSuccess())
    assert master.answers == [m.RequestFailure()]


def test_client_that_leaves_has_its_listeners_cancelled() -> None:
    master = Master()
    client = master.client()
    master.listen(client, 1, m.RequestSuccess())
    pending = openssh.StreamlocalForward(want_reply=True, path=b"/s")
    master.passed.listen(pending, client, master.answers.append)
    master.side.wire.payloads.clear()
    client.leave()
    cancel = m.CancelTCPIPForward(want_reply=False, address="localhost", port=1)
    assert master.side.wire.sent() == [cancel]
    master.side.receive(m.RequestSuccess())  # to what it had asked for
    (payload,) = master.side.wire.payloads
    assert b"cancel-streamlocal-forward@openssh.com" in payload
    assert master.forwards.all == ()
    assert len(master.answers) == 1


def test_client_cancels_its_own_listener() -> None:
    master = Master()
    client = master.client()
    master.listen(client, 1, m.RequestSuccess())
    cancel = m.CancelTCPIPForward(want_reply=True, address="localhost", port=1)
    master.passed.stop(cancel, client, master.answers.append)
    assert master.side.wire.sent() == [cancel]
    master.side.receive(m.RequestSuccess())
    assert len(master.answers) == 2
    master.connect(1)
    (refused,) = master.side.wire.sent()
    assert isinstance(refused, m.ChannelOpenFailure)


def test_connection_that_is_lost_leaves_nothing_to_cancel() -> None:
    master = Master()
    client = master.client()
    master.listen(client, 1, m.RequestSuccess())
    master.passed.listen(
        m.TCPIPForward(want_reply=True, address="", port=3), client, master.answers.append
    )
    master.side.mux.open(m.SessionOpen(sender=0, window=1, max_packet=1), Recorder())
    master.side.wire.payloads.clear()
    master.side.mux.connection_lost(OSError())
    client.leave()
    assert not master.side.wire.payloads
    assert len(master.answers) == 1
