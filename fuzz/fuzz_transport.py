"""The transport before authentication: identification, packets, KEXINIT, both whole machines.

The machines run with the mathematics taken out, so that an input reaches the states behind the
key exchange: a share is any string, every signature holds, and no packet is encrypted.  That is
done by subclasses that live here, and the packages know nothing of it.
"""

from __future__ import annotations

from typing import Any

from fuzz.target import Target
from ssh_keys import PrivateKey
from ssh_transport import (
    Algorithms,
    ClientTransport,
    Disconnected,
    Event,
    HostKeyReceived,
    KexCompleted,
    Limits,
    ServerTransport,
    ServiceAccepted,
    ServiceRequested,
    SignatureRequested,
    Transport,
    TransportOptions,
)
from ssh_transport.ciphers.plain import PlainOpener, PlainSealer
from ssh_transport.keyexchange.client import ClientKeyExchange
from ssh_transport.keyexchange.derivation import KeySource
from ssh_transport.keyexchange.negotiation import guessed_right, negotiate
from ssh_transport.keyexchange.server import ServerKeyExchange
from ssh_transport.keyexchange.states import (
    Exchange,
    ExpectDecision,
    ExpectGroup,
    ExpectNewKeys,
    ExpectSignature,
    OwnHostKey,
)
from ssh_transport.packets.inbound import Inbound
from ssh_transport.roles import build_machine
from ssh_transport.states import TransportState
from ssh_transport.version import IdentificationReader
from ssh_wire import ProtocolError
from ssh_wire.binary_packet import PacketReader, pack_packet
from ssh_wire.messages.kex import KexECDHInit, KexECDHReply
from ssh_wire.messages.transport import Debug, Disconnect, KexInit, NewKeys, Ping, Unimplemented

LIMIT = 32768
_REKEY_AT = 4  # turns after which a recorded session changes its keys
_CUT = 16  # of how many inputs one is also fed in two pieces
KEY = PrivateKey.generate("ed25519")
OPTIONS = TransportOptions(
    algorithms=Algorithms(
        kex=("curve25519-sha256",),
        host_keys=("ssh-ed25519",),
        ciphers=("aes128-ctr",),
        macs=("hmac-sha2-256",),
    ),
    limits=Limits(packet_length=LIMIT),
)


def _keys() -> KeySource:
    return KeySource("sha256", bytearray(32), bytes(32), bytes(32))


def _exchange(state: Any) -> Exchange:
    """The exchange that a state is part of, whichever state it is."""
    exchange: Exchange = state.exchange
    return exchange


def _complete(self: Any, exchange: Exchange) -> TransportState:
    """What `KeyExchange._complete` does, without keys."""
    context = self._context
    self._send(NewKeys().encode())
    context.outbound.switch(PlainSealer(), reset=context.session.strict)
    context.session.agreement = exchange.agreement
    self._state = ExpectNewKeys(exchange, PlainOpener(LIMIT))
    self.holding = False
    next_state: TransportState = self.state_after(
        exchange, TransportState.NEWKEYS, TransportState.NEWKEYS_STRICT
    )
    return next_state


class _ServerKex(ServerKeyExchange):
    def message(self, payload: bytes) -> TransportState | None:
        KexECDHInit.decode(payload)
        exchange = _exchange(self._state)
        identity = OwnHostKey(KEY.public_key.blob, KEY.public_key, "ssh-ed25519")
        self._state = ExpectSignature(exchange, identity, b"share", _keys())
        self._context.emit(SignatureRequested(KEY.public_key, "ssh-ed25519", b""))
        return None

    def _complete(self, exchange: Exchange, keys: KeySource) -> TransportState:
        del keys
        return _complete(self, exchange)


class _ClientKex(ClientKeyExchange):
    def message(self, payload: bytes) -> TransportState | None:
        KexECDHReply.decode(payload)
        exchange = _exchange(self._state)
        if self._context.session.host_key is not None:
            return _complete(self, exchange)
        self._state = ExpectDecision(exchange, KEY.public_key, _keys())
        self._context.emit(HostKeyReceived(KEY.public_key, "ssh-ed25519", initial=True))
        return None

    def _complete(self, exchange: Exchange, keys: KeySource) -> TransportState:
        del keys
        return _complete(self, exchange)

    def _start(
        self, exchange: Exchange, next_state: TransportState, *, guessed_right: bool
    ) -> TransportState:
        del guessed_right
        self._send(KexECDHInit(public=b"share").encode())
        self._state = ExpectGroup(exchange)
        return next_state


class Server(ServerTransport):
    """A server without mathematics."""

    def __init__(self) -> None:
        machine, self._server_kex = build_machine(
            *(OPTIONS, bytes, 0.0),
            lambda context: _ServerKex(context, OPTIONS.algorithms, [KEY.public_key]),
        )
        Transport.__init__(self, machine)


class Client(ClientTransport):
    """A client without mathematics."""

    def __init__(self) -> None:
        machine, self._client_kex = build_machine(
            OPTIONS, bytes, 0.0, lambda context: _ClientKex(context, OPTIONS.algorithms)
        )
        Transport.__init__(self, machine)


def _make(role: str) -> Client | Server:
    if role == "client":
        client = Client()
        client.request_service("ssh-userauth")
        return client
    return Server()


def _answer(transport: Transport, event: Event) -> None:
    match event, transport:
        case HostKeyReceived(), Client():
            transport.accept_host_key()
        case SignatureRequested(), Server():
            transport.provide_signature(b"signature")
        case ServiceRequested(), Server():
            transport.accept_service(event.name)
            transport.authenticated()
        case ServiceAccepted(), _:
            transport.authenticated()
        case _:
            pass


class Refused(Exception):
    """The machine has ended the connection: what is declared for bad input."""


def _play(role: str, pieces: list[bytes]) -> tuple[list[Event], bytes]:
    """Feed a machine; return its events and what it sent."""
    transport = _make(role)
    events: list[Event] = []
    for piece in pieces:
        if not transport.closed:
            transport.receive(piece)
        while (event := transport.next_event()) is not None:
            events.append(event)
            _answer(transport, event)
    ends = [event for event in events if isinstance(event, Disconnected)]
    assert len(ends) == transport.closed
    assert not ends or events[-1] is ends[0]
    if transport.is_authenticated:
        assert any(isinstance(event, KexCompleted) for event in events)
    sent: list[bytes] = []
    while (data := transport.take_outgoing()) is not None:
        sent.append(bytes(data))
    return events, b"".join(sent)


def _told(events: list[Event]) -> list[object]:
    """The events, without what an end says of a first line: as much of it as had arrived."""
    return [
        (event.reason, event.by_peer) if isinstance(event, Disconnected) else repr(event)
        for event in events
    ]


def _machine(role: str, data: bytes) -> None:
    """A machine takes anything; however it is cut the same comes of it."""
    events, sent = _play(role, [data])
    if len(data) % _CUT == 0:
        cut = len(data) // 2
        again = _play(role, [data[:cut], data[cut:]])
        assert (_told(events), sent) == (_told(again[0]), again[1])
    last = events[-1] if events else None
    if isinstance(last, Disconnected) and not last.by_peer:
        raise Refused(last.description)


def run_server(data: bytes) -> None:
    _machine("server", data)


def run_client(data: bytes) -> None:
    _machine("client", data)


def _recorded() -> dict[str, bytes]:
    """What each side says in a whole session."""
    ends = {"client": _make("client"), "server": _make("server")}
    sent = {"client": b"", "server": b""}
    for turn in range(8):
        for mine, other in (("client", "server"), ("server", "client")):
            while (data := ends[mine].take_outgoing()) is not None:
                sent[mine] += bytes(data)
                ends[other].receive(data)
            for end in ends.values():
                while (event := end.next_event()) is not None:
                    _answer(end, event)
                    if isinstance(event, KexCompleted) and not event.initial:
                        end.send(Ping(data=b"behind the second exchange"))
        if turn == _REKEY_AT:
            ends["client"].start_rekey()
    return sent


def read_identification(data: bytes) -> None:
    """Lines, one after the other, until one is the identification."""
    reader = IdentificationReader(OPTIONS.limits, banner=True)
    view, start = memoryview(data), 0
    while start < len(data):
        found, stop = reader.read(view, start, len(data))
        if found is None:
            break
        assert stop > start
        start = stop
        if not isinstance(found, str):
            assert found.software.isprintable()
            break
        assert found.isprintable()


def read_packets(data: bytes) -> None:
    """However a stream is cut, it gives the same packets or is refused."""
    cut = len(data) // 3
    whole, parts = Inbound(LIMIT), Inbound(LIMIT)
    whole.append(data)
    found: list[bytes] = []
    for piece in (data[:cut], data[cut:]):
        parts.append(piece)
        found += _payloads(parts)
    assert found == _payloads(whole)


def _payloads(inbound: Inbound) -> list[bytes]:
    found: list[bytes] = []
    while (payload := inbound.next()) is not None:
        assert len(payload)
        found.append(bytes(payload))
    return found


def agree(data: bytes) -> None:
    """Whatever a peer offers, what is agreed on was offered by both."""
    offered = KexInit.decode(data)
    for client, server in ((offered, OWN), (OWN, offered)):
        guessed_right(client, server)
        agreement = negotiate(client, server)
        assert agreement.kex in client.kex_algorithms
        assert agreement.kex in server.kex_algorithms
        assert agreement.client_to_server.cipher in offered.encryption_client_to_server


def _packets(stream: bytes) -> bytes:
    """What follows the identification."""
    return stream[stream.index(b"\n") + 1 :]


SENT = _recorded()
OWN = KexInit.decode(PacketReader().feed(_packets(SENT["server"]))[0])
PACKETS = b"".join(
    pack_packet(message.encode(), bytes)
    for message in (
        Debug(always_display=True, message="text"),
        Unimplemented(sequence=7),
        Ping(data=b"x"),
        Disconnect(code=11, description="bye"),
    )
)
TARGETS = [
    Target(
        name="identification",
        function=read_identification,
        seeds=[b"hello\r\nSSH-2.0-a b\r\n", b"SSH-1.99-x\n"],
        allowed=(ProtocolError,),
        tokens=[b"SSH-", b"2.0-", b"1.99-", b"\r\n"],
    ),
    Target(
        name="transport-packets",
        function=read_packets,
        seeds=[PACKETS, _packets(SENT["client"])],
        allowed=(ProtocolError,),
    ),
    Target(
        name="negotiation",
        function=agree,
        seeds=[OWN.encode()],
        allowed=(ProtocolError,),
        tokens=[b"curve25519-sha256", b"kex-strict-c-v00@openssh.com", b"ext-info-c", b","],
    ),
    Target(
        name="server-machine",
        function=run_server,
        seeds=[SENT["client"], SENT["client"] + PACKETS],
        allowed=(Refused,),
        growth=2000,
    ),
    Target(
        name="client-machine",
        function=run_client,
        seeds=[SENT["server"], b"text\r\n" + SENT["server"] + PACKETS],
        allowed=(Refused,),
        growth=2000,
    ),
]
