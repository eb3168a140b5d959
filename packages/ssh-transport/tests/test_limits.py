"""Each limit at one less, at itself, and at one more."""

from __future__ import annotations

import attrs
import pytest

from hostile import FAST, drain, plain, taken
from ssh_keys import PrivateKey
from ssh_transport import Limits, Transport, TransportOptions
from ssh_transport.extinfo import Extensions
from ssh_transport.packets.outbound import HeldQueue
from ssh_transport.testing import Pair
from ssh_wire import ProtocolError
from ssh_wire.messages.transport import Extension, ExtInfo


def transport(limits: Limits, key: PrivateKey, *, client: bool = False) -> Transport:
    options = TransportOptions(algorithms=FAST, limits=limits)
    pair = Pair(options, options, key=key)
    found = pair.client if client else pair.server
    taken(found)
    return found


def survives(transport: Transport, data: bytes) -> bool:
    transport.receive(data)
    drain(transport)
    return not transport.closed


def test_defaults_are_documented_numbers() -> None:
    assert attrs.asdict(Limits()) == {
        "identification_line": 255,
        "banner_lines": 1024,
        "banner_line": 8192,
        "banner_bytes": 65536,
        "packet_length": 262144,
        "payload": 262144,
        "extensions": 1023,
        "held_packets": 64,
        "held_bytes": 4 * 2**20,
        "outgoing_bytes": 4 * 2**20,
        "early_bytes": 4 * 2**20,
        "rekey_timeout": 60.0,
        "key_packets": 2**32 - 2**16,
    }


@pytest.mark.parametrize(("excess", "good"), [(-1, True), (0, True), (1, False)])
def test_identification_line_is_accepted_up_to_limit(
    excess: int, good: bool, key: PrivateKey
) -> None:
    line = b"SSH-2.0-".ljust(50 + excess - 2, b"x") + b"\r\n"
    assert survives(transport(Limits(identification_line=50), key), line) is good


@pytest.mark.parametrize(("excess", "good"), [(-1, True), (0, True), (1, False)])
def test_banner_lines_are_accepted_up_to_limits(excess: int, good: bool, key: PrivateKey) -> None:
    lines = transport(Limits(banner_lines=5), key, client=True)
    assert survives(lines, b"x\n" * (5 + excess)) is good
    length = transport(Limits(banner_line=50), key, client=True)
    assert survives(length, b"x" * (49 + excess) + b"\n") is good


@pytest.mark.parametrize(("excess", "good"), [(-8, True), (0, True), (8, False)])
def test_packet_length_is_accepted_up_to_limit(excess: int, good: bool, key: PrivateKey) -> None:
    peer = transport(Limits(packet_length=1004), key)
    packet = plain(b"\x02" + bytes(992 + excess))
    assert len(packet) == 1008 + excess
    assert survives(peer, b"SSH-2.0-x\r\n" + packet) is good


@pytest.mark.parametrize(("excess", "good"), [(-1, True), (0, True), (1, False)])
def test_extensions_are_accepted_up_to_limit(excess: int, good: bool) -> None:
    entries = tuple(Extension(name=b"%d" % n, value=b"") for n in range(5 + excess))
    payload = ExtInfo(extensions=entries).encode()
    try:
        Extensions("client", 5).receive(payload)
    except ProtocolError:
        assert not good
    else:
        assert good


@pytest.mark.parametrize(("excess", "full"), [(-1, False), (0, True), (1, True)])
def test_held_queue_is_full_at_limit(excess: int, full: bool) -> None:
    packets = HeldQueue(5, 0)
    for _ in range(5 + excess):
        packets.push((b"",))
    assert packets.full is full
    size = HeldQueue(0, 50)
    size.push((bytes(50 + excess),))
    assert size.full is full


@pytest.mark.parametrize(("excess", "good"), [(-1, True), (0, True), (1, False)])
def test_early_bytes_are_accepted_up_to_limit(excess: int, good: bool, key: PrivateKey) -> None:
    peer = transport(Limits(early_bytes=100), key, client=True)
    assert survives(peer, b"x" * (99 + excess) + b"\n") is good


def test_default_limits_accept_sizes_of_rfc_4253(key: PrivateKey) -> None:
    # section 6.1: "MUST be able to process packets with an uncompressed payload length of
    # 32768 bytes or less and a total packet size of 35000 bytes or less"
    peer = transport(Limits(), key)
    ignore = b"\x02" + (32763).to_bytes(4, "big") + bytes(32763)
    assert len(ignore) == 32768
    assert survives(peer, b"SSH-2.0-x\r\n" + plain(ignore))
    assert survives(peer, plain(b"\x02" + bytes(34980)))
