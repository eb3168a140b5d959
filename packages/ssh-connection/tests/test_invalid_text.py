"""Requests and opens with a text that is not UTF-8: each is refused alone, as OpenSSH does."""

from __future__ import annotations

from typing import Any, Literal, cast, get_origin, get_type_hints

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssh_connection.states import ChannelState
from ssh_connection.testing import Side
from ssh_wire import Message, OpenFailureReason
from ssh_wire.messages import connection as m
from transcripts import opened

MARK = "<a text that a test replaces>"

BAD_TEXTS = st.binary(min_size=1, max_size=40).filter(
    lambda data: data.decode("utf-8", "ignore").encode() != data
)


def texts_of(declaration: type[Message]) -> list[str]:
    """The fields of a message that must be UTF-8, the one that names it included."""
    hints = get_type_hints(declaration, include_extras=True)
    return [
        field.name
        for field in attrs.fields(cast("Any", declaration))
        if hints[field.name] is str or get_origin(hints[field.name]) is Literal
    ]


def with_text(declaration: type[Message], name: str, data: bytes, **given: object) -> bytes:
    """An encoding of a message one text of which is replaced by bytes."""
    values: dict[str, Any] = dict(given)
    for field in attrs.fields(cast("Any", declaration)):
        if field.init and field.name not in values and field.default is attrs.NOTHING:
            hints = get_type_hints(declaration)
            values[field.name] = {str: "", bytes: b"", bool: False}.get(hints[field.name], 0)
    field = attrs.fields_dict(cast("Any", declaration))[name]
    kept = MARK if field.init else cast("str", field.default)
    if field.init:
        values[name] = MARK
    encoded = declaration(**values).encode()
    old = len(kept).to_bytes(4, "big") + kept.encode()
    assert encoded.count(old) == 1
    return encoded.replace(old, len(data).to_bytes(4, "big") + data)


CHANNEL = [(each, name) for each in m.CHANNEL_REQUESTS for name in texts_of(each)]
GLOBAL = [(each, name) for each in m.GLOBAL_REQUESTS for name in texts_of(each)]
OPENS = [(each, name) for each in m.CHANNEL_OPENS for name in texts_of(each)]


def test_texts_of_rfc_4254_are_all_tried() -> None:
    named = {(each.__name__, name) for each, name in [*CHANNEL, *GLOBAL, *OPENS]}
    assert named >= {
        ("PtyRequest", "term"),
        ("X11Request", "protocol"),
        ("X11Request", "cookie"),
        ("SubsystemRequest", "name"),
        ("SignalRequest", "name"),
        ("ChannelRequest", "kind"),
        ("TCPIPForward", "address"),
        ("CancelTCPIPForward", "address"),
        ("GlobalRequest", "kind"),
        ("DirectTCPIPOpen", "host"),
        ("DirectTCPIPOpen", "origin_host"),
        ("ForwardedTCPIPOpen", "address"),
        ("X11Open", "origin_host"),
        ("ChannelOpen", "kind"),
        *((each.__name__, "kind") for each in m.CHANNEL_REQUESTS),
    }


@given(st.sampled_from(CHANNEL), BAD_TEXTS, st.booleans())
def test_channel_request_with_text_that_is_not_utf_8_fails_alone(
    field: tuple[type[Message], str], data: bytes, wanted: bool
) -> None:
    side, channel, recorder = opened()
    recorder.answer, recorder.channel = True, channel

    side.mux.receive(with_text(*field, data, recipient=0, want_reply=wanted))

    assert recorder.requests == []
    assert side.wire.sent() == ([m.ChannelFailure(recipient=7)] if wanted else [])
    side.receive(m.ShellRequest(recipient=0, want_reply=True))
    assert side.wire.sent() == [m.ChannelSuccess(recipient=7)]
    assert channel.state is ChannelState.OPEN


@given(st.sampled_from(GLOBAL), BAD_TEXTS, st.booleans())
def test_global_request_with_text_that_is_not_utf_8_fails_alone(
    field: tuple[type[Message], str], data: bytes, wanted: bool
) -> None:
    side = Side()

    side.mux.receive(with_text(*field, data, want_reply=wanted))

    if field[1] == "kind":  # a name like any other, which is not served
        side.mux.deny(side.requests.pop()[1])
    assert side.requests == []
    assert side.wire.sent() == ([m.RequestFailure()] if wanted else [])


@given(st.sampled_from(OPENS), BAD_TEXTS)
def test_channel_open_with_text_that_is_not_utf_8_is_refused_alone(
    field: tuple[type[Message], str], data: bytes
) -> None:
    side = Side()

    side.mux.receive(with_text(*field, data, sender=9, window=100, max_packet=100))

    (refusal,) = side.wire.sent()
    assert isinstance(refusal, m.ChannelOpenFailure)
    reasons = {"kind": OpenFailureReason.UNKNOWN_CHANNEL_TYPE}
    reason = reasons.get(field[1], OpenFailureReason.CONNECT_FAILED)
    assert (refusal.recipient, refusal.reason) == (9, reason)
    assert side.opens == []
    assert side.mux.channels == {}


def test_failures_of_requests_leave_in_the_order_of_the_requests() -> None:
    side, channel, recorder = opened()
    side.receive(m.ShellRequest(recipient=0, want_reply=True))
    side.mux.receive(with_text(m.SignalRequest, "name", b"\xff", recipient=0, want_reply=True))
    assert side.wire.sent() == []  # the shell is not decided yet

    channel.grant(recorder.requests[0][1])

    assert side.wire.sent() == [m.ChannelSuccess(recipient=7), m.ChannelFailure(recipient=7)]


@pytest.mark.parametrize("name", ["name", "message", "language"])
def test_exit_signal_of_any_bytes_is_received(name: str) -> None:
    """Its texts are for people: nothing depends on them."""
    side, _, recorder = opened()

    side.mux.receive(with_text(m.ExitSignal, name, b"\xff\xfe", recipient=0))

    ((request, _),) = recorder.requests
    assert getattr(request, name) == "\udcff\udcfe"
