from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssh_agent import (
    AgentError,
    AgentMisbehaved,
    AgentProtocol,
    AgentRefused,
    AgentUnavailable,
    IdentitiesRequest,
    SignatureRequest,
)
from ssh_agent.core import MAX_WAITING
from ssh_agent.framing import MAX_MESSAGE, AgentFrameReader, frame
from ssh_agent.messages import (
    AgentFailure,
    ExtensionFailure,
    IdentitiesAnswer,
    IdentityEntry,
    SignResponse,
)
from ssh_keys import PrivateKey
from ssh_wire import UsageError


def listing(*keys: PrivateKey) -> bytes:
    entries = [IdentityEntry(key=each.public_key.blob, comment=each.comment) for each in keys]
    return frame(IdentitiesAnswer(identities=tuple(entries)).encode())


def signed(key: PrivateKey, data: bytes) -> bytes:
    return frame(SignResponse(signature=key.sign(data, "ssh-ed25519")).encode())


def test_identities_are_requested_and_returned(ed25519: PrivateKey) -> None:
    core = AgentProtocol()
    pending = core.start(IdentitiesRequest())

    assert core.take_outgoing() == b"\0\0\0\x01\x0b"
    assert core.take_outgoing() == b""
    assert not pending.done

    core.receive(listing(ed25519))

    assert pending.done
    assert [each.key for each in pending.result()] == [ed25519.public_key]
    assert core.waiting == 0


def test_requests_are_pipelined_and_answered_in_order(ed25519: PrivateKey) -> None:
    core = AgentProtocol()
    key = ed25519.public_key
    first = core.start(SignatureRequest(key, b"first", "ssh-ed25519"))
    second = core.start(IdentitiesRequest())
    third = core.start(SignatureRequest(key, b"third", "ssh-ed25519"))

    assert len(AgentFrameReader().feed(core.take_outgoing())) == 3

    core.receive(signed(ed25519, b"first") + listing(ed25519)[:9])
    assert (first.done, second.done) == (True, False)

    core.receive(listing(ed25519)[9:] + signed(ed25519, b"third"))
    assert key.verify(b"first", first.result())
    assert len(second.result()) == 1
    assert key.verify(b"third", third.result())


@pytest.mark.parametrize("failure", [AgentFailure(), ExtensionFailure()])
def test_refusal_fails_its_own_request_only(
    failure: AgentFailure | ExtensionFailure, ed25519: PrivateKey
) -> None:
    core = AgentProtocol()
    refused = core.start(SignatureRequest(ed25519.public_key, b"", "ssh-ed25519"))
    listed = core.start(IdentitiesRequest())

    core.receive(frame(failure.encode()) + listing())

    with pytest.raises(AgentRefused, match="SignRequest"):
        refused.result()
    assert listed.result() == ()
    assert core.error is None


@pytest.mark.row("G03")
def test_signature_by_other_key_fails_its_own_request_only(
    ed25519: PrivateKey, other: PrivateKey
) -> None:
    core = AgentProtocol()
    wrong = core.start(SignatureRequest(ed25519.public_key, b"data", "ssh-ed25519"))
    right = core.start(SignatureRequest(other.public_key, b"data", "ssh-ed25519"))

    core.receive(signed(other, b"data") * 2)

    with pytest.raises(AgentMisbehaved):
        wrong.result()
    assert right.result()


@pytest.mark.row("G03")
def test_reply_out_of_order_fails_every_request(ed25519: PrivateKey) -> None:
    core = AgentProtocol()
    signing = core.start(SignatureRequest(ed25519.public_key, b"data", "ssh-ed25519"))
    listing_keys = core.start(IdentitiesRequest())

    core.receive(listing(ed25519) + signed(ed25519, b"data"))

    with pytest.raises(AgentMisbehaved):
        signing.result()
    with pytest.raises(AgentMisbehaved):
        listing_keys.result()
    with pytest.raises(AgentMisbehaved):
        core.start(IdentitiesRequest())


@pytest.mark.row("G01")
@pytest.mark.row("G03")
@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(b"\0\0\0\0", id="no length"),
        pytest.param((MAX_MESSAGE + 1).to_bytes(4, "big"), id="over the limit"),
        pytest.param(b"\xff\xff\xff\xff", id="the largest length"),
        pytest.param(frame(b"\x0b"), id="a request"),
        pytest.param(frame(b"\xff"), id="an unknown type"),
        pytest.param(frame(b"\x06"), id="a success that has no keys"),
        pytest.param(frame(b"\x0c\xff\xff\xff\xff"), id="2^32-1 keys"),
        pytest.param(frame(b"\x0c\x00\x00\x08\x01"), id="2049 keys, none there"),
        pytest.param(frame(b"\x0c\x00\x00\x00\x01\x00\x00\x00\x09key"), id="truncated"),
        pytest.param(frame(b"\x0c\x00\x00\x00\x00more"), id="trailing"),
    ],
)
def test_malformed_list_of_keys_ends_protocol(reply: bytes) -> None:
    core = AgentProtocol()
    pending = core.start(IdentitiesRequest())

    core.receive(reply)
    core.receive(listing())  # too late

    assert isinstance(core.error, AgentMisbehaved)
    with pytest.raises(AgentMisbehaved):
        pending.result()


@pytest.mark.row("G03")
def test_2049_keys_fail_request() -> None:
    core = AgentProtocol()
    pending = core.start(IdentitiesRequest())
    entries = (IdentityEntry(key=b"", comment=""),) * 2049

    core.receive(frame(IdentitiesAnswer(identities=entries).encode()))

    with pytest.raises(AgentMisbehaved, match="2048"):
        pending.result()


@pytest.mark.row("G03")
def test_unrequested_reply_ends_protocol() -> None:
    core = AgentProtocol()

    core.receive(listing())

    assert isinstance(core.error, AgentMisbehaved)


def test_close_fails_pending_requests_with_first_error() -> None:
    core = AgentProtocol()
    pending = core.start(IdentitiesRequest())

    core.close(AgentUnavailable("gone"))
    core.close(AgentUnavailable("again"))

    assert str(core.error) == "gone"
    assert core.take_outgoing() == b""
    with pytest.raises(AgentUnavailable):
        pending.result()


def test_result_before_reply_raises_usage_error() -> None:
    pending = AgentProtocol().start(IdentitiesRequest())

    with pytest.raises(UsageError):
        pending.result()


def test_too_long_data_raises_usage_error(ed25519: PrivateKey) -> None:
    core = AgentProtocol()

    with pytest.raises(UsageError):
        core.start(SignatureRequest(ed25519.public_key, bytes(MAX_MESSAGE), "ssh-ed25519"))

    assert (core.waiting, core.take_outgoing()) == (0, b"")


def test_queue_of_requests_is_bounded() -> None:
    core = AgentProtocol()
    for _ in range(MAX_WAITING):
        core.start(IdentitiesRequest())

    with pytest.raises(UsageError):
        core.start(IdentitiesRequest())


@given(st.binary(max_size=300))
def test_any_bytes_are_accepted_or_agent_misbehaved(junk: bytes) -> None:
    core = AgentProtocol()
    pending = core.start(IdentitiesRequest())

    core.receive(junk)

    if core.error is not None:
        assert isinstance(core.error, AgentMisbehaved)
    if pending.done:
        with suppress(AgentError):
            pending.result()
