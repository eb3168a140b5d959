"""zlib@openssh.com: when it begins, what it bounds, and that its contexts are renewed."""

from __future__ import annotations

import os
import tracemalloc
import zlib

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hostile import FAST, drain, ended, refused
from ssh_keys import PrivateKey
from ssh_transport import (
    CompressionCounts,
    CompressionFailed,
    KexCompleted,
    PayloadReceived,
    TransportOptions,
    profiles,
)
from ssh_transport.packets.compression import DeflatingOutbound
from ssh_transport.testing import Pair, inject, pump
from ssh_wire import DisconnectReason, UsageError

FAILED = DisconnectReason.COMPRESSION_ERROR
ZLIB = attrs.evolve(FAST, compression=("zlib@openssh.com",))
OPTIONS = TransportOptions(algorithms=ZLIB)
MOST = 262144
KEY = PrivateKey.generate("ed25519")


@pytest.fixture
def squeezed(key: PrivateKey) -> Pair:
    return Pair.connected(ZLIB, key=key)


def size_of(pair: Pair, payload: bytes) -> int:
    """Send a payload; return how many bytes it took."""
    pair.client.send_payload(payload[:1], memoryview(payload)[1:])
    size = pump(pair.client, pair.server)
    pair.answer()
    assert pair.payloads(pair.server) == [payload]
    return size


def test_payloads_are_compressed_in_both_directions(squeezed: Pair) -> None:
    assert squeezed.client.agreement.client_to_server.compression == "zlib@openssh.com"
    payload = b"\x5e" + b"the same again " * 2000
    assert size_of(squeezed, payload) < 300
    assert size_of(squeezed, payload) < 300
    squeezed.server.send_payload(payload)
    assert squeezed.server.outgoing_size < 300
    squeezed.run()
    assert squeezed.payloads(squeezed.client) == [payload]


def test_counts_of_compression_are_of_the_payloads_and_of_what_they_became(
    squeezed: Pair,
) -> None:
    assert squeezed.client.compression_counts == (
        CompressionCounts(plain=0, compressed=0),
        CompressionCounts(plain=0, compressed=0),
    )
    size_of(squeezed, b"\x5e" + b"the same again " * 2000)
    received, sent = squeezed.client.compression_counts
    assert sent is not None
    assert sent.plain == 30001
    assert 0 < sent.compressed < 300
    assert squeezed.server.compression_counts == (sent, received)


def test_connection_that_compresses_nothing_has_no_counts(key: PrivateKey) -> None:
    pair = Pair.connected(FAST, key=key)
    assert pair.client.compression_counts == (None, None)


def test_several_payloads_in_one_call_are_compressed_each(squeezed: Pair) -> None:
    sent = [b"\x5e" + b"the same again " * 500 for _ in range(3)]
    squeezed.client.send_payloads([(payload[:1], payload[1:]) for payload in sent])
    assert squeezed.client.outgoing_size < 1000
    squeezed.run()
    assert squeezed.payloads(squeezed.server) == sent


def test_compression_is_negotiated_per_direction(key: PrivateKey) -> None:
    both = attrs.evolve(FAST, compression=("none", "zlib@openssh.com"))
    pair = Pair.connected(both, key=key)
    assert pair.client.agreement.client_to_server.compression == "none"
    payload = b"\x5e" + bytes(20_000)
    assert size_of(pair, payload) > 20_000


@given(st.lists(st.binary(min_size=1, max_size=5000), min_size=1, max_size=20))
def test_any_payloads_are_expanded_unchanged(payloads: list[bytes]) -> None:
    pair = Pair.connected(ZLIB, key=KEY)
    expected = [b"\x5e" + payload for payload in payloads]
    for number, payload in enumerate(expected):
        pair.client.send_payload(payload)
        if number % 5 == 4:
            pair.client.start_rekey()
    pair.run()
    assert pair.payloads(pair.server) == expected


def test_rekey_begins_new_compression_context(squeezed: Pair) -> None:
    payload = b"\x5e" + os.urandom(20_000)
    first = size_of(squeezed, payload)
    repeated = size_of(squeezed, payload)
    assert repeated < first // 2  # the context knows it
    squeezed.server.start_rekey()
    squeezed.run()
    assert any(isinstance(event, KexCompleted) for event in squeezed.client_events)
    assert abs(size_of(squeezed, payload) - first) < 64


def authenticating(key: PrivateKey) -> Pair:
    pair = Pair(OPTIONS, OPTIONS, key=key)
    pair.client.request_service("ssh-userauth")
    pair.run()
    pair.client_events.clear()
    pair.server_events.clear()
    return pair


@pytest.mark.row("T35")
def test_t35_delayed_compression_begins_behind_success(key: PrivateKey) -> None:
    pair = authenticating(key)
    request = b"\x32" + b"a request " * 100
    pair.client.send_payload(request)
    assert pump(pair.client, pair.server) > 1000
    assert drain(pair.server) == [PayloadReceived(request)]
    pair.server.send_payload(b"\x34" + b"success " * 100)
    pair.server.authenticated()
    pair.server.send_payload(b"\x50" + b"request " * 100)
    data = pair.server.take_outgoing()
    assert data is not None
    assert 800 < len(data) < 1000
    seen: list[bytes] = []

    def take(payload: memoryview) -> None:
        seen.append(bytes(payload))
        if payload[0] == 0x34:
            pair.client.authenticated()

    pair.client.sink = take
    pair.client.receive(data)
    assert [payload[0] for payload in seen] == [0x34, 0x50]
    assert size_of(pair, b"\x5e" + bytes(10_000)) < 100


@pytest.mark.row("T35")
def test_t35_success_held_by_key_exchange_is_sent_uncompressed(key: PrivateKey) -> None:
    pair = authenticating(key)
    pair.server.start_rekey()
    pair.server.send_payload(b"\x35 a banner")
    pair.server.send_payload(b"\x34")
    pair.server.authenticated()
    pair.server.send_payload(b"\x5e", bytes(1000))

    def take(payload: memoryview) -> None:
        seen.append(bytes(payload))
        if payload[0] == 0x34:
            pair.client.authenticated()

    seen: list[bytes] = []
    pair.client.sink = take
    pair.run()
    assert seen == [b"\x35 a banner", b"\x34", b"\x5e" + bytes(1000)]
    assert size_of(pair, b"\x5e" + bytes(10_000)) < 100


@pytest.mark.row("T35")
def test_t35_compressed_packet_before_success_ends_connection(key: PrivateKey) -> None:
    pair = authenticating(key)
    inject(pair.client, zlib.compress(b"\x32 login"))
    pump(pair.client, pair.server)
    refused(pair.server, pair.client, DisconnectReason.PROTOCOL_ERROR)


@pytest.mark.row("T35")
def test_t35_zlib_before_authentication_is_refused() -> None:
    with pytest.raises(UsageError):
        attrs.evolve(ZLIB, compression=("zlib",)).check()
    for profile in ("strict", "default", "legacy"):
        assert "zlib" not in profiles(profile, "server").compression


def forged(pair: Pair, compressed: bytes) -> None:
    """Have the client send what it says is a compressed payload."""
    outbound = pair.client._outbound
    assert isinstance(outbound, DeflatingOutbound)
    outbound._context = None
    inject(pair.client, compressed)
    pump(pair.client, pair.server)


def flushed(data: bytes) -> bytes:
    context = zlib.compressobj(9)
    return context.compress(data) + context.flush(zlib.Z_PARTIAL_FLUSH)


@pytest.mark.row("T34")
@pytest.mark.parametrize("size", [MOST + 1, 2**20, 255 * 2**20])
def test_t34_compression_bomb_ends_connection_with_bounded_memory(
    size: int, squeezed: Pair
) -> None:
    bomb = flushed(b"\x5e" + bytes(size - 1))
    assert len(bomb) < 262_000
    tracemalloc.start()
    forged(squeezed, bomb)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    last = ended(squeezed.server, FAILED)
    assert isinstance(last.error, CompressionFailed)
    assert peak < 2 * MOST + 2**20 + 2 * len(bomb)


@pytest.mark.row("T34")
def test_t34_largest_payload_is_compressed_hundred_times(squeezed: Pair) -> None:
    payload = b"\x5e" + bytes(MOST - 1)
    for _ in range(100):
        assert size_of(squeezed, payload) < 1000


@pytest.mark.row("T34")
@pytest.mark.parametrize(
    "compressed",
    [b"\x5e not zlib", zlib.compress(b"")[:2], flushed(b"")[:2] + b"\xff" * 9, b"\x78\x9c"],
)
def test_t34_malformed_compressed_payload_ends_connection(
    compressed: bytes, squeezed: Pair
) -> None:
    forged(squeezed, compressed)
    refused(squeezed.server, squeezed.client, FAILED)


@pytest.mark.row("T34")
def test_t34_data_behind_end_of_stream_ends_connection(squeezed: Pair) -> None:
    whole = zlib.compress(b"\x5e data")
    forged(squeezed, whole)
    assert drain(squeezed.server) == [PayloadReceived(b"\x5e data")]
    forged(squeezed, flushed(b"\x5e more"))
    ended(squeezed.server, FAILED)


@pytest.mark.row("T36")
@pytest.mark.parametrize("ratio", [2.1, 10, 200])
def test_t36_payloads_that_grow_much_are_delivered_whole(ratio: float, squeezed: Pair) -> None:
    noise = os.urandom(1000)
    payload = b"\x5e" + noise + bytes(int(1000 * (ratio - 1)))
    size = size_of(squeezed, payload)
    assert size < len(payload) / ratio + 500


@settings(max_examples=200)
@given(st.binary(min_size=1, max_size=200))
def test_any_bytes_are_expanded_or_end_connection(data: bytes) -> None:
    pair = Pair.connected(ZLIB, key=KEY)
    forged(pair, data)
    events = drain(pair.server)
    assert len(events) <= 1


def test_too_large_payload_raises_usage_error(squeezed: Pair) -> None:
    with pytest.raises(UsageError, match="too large"):
        squeezed.client.send_payload(b"\x5e", bytes(MOST))
