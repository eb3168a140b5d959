"""A peer driven by hand, and what must hold after every refusal."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Literal, TypeAlias, TypeVar, cast

import attrs
import pytest

from ssh_keys import PrivateKey
from ssh_transport import (
    Algorithms,
    ConnectionClosed,
    Disconnected,
    Event,
    Transport,
    TransportOptions,
    profiles,
)
from ssh_transport.keyexchange import base as keyexchange
from ssh_transport.testing import Pair, pump
from ssh_wire import DisconnectReason, Message, ProtocolError
from ssh_wire.binary_packet import PacketReader, pack_packet
from ssh_wire.messages.transport import Disconnect, KexInit

M = TypeVar("M", bound=Message)
Side: TypeAlias = Literal["client", "server"]
Stage: TypeAlias = Literal["kexinit", "kex", "newkeys"]

_DEFAULT = profiles("default", "server")
PLAIN_KEYS = _DEFAULT.plain_keys
FAST: Algorithms = attrs.evolve(_DEFAULT, kex=("curve25519-sha256",), host_keys=PLAIN_KEYS)
FAST_OPTIONS = TransportOptions(algorithms=FAST)


def drain(transport: Transport) -> list[Event]:
    events: list[Event] = []
    while (event := transport.next_event()) is not None:
        events.append(event)
    return events


def taken(transport: Transport) -> bytes:
    pieces: list[bytes] = []
    while (data := transport.take_outgoing()) is not None:
        pieces.append(bytes(data))
    return b"".join(pieces)


def changed(message: M, **fields: object) -> M:
    """Return a copy of a message with other fields."""
    return cast("M", attrs.evolve(cast("Any", message), **fields))


def plain(payload: bytes) -> bytes:
    return pack_packet(payload, bytes)


def split(stream: bytes) -> tuple[bytes, list[bytes]]:
    """Cut an unencrypted stream into the identification line and payloads."""
    at = stream.index(b"\n") + 1 if stream.startswith(b"SSH-") else 0
    return stream[:at], PacketReader().feed(stream[at:])


def ended(
    transport: Transport, reason: DisconnectReason, events: Iterable[Event] | None = None
) -> Disconnected:
    """Check the one terminal event, and that nothing comes after it."""
    found = list(drain(transport) if events is None else events)
    last = found[-1]
    assert isinstance(last, Disconnected), found
    assert not any(isinstance(event, Disconnected) for event in found[:-1])
    assert last.reason == reason, last
    assert not last.by_peer
    assert isinstance(last.error, ProtocolError)
    assert last.description.isprintable()
    assert transport.closed
    assert not transport.is_authenticated
    assert not transport.writable
    assert transport.next_deadline() is None
    with pytest.raises(ConnectionClosed):
        transport.receive(plain(b"\x02\0\0\0\0"))
    with pytest.raises(ConnectionClosed):
        transport.get_buffer()
    with pytest.raises(ConnectionClosed):
        transport.send_payload(b"\x50")
    transport.tick(1e9)
    transport.connection_lost()
    transport.disconnect(DisconnectReason.BY_APPLICATION, "twice")
    assert transport.next_event() is None
    return last


def refused_plain(transport: Transport, reason: DisconnectReason) -> Disconnected:
    """The same, and the DISCONNECT is the last packet of an unencrypted stream."""
    last = ended(transport, reason)
    payloads = split(taken(transport))[1]
    sent = [Disconnect.decode(payload) for payload in payloads if payload[0] == 1]
    assert [message.code for message in sent] == [reason]
    assert payloads[-1][0] == 1
    assert taken(transport) == b""
    return last


def refused(transport: Transport, peer: Transport, reason: DisconnectReason) -> Disconnected:
    """The same, and the peer can read the DISCONNECT as the last packet."""
    last = ended(transport, reason)
    drain(peer)
    pump(transport, peer)
    received = drain(peer)[-1]
    assert isinstance(received, Disconnected), received
    assert received.by_peer
    assert received.reason == reason
    assert taken(transport) == b""
    return last


def staged(side: Side, stage: Stage, key: PrivateKey) -> tuple[Transport, Pair]:
    """A transport that has come as far as `stage`, and the pair it is key_pair of."""
    pair = Pair(FAST_OPTIONS, FAST_OPTIONS, key=key)
    mine, peer = (pair.client, pair.server) if side == "client" else (pair.server, pair.client)
    line, payloads = split(taken(peer))
    mine.receive(line)
    pair.answer()
    if stage == "kexinit":
        return mine, pair
    mine.receive(plain(payloads[0]))
    pair.answer()
    if stage == "kex":
        return mine, pair
    pump(mine, peer)
    pair.answer()
    reply = PacketReader().feed(taken(peer)[: _plain_size(side)])
    mine.receive(plain(reply[0]))
    pair.answer()
    return mine, pair


def _plain_size(side: Side) -> int | None:
    # the server's reply is followed by NEWKEYS and then by encrypted packets
    return None if side == "server" else _reply_size()


def _reply_size() -> int:
    # type, host key (51), share (32), signature (83), and the framing around them
    return len(plain(bytes(1 + 4 + 51 + 4 + 32 + 4 + 83)))


def without_strict(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make both sides peers that know nothing of strict key exchange."""
    monkeypatch.setattr(keyexchange, "STRICT_CLIENT", "other-c@test")
    monkeypatch.setattr(keyexchange, "STRICT_SERVER", "other-s@test")


def edited(data: bytes, change: Callable[[KexInit], KexInit]) -> bytes:
    """Change the KEXINIT of a stream that starts with an identification."""
    line, payloads = split(data)
    kexinit = change(KexInit.decode(payloads[0]))
    return line + b"".join(map(plain, [kexinit.encode(), *payloads[1:]]))
