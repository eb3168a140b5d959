"""The client's checks: signature, host key, decision."""

from __future__ import annotations

import attrs
import pytest

from hostile import (
    FAST,
    FAST_OPTIONS,
    changed,
    drain,
    ended,
    plain,
    refused,
    refused_plain,
    split,
    staged,
    taken,
)
from ssh_keys import PrivateKey
from ssh_transport import (
    HostKeyReceived,
    HostKeyRefused,
    KexCompleted,
    KeyExchangeFailed,
    Transport,
    TransportOptions,
)
from ssh_transport.keyexchange.server import _identities
from ssh_transport.testing import Pair, pump
from ssh_wire import DisconnectReason, UsageError
from ssh_wire.messages.kex import KexECDHReply
from ssh_wire.primitives import string

FAILED = DisconnectReason.KEY_EXCHANGE_FAILED
UNTRUSTED = DisconnectReason.HOST_KEY_NOT_VERIFIABLE


def reply_of(key: PrivateKey) -> tuple[Pair, KexECDHReply]:
    """A client that waits for the reply, and the true one."""
    pair = Pair(FAST_OPTIONS, FAST_OPTIONS, key=key)
    line, payloads = split(taken(pair.server))
    pair.client.receive(line + plain(payloads[0]))
    drain(pair.client)
    pump(pair.client, pair.server)
    pair.answer()
    data = taken(pair.server)
    size = 4 + int.from_bytes(data[:4], "big")
    return pair, KexECDHReply.decode(split(data[:size])[1][0])


def offer_reply(pair: Pair, reply: KexECDHReply) -> None:
    taken(pair.client)
    pair.client.receive(plain(reply.encode()))


def test_valid_reply_asks_for_decision_on_host_key(key: PrivateKey) -> None:
    pair, reply = reply_of(key)
    offer_reply(pair, reply)
    event = pair.client.next_event()
    assert isinstance(event, HostKeyReceived)
    assert (event.credential, event.algorithm, event.initial) == (
        key.public_key,
        "ssh-ed25519",
        True,
    )
    assert pair.client.paused
    assert pair.client.session_id == b""
    assert taken(pair.client) == b""
    pair.client.accept_host_key()
    assert key.public_key.verify(pair.client.session_id, event.signature)


def ed25519_blob(signature: bytes) -> bytes:
    return string("ssh-ed25519") + string(signature)


def bad_signatures(good: bytes, key: PrivateKey) -> list[bytes]:
    return [
        key.sign(b"another hash"),
        b"",
        good + b"\0",
        good[:-1],
        good[:-1] + bytes([good[-1] ^ 1]),
        string("rsa-sha2-512") + good[15:],
        ed25519_blob(b"\xff" * 64),
        ed25519_blob(bytes(64)),
        ed25519_blob(good[-64:-32] + b"\xff" * 32),  # S >= L
        PrivateKey.generate("ed25519").sign(b""),
    ]


@pytest.mark.row("T26")
@pytest.mark.parametrize("number", range(10))
def test_t26_host_key_with_invalid_signature_never_reaches_user(
    number: int, key: PrivateKey
) -> None:
    pair, reply = reply_of(key)
    bad = bad_signatures(reply.signature, key)[number]
    offer_reply(pair, changed(reply, signature=bad))
    assert isinstance(refused_plain(pair.client, FAILED).error, KeyExchangeFailed)


@pytest.mark.row("T26")
def test_t26_changed_share_or_key_breaks_signature(key: PrivateKey, other_key: PrivateKey) -> None:
    for changes in (
        {"public": b"\x09" + bytes(31)},
        {"host_key": other_key.public_key.blob},
    ):
        pair, reply = reply_of(key)
        offer_reply(pair, changed(reply, **changes))
        refused_plain(pair.client, FAILED)


@pytest.mark.row("T26")
@pytest.mark.parametrize("blob", [b"", b"\0\0\0\x0bssh-ed25519", string("ssh-dss"), b"\xff" * 40])
def test_t26_malformed_host_key_ends_connection(blob: bytes, key: PrivateKey) -> None:
    pair, reply = reply_of(key)
    offer_reply(pair, changed(reply, host_key=blob))
    refused_plain(pair.client, FAILED)


@pytest.mark.row("T26")
def test_t26_host_key_of_other_kind_than_negotiated_ends_connection(key: PrivateKey) -> None:
    pair, reply = reply_of(key)
    blob = PrivateKey.generate("ecdsa").public_key.blob
    offer_reply(pair, changed(reply, host_key=blob))
    assert "negotiated" in refused_plain(pair.client, FAILED).description


@pytest.mark.row("T26")
def test_t26_short_rsa_key_is_refused_by_profile() -> None:
    strict = TransportOptions(algorithms=attrs.evolve(FAST, rsa_bits=3072))
    pair = Pair(strict, FAST_OPTIONS, key=PrivateKey.generate("rsa", 2048))
    for mine, peer in ((pair.client, pair.server), (pair.server, pair.client)) * 2:
        pump(mine, peer)
        pair.answer()
    ended(pair.client, FAILED, pair.client_events)
    assert not any(isinstance(event, HostKeyReceived) for event in pair.client_events)


def waiting(key: PrivateKey) -> Pair:
    pair, reply = reply_of(key)
    pair.client.request_service("ssh-userauth")
    pair.client.send_payload(b"\x32 a password")
    offer_reply(pair, reply)
    assert isinstance(drain(pair.client)[-1], HostKeyReceived)
    return pair


@pytest.mark.row("T27")
def test_t27_client_sends_nothing_before_host_key_is_accepted(key: PrivateKey) -> None:
    pair = waiting(key)
    pair.client.receive(bytes(64))  # NEWKEYS of the server waits too
    pair.client.tick(1e6)
    assert taken(pair.client) == b""
    assert pair.client.next_event() is None
    assert pair.client.unprocessed == 64
    with pytest.raises(UsageError):
        _ = pair.client.host_key
    with pytest.raises(UsageError):
        _ = pair.client.agreement


@pytest.mark.row("T27")
def test_t27_rejected_host_key_ends_connection(key: PrivateKey) -> None:
    pair = waiting(key)
    pair.client.reject_host_key("it is not the one in known_hosts")
    last = refused_plain(pair.client, UNTRUSTED)
    assert isinstance(last.error, HostKeyRefused)
    assert last.description == "it is not the one in known_hosts"


@pytest.mark.row("T27")
def test_t27_second_decision_on_host_key_raises_usage_error(key: PrivateKey) -> None:
    pair = waiting(key)
    pair.client.accept_host_key()
    for answer in (pair.client.accept_host_key, pair.client.reject_host_key):
        with pytest.raises(UsageError):
            answer()
    fresh = Pair(key=key).client
    for answer in (fresh.accept_host_key, fresh.reject_host_key):
        with pytest.raises(UsageError):
            answer()


@pytest.mark.row("T27")
def test_t27_decision_after_lost_connection_raises_connection_error(key: PrivateKey) -> None:
    pair = waiting(key)
    pair.client.connection_lost()
    event = drain(pair.client)[-1]
    assert "CONNECTION_LOST" in repr(event)
    with pytest.raises(ConnectionError):
        pair.client.accept_host_key()


@pytest.mark.row("T29")
def test_t29_other_host_key_at_rekey_ends_connection(
    key: PrivateKey, other_key: PrivateKey
) -> None:
    pair = Pair.connected(FAST, key=key)
    pair.server._server_kex._identities = _identities([other_key.public_key])
    pair.key = other_key
    pair.client.start_rekey()
    for mine, peer in ((pair.client, pair.server), (pair.server, pair.client)) * 2:
        pump(mine, peer)
        if not pair.client.closed:
            pair.answer()
    last = refused(pair.client, pair.server, UNTRUSTED)
    assert isinstance(last.error, HostKeyRefused)


@pytest.mark.row("T29")
def test_t29_same_host_key_at_rekey_needs_no_decision(pair: Pair) -> None:
    pair.server.start_rekey()
    pair.run()
    kinds = [type(event) for event in pair.client_events]
    assert kinds == [KexCompleted]


def test_known_kinds_of_host_key_are_wanted_first() -> None:
    rsa = PrivateKey.generate("rsa")
    from ssh_transport import ClientTransport  # noqa: PLC0415

    client = ClientTransport(
        FAST_OPTIONS, random=bytes, now=0.0, host_key_algorithms=["x", "rsa-sha2-256"]
    )
    payload = split(taken(client))[1][0]
    assert b"rsa-sha2-256,ssh-ed25519,sk-ssh" in payload
    assert b"x," not in payload
    assert rsa.public_key.kind == "ssh-rsa"


def test_lost_connection_ends_client_in_every_stage(key: PrivateKey) -> None:
    stages = ("kexinit", "kex", "newkeys")
    for stage in stages:
        transport: Transport = staged("client", stage, key)[0]  # type: ignore[arg-type]
        transport.connection_lost()
        assert "CONNECTION_LOST" in repr(drain(transport)[-1])
