"""The table, and the matrix of every message number in every phase."""

from __future__ import annotations

import pytest

from hostile import (
    FAST_OPTIONS,
    Side,
    Stage,
    drain,
    ended,
    plain,
    split,
    staged,
    taken,
    without_strict,
)
from ssh_keys import PrivateKey
from ssh_transport import Disconnected, PayloadReceived, UnimplementedReceived
from ssh_transport.states import TABLE, Action, TransportState, row_of, userauth_row
from ssh_transport.testing import Pair, inject, pump
from ssh_wire import DisconnectReason, UsageError

BAD = DisconnectReason.PROTOCOL_ERROR
SIDES: list[Side] = ["client", "server"]
STAGES: list[Stage] = ["kexinit", "kex", "newkeys"]
EXPECTED = {"kexinit": 20, "kex": 30, "newkeys": 21}


def test_each_state_has_row_for_each_role_and_number() -> None:
    assert set(TABLE) == {(side, phase) for side in SIDES for phase in TransportState}
    assert {len(row_of(*place)) for place in TABLE} == {256}


def test_packets_before_identification_and_after_end_are_rejected() -> None:
    for side in SIDES:
        for phase in (TransportState.IDENTIFICATION, TransportState.CLOSED):
            assert set(row_of(side, phase)) == {Action.REJECT}


def test_type_0_is_never_taken() -> None:
    assert {row_of(*place)[0] for place in TABLE} == {Action.REJECT}


def test_no_phase_before_authentication_delivers_connection_messages() -> None:
    for side, phase in TABLE:
        if phase is not TransportState.OPEN:
            assert not {Action.DELIVER, Action.PING} & set(row_of(side, phase)[80:])


@pytest.mark.parametrize("side", SIDES)
def test_strict_state_accepts_expected_message_and_disconnect_only(side: Side) -> None:
    kex = 31 if side == "client" else 30
    for phase, expected in (
        (TransportState.KEX_STRICT, {kex}),
        (TransportState.NEWKEYS_STRICT, {21}),
    ):
        row = row_of(side, phase)
        taken_numbers = {n for n, action in enumerate(row) if action is not Action.REJECT}
        assert taken_numbers == expected | {1}


@pytest.mark.row("T14")
@pytest.mark.row("T15")
@pytest.mark.row("T33")
@pytest.mark.row("T41")
@pytest.mark.parametrize("stage", ["kex", "newkeys"])
@pytest.mark.parametrize("side", SIDES)
def test_t14_strict_state_refuses_every_unexpected_message(
    side: Side, stage: Stage, key: PrivateKey
) -> None:
    expected = EXPECTED[stage] + (side == "client" and stage == "kex")
    for number in range(256):
        if number in {1, expected}:
            continue
        for tail in (b"", bytes(12)):
            transport, _ = staged(side, stage, key)
            taken(transport)
            transport.receive(plain(bytes([number]) + tail))
            last = ended(transport, BAD)
            assert f"message {number} " in last.description


@pytest.mark.row("T14")
@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("side", SIDES)
def test_t14_malformed_expected_message_ends_connection(
    side: Side, stage: Stage, key: PrivateKey
) -> None:
    expected = EXPECTED[stage] + (side == "client" and stage == "kex")
    for tail in (b"\x01", bytes(3)):
        transport, _ = staged(side, stage, key)
        transport.receive(plain(bytes([expected]) + tail))
        ended(transport, BAD)


@pytest.mark.row("T13")
@pytest.mark.parametrize("side", SIDES)
def test_t13_message_before_kexinit_ends_strict_connection(side: Side, key: PrivateKey) -> None:
    well_formed = {2: b"\0\0\0\0", 3: b"\0\0\0\7", 4: bytes(9)}
    for number in range(256):
        if number in {1, 20}:
            continue
        transport, _ = staged(side, "kexinit", key)
        fresh = Pair(FAST_OPTIONS, FAST_OPTIONS, key=key)
        peer = fresh.server if side == "client" else fresh.client
        # the peer shows its marker behind the packet
        kexinit = taken(peer).partition(b"\r\n")[2]
        transport.receive(plain(bytes([number]) + well_formed.get(number, b"")) + kexinit)
        ended(transport, BAD)
        sent = [payload[4] for payload in split(taken(transport))[1] if payload[0] == 1]
        assert sent == [BAD]


@pytest.mark.row("T40")
@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("side", SIDES)
def test_t40_without_strict_ignore_may_come_at_any_time(
    side: Side, stage: Stage, key: PrivateKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_strict(monkeypatch)
    transport, _ = staged(side, stage, key)
    transport.receive(plain(b"\x02\0\0\0\1x") * 3)
    transport.receive(plain(b"\x03\0\0\0\x05"))
    assert UnimplementedReceived(5) in drain(transport)
    assert not transport.closed


def connected(key: PrivateKey, phase: TransportState) -> Pair:
    if phase is TransportState.OPEN:
        return Pair.connected(key=key)
    pair = Pair(FAST_OPTIONS, FAST_OPTIONS, key=key)
    if phase is TransportState.AUTH:
        pair.client.request_service("ssh-userauth")
    pair.run()
    return pair


@pytest.mark.parametrize("side", SIDES)
def test_messages_of_methods_are_delivered_where_the_layer_above_uses_their_numbers(
    side: Side, key: PrivateKey
) -> None:
    pair = connected(key, TransportState.AUTH)
    mine, peer = (pair.client, pair.server) if side == "client" else (pair.server, pair.client)
    drain(mine)
    mine.use_userauth_numbers(frozenset({60, 79}))
    for number in (60, 61, 78, 79):
        inject(peer, bytes([number, 1]))
        pump(peer, mine)
        pump(mine, peer)
        answers, events = drain(peer), drain(mine)
        if number in {60, 79}:
            assert (events, answers) == ([PayloadReceived(bytes([number, 1]))], [])
        else:
            assert (events, answers) == ([], [UnimplementedReceived(mine.received_sequence)])


def test_numbers_of_methods_count_while_users_are_authenticated_and_not_after(
    key: PrivateKey,
) -> None:
    pair = connected(key, TransportState.OPEN)
    pair.client.use_userauth_numbers(frozenset({60}))

    inject(pair.server, bytes([60]))
    pump(pair.server, pair.client)
    pump(pair.client, pair.server)

    assert drain(pair.client) == []
    assert drain(pair.server) == [UnimplementedReceived(pair.client.received_sequence)]


@pytest.mark.parametrize("number", [50, 52, 59, 80, 90, 256])
def test_numbers_that_no_method_may_have_are_a_usage_error(number: int, key: PrivateKey) -> None:
    pair = Pair(FAST_OPTIONS, FAST_OPTIONS, key=key)

    for side in SIDES:
        with pytest.raises(UsageError):
            userauth_row(side, frozenset({60, number}))
    with pytest.raises(UsageError):
        pair.client.use_userauth_numbers(frozenset({number}))


@pytest.mark.row("T08")
@pytest.mark.row("T19")
@pytest.mark.row("T33")
@pytest.mark.row("T41")
@pytest.mark.parametrize(
    "phase", [TransportState.SERVICE, TransportState.AUTH, TransportState.OPEN]
)
@pytest.mark.parametrize("side", SIDES)
def test_t41_every_number_after_key_exchange_has_its_action(
    side: Side, phase: TransportState, key: PrivateKey
) -> None:
    row = row_of(side, phase)
    parsed = {Action.KEXINIT, Action.EXT_INFO, Action.DISCONNECT, Action.DEBUG, Action.NOT_KNOWN}
    for number in range(256):
        action = row[number]
        pair = connected(key, phase)
        mine, peer = (pair.client, pair.server) if side == "client" else (pair.server, pair.client)
        drain(mine)
        inject(peer, bytes([number]) + b"\0\0\0\0")
        pump(peer, mine)
        if action in parsed or "SERVICE" in action.name or action is Action.PING:
            continue  # these have tests of their own
        events = drain(mine)
        if action in {Action.REJECT, Action.HOLD}:
            ended(mine, BAD, events)
            drain(peer)
            pump(mine, peer)
            received = drain(peer)[-1]
            assert isinstance(received, Disconnected)
            assert (received.reason, received.by_peer) == (BAD, True)
        elif action is Action.UNIMPLEMENTED:
            pump(mine, peer)
            assert drain(peer)[-1] == UnimplementedReceived(mine.received_sequence)
        elif action is Action.DELIVER:
            assert events == [PayloadReceived(bytes([number]) + b"\0\0\0\0")]
        else:
            assert action in {Action.IGNORE, Action.PONG}  # which nothing asked for
            assert events == []
            assert taken(mine) == b""
