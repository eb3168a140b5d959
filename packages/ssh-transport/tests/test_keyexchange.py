"""Whole exchanges: every method and cipher, strictness, guesses, re-exchanges."""

from __future__ import annotations

import gc
import os
import random as seeded
import tracemalloc

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hostile import (
    FAST,
    FAST_OPTIONS,
    changed,
    drain,
    edited,
    ended,
    plain,
    refused,
    split,
    taken,
    without_strict,
)
from ssh_keys import PrivateKey
from ssh_transport import (
    ClientTransport,
    ExtInfoReceived,
    Guess,
    KexCompleted,
    ServerTransport,
    TransportOptions,
    profiles,
)
from ssh_transport.algorithms import HOST_KEYS
from ssh_transport.ciphers import CIPHERS
from ssh_transport.kex import METHODS
from ssh_transport.keyexchange.states import ExpectSignature
from ssh_transport.macs import MACS
from ssh_transport.testing import Pair, inject, pump
from ssh_wire import DisconnectReason
from ssh_wire.messages.transport import KexInit

BAD = DisconnectReason.PROTOCOL_ERROR
FAILED = DisconnectReason.KEY_EXCHANGE_FAILED
DATA = b"\x5e" + bytes(range(256)) * 10


def completed(pair: Pair) -> int:
    return sum(isinstance(event, KexCompleted) for event in pair.client_events)


def exchange_data(pair: Pair) -> None:
    pair.client.send_payload(DATA[:1], memoryview(DATA)[1:])
    pair.server.send_payload(DATA)
    pair.run()
    assert pair.payloads(pair.server) == [DATA]
    assert pair.payloads(pair.client) == [DATA]


@pytest.mark.parametrize("method", METHODS)
def test_every_method_completes_exchange_and_rekey(method: str, key: PrivateKey) -> None:
    pair = Pair.connected(attrs.evolve(FAST, kex=(method,)), key=key)
    session_id = pair.client.session_id
    assert session_id == pair.server.session_id
    assert pair.client.agreement == pair.server.agreement
    assert (pair.client.agreement.kex, pair.client.agreement.strict) == (method, True)
    assert pair.client.host_key == pair.server.host_key == key.public_key
    exchange_data(pair)
    pair.client.start_rekey()
    exchange_data(pair)
    assert completed(pair) == 1
    assert pair.client.session_id == session_id


@pytest.mark.row("T28")
def test_t28_methods_with_other_hashes_follow_each_other(key: PrivateKey) -> None:
    pair = Pair.connected(FAST, key=key)
    session_id = pair.client.session_id
    for method in ("ecdh-sha2-nistp521", "ecdh-sha2-nistp384", "mlkem768x25519-sha256"):
        for side in (pair.client, pair.server):
            side._kex._offer = attrs.evolve(side._kex._offer, kex=(method,))
        pair.client.start_rekey()
        exchange_data(pair)
        assert pair.client.agreement.kex == method
        assert pair.client.session_id == pair.server.session_id == session_id


@pytest.mark.parametrize("mac", MACS)
@pytest.mark.parametrize("cipher", CIPHERS)
def test_every_cipher_and_mac_carries_data_across_rekey(
    cipher: str, mac: str, key: PrivateKey
) -> None:
    pair = Pair.connected(attrs.evolve(FAST, ciphers=(cipher,), macs=(mac,)), key=key)
    side = pair.client.agreement.client_to_server
    assert (side.cipher, side.mac) == (cipher, None if CIPHERS[cipher].aead else mac)
    exchange_data(pair)
    pair.server.start_rekey()
    exchange_data(pair)
    pair.client.send_payload(b"\x5e", bytes(200_000))
    pair.run()
    assert pair.payloads(pair.server) == [b"\x5e" + bytes(200_000)]


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa", "rsa", "ed448", "mldsa44-ed25519"])
def test_every_kind_of_host_key_completes_exchange_and_rekey(kind: str) -> None:
    algorithms = attrs.evolve(FAST, host_keys=HOST_KEYS)
    pair = Pair.connected(algorithms, key=PrivateKey.generate(kind))
    assert pair.client.agreement.host_key in pair.key.public_key.algorithms
    exchange_data(pair)
    pair.client.start_rekey()
    exchange_data(pair)


def test_handshake_with_seeded_random_is_reproducible(key: PrivateKey) -> None:
    def streams() -> tuple[bytes, bytes]:
        source = seeded.Random(7)  # noqa: S311 (to be replayed)
        pair = Pair(FAST_OPTIONS, FAST_OPTIONS, key=key, random=source.randbytes)
        pair.client.request_service("ssh-userauth")
        sent: dict[str, bytes] = {"client": b"", "server": b""}
        for _ in range(6):
            pair.answer()
            for mine, peer in ((pair.client, pair.server), (pair.server, pair.client)):
                data = taken(mine)
                sent[mine.role] += data
                peer.receive(data)
        assert completed(pair) == 1
        return sent["client"], sent["server"]

    assert streams() == streams()


def test_handshake_takes_three_flights(key: PrivateKey) -> None:
    pair = Pair(FAST_OPTIONS, FAST_OPTIONS, key=key)
    pair.client.request_service("ssh-userauth")
    pair.client.send_payload(b"\x32 queued before the first byte")
    first = pair.client.take_outgoing()
    assert first is not None
    assert pair.client.take_outgoing() is None
    assert [payload[0] for payload in split(bytes(first))[1]] == [20]
    pair.server.receive(first)
    pair.answer()
    pump(pair.server, pair.client)
    pair.answer()
    pump(pair.client, pair.server)  # KEX_ECDH_INIT
    pair.answer()
    pump(pair.server, pair.client)  # reply, NEWKEYS, EXT_INFO
    pair.answer()
    # NEWKEYS, EXT_INFO, SERVICE_REQUEST and what follows leave in one write
    last = pair.client.take_outgoing()
    assert last is not None
    assert pair.client.take_outgoing() is None
    pair.server.receive(last)
    pair.answer()
    names = [type(event).__name__ for event in pair.server_events]
    assert names[-4:] == [
        "KexCompleted",
        "ExtInfoReceived",
        "ServiceRequested",
        "PayloadReceived",
    ]


# ---------------------------------------------------------------- guesses


def guessing(key: PrivateKey, first: str) -> Pair:
    methods = (first, *(name for name in METHODS if name != first))
    options = TransportOptions(algorithms=attrs.evolve(FAST, kex=methods), guess=True)
    server = attrs.evolve(profiles("default", "server"), host_keys=("ssh-ed25519",))
    return Pair(options, TransportOptions(algorithms=server), key=key)


@pytest.mark.row("T20")
@pytest.mark.parametrize(
    ("first", "shares"), [("mlkem768x25519-sha256", 1), ("ecdh-sha2-nistp256", 2)]
)
def test_t20_guess_is_used_when_right_and_skipped_when_wrong(
    first: str, shares: int, key: PrivateKey
) -> None:
    pair = guessing(key, first)
    stream = taken(pair.client)
    assert [payload[0] for payload in split(stream)[1]] == [20, 30]
    pair.server.receive(stream)
    pair.answer()
    pump(pair.server, pair.client)
    pair.client.next_event()
    drain(pair.client)
    assert pair.client._outbound.packets == 1 + shares
    pump(pair.client, pair.server)
    pair.run()
    assert pair.server.agreement.kex == first


@pytest.mark.row("T20")
def test_t20_wrong_guess_completes_in_one_exchange(key: PrivateKey) -> None:
    pair = guessing(key, "ecdh-sha2-nistp256")
    pair.run()
    assert completed(pair) == 1
    assert pair.client.agreement.kex == "ecdh-sha2-nistp256"  # the client's order decides


def remembering(guess: Guess, kex: tuple[str, ...], key: PrivateKey) -> list[int]:
    """The first messages of a client that remembers what the server wants."""
    options = TransportOptions(algorithms=attrs.evolve(FAST, kex=kex), guess=guess)
    client = ClientTransport(
        options, random=os.urandom, now=0.0, host_key_algorithms=["rsa-sha2-512", "ssh-ed25519"]
    )
    return [payload[0] for payload in split(taken(client))[1]]


@pytest.mark.row("T20")
def test_t20_remembered_guess_is_sent_only_when_right(key: PrivateKey) -> None:
    kex = ("curve25519-sha256", "ecdh-sha2-nistp256")
    for host_key in ("rsa-sha2-512", "ssh-ed25519"):  # both are known, either may come first
        assert remembering(Guess(kex[0], host_key), kex, key) == [20, 30]
    assert remembering(Guess(kex[1], "ssh-ed25519"), kex, key) == [20]
    assert remembering(Guess(kex[0], "ecdsa-sha2-nistp256"), kex, key) == [20]
    group_exchange = ("diffie-hellman-group-exchange-sha256",)
    assert remembering(Guess(group_exchange[0], "ssh-ed25519"), group_exchange, key) == [20]


@pytest.mark.row("T20")
def test_t20_remembered_choice_of_server_saves_flight(key: PrivateKey) -> None:
    assert Pair(FAST_OPTIONS, FAST_OPTIONS, key=key).client.peer_first_choices is None
    first = Pair(FAST_OPTIONS, FAST_OPTIONS, key=key)
    first.run()
    wanted = Guess("curve25519-sha256", "ssh-ed25519")
    assert first.client.peer_first_choices == wanted
    again = Pair(attrs.evolve(FAST_OPTIONS, guess=wanted), FAST_OPTIONS, key=key)
    pump(again.client, again.server)
    again.answer()
    pump(again.server, again.client)  # KEXINIT, and the reply at once
    again.answer()
    pump(again.client, again.server)
    again.answer()
    assert completed(again) == 1


@pytest.mark.row("T20")
@pytest.mark.parametrize("right", [True, False])
def test_t20_server_may_guess_too(right: bool, key: PrivateKey) -> None:
    pair = Pair(FAST_OPTIONS, FAST_OPTIONS, key=key)

    def claim(kexinit: KexInit) -> KexInit:
        names = kexinit.kex_algorithms if right else ("x@y", *kexinit.kex_algorithms)
        return changed(kexinit, kex_algorithms=names, first_kex_packet_follows=True)

    pair.client.receive(edited(taken(pair.server), claim))
    drain(pair.client)
    pair.client.receive(plain(b"\x1f" + bytes(12)))
    drain(pair.client)
    assert pair.client.closed is right  # a wrong guess is skipped, a right one is the reply


@pytest.mark.row("T20")
@pytest.mark.parametrize("strict", [True, False])
def test_t20_exactly_one_packet_is_skipped(
    strict: bool, key: PrivateKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not strict:
        without_strict(monkeypatch)
    pair = Pair(FAST_OPTIONS, FAST_OPTIONS, key=key)

    def claim(kexinit: KexInit) -> KexInit:
        names = ("ecdh-sha2-nistp521", *kexinit.kex_algorithms)
        return changed(kexinit, kex_algorithms=names, first_kex_packet_follows=True)

    pair.server.receive(edited(taken(pair.client), claim))
    pair.server.receive(plain(b"\x1e wrong guess"))
    drain(pair.server)
    assert not pair.server.closed
    pair.server.receive(plain(b"\x1e not skipped"))
    ended(pair.server, BAD)


@pytest.mark.row("T20")
def test_t20_only_kex_packet_is_skipped(key: PrivateKey) -> None:
    pair = Pair(FAST_OPTIONS, FAST_OPTIONS, key=key)

    def claim(kexinit: KexInit) -> KexInit:
        names = ("ecdh-sha2-nistp521", *kexinit.kex_algorithms)
        return changed(kexinit, kex_algorithms=names, first_kex_packet_follows=True)

    pair.server.receive(edited(taken(pair.client), claim))
    pair.server.receive(plain(b"\x02\0\0\0\0"))
    ended(pair.server, BAD)


@pytest.mark.row("T20")
def test_t20_first_kex_packet_follows_without_packet_is_accepted(key: PrivateKey) -> None:
    pair = Pair(FAST_OPTIONS, FAST_OPTIONS, key=key)
    stream = taken(pair.client)
    pair.server.receive(edited(stream, lambda k: changed(k, first_kex_packet_follows=True)))
    drain(pair.server)
    assert not pair.server.closed


# ---------------------------------------------------------------- re-exchange


@pytest.mark.row("T30")
@pytest.mark.parametrize("number", [80, 94, 90, 200, 50, 192, 5, 20])
def test_t30_only_kex_messages_follow_kexinit(number: int, pair: Pair) -> None:
    pair.client.start_rekey()
    inject(pair.client, bytes([number]) + bytes(8))
    pump(pair.client, pair.server)
    refused(pair.server, pair.client, BAD)


@pytest.mark.row("T31")
def test_t31_data_in_flight_at_rekey_is_delivered_in_order(pair: Pair) -> None:
    pair.client.start_rekey()
    for number in range(10_000):
        pair.server.send_payload(b"\x5e", number.to_bytes(4, "big"))
    pair.run()
    expected = [b"\x5e" + number.to_bytes(4, "big") for number in range(10_000)]
    assert pair.payloads(pair.client) == expected
    assert completed(pair) == 1


def test_both_sides_begin_at_once(pair: Pair) -> None:
    pair.client.start_rekey()
    pair.server.start_rekey()
    pair.client.start_rekey()
    assert not pair.client.writable
    exchange_data(pair)
    assert completed(pair) == 1
    assert pair.client.writable


def test_messages_sent_during_rekey_wait_for_its_end(pair: Pair) -> None:
    pair.client.start_rekey()
    taken_size = pair.client.outgoing_size
    pair.client.send_payload(b"\x5e held")
    assert pair.client.outgoing_size == taken_size
    pair.run()
    assert pair.payloads(pair.server) == [b"\x5e held"]


schedule = st.lists(
    st.tuples(
        st.sampled_from(["client", "server"]),
        st.sampled_from(["data", "rekey", "move", "big"]),
        st.integers(1, 400),
    ),
    max_size=60,
)
KEY = PrivateKey.generate("ed25519")


@settings(max_examples=60)
@given(schedule, st.sampled_from(list(CIPHERS)))
def test_any_schedule_of_rekeys_keeps_data(steps: list[tuple[str, str, int]], cipher: str) -> None:
    pair = Pair.connected(attrs.evolve(FAST, ciphers=(cipher,)), key=KEY)
    sent: dict[str, list[bytes]] = {"client": [], "server": []}
    for count, (side, step, size) in enumerate(steps):
        mine, peer = (pair.client, pair.server) if side == "client" else (pair.server, pair.client)
        match step:
            case "rekey":
                mine.start_rekey()
            case "move":
                pump(mine, peer, lambda data, at=size: [data[:at], data[at:]])  # type: ignore[misc]
                pair.answer()
            case _:
                data = b"\x5e" + bytes([count]) * (size * (100 if step == "big" else 1))
                mine.send_payload(data)
                sent[side].append(data)
    pair.run()
    assert pair.payloads(pair.server) == sent["client"]
    assert pair.payloads(pair.client) == sent["server"]
    assert pair.client.session_id == pair.server.session_id


def test_ext_info_is_not_repeated_at_rekey(pair: Pair) -> None:
    pair.client.start_rekey()
    pair.run()
    events = pair.client_events + pair.server_events
    assert not any(isinstance(event, ExtInfoReceived) for event in events)


def test_keys_are_not_shown_anywhere(pair: Pair) -> None:
    pair.client.start_rekey()
    pump(pair.client, pair.server)
    drain(pair.server)
    pump(pair.server, pair.client)
    drain(pair.client)
    pump(pair.client, pair.server)
    drain(pair.server)
    state = pair.server._kex._state
    assert isinstance(state, ExpectSignature)
    text = repr(state) + repr(pair.server._machine.context) + repr(pair.server)
    assert state.keys.secret.hex() not in text
    assert repr(bytes(state.keys.secret))[2:-1] not in text
    assert "secret" not in text
    pair.server.disconnect(DisconnectReason.BY_APPLICATION, "over")
    assert not any(state.keys.secret)


@pytest.mark.row("T20")
def test_t20_thousand_wrong_guesses_leak_no_memory(key: PrivateKey) -> None:
    """The leak of CVE-2025-8277: what a wrong guess sent is forgotten."""

    def claim(kexinit: KexInit) -> KexInit:
        names = ("ecdh-sha2-nistp521", *kexinit.kex_algorithms)
        return changed(kexinit, kex_algorithms=names, first_kex_packet_follows=True)

    first = Pair(FAST_OPTIONS, FAST_OPTIONS, key=key)
    stream = edited(taken(first.client), claim) + plain(b"\x1e" + bytes(2000))

    def guess_wrong(times: int) -> None:
        for _ in range(times):
            server = ServerTransport(
                FAST_OPTIONS, random=os.urandom, now=0.0, host_keys=(key.public_key,)
            )
            server.receive(stream)
            drain(server)
            assert not server.closed

    guess_wrong(20)
    gc.collect()
    tracemalloc.start()
    guess_wrong(20)
    gc.collect()
    before = tracemalloc.get_traced_memory()[0]
    guess_wrong(1000)
    gc.collect()
    after = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert after - before < 100_000
