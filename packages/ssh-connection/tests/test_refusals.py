"""A multiplexer without a handler refuses what is not served, and raises what it cannot report."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from ssh_connection import ChannelProtocol, Multiplexer, NullHandler
from ssh_wire import OpenFailureReason, ProtocolError
from ssh_wire.messages import connection as m


class Sent:
    """Keeps what a multiplexer sends."""

    congested = False

    def __init__(self) -> None:
        self.payloads: list[bytes] = []

    def send_payload(self, *parts: Any) -> None:
        self.payloads.append(b"".join(bytes(part) for part in parts))

    def send_payloads(self, payloads: Iterable[tuple[Any, ...]]) -> None:
        for parts in payloads:
            self.send_payload(*parts)


def test_channel_of_a_known_type_is_refused_as_prohibited() -> None:
    sent = Sent()
    Multiplexer(sent).receive(m.SessionOpen(sender=7, window=9, max_packet=9).encode())

    failure = m.ChannelOpenFailure.decode(sent.payloads[0])
    assert (failure.recipient, failure.reason) == (
        7,
        OpenFailureReason.ADMINISTRATIVELY_PROHIBITED,
    )


def test_global_request_is_denied_where_an_answer_is_wanted() -> None:
    sent = Sent()
    mux = Multiplexer(sent)
    for wanted in (False, True):
        mux.receive(m.GlobalRequest(kind="odd@example.org", want_reply=wanted).encode())

    assert sent.payloads == [m.RequestFailure().encode()]


def test_message_that_is_not_known_ends_the_connection() -> None:
    with pytest.raises(ProtocolError, match="message 127"):
        Multiplexer(Sent()).receive(bytes([127]))


def test_error_of_a_channel_handler_is_the_error_of_its_channel() -> None:
    class Failing(NullHandler):
        error: Exception | None = None

        def opened(self) -> None:
            raise ValueError

        def closed(self, error: Exception | None) -> None:
            self.error = error

    sent, handler = Sent(), Failing()
    mux = Multiplexer(sent)
    channel = mux.open(m.SessionOpen(sender=0, window=9, max_packet=9), handler)
    assert isinstance(channel, ChannelProtocol)
    confirmation = m.ChannelOpenConfirmation(recipient=0, sender=1, window=9, max_packet=9)
    mux.receive(confirmation.encode())
    mux.receive(m.ChannelClose(recipient=0).encode())

    assert isinstance(handler.error, ValueError)


def test_error_that_no_caller_is_left_for_is_raised() -> None:
    class Failing(NullHandler):
        def closed(self, error: Exception | None) -> None:
            problem = "of the handler"
            raise ValueError(problem)

    mux = Multiplexer(Sent())
    mux.open(m.SessionOpen(sender=0, window=9, max_packet=9), Failing())
    confirmation = m.ChannelOpenConfirmation(recipient=0, sender=1, window=9, max_packet=9)
    mux.receive(confirmation.encode())

    with pytest.raises(ValueError, match="of the handler"):
        mux.receive(m.ChannelClose(recipient=0).encode())
