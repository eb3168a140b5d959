"""How input is processed: order, bounds, floods, pauses, and the end."""

from __future__ import annotations

import sys
import tracemalloc
from time import process_time

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hostile import (
    FAST,
    FAST_OPTIONS,
    Side,
    Stage,
    drain,
    ended,
    plain,
    refused,
    split,
    staged,
    taken,
)
from ssh_keys import PrivateKey
from ssh_transport import (
    ConnectionClosed,
    ConnectionLost,
    DebugReceived,
    Disconnected,
    Limits,
    PayloadReceived,
    PeerDisconnected,
    TransportOptions,
    UnimplementedReceived,
)
from ssh_transport.testing import Pair, inject, pump
from ssh_wire import DisconnectReason, ProtocolError
from ssh_wire.messages.transport import Debug, Disconnect, Ping, Unimplemented

BAD = DisconnectReason.PROTOCOL_ERROR
KEY = PrivateKey.generate("ed25519")
DATA = b"\x5e some data"
SIDES: list[Side] = ["client", "server"]
STAGES: list[Stage] = ["kexinit", "kex", "newkeys"]


# ---------------------------------------------------------------- order and chunks


@given(st.lists(st.integers(1, 400), min_size=1, max_size=40), st.integers(0, 1))
def test_any_chunks_give_same_events(sizes: list[int], early: int) -> None:
    def cut(data: bytes) -> list[bytes]:
        pieces: list[bytes] = []
        turn = 0
        while data:
            size = sizes[turn % len(sizes)]
            pieces.append(data[:size])
            data = data[size:]
            turn += 1
        return pieces

    def kinds(pair: Pair) -> list[str]:
        return [repr(type(event)) for event in pair.client_events + pair.server_events]

    whole, chunked = (Pair(FAST_OPTIONS, FAST_OPTIONS, key=KEY) for _ in range(2))
    for pair in (whole, chunked):
        if early:
            pair.client.request_service("ssh-userauth")
        pair.run(None if pair is whole else cut)
        pair.client.send_payload(b"\xc8")
        pair.run(None if pair is whole else cut)
    assert kinds(whole) == kinds(chunked)


@pytest.mark.parametrize("size", [1, 3, 10**9])
@pytest.mark.parametrize("cipher", ["aes256-gcm@openssh.com", "aes256-ctr"])
def test_payloads_arrive_whole_with_any_fragmentation(
    size: int, cipher: str, key: PrivateKey
) -> None:
    pair = Pair.connected(attrs.evolve(FAST, ciphers=(cipher,)), key=key)
    payloads = [b"\x5e" + bytes([n]) * (n * 37) for n in range(30)]
    for payload in payloads:
        pair.client.send_payload(payload)
    pair.run(lambda data: [data[at : at + size] for at in range(0, len(data), size)])
    assert pair.payloads(pair.server) == payloads


def test_no_packet_overtakes_event(pair: Pair) -> None:
    seen: list[object] = []
    pair.server.sink = lambda payload: seen.append(bytes(payload))
    pair.client.send(Debug(always_display=True, message="first\x1b"))
    pair.client.send_payload(DATA)
    pump(pair.client, pair.server)
    assert seen == []
    seen.append(pair.server.next_event())
    assert seen == [DebugReceived("first\\x1b", always_display=True)]
    assert pair.server.next_event() is None
    assert seen[1:] == [DATA]


def test_sink_takes_payloads_and_others_are_events(pair: Pair) -> None:
    seen: list[bytes] = []
    pair.server.sink = lambda payload: seen.append(bytes(payload))
    pair.client.send_payload(b"\x50", b"request")
    pair.client.send_payload(b"\x5e", memoryview(b"data"), bytearray(b"more"))
    pair.client.send(Unimplemented(sequence=77))
    pair.run()
    assert seen == [b"\x50request", b"\x5edatamore"]
    assert pair.server_events == [UnimplementedReceived(77)]


def test_protocol_error_of_sink_ends_connection(pair: Pair) -> None:
    def refuse(payload: memoryview) -> None:
        problem = f"message {payload[0]}\x07"
        raise ProtocolError(problem, reason=DisconnectReason.NO_MORE_AUTH_METHODS_AVAILABLE)

    pair.server.sink = refuse
    pair.client.send_payload(DATA)
    pair.client.send_payload(DATA)
    pump(pair.client, pair.server)
    last = refused(pair.server, pair.client, DisconnectReason.NO_MORE_AUTH_METHODS_AVAILABLE)
    assert last.description == "message 94\\x07"


def test_other_error_of_sink_is_raised_to_caller(pair: Pair) -> None:
    def fail(payload: memoryview) -> None:
        raise ZeroDivisionError(payload[0])

    pair.server.sink = fail
    pair.client.send_payload(DATA)
    with pytest.raises(ZeroDivisionError):
        pump(pair.client, pair.server)
    assert not pair.server.closed
    pair.server.sink = None
    pair.client.send_payload(DATA)
    pair.run()
    assert pair.payloads(pair.server) == [DATA]


def test_sink_may_end_connection(pair: Pair) -> None:
    seen: list[bytes] = []

    def leave(payload: memoryview) -> None:
        seen.append(bytes(payload))
        pair.server.disconnect(DisconnectReason.BY_APPLICATION, "enough")

    pair.server.sink = leave
    for _ in range(3):
        pair.client.send_payload(DATA)
    pump(pair.client, pair.server)
    assert seen == [DATA]
    assert drain(pair.server) == [
        Disconnected(DisconnectReason.BY_APPLICATION, "enough", by_peer=False, error=None)
    ]


def test_sink_may_feed_transport(pair: Pair) -> None:
    seen: list[bytes] = []
    pair.client.send_payload(DATA)
    pair.client.send_payload(b"\x5e second")
    first, second = pair.client.take_outgoing(), None
    assert first is not None
    middle = len(first) // 2
    first, second = bytes(first)[:middle], bytes(first)[middle:]

    def take(payload: memoryview) -> None:
        seen.append(bytes(payload))
        if len(seen) == 1:
            pair.server.receive(second)

    pair.server.sink = take
    pair.server.receive(first)
    assert seen == [DATA, b"\x5e second"]


# ---------------------------------------------------------------- malformed packets


@pytest.mark.row("T05")
@pytest.mark.row("T06")
@pytest.mark.parametrize("length", [0, 1, 4, 11, 13, 262145, 262148, 2**31 - 1, 2**32 - 1])
def test_t05_invalid_plain_length_is_refused_at_once(length: int, key: PrivateKey) -> None:
    server, _ = staged("server", "kexinit", key)
    taken(server)
    tracemalloc.start()
    before = process_time()
    server.receive(length.to_bytes(4, "big"))
    ended(server, BAD)
    assert process_time() - before < 0.05
    assert tracemalloc.get_traced_memory()[1] < 2 * 262144 + 2**20
    tracemalloc.stop()


def test_largest_plain_packet_is_waited_for(key: PrivateKey) -> None:
    server, _ = staged("server", "kexinit", key)
    server.receive((262140).to_bytes(4, "big") + bytes(100_000))
    assert drain(server) == []
    assert server.unprocessed == 100_004


@pytest.mark.row("T07")
@pytest.mark.parametrize("padding", [0, 1, 2, 3, 11, 12, 255])
def test_t07_invalid_padding_ends_connection(padding: int, key: PrivateKey) -> None:
    server, _ = staged("server", "kexinit", key)
    server.receive((12).to_bytes(4, "big") + bytes([padding]) + b"\x02" + bytes(10))
    ended(server, BAD)


@pytest.mark.row("T07")
@pytest.mark.parametrize("padding", [0, 3, 16, 15, 255])
def test_t07_invalid_sealed_padding_ends_connection(padding: int, pair: Pair) -> None:
    sealer = pair.client._outbound._sealer
    packet = (16).to_bytes(4, "big") + bytes([padding]) + b"\x02" + bytes(14)
    pair.server.receive(sealer.seal(packet, pair.client._outbound.sequence))
    ended(pair.server, BAD)


@pytest.mark.row("T07")
def test_t07_padding_of_largest_size_is_accepted(pair: Pair) -> None:
    sealer = pair.client._outbound._sealer
    body = b"\x5e".ljust(17, b"d")
    packet = (273 - 1).to_bytes(4, "big") + bytes([255 - 1]) + body + bytes(254)
    pair.server.receive(sealer.seal(packet, 0))
    assert drain(pair.server) == [PayloadReceived(body)]


@pytest.mark.row("T07")
def test_t07_empty_payload_ends_connection(key: PrivateKey) -> None:
    server, _ = staged("server", "kexinit", key)
    server.receive((12).to_bytes(4, "big") + bytes([11]) + bytes(11))
    ended(server, BAD)


@pytest.mark.row("T09")
@pytest.mark.row("T11")
def test_t09_corrupt_packet_ends_connection(pair: Pair) -> None:
    pair.client.send_payload(DATA)
    data = bytearray(taken(pair.client))
    data[-1] ^= 1
    pair.server.receive(data)
    last = refused(pair.server, pair.client, DisconnectReason.MAC_ERROR)
    assert last.description == "a packet is corrupt"


@pytest.mark.row("T11")
@pytest.mark.parametrize("fault", ["replay", "drop", "swap", "old key"])
@pytest.mark.parametrize(
    "cipher", ["aes256-gcm@openssh.com", "chacha20-poly1305@openssh.com", "aes256-ctr"]
)
def test_t11_packets_out_of_their_place(fault: str, cipher: str, key: PrivateKey) -> None:
    pair = Pair.connected(attrs.evolve(FAST, ciphers=(cipher,)), key=key)
    packets: list[bytes] = []
    for number in range(3):
        pair.client.send_payload(b"\x5e", bytes([number]) * 40)
        packets.append(taken(pair.client))
    if fault == "old key":
        pair.server.receive(b"".join(packets))
        pair.client.start_rekey()
        pair.run()
        pair.payloads(pair.server)
        stream = packets[0]
    else:
        order = {"replay": [0, 0], "drop": [0, 2], "swap": [1, 0]}[fault]
        stream = b"".join(packets[number] for number in order)
    pair.server.receive(stream)
    events = drain(pair.server)
    last = events[-1]
    assert isinstance(last, Disconnected)
    assert last.reason in {DisconnectReason.MAC_ERROR, BAD}
    assert sum(isinstance(event, PayloadReceived) for event in events) <= 1


@given(st.binary(max_size=600), st.sampled_from(STAGES))
def test_any_plain_bytes_end_in_order_or_wait(data: bytes, stage: Stage) -> None:
    for side in SIDES:
        transport, _ = staged(side, stage, KEY)
        transport.receive(data)
        events = drain(transport)
        if transport.closed:
            assert sum(isinstance(event, Disconnected) for event in events) == 1


# ---------------------------------------------------------------- authentication decisions


def authenticating(key: PrivateKey) -> Pair:
    pair = Pair(FAST_OPTIONS, FAST_OPTIONS, key=key)
    pair.client.request_service("ssh-userauth")
    pair.run()
    pair.server_events.clear()
    return pair


def test_connection_messages_wait_for_authentication_decision(key: PrivateKey) -> None:
    pair = authenticating(key)
    pair.server.hold_connection_messages = True
    inject(pair.client, b"\x32 login", b"\x5a open", b"\x62 exec")
    pump(pair.client, pair.server)
    assert drain(pair.server) == [PayloadReceived(b"\x32 login")]
    assert pair.server.paused
    pair.server.authenticated()
    pair.server.hold_connection_messages = False
    assert not pair.server.paused
    assert drain(pair.server) == [PayloadReceived(b"\x5a open"), PayloadReceived(b"\x62 exec")]


def test_held_messages_go_to_sink_after_authentication(key: PrivateKey) -> None:
    pair = authenticating(key)
    seen: list[bytes] = []
    pair.server.sink = lambda payload: seen.append(bytes(payload))
    pair.server.hold_connection_messages = True
    inject(pair.client, b"\x5a open", b"\x5d")
    pump(pair.client, pair.server)
    assert seen == []
    pair.server.authenticated()
    pair.server.hold_connection_messages = False
    assert pair.server.next_event() is None
    assert seen == [b"\x5a open", b"\x5d"]


@pytest.mark.row("A01")
def test_a01_held_messages_end_connection_when_authentication_fails(key: PrivateKey) -> None:
    pair = authenticating(key)
    pair.server.hold_connection_messages = True
    inject(pair.client, b"\x5a open")
    pump(pair.client, pair.server)
    pair.server.hold_connection_messages = False
    refused(pair.server, pair.client, BAD)


def test_connection_lost_while_messages_are_held_drops_them(key: PrivateKey) -> None:
    pair = authenticating(key)
    pair.server.hold_connection_messages = True
    inject(pair.client, b"\x5a open")
    pump(pair.client, pair.server)
    pair.server.connection_lost()
    assert [type(event) for event in drain(pair.server)] == [Disconnected]


def test_authentication_may_succeed_during_key_exchange(key: PrivateKey) -> None:
    pair = authenticating(key)
    pair.server.start_rekey()
    pump(pair.server, pair.client)
    pair.server.authenticated()
    pair.client.authenticated()
    pair.client.send_payload(DATA)
    pair.run()
    assert pair.payloads(pair.server) == [DATA]


# ---------------------------------------------------------------- the end


@pytest.mark.row("T39")
def test_t39_messages_after_disconnect_are_ignored(pair: Pair) -> None:
    seen: list[bytes] = []
    pair.server.sink = lambda payload: seen.append(bytes(payload))
    inject(pair.client, Disconnect(code=999, description="bye\n").encode())
    inject(pair.client, *[DATA] * 1000)
    inject(pair.client, *[Ping(data=b"").encode()] * 10)
    pump(pair.client, pair.server)
    events = drain(pair.server)
    assert seen == []
    assert taken(pair.server) == b""
    assert len(events) == 1
    last = events[0]
    assert isinstance(last, Disconnected)
    assert (last.reason, last.description, last.by_peer) == (999, "bye\\x0a", True)
    assert isinstance(last.error, PeerDisconnected)
    assert (last.error.code, last.error.description) == (999, "bye\\x0a")


@pytest.mark.row("T39")
def test_t39_disconnect_is_accepted_in_every_stage(key: PrivateKey) -> None:
    for side in SIDES:
        for stage in STAGES:
            transport, _ = staged(side, stage, key)
            taken(transport)
            transport.receive(plain(Disconnect(code=2).encode()))
            last = drain(transport)[-1]
            assert isinstance(last, Disconnected)
            assert last.by_peer
            assert taken(transport) == b""


def test_disconnect_is_sent_once_behind_pending_data(pair: Pair) -> None:
    pair.client.send_payload(DATA)
    pair.client.disconnect(DisconnectReason.BY_APPLICATION, "bye")
    pair.client.disconnect(DisconnectReason.BY_APPLICATION, "twice")
    pair.run()
    assert pair.client_events == [
        Disconnected(DisconnectReason.BY_APPLICATION, "bye", by_peer=False, error=None)
    ]
    assert pair.payloads(pair.server) == [DATA]
    assert isinstance(pair.server_events[0], Disconnected)


def test_disconnect_before_identification_is_not_sent(key: PrivateKey) -> None:
    client = Pair(key=key).client
    client.disconnect(DisconnectReason.BY_APPLICATION, "changed my mind")
    assert [payload[0] for payload in split(taken(client))[1]] == [20]


def test_lost_connection_delivers_complete_packets_and_ends(pair: Pair) -> None:
    pair.client.send_payload(DATA)
    data = taken(pair.client)
    pair.server.receive(data)
    pair.server.receive(data[:10])  # and middle a packet
    pair.server.connection_lost()
    first, last = drain(pair.server)
    assert first == PayloadReceived(DATA)
    assert isinstance(last, Disconnected)
    assert last.reason == DisconnectReason.CONNECTION_LOST
    assert isinstance(last.error, ConnectionLost)
    assert isinstance(last.error, ConnectionError)
    assert taken(pair.server) == b""
    with pytest.raises(ConnectionClosed):
        pair.server.buffer_updated(0)


def test_received_data_is_delivered_when_connection_is_lost_with_output_pending(
    key: PrivateKey,
) -> None:
    options = TransportOptions(algorithms=FAST, limits=Limits(outgoing_bytes=10))
    pair = Pair(options, options, key=key)
    pair.client.request_service("ssh-userauth")
    pair.run()
    pair.server.authenticated()
    inject(pair.client, b"\xc8", DATA)
    pump(pair.client, pair.server)
    assert drain(pair.server) == []
    pair.server.connection_lost()
    assert drain(pair.server)[0] == PayloadReceived(DATA)


def test_taken_output_is_referenced_by_caller_only(pair: Pair) -> None:
    pair.client.send_payload(DATA)
    first = pair.client.take_outgoing()
    assert first is not None
    assert sys.getrefcount(first) <= 3
