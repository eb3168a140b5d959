"""Strict key exchange: markers, injected and deleted packets, sequence numbers."""

from __future__ import annotations

import attrs
import pytest

from hostile import (
    FAST,
    FAST_OPTIONS,
    changed,
    ended,
    plain,
    refused,
    refused_plain,
    split,
    staged,
    taken,
    without_strict,
)
from ssh_keys import PrivateKey
from ssh_transport import (
    KeyExchangeFailed,
    TransportOptions,
)
from ssh_transport.testing import Pair, inject, pump
from ssh_wire import DisconnectReason
from ssh_wire.messages.transport import KexInit

BAD = DisconnectReason.PROTOCOL_ERROR
FAILED = DisconnectReason.KEY_EXCHANGE_FAILED
DATA = b"\x5e" + bytes(range(256)) * 10


def exchange_data(pair: Pair) -> None:
    pair.client.send_payload(DATA)
    pair.run()
    assert pair.payloads(pair.server) == [DATA]


@pytest.mark.row("T12")
def test_t12_peer_without_strict_makes_agreement_truncatable(
    key: PrivateKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_strict(monkeypatch)
    pair = Pair.connected(attrs.evolve(FAST, ciphers=("chacha20-poly1305@openssh.com",)), key=key)
    assert not pair.client.agreement.strict
    assert pair.client.agreement.truncatable
    exchange_data(pair)
    pair.client.start_rekey()
    exchange_data(pair)


@pytest.mark.row("T12")
@pytest.mark.parametrize("cipher", ["chacha20-poly1305@openssh.com", "aes256-ctr"])
def test_t12_strict_profile_refuses_truncatable_ciphers(
    cipher: str, key: PrivateKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_strict(monkeypatch)
    weak = attrs.evolve(FAST, ciphers=(cipher,), refuse_truncatable=True)
    pair = Pair(TransportOptions(algorithms=weak), FAST_OPTIONS, key=key)
    pump(pair.server, pair.client)
    last = refused_plain(pair.client, FAILED)
    assert isinstance(last.error, KeyExchangeFailed)


@pytest.mark.row("T12")
@pytest.mark.parametrize(
    ("cipher", "mac"),
    [
        ("chacha20-poly1305@openssh.com", "hmac-sha2-256"),
        ("aes256-ctr", "hmac-sha2-256-etm@openssh.com"),
        ("aes256-gcm@openssh.com", "hmac-sha2-256"),
    ],
)
def test_t12_injected_packet_ends_strict_handshake(cipher: str, mac: str, key: PrivateKey) -> None:
    options = TransportOptions(algorithms=attrs.evolve(FAST, ciphers=(cipher,), macs=(mac,)))
    for place in range(2):  # before KEXINIT, and between KEXINIT and the reply
        pair = Pair(options, options, key=key)
        line, payloads = split(taken(pair.server))
        stream = [plain(payload) for payload in payloads]
        stream.insert(place, plain(b"\x02\0\0\0\0"))
        pair.client.receive(line + b"".join(stream))
        refused_plain(pair.client, BAD)


@pytest.mark.row("T12")
def test_t12_deleted_packet_is_detected(key: PrivateKey) -> None:
    pair = Pair(FAST_OPTIONS, FAST_OPTIONS, key=key)
    pump(pair.client, pair.server)
    pair.answer()
    pump(pair.server, pair.client)
    pair.answer()
    pump(pair.client, pair.server)
    pair.answer()
    data = taken(pair.server)  # reply, NEWKEYS, and the sealed EXT_INFO
    pair.server.send_payload(b"\x02\0\0\0\0")
    pair.client.receive(data[: -len(data) + _plain_part(data)] + taken(pair.server))
    pair.answer()
    ended(pair.client, DisconnectReason.MAC_ERROR, pair.client_events)


def _plain_part(data: bytes) -> int:
    end = 0
    for _ in range(2):
        end += 4 + int.from_bytes(data[end : end + 4], "big")
    return end


@pytest.mark.row("T16")
@pytest.mark.parametrize("cipher", ["chacha20-poly1305@openssh.com", "aes128-ctr"])
def test_t16_sequence_numbers_are_reset_with_each_key(cipher: str, key: PrivateKey) -> None:
    pair = Pair.connected(attrs.evolve(FAST, ciphers=(cipher,)), key=key)
    for turn in range(20):
        (pair.client if turn % 2 else pair.server).start_rekey()
        pair.run()
        pair.client.send_payload(b"\xc8")
        pair.run()
        # the first packet under the new key has number 0: NEWKEYS is the last of the old
        assert pair.server.received_sequence == 0
        assert "UnimplementedReceived(sequence=0)" in map(repr, pair.client_events)
        pair.client_events.clear()


@pytest.mark.row("T16")
def test_t16_sequence_numbers_continue_without_strict(
    key: PrivateKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_strict(monkeypatch)
    pair = Pair.connected(FAST, key=key)
    before = pair.server.received_sequence
    pair.client.start_rekey()
    pair.client.send_payload(b"\x5e")
    pair.run()
    assert pair.server.received_sequence == before + 4


@pytest.mark.row("T17")
def test_t17_marker_in_later_kexinit_is_ignored(
    key: PrivateKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair = Pair.connected(FAST, key=key)
    original = KexInit.encode

    def with_markers(self: KexInit) -> bytes:
        markers = ("kex-strict-c-v00@openssh.com", "kex-strict-s-v00@openssh.com")
        more = changed(self, kex_algorithms=self.kex_algorithms + markers)
        return original(more)

    monkeypatch.setattr(KexInit, "encode", with_markers)
    pair.client.start_rekey()
    exchange_data(pair)
    assert pair.client.agreement.strict


def test_signals_are_in_first_kexinit_only(pair: Pair) -> None:
    fresh = Pair(FAST_OPTIONS, FAST_OPTIONS, key=pair.key)
    first = KexInit.decode(split(taken(fresh.server))[1][0])
    assert first.kex_algorithms[-2:] == ("ext-info-s", "kex-strict-s-v00@openssh.com")
    pair.server.start_rekey()
    announced = pair.server._kex._state
    assert "curve25519-sha256" in repr(announced)
    assert "ext-info-s" not in repr(announced)
    assert "kex-strict" not in repr(announced)


@pytest.mark.row("T37")
def test_t37_sequence_number_that_wraps_in_first_exchange_ends_connection(
    key: PrivateKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_strict(monkeypatch)
    transport, _ = staged("server", "kex", key)
    transport._machine.input.inbound.sequence = 2**32 - 1
    transport.receive(plain(b"\x02\0\0\0\0"))
    assert "wraps" in refused_plain(transport, BAD).description


@pytest.mark.row("T37")
def test_t37_sequence_number_wraps_later_only_without_strict(
    key: PrivateKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair = Pair.connected(FAST, key=key)
    pair.server._machine.input.inbound.sequence = 2**32 - 1
    inject(pair.client, b"\x02\0\0\0\0")
    pump(pair.client, pair.server)
    refused(pair.server, pair.client, BAD)
    without_strict(monkeypatch)
    loose = Pair.connected(FAST, key=key)
    loose.server._machine.input.inbound.sequence = loose.client._outbound.sequence = 2**32 - 1
    exchange_data(loose)


@pytest.mark.row("T37")
def test_t37_key_with_too_many_packets_ends_connection(pair: Pair) -> None:
    pair.server._machine.input.inbound.packets = 2**32 - 2**16
    inject(pair.client, b"\x02\0\0\0\0")
    pump(pair.client, pair.server)
    refused(pair.server, pair.client, BAD)
