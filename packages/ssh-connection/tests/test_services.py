"""The registry: what is registered is decoded and served, and nothing else."""

from __future__ import annotations

from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssh_connection import ChannelType, GlobalRequestType, Services
from ssh_connection.channel import ChannelProtocol
from ssh_connection.replies import PendingReply
from ssh_connection.services import KNOWN_TYPES, name_of, refusal_reason
from ssh_connection.testing import Side
from ssh_wire import MessageSet, OpenFailureReason, ProtocolError, UsageError, lazy_attrs, message
from ssh_wire.messages import connection as m
from ssh_wire.messages.openssh import KeepAlive


@message(90)
class PrivateOpen(m.OpenHead):
    """A channel type of one's own."""

    kind: Literal["private@example.com"] = lazy_attrs.field(
        default="private@example.com", init=False
    )
    path: str


@message(98)
class PrivateRequest(m.RequestHead):
    """A request on such a channel."""

    kind: Literal["turn@example.com"] = lazy_attrs.field(default="turn@example.com", init=False)


OPEN = PrivateOpen(sender=7, window=100, max_packet=100, path="x")
ALIVE = KeepAlive(want_reply=True)


class Program:
    """Records what it is given to serve; confirms and grants it."""

    def __init__(self, permitted: Any = None) -> None:
        self.side = Side(accept=False)
        self.opens: list[m.OpenHead] = []
        self.requests: list[m.GlobalHead] = []
        self.side.mux.services.register(
            ChannelType(
                message=PrivateOpen,
                opened=self.opened,
                permitted=permitted,
                requests=MessageSet[m.RequestHead](PrivateRequest, m.ChannelRequest),
            ),
            GlobalRequestType(message=KeepAlive, received=self.received, permitted=permitted),
        )

    def opened(self, message: m.OpenHead, channel: ChannelProtocol) -> None:
        self.opens.append(message)
        channel.confirm(channel.handler)

    def received(self, message: m.GlobalHead, reply: PendingReply) -> None:
        self.requests.append(message)
        self.side.mux.grant(reply)


def test_registered_channel_type_is_decoded_and_served() -> None:
    program = Program()
    program.side.receive(OPEN)

    assert program.opens == [OPEN]
    assert isinstance(program.side.wire.sent()[0], m.ChannelOpenConfirmation)


def test_registered_global_request_is_decoded_and_served() -> None:
    program = Program()
    program.side.receive(ALIVE)

    assert program.requests == [ALIVE]
    assert program.side.wire.sent() == [m.RequestSuccess()]


@pytest.mark.row("C17")
@pytest.mark.parametrize("answer", [False, None, 1, "yes"])
def test_only_an_exact_true_permits(answer: object) -> None:
    def permitted(_: object) -> object:
        return answer

    program = Program(permitted)
    program.side.receive(OPEN, ALIVE)

    refused, denied = program.side.wire.sent()
    assert isinstance(refused, m.ChannelOpenFailure)
    assert refused.reason == OpenFailureReason.ADMINISTRATIVELY_PROHIBITED
    assert denied == m.RequestFailure()
    assert (program.opens, program.requests) == ([], [])


def test_permitted_channel_and_request_are_served() -> None:
    def permitted(_: object) -> bool:
        return True

    program = Program(permitted)
    program.side.receive(OPEN, ALIVE)

    assert (program.opens, program.requests) == ([OPEN], [ALIVE])


@pytest.mark.row("R16")
def test_permission_that_raises_refuses() -> None:
    def fail(_: object) -> bool:
        problem = "no rules"
        raise ValueError(problem)

    program = Program(fail)
    program.side.receive(OPEN, ALIVE)

    refused, denied = program.side.wire.sent()
    assert isinstance(refused, m.ChannelOpenFailure)
    assert denied == m.RequestFailure()
    assert len(program.side.failures) == 2


def test_channel_decodes_the_requests_of_its_type() -> None:
    program = Program()
    program.side.receive(OPEN)
    (channel,) = program.side.mux.channels.values()

    turn = PrivateRequest(recipient=channel.number)
    assert channel.requests.decode(turn.encode()) == turn
    shell = m.ShellRequest(recipient=channel.number).encode()
    assert isinstance(channel.requests.decode(shell), m.ChannelRequest)


def test_later_row_replaces_an_earlier_one_and_is_taken_back_by_its_message() -> None:
    program = Program()
    others: list[m.OpenHead] = []
    program.side.mux.services.register(
        ChannelType(message=PrivateOpen, opened=lambda message, _: others.append(message))
    )
    program.side.receive(OPEN)
    program.side.mux.services.unregister([PrivateOpen, KeepAlive])
    program.side.receive(OPEN)

    assert (program.opens, others) == ([], [OPEN])
    assert program.side.mux.services.global_request(b"keepalive@openssh.com") is None


@pytest.mark.parametrize("declaration", [m.ChannelOpen, m.GlobalRequest, m.ForwardedPort])
def test_message_that_names_no_type_is_refused(declaration: Any) -> None:
    with pytest.raises(UsageError, match=f"^{declaration.__name__} has no field `kind`"):
        Services().register(ChannelType(message=declaration, opened=print))


@pytest.mark.row("C09")
@given(st.text(max_size=30))
def test_type_that_is_not_known_is_refused_with_reason_3(name: str) -> None:
    expected = (
        OpenFailureReason.ADMINISTRATIVELY_PROHIBITED
        if name in KNOWN_TYPES
        else OpenFailureReason.UNKNOWN_CHANNEL_TYPE
    )
    assert refusal_reason(name) == expected


@pytest.mark.parametrize("name", sorted(KNOWN_TYPES))
def test_type_that_is_known_is_refused_as_prohibited(name: str) -> None:
    assert refusal_reason(name) == OpenFailureReason.ADMINISTRATIVELY_PROHIBITED


def test_name_of_a_message_is_its_constant() -> None:
    assert name_of(m.DirectTCPIPOpen) == "direct-tcpip"


@given(st.binary(max_size=30))
def test_open_of_a_registered_type_with_any_details_is_served_or_refused(details: bytes) -> None:
    program = Program()
    payload = m.ChannelOpen(
        kind="private@example.com", sender=7, window=1, max_packet=1, details=details
    ).encode()
    try:
        program.side.mux.receive(payload)
    except ProtocolError:
        assert program.opens == []
    else:
        (sent,) = program.side.wire.sent()
        assert isinstance(sent, m.ChannelOpenConfirmation) == bool(program.opens)
