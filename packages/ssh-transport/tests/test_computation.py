"""Computation that takes long is handed out, and everything else comes out the same."""

from __future__ import annotations

import attrs
import pytest

from hostile import FAST, FAST_OPTIONS, drain, ended, split, taken
from ssh_keys import PrivateKey
from ssh_transport import ComputationRequested, Event, KexCompleted, Transport, TransportOptions
from ssh_transport.errors import ConnectionClosed
from ssh_transport.kex import METHODS
from ssh_transport.keyexchange.computation import Computation
from ssh_transport.testing import Pair, inject, pump
from ssh_wire import DisconnectReason, UsageError
from ssh_wire.messages.kex import KexDHInit, KexDHReply

GROUP = "diffie-hellman-group16-sha512"
FAILED = DisconnectReason.KEY_EXCHANGE_FAILED


def handing_out(kex: str, key: PrivateKey) -> Pair:
    options = TransportOptions(algorithms=attrs.evolve(FAST, kex=(kex,)))
    pair = Pair(options, options, key=key)
    pair.client.offload_computation()
    pair.server.offload_computation()
    return pair


def requests(events: list[Event]) -> list[ComputationRequested]:
    return [event for event in events if isinstance(event, ComputationRequested)]


def asked(pair: Pair, side: Transport) -> ComputationRequested:
    """Go on until this side has to compute, and everybody else has answered."""
    other = pair.server if side is pair.client else pair.client
    for _ in range(4):
        found = requests(drain(side))
        if found:
            return found[0]
        pump(side, other)
        for event in requests(drain(other)):
            event.run()
            other.computation_done()
        pump(other, side)
    raise AssertionError


@pytest.mark.parametrize("kex", METHODS)
def test_session_with_offloaded_computations_is_same(kex: str, key: PrivateKey) -> None:
    pair = handing_out(kex, key)
    pair.client.request_service("ssh-userauth")
    pair.run()
    for events, times in ((pair.client_events, 2), (pair.server_events, 1)):
        assert len(requests(events)) == (times if METHODS[kex].slow else 0)
    assert pair.client.session_id == pair.server.session_id
    pair.client.authenticated()
    pair.server.authenticated()
    for rekeying in (pair.client, pair.server):
        rekeying.start_rekey()
        pair.run()
    for events, times in ((pair.client_events, 6), (pair.server_events, 3)):
        assert len(requests(events)) == (times if METHODS[kex].slow else 0)
        assert sum(isinstance(event, KexCompleted) for event in events) == 3
    pair.client.send_payload(b"\x5e", b"data")
    pair.run()
    assert pair.payloads(pair.server) == [b"\x5edata"]


def test_input_waits_while_share_is_computed(key: PrivateKey) -> None:
    pair = handing_out(GROUP, key)
    event = asked(pair, pair.server)
    assert pair.server.paused
    inject(pair.client, b"\x15")  # NEWKEYS, before the reply: not looked at yet
    pump(pair.client, pair.server)
    assert drain(pair.server) == []
    assert not pair.server.closed
    event.run()
    pair.server.computation_done()
    assert not requests(drain(pair.server))


def test_share_of_client_is_sent_when_computed(key: PrivateKey) -> None:
    pair = handing_out(GROUP, key)
    event = asked(pair, pair.client)
    taken(pair.client)
    assert pair.client.take_outgoing() is None
    event.run()
    pair.client.computation_done()
    assert split(b"SSH-2.0-x\r\n" + taken(pair.client))[1][0][0] == 30


@pytest.mark.parametrize("role", ["client", "server"])
def test_invalid_share_ends_connection(role: str, key: PrivateKey) -> None:
    pair = handing_out(GROUP, key)
    if role == "server":
        side: Transport = pair.server
        pump(pair.client, pair.server)
        drain(side)
        inject(pair.client, KexDHInit(e=1).encode())
        pump(pair.client, pair.server)
    else:
        side = pair.client
        event = asked(pair, side)
        event.run()
        side.computation_done()
        blob = key.public_key.blob
        reply = KexDHReply(host_key=blob, f=1, signature=b"")
        inject(pair.server, reply.encode())
        pump(pair.server, pair.client)
    event = requests(drain(side))[0]
    event.run()
    side.computation_done()
    ended(side, FAILED)
    with pytest.raises(ConnectionClosed):
        side.computation_done()


def test_computation_done_after_disconnect_raises_connection_closed(key: PrivateKey) -> None:
    pair = handing_out(GROUP, key)
    event = asked(pair, pair.server)
    pair.server.disconnect(DisconnectReason.BY_APPLICATION, "enough")
    event.run()
    with pytest.raises(ConnectionClosed):
        pair.server.computation_done()


def test_computation_done_without_request_is_refused(key: PrivateKey) -> None:
    pair = Pair(FAST_OPTIONS, FAST_OPTIONS, key=key)
    with pytest.raises(UsageError, match="ExpectComputation"):
        pair.client.computation_done()


def test_computation_done_before_run_raises_usage_error(key: PrivateKey) -> None:
    pair = handing_out(GROUP, key)
    event = asked(pair, pair.server)
    with pytest.raises(UsageError, match="not done yet"):
        pair.server.computation_done()
    event.run()
    pair.server.computation_done()
    pair.run()
    assert pair.client.agreement.kex == GROUP


def test_finite_field_method_is_not_guessed(key: PrivateKey) -> None:
    algorithms = attrs.evolve(FAST, kex=(GROUP,))
    pair = Pair(TransportOptions(algorithms=algorithms, guess=True), FAST_OPTIONS, key=key)
    assert [payload[0] for payload in split(taken(pair.client))[1]] == [20]


def test_error_of_computation_is_raised_with_its_result() -> None:
    work = Computation[int](lambda: 1 // 0)
    work.run()
    with pytest.raises(ZeroDivisionError):
        work.result()
