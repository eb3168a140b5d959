"""The server's part: the host key is chosen, the signature is asked for."""

from __future__ import annotations

import pytest

from hostile import FAST_OPTIONS, drain, plain, refused_plain, split, staged, taken
from ssh_keys import PrivateKey
from ssh_transport import ServerTransport, SignatureRequested
from ssh_transport.testing import Pair, pump
from ssh_wire import DisconnectReason, UsageError
from ssh_wire.messages.kex import KexECDHInit, KexECDHReply


def test_server_requests_signature_and_waits_for_it(key: PrivateKey) -> None:
    pair = Pair(FAST_OPTIONS, FAST_OPTIONS, key=key)
    pump(pair.server, pair.client)
    drain(pair.client)
    pump(pair.client, pair.server)
    event = drain(pair.server)[-1]
    assert isinstance(event, SignatureRequested)
    assert (event.key, event.algorithm) == (key.public_key, "ssh-ed25519")
    assert len(event.data) == 32
    assert pair.server.paused
    pair.server.receive(plain(b"\x15"))
    assert drain(pair.server) == []
    pair.server.provide_signature(key.sign(event.data, event.algorithm))
    reply = KexECDHReply.decode(split(taken(pair.server)[: 4 + 188])[1][0])
    assert reply.host_key == key.public_key.blob
    assert pair.server.session_id == event.data
    with pytest.raises(UsageError):
        pair.server.provide_signature(b"again")


@pytest.mark.row("T24")
@pytest.mark.parametrize("share", [b"", bytes(32), b"\1" + bytes(31), bytes(31), bytes(33)])
def test_t24_invalid_share_ends_exchange(share: bytes, key: PrivateKey) -> None:
    server, _ = staged("server", "kex", key)
    server.receive(plain(KexECDHInit(public=share).encode()))
    refused_plain(server, DisconnectReason.KEY_EXCHANGE_FAILED)


def test_server_offers_only_algorithms_of_its_host_keys(key: PrivateKey) -> None:
    rsa = PrivateKey.generate("rsa")
    keys = (key.public_key, rsa.public_key)
    server = ServerTransport(FAST_OPTIONS, random=bytes, now=0.0, host_keys=keys)
    offered = split(taken(server))[1][0]
    assert b"ssh-ed25519,rsa-sha2-512,rsa-sha2-256" in offered
    assert b"ecdsa-sha2" not in offered


def test_server_without_host_key_raises_usage_error() -> None:
    with pytest.raises(UsageError):
        ServerTransport(FAST_OPTIONS, random=bytes, now=0.0, host_keys=())
