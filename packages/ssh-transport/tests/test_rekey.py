"""When to rekey: bytes, packets, time, and how long it may take."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from hostile import FAST, FAST_OPTIONS, drain, ended, taken
from ssh_keys import PrivateKey
from ssh_transport import (
    Disconnected,
    KexCompleted,
    Limits,
    RekeyTimeout,
    TransportOptions,
)
from ssh_transport.packets.inbound import Inbound
from ssh_transport.packets.outbound import Outbound
from ssh_transport.rekey import RekeyPolicy
from ssh_transport.testing import Pair, pump
from ssh_wire import DisconnectReason, ProtocolError

FAILED = DisconnectReason.KEY_EXCHANGE_FAILED
DATA = b"\x5e" + bytes(500)


def policy(**changes: Any) -> tuple[RekeyPolicy, Inbound, Outbound]:
    options = TransportOptions(algorithms=FAST, **changes)
    inbound, outbound = Inbound(1000), Outbound(bytes, 1000)
    return RekeyPolicy(options, inbound, outbound), inbound, outbound


@pytest.mark.row("T38")
@pytest.mark.parametrize("where", ["inbound", "outbound"])
@pytest.mark.parametrize(
    ("what", "option"), [("octets", "rekey_bytes"), ("packets", "rekey_packets")]
)
def test_t38_each_bound_of_each_direction(where: str, what: str, option: str) -> None:
    rekey, inbound, outbound = policy(**{option: 100})
    direction = inbound if where == "inbound" else outbound
    for count, due in ((99, False), (100, True), (101, True)):
        setattr(direction, what, count)
        assert rekey.due(0.0) is due


def test_room_is_what_remains_before_next_rekey() -> None:
    longest = TransportOptions(algorithms=FAST).limits.packet_length
    rekey, _, outbound = policy(rekey_bytes=10 * longest, rekey_packets=100)
    assert rekey.has_room(9)
    assert not rekey.has_room(10)
    outbound.octets = 9 * longest
    assert not rekey.has_room(1)
    outbound.octets, outbound.packets = 0, 98
    assert rekey.has_room(1)
    assert not rekey.has_room(2)


@pytest.mark.row("T38")
def test_t38_rekey_is_due_after_its_seconds() -> None:
    rekey, _, _ = policy(rekey_seconds=50.0)
    assert not rekey.due(1e9)
    rekey.completed(100.0)
    assert (rekey.due(149.9), rekey.due(150.0)) == (False, True)


def test_default_rekey_limits_are_documented_numbers() -> None:
    options = TransportOptions(algorithms=FAST)
    assert options.rekey_bytes == 2**30
    assert options.rekey_packets == 2**31
    assert options.rekey_seconds == 3600
    assert options.limits.rekey_timeout == 60


def test_early_bytes_or_key_packets_beyond_bounds_raise_protocol_error() -> None:
    rekey, inbound, outbound = policy(limits=Limits(early_bytes=10, key_packets=5))
    rekey.early(9)
    rekey.early(1)
    with pytest.raises(ProtocolError):
        rekey.early(1)
    for direction in (inbound, outbound):
        direction.packets = 4
        rekey.check()
        direction.packets = 5
        with pytest.raises(ProtocolError):
            rekey.check()
        direction.packets = 0


def completed(events: list[object]) -> int:
    return sum(isinstance(event, KexCompleted) for event in events)


@pytest.mark.row("T38")
@pytest.mark.parametrize("cipher", ["aes256-gcm@openssh.com", "aes128-ctr"])
@pytest.mark.parametrize("limit", [16, 1024, 256 * 1024])
@pytest.mark.parametrize("side", ["client", "server", "both"])
def test_t38_small_limits_are_transparent(
    side: str, limit: int, cipher: str, key: PrivateKey
) -> None:
    small = TransportOptions(algorithms=attrs.evolve(FAST, ciphers=(cipher,)), rekey_bytes=limit)
    client = FAST_OPTIONS if side == "server" else small
    server = FAST_OPTIONS if side == "client" else small
    pair = Pair(client, server, key=key)
    pair.client.request_service("ssh-userauth")
    pair.run()
    pair.client.authenticated()
    pair.server.authenticated()
    sent: list[bytes] = []
    for number in range(20):
        size = 40_000 if limit > 10_000 else 500
        payload = b"\x5e" + bytes([number]) * size
        sent.append(payload)
        pair.client.send_payload(payload)
        pair.server.send_payload(payload)
        if number % 3 == 0:
            pair_step(pair)
    for _ in range(60):
        pair_step(pair)
    assert pair.payloads(pair.server) == sent
    assert pair.payloads(pair.client) == sent
    assert completed([*pair.client_events]) > 2
    assert not pair.client.closed


def pair_step(pair: Pair) -> None:
    """One round; `run` would never end where every packet asks for new keys."""
    pair.answer()
    pump(pair.client, pair.server)
    pair.answer()
    pump(pair.server, pair.client)
    pair.answer()


def test_rekey_begins_at_deadline(pair: Pair) -> None:
    assert pair.client.next_deadline() == 3600.0
    pair.client.tick(3599.0)
    assert taken(pair.client) == b""
    pair.client.tick(3600.0)
    assert pair.client.outgoing_size > 0
    assert pair.client.next_deadline() == 3660.0
    pair.client.now = 3601.0
    pair.run()
    assert completed([*pair.client_events]) == 1
    assert pair.client.next_deadline() == 3601.0 + 3600.0


def test_rekey_does_not_begin_before_authentication(key: PrivateKey) -> None:
    options = TransportOptions(algorithms=FAST, rekey_bytes=16, rekey_seconds=1.0)
    pair = Pair(options, options, key=key)
    pair.client.request_service("ssh-userauth")
    pair.run()
    for side in (pair.client, pair.server):
        assert side.next_deadline() is None
        side.tick(1e6)
    pair.client.send_payload(b"\x32", bytes(100))
    pair.run()
    assert completed([*pair.client_events]) == 1
    pair.client.tick(1e6)
    pair.client.authenticated()
    pair.client.tick(1e6)
    assert not pair.client.writable


@pytest.mark.row("T32")
@pytest.mark.parametrize("beginner", ["us", "peer"])
def test_t32_exchange_that_does_not_complete_ends_at_timeout(beginner: str, pair: Pair) -> None:
    pair.client.now = 100.0
    if beginner == "us":
        pair.client.start_rekey()
    else:
        pair.server.start_rekey()
        pump(pair.server, pair.client)
        drain(pair.client)
    assert pair.client.next_deadline() == 160.0
    pair.client.tick(159.9)
    assert not pair.client.closed
    pair.client.start_rekey()
    pair.client.tick(160.0)
    last = ended(pair.client, FAILED)
    assert isinstance(last.error, RekeyTimeout)
    assert isinstance(last.error, TimeoutError)


def test_first_exchange_has_no_deadline(key: PrivateKey) -> None:
    pair = Pair(FAST_OPTIONS, FAST_OPTIONS, key=key)
    pump(pair.server, pair.client)
    drain(pair.client)
    assert pair.client.next_deadline() is None
    pair.client.tick(1e9)
    assert not pair.client.closed


def test_data_sent_during_rekey_is_delivered_under_new_key(pair: Pair) -> None:
    pair.server.start_rekey()
    pump(pair.server, pair.client)
    drain(pair.client)
    pair.client.send_payload(DATA)
    pair.run()
    assert pair.payloads(pair.server) == [DATA]
    assert not any(isinstance(event, Disconnected) for event in pair.client_events)
