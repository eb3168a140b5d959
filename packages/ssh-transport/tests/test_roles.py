"""ServiceState, and what else the roles differ in."""

from __future__ import annotations

import pytest

from hostile import FAST_OPTIONS, drain, ended, plain, refused, taken
from ssh_keys import PrivateKey
from ssh_transport import PayloadReceived, ServiceAccepted, ServiceRefused, ServiceRequested
from ssh_transport.testing import Pair, inject, pump
from ssh_wire import DisconnectReason, UsageError
from ssh_wire.messages.transport import ServiceAccept, ServiceRequest

BAD = DisconnectReason.PROTOCOL_ERROR
UNAVAILABLE = DisconnectReason.SERVICE_NOT_AVAILABLE


@pytest.fixture
def keyed(key: PrivateKey) -> Pair:
    """Keys are in use, no service was asked for."""
    pair = Pair(FAST_OPTIONS, FAST_OPTIONS, key=key)
    pair.run()
    pair.client_events.clear()
    pair.server_events.clear()
    return pair


def test_requested_service_is_accepted_once(keyed: Pair) -> None:
    keyed.client.request_service("ssh-userauth")
    keyed.run()
    assert keyed.server_events == [ServiceRequested("ssh-userauth")]
    assert keyed.client_events == [ServiceAccepted("ssh-userauth")]
    with pytest.raises(UsageError):
        keyed.client.request_service("ssh-userauth")


def test_messages_behind_service_request_wait_for_accept(keyed: Pair) -> None:
    keyed.client.request_service("ssh-userauth")
    keyed.client.send_payload(b"\x32 first request")
    pump(keyed.client, keyed.server)
    assert drain(keyed.server) == [ServiceRequested("ssh-userauth")]
    assert keyed.server.paused
    assert keyed.server.unprocessed > 0
    with pytest.raises(UsageError):
        keyed.server.accept_service("ssh-connection")
    keyed.server.accept_service("ssh-userauth")
    assert not keyed.server.paused
    assert drain(keyed.server) == [PayloadReceived(b"\x32 first request")]
    with pytest.raises(UsageError):
        keyed.server.accept_service("ssh-userauth")


@pytest.mark.row("A04")
@pytest.mark.parametrize("name", ["ssh-connection", "bogus", ""])
def test_a04_service_that_is_not_offered_ends_connection(name: str, keyed: Pair) -> None:
    inject(keyed.client, ServiceRequest(name=name).encode())
    pump(keyed.client, keyed.server)
    last = refused(keyed.server, keyed.client, UNAVAILABLE)
    assert isinstance(last.error, ServiceRefused)


@pytest.mark.row("A04")
def test_a04_authentication_without_service_request_ends_connection(keyed: Pair) -> None:
    inject(keyed.client, b"\x32 login")
    pump(keyed.client, keyed.server)
    refused(keyed.server, keyed.client, BAD)


def test_repeated_service_request_is_accepted_again(keyed: Pair) -> None:
    keyed.client.request_service("ssh-userauth")
    keyed.run()
    inject(keyed.client, ServiceRequest(name="ssh-userauth").encode())
    pump(keyed.client, keyed.server)
    assert drain(keyed.server) == []
    assert keyed.server.outgoing_size > 0
    inject(keyed.client, ServiceRequest(name="ssh-connection").encode())
    pump(keyed.client, keyed.server)
    ended(keyed.server, UNAVAILABLE)


def test_service_request_after_authentication_ends_connection(pair: Pair) -> None:
    inject(pair.client, ServiceRequest(name="ssh-userauth").encode())
    pump(pair.client, pair.server)
    refused(pair.server, pair.client, UNAVAILABLE)


@pytest.mark.parametrize("name", ["ssh-connection", "ssh-userauth"])
def test_unrequested_service_accept_ends_connection(name: str, keyed: Pair) -> None:
    if name == "ssh-connection":
        keyed.client.request_service("ssh-userauth")
    inject(keyed.server, ServiceAccept(name=name).encode())
    pump(keyed.server, keyed.client)
    ended(keyed.client, BAD)


@pytest.mark.parametrize("asked", [True, False])
def test_service_accept_without_name_answers_pending_request(asked: bool, keyed: Pair) -> None:
    if asked:
        keyed.client.request_service("ssh-userauth")
    inject(keyed.server, b"\x06")
    pump(keyed.server, keyed.client)
    if asked:
        assert drain(keyed.client) == [ServiceAccepted("ssh-userauth")]
    else:
        ended(keyed.client, BAD)


def test_service_may_be_requested_before_first_byte(key: PrivateKey) -> None:
    pair = Pair(FAST_OPTIONS, FAST_OPTIONS, key=key)
    pair.client.request_service("ssh-userauth")
    pair.run()
    assert pair.client_events[-1] == ServiceAccepted("ssh-userauth")


def test_calls_after_disconnect_raise_usage_error(pair: Pair) -> None:
    pair.client.disconnect(DisconnectReason.BY_APPLICATION, "over")
    pair.server.disconnect(DisconnectReason.BY_APPLICATION, "over")
    for call in (
        pair.client.accept_host_key,
        pair.client.reject_host_key,
        pair.client.authenticated,
        lambda: pair.client.request_service("x"),
        lambda: pair.server.accept_service("x"),
        lambda: pair.server.provide_signature(b""),
    ):
        with pytest.raises(UsageError):
            call()
    assert taken(pair.client) != b""
    with pytest.raises(ConnectionError):
        pair.server.receive(plain(b"\x15"))
