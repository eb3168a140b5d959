"""Floods of what is ignored, unknown or asked for, and input that outruns the output."""

from __future__ import annotations

import tracemalloc

import pytest

from hostile import (
    FAST,
    FAST_OPTIONS,
    Side,
    Stage,
    drain,
    ended,
    taken,
)
from ssh_keys import PrivateKey
from ssh_transport import (
    Event,
    HeldQueueFull,
    Limits,
    PayloadReceived,
    TransportOptions,
    UnimplementedReceived,
)
from ssh_transport.testing import Pair, inject, pump
from ssh_wire import DisconnectReason
from ssh_wire.messages.transport import Debug, Ignore, Ping, Unimplemented

BAD = DisconnectReason.PROTOCOL_ERROR
KEY = PrivateKey.generate("ed25519")
DATA = b"\x5e some data"
SIDES: list[Side] = ["client", "server"]
STAGES: list[Stage] = ["kexinit", "kex", "newkeys"]


@pytest.mark.row("T40")
def test_t40_flood_of_ignored_messages_is_never_answered(pair: Pair) -> None:
    seen: list[Event] = []
    for _ in range(300):
        for message in (
            Ignore(data=b"x" * 10),
            Unimplemented(sequence=2**32 - 1),
            Debug(always_display=False, message="x"),
        ):
            inject(pair.client, message.encode())
        pump(pair.client, pair.server)
        seen.extend(drain(pair.server))
        assert pair.server.outgoing_size == 0  # never answered
    assert len(seen) == 600
    assert not pair.server.closed


@pytest.mark.row("T40")
def test_t40_flood_of_ignore_needs_bounded_memory(pair: Pair) -> None:
    for _ in range(500):
        inject(pair.client, Ignore(data=b"x" * 100).encode())
    flood = taken(pair.client)
    pair.server.receive(flood)
    for _ in range(500):
        inject(pair.client, Ignore(data=b"x" * 100).encode())
    flood = taken(pair.client)
    tracemalloc.start()
    for at in range(0, len(flood), 4096):
        pair.server.receive(flood[at : at + 4096])
    assert tracemalloc.get_traced_memory()[1] < 100_000
    tracemalloc.stop()
    assert pair.server.next_event() is None


def test_unknown_messages_are_answered_in_order_with_their_numbers(pair: Pair) -> None:
    expected: list[Event] = []
    for number in range(100):
        start = pair.client._outbound.sequence
        inject(pair.client, b"\xc8" if number % 3 else b"\x02\0\0\0\0")
        if number % 3:
            expected.append(UnimplementedReceived(start))
    pair.run()
    assert pair.client_events == expected


@pytest.mark.row("P22")
@pytest.mark.parametrize("side", SIDES)
def test_p22_unassigned_userauth_numbers_are_answered_with_unimplemented(
    side: Side, key: PrivateKey
) -> None:
    pair = Pair(FAST_OPTIONS, FAST_OPTIONS, key=key)
    pair.client.request_service("ssh-userauth")
    pair.run()
    mine, peer = (pair.client, pair.server) if side == "client" else (pair.server, pair.client)
    drain(mine)
    expected: list[Event] = []
    for number in (*range(54, 60), *range(62, 80)):
        expected.append(UnimplementedReceived(peer._outbound.sequence))
        inject(peer, bytes([number]))
    pump(peer, mine)
    pump(mine, peer)
    assert drain(peer) == expected
    assert not mine.closed


@pytest.mark.row("T33")
def test_t33_pings_are_answered_in_order_after_authentication(pair: Pair) -> None:
    for number in range(5):
        inject(pair.client, Ping(data=b"%d" % number).encode(), b"\xc8")
    inject(pair.client, b"\xc1\0\0\0\0")  # a PONG that no one asked for
    pump(pair.client, pair.server)
    assert drain(pair.server) == []
    replies: list[int] = []
    pair.client._machine.row = tuple(type(a).DELIVER for a in pair.client._machine.row)
    pump(pair.server, pair.client)
    for event in drain(pair.client):
        assert isinstance(event, PayloadReceived)
        replies.append(event.payload[0])
    assert replies == [193, 3] * 5


@pytest.mark.row("T32")
def test_t32_messages_held_during_key_exchange_are_bounded(key: PrivateKey) -> None:
    limits = Limits(held_packets=4, held_bytes=1000)
    options = TransportOptions(algorithms=FAST, limits=limits)
    pair = Pair(options, options, key=key)
    for _ in range(4):
        pair.client.send_payload(b"\x32", bytes(99))
    assert not pair.client.writable
    for _ in range(6):  # up to the bytes, past the packets
        pair.client.send_payload(b"\x32", bytes(99))
    with pytest.raises(HeldQueueFull):
        pair.client.send_payload(b"\x32")
    assert not pair.client.closed


@pytest.mark.row("T32")
def test_t32_replies_to_peer_that_stalls_exchange_are_bounded(key: PrivateKey) -> None:
    limits = Limits(held_packets=10, held_bytes=1000)
    options = TransportOptions(algorithms=FAST, limits=limits)
    pair = Pair(options, options, key=key)
    pair.client.request_service("ssh-userauth")
    pair.run()
    pair.client.authenticated()
    pair.server.authenticated()
    pair.server.start_rekey()
    # the transport's own answers stop quietly
    for _ in range(500):
        inject(pair.client, Ping(data=bytes(10)).encode())
    pump(pair.client, pair.server)
    assert drain(pair.server) == []
    assert 10 <= len(pair.server._machine.output.held) < 100
    # those of the layer above end the connection
    pair.server.sink = lambda payload: pair.server.send_payload(b"\x63", payload, bytes(100))
    inject(pair.client, DATA)
    pump(pair.client, pair.server)
    ended(pair.server, BAD)


@pytest.mark.row("T32")
def test_t32_output_that_is_not_taken_stops_input(key: PrivateKey) -> None:
    limits = Limits(outgoing_bytes=5000)
    options = TransportOptions(algorithms=FAST, limits=limits)
    pair = Pair(options, options, key=key)
    pair.client.request_service("ssh-userauth")
    pair.run()
    pair.client.authenticated()
    pair.server.authenticated()
    for _ in range(1000):
        inject(pair.client, Ping(data=bytes(20)).encode())
    pump(pair.client, pair.server)
    assert 5000 < pair.server.outgoing_size < 5200
    assert pair.server.paused
    assert pair.server.unprocessed > 0
    answered = 0
    while (data := pair.server.take_outgoing()) is not None:
        answered += len(data)
        assert pair.server.next_event() is None
    assert pair.server.unprocessed == 0
    assert answered > 50_000


@pytest.mark.row("T38")
def test_t38_volume_before_authentication_is_bounded(key: PrivateKey) -> None:
    limits = Limits(early_bytes=20_000)
    pair = Pair(FAST_OPTIONS, TransportOptions(algorithms=FAST, limits=limits), key=key)
    pair.run()
    while not pair.server.closed:
        inject(pair.client, Ignore(data=bytes(1000)).encode())
        pump(pair.client, pair.server)
        drain_or_stop = pair.server.outgoing_size
        assert drain_or_stop < 1000
    ended(pair.server, BAD)
