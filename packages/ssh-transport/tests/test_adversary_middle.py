"""A man in the middle of the handshake: injected and deleted packets (CVE-2023-48795)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

import attrs
import pytest

from adversary import (
    SIDES,
    SUITES,
    Edit,
    Middle,
    PacketOutbound,
    Suite,
    ends,
    offer,
    options,
)
from hostile import Side, plain, without_strict
from ssh_transport import ExtInfoReceived, KexCompleted, PayloadReceived, TransportOptions
from ssh_transport.ciphers import CIPHERS
from ssh_transport.testing import Pair
from ssh_wire import DisconnectReason

BAD = DisconnectReason.PROTOCOL_ERROR
CORRUPT = DisconnectReason.MAC_ERROR
IGNORE = plain(b"\x02\0\0\0\0")
UNKNOWN = plain(b"\xc8\0\0\0\0")
DATA = b"\x5e behind the handshake"

# one suite of each construction
_CLASSES: dict[str, Suite] = {
    "chacha": ("chacha20-poly1305@openssh.com", "hmac-sha2-256"),
    "gcm": ("aes256-gcm@openssh.com", "hmac-sha2-256"),
    "ctr-etm": ("aes256-ctr", "hmac-sha2-256-etm@openssh.com"),
    "ctr-mac": ("aes256-ctr", "hmac-sha2-256"),
    "cbc-etm": ("aes256-cbc", "hmac-sha2-256-etm@openssh.com"),
    "cbc-mac": ("aes256-cbc", "hmac-sha2-256"),
}
CLASSES = {name: suite for name, suite in _CLASSES.items() if suite[0] in CIPHERS}
every_class = pytest.mark.parametrize("suite", CLASSES.values(), ids=list(CLASSES))
# KEXINIT is 1, the share or the reply 2, NEWKEYS 3, EXT_INFO 4
PLACES = [1, 2, 3]


def inserting(side: Side, place: int, packet: bytes, *, deleting: int = 0) -> Edit:
    """Say `packet` before the packet at `place`, and swallow some that follow NEWKEYS."""

    def edit(speaker: Side, number: int, original: bytes) -> Iterable[bytes]:
        if speaker != side:
            return (original,)
        if number == place:
            return (packet, original)
        return () if 4 <= number < 4 + deleting else (original,)

    return edit


def established(pair: Pair) -> bool:
    events = pair.client_events, pair.server_events
    return all(any(isinstance(event, KexCompleted) for event in each) for each in events)


def of(pair: Pair, side: Side) -> list[object]:
    return [*(pair.client_events if side == "client" else pair.server_events)]


def other(side: Side) -> Side:
    return "server" if side == "client" else "client"


@every_class
def test_handshake_through_honest_relay_is_established(suite: Suite) -> None:
    middle = Middle(options(*suite), options(*suite))
    middle.run()
    assert established(middle.pair)
    assert middle.pair.client.agreement.strict


@pytest.mark.row("T12")
@pytest.mark.parametrize("packet", [IGNORE, UNKNOWN], ids=["ignore", "unknown"])
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("side", SIDES)
@every_class
def test_t12_injected_packet_ends_strict_handshake(
    suite: Suite, side: Side, place: int, packet: bytes
) -> None:
    for deleting in (0, 1, 2):
        edit = inserting(side, place, packet, deleting=deleting)
        middle = Middle(options(*suite), options(*suite), edit)
        middle.run()
        assert not established(middle.pair)
        (end,) = ends(middle.pair, other(side))
        assert (end.reason, end.by_peer) == (BAD, False)


@pytest.mark.row("T12")
@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("side", SIDES)
@every_class
def test_t12_deleted_packet_is_detected(suite: Suite, side: Side, count: int) -> None:
    def edit(speaker: Side, number: int, original: bytes) -> Iterable[bytes]:
        return () if speaker == side and 4 <= number < 4 + count else (original,)

    middle = Middle(options(*suite), options(*suite), edit)
    middle.run()
    mine = middle.pair.client if side == "client" else middle.pair.server
    for _ in range(3):
        mine.send_payload(b"\x02", bytes(600))
    middle.run()
    victim = other(side)
    target = middle.pair.client if victim == "client" else middle.pair.server
    if "-cbc" in suite[0] and not target.closed:
        target.receive(bytes(2**19))  # T10: as much is read whatever is wrong
        middle.pair.answer()
    assert not any(isinstance(event, ExtInfoReceived) for event in of(middle.pair, victim))
    (end,) = ends(middle.pair, victim)
    assert not end.by_peer
    if "ctr-mac" in CLASSES and suite == CLASSES["ctr-mac"]:
        assert end.reason in {CORRUPT, BAD}  # the length decrypts to nonsense first
    elif suite[0].startswith("chacha20") or "cbc" in suite[0]:
        assert end.reason in {CORRUPT, BAD}
    else:
        assert end.reason == CORRUPT


@pytest.mark.row("T12")
@pytest.mark.parametrize("side", SIDES)
def test_t12_attack_works_without_strict_key_exchange(
    side: Side, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tests above would be worth nothing if the attack did not work without the cure."""
    without_strict(monkeypatch)
    suite = CLASSES["chacha"]
    middle = Middle(options(*suite), options(*suite), inserting(side, 3, IGNORE, deleting=1))
    middle.run()
    pair = middle.pair
    mine = pair.client if side == "client" else pair.server
    mine.send_payload(b"\x02\0\0\0\0")
    middle.run()
    assert established(pair)
    assert ends(pair, "client") == ends(pair, "server") == []
    # EXT_INFO was deleted unnoticed; what can be noticed is this
    assert not any(isinstance(event, ExtInfoReceived) for event in of(pair, other(side)))
    for end in (pair.client, pair.server):
        assert (end.agreement.strict, end.agreement.truncatable) == (False, True)


@pytest.mark.row("T12")
@pytest.mark.parametrize("side", SIDES)
def test_t12_gcm_is_safe_without_strict(side: Side, monkeypatch: pytest.MonkeyPatch) -> None:
    without_strict(monkeypatch)
    suite = CLASSES["gcm"]
    middle = Middle(options(*suite), options(*suite), inserting(side, 3, IGNORE, deleting=1))
    middle.run()
    mine = middle.pair.client if side == "client" else middle.pair.server
    mine.send_payload(b"\x02\0\0\0\0")
    middle.run()
    (end,) = ends(middle.pair, other(side))
    assert end.reason == CORRUPT
    assert not middle.pair.client.agreement.truncatable


@pytest.mark.row("T12")
@pytest.mark.parametrize("place", [2, 3])
@pytest.mark.parametrize("side", SIDES)
def test_t12_unknown_message_before_newkeys_ends_connection(
    side: Side, place: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An answer to an unknown message would raise the victim's own counter (snd+)."""
    without_strict(monkeypatch)
    suite = CLASSES["chacha"]
    middle = Middle(options(*suite), options(*suite), inserting(side, place, UNKNOWN))
    middle.run()
    (end,) = ends(middle.pair, other(side))
    assert end.reason == BAD


@pytest.mark.row("T12")
@pytest.mark.row("T37")
@pytest.mark.parametrize("strict", [True, False])
@pytest.mark.parametrize("side", SIDES)
def test_t12_no_counter_is_wound_back(
    side: Side, strict: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """rcv-: 2**32 injected packets, of which the last few are played."""
    if not strict:
        without_strict(monkeypatch)
    suite = CLASSES["chacha"]
    victim = other(side)

    def edit(speaker: Side, number: int, original: bytes) -> Iterable[bytes]:
        if (speaker, number) != (side, 3):
            return (original,)
        mine = middle.pair.client if victim == "client" else middle.pair.server
        mine._machine.input.inbound.sequence = 2**32 - 2
        return (IGNORE, IGNORE, original)

    middle = Middle(options(*suite), options(*suite), edit)
    middle.run()
    (end,) = ends(middle.pair, victim)
    assert (end.reason, end.by_peer) == (BAD, False)
    assert not established(middle.pair)


@pytest.mark.row("T16")
def test_t16_every_key_begins_with_number_0() -> None:
    """Checked with a MAC computed over the number that the specification asks for."""
    suite = CLASSES["ctr-etm"]
    middle = Middle(options(*suite), options(*suite))
    middle.pair.client.request_service("ssh-userauth")
    middle.run()
    sides = middle.pair.client, middle.pair.server
    for end in sides:
        end.authenticated()
    for turn in range(20):
        sides[turn % 2].start_rekey()
        middle.run(4)
        for end in sides:
            end.send_payload(DATA)
            end.send_payload(DATA)
        middle.run(1)
    for end in sides:
        outbound = end._outbound
        assert isinstance(outbound, PacketOutbound)
        assert len(outbound.epochs) == 21
        for sealer, packets in outbound.epochs:
            assert len(packets) >= 2
            for number, packet in enumerate(packets):
                mac = cast("Any", sealer)._mac
                assert mac.code(number, packet[:-32]) == packet[-32:]
    assert ends(middle.pair, "client") == ends(middle.pair, "server") == []


@pytest.mark.row("T17")
@pytest.mark.parametrize("side", SIDES)
def test_t17_one_strict_side_makes_no_strict_connection(
    side: Side, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "STRICT_CLIENT" if side == "client" else "STRICT_SERVER"
    monkeypatch.setattr(f"ssh_transport.keyexchange.base.{name}", "nothing@test")
    suite = CLASSES["gcm"]
    middle = Middle(options(*suite), options(*suite), inserting("client", 2, IGNORE))
    middle.run()
    assert established(middle.pair)
    assert not middle.pair.client.agreement.strict
    assert not middle.pair.server.agreement.strict


@pytest.mark.row("T38")
@pytest.mark.parametrize("suite", SUITES[:: max(1, len(SUITES) // 8)])
def test_rekey_between_any_two_packets_keeps_data(suite: Suite) -> None:
    small = TransportOptions(algorithms=offer(*suite), rekey_packets=1)
    relaxed = attrs.evolve(small, rekey_packets=2**31)
    payloads = [b"\x5e" + bytes([n]) * (n * n) for n in range(40)]
    pair = Pair.connected(offer(*suite))
    for end in (pair.client, pair.server):
        for number, payload in enumerate(payloads):
            end.send_payload(payload)
            if end is pair.client or number % 2:
                pair.client.start_rekey()
            pair.run()
    assert pair.payloads(pair.server) == payloads
    assert pair.payloads(pair.client) == payloads
    assert sum(isinstance(event, KexCompleted) for event in pair.client_events) == 60
    middle = Middle(small, relaxed)
    middle.pair.client.request_service("ssh-userauth")
    middle.run()
    for end in (middle.pair.client, middle.pair.server):
        end.authenticated()
    for payload in payloads[:10]:
        middle.pair.client.send_payload(payload)
        middle.run(4)
    got = [e.payload for e in middle.pair.server_events if isinstance(e, PayloadReceived)]
    assert got == payloads[:10]
