from __future__ import annotations

from ssh_keys import PrivateKey
from ssh_transport import Disconnected, TransportOptions, profiles
from ssh_transport.testing import Pair, inject, pump


def test_pair_with_defaults_completes_handshake() -> None:
    pair = Pair()
    pair.run()
    assert pair.client.host_key == pair.key.public_key
    assert pair.client_events


def test_connected_pair_has_no_events_left(key: PrivateKey) -> None:
    for algorithms in (None, profiles("strict", "client")):
        pair = Pair.connected(algorithms, key=key)
        assert pair.client_events == pair.server_events == []
        assert pair.client.is_authenticated
        assert pair.server.is_authenticated


def test_payloads_are_told_apart_and_forgotten(pair: Pair) -> None:
    pair.client.send_payload(b"\x50 one")
    pair.client.send_payload(b"\xc8 unknown")
    pair.server.send_payload(b"\x50 two")
    pair.run()
    assert pair.payloads(pair.server) == [b"\x50 one"]
    assert pair.payloads(pair.client) == [b"\x50 two"]
    assert pair.payloads(pair.client) == []
    assert len(pair.client_events) == 1


def test_pair_runs_with_output_in_pieces(key: PrivateKey) -> None:
    options = TransportOptions(algorithms=profiles("default", "client"))
    pair = Pair(options, options, key=key)
    pair.run(lambda data: [data[at : at + 7] for at in range(0, len(data), 7)])
    assert pair.client.agreement.strict


def test_closed_side_of_pair_is_fed_nothing(pair: Pair) -> None:
    inject(pair.client, b"\x01\0\0\0\x02\0\0\0\0\0\0\0\0", b"\x50")
    assert pump(pair.client, pair.server, lambda data: [data, data]) > 0
    assert pump(pair.client, pair.server) == 0
    pair.run()
    assert isinstance(pair.server_events[-1], Disconnected)
