"""The interface that both roles share, driven as a program without a loop would."""

from __future__ import annotations

import attrs
import pytest

from hostile import FAST_OPTIONS, drain, taken
from ssh_keys import PrivateKey
from ssh_transport import (
    ClientTransport,
    KexCompleted,
    Transport,
    TransportOptions,
    profiles,
)
from ssh_transport.testing import Pair, pump
from ssh_wire import UsageError
from ssh_wire.messages.transport import Ignore

DATA = b"\x5e" + bytes(range(256))


def fill(transport: Transport, data: bytes) -> None:
    while data:
        room = transport.get_buffer()
        count = min(len(room), len(data))
        room[:count] = data[:count]
        transport.buffer_updated(count)
        data = data[count:]


def test_payloads_of_any_size_are_received_through_buffer(pair: Pair) -> None:
    seen: list[bytes] = []
    pair.server.sink = lambda payload: seen.append(bytes(payload))
    for size in (1, 100, 5000, 200_000, 7):
        pair.client.send_payload(DATA[:1], bytes(size))
    fill(pair.server, taken(pair.client))
    assert [len(payload) - 1 for payload in seen] == [1, 100, 5000, 200_000, 7]


def test_payload_view_is_valid_only_during_call(pair: Pair) -> None:
    kept: list[memoryview] = []
    pair.server.sink = kept.append
    pair.client.send_payload(b"\x5e first")
    pair.client.send_payload(b"\x5e other")
    pump(pair.client, pair.server)
    assert bytes(kept[0]) == bytes(kept[1]) == b"\x5e other"


def test_facts_of_connection_are_known_after_key_exchange(key: PrivateKey) -> None:
    pair = Pair(FAST_OPTIONS, FAST_OPTIONS, key=key)
    for side in (pair.client, pair.server):
        assert side.session_id == b""
        assert side.peer_software == ""
        with pytest.raises(UsageError):
            _ = side.agreement
        with pytest.raises(UsageError):
            _ = side.host_key
    pair.run()
    for side in (pair.client, pair.server):
        assert len(side.session_id) == 32
        assert side.peer_software == "ssh_stack_0.1"
        assert side.agreement.kex == "curve25519-sha256"
        assert side.host_key == key.public_key
        assert side.writable
        assert not side.paused
        assert not side.closed
        assert not side.is_authenticated
        assert side.unprocessed == side.outgoing_size == 0


def test_rekey_before_end_of_first_exchange_is_ignored(key: PrivateKey) -> None:
    pair = Pair(FAST_OPTIONS, FAST_OPTIONS, key=key)
    waiting = pair.client.outgoing_size
    pair.client.start_rekey()
    assert pair.client.outgoing_size == waiting
    pair.run()
    assert sum(isinstance(event, KexCompleted) for event in pair.client_events) == 1


def test_messages_and_payloads_are_sent_alike(pair: Pair) -> None:
    pair.client.send(Ignore(data=b"x"))
    one = taken(pair.client)
    pair.client.send_payload(b"\x02", b"\0\0\0\1x")
    assert len(taken(pair.client)) == len(one)


def test_several_payloads_in_one_call(pair: Pair) -> None:
    seen: list[bytes] = []
    pair.server.sink = lambda payload: seen.append(bytes(payload))

    pair.client.send_payloads([(b"\x5e", b"one"), (b"\x5etwo",), (b"\x5e", bytes(33_000))])
    pump(pair.client, pair.server)

    assert seen == [b"\x5eone", b"\x5etwo", b"\x5e" + bytes(33_000)]


def test_burst_of_payloads_is_split_by_rekey(key: PrivateKey) -> None:
    """The bound is kept to the packet, and what follows it waits for the new keys."""
    options = attrs.evolve(FAST_OPTIONS, rekey_bytes=4000)
    pair = Pair(options, FAST_OPTIONS, key=key)
    pair.client.request_service("ssh-userauth")
    pair.run()
    pair.client.authenticated()
    pair.server.authenticated()
    seen: list[bytes] = []
    pair.server.sink = lambda payload: seen.append(bytes(payload))
    sent = [bytes([94, number]) + bytes(600) for number in range(30)]

    pair.client.send_payloads([(payload,) for payload in sent])
    assert not pair.client.writable
    pair.client.send_payloads([(b"\x5e", b"behind")])
    pair.run()

    assert seen == [*sent, b"\x5ebehind"]
    assert sum(isinstance(event, KexCompleted) for event in pair.client_events) > 1


def test_time_is_that_of_last_tick(key: PrivateKey) -> None:
    client = ClientTransport(FAST_OPTIONS, random=bytes, now=5.0)
    assert client.now == 5.0
    client.tick(7.0)
    assert client.now == 7.0
    assert key is not None
    assert drain(client) == []


def test_offered_legacy_algorithms_are_listed(key: PrivateKey) -> None:
    legacy = TransportOptions(algorithms=profiles("legacy", "client"))
    pair = Pair(legacy, key=key)
    assert "3des-cbc" in pair.client.offers_legacy
    assert pair.server.offers_legacy == ()
