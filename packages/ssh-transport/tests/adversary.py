"""What the adversary's tests share: every suite, keys set by hand, and a man in the middle."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias
from unittest import mock

import attrs
import pytest

from hostile import FAST, Side
from ssh_keys import PrivateKey
from ssh_transport import (
    Algorithms,
    ClientTransport,
    DirectionAgreement,
    Disconnected,
    ServerTransport,
    Transport,
    TransportOptions,
    output,
)
from ssh_transport.ciphers import CIPHERS
from ssh_transport.keyexchange.derivation import KeySource
from ssh_transport.macs import MACS
from ssh_transport.packets.outbound import Outbound
from ssh_transport.states import TransportState
from ssh_transport.testing import Pair

if TYPE_CHECKING:
    from ssh_transport.ciphers.base import Sealer
    from ssh_wire.primitives import Buffer

Suite: TypeAlias = tuple[str, str]

KEY = PrivateKey.generate("ed25519")
LIMIT = 262144
SIDES: list[Side] = ["client", "server"]
SUITES: list[Suite] = [
    (cipher, mac)
    for cipher, spec in CIPHERS.items()
    for mac in (MACS if not spec.aead else ["hmac-sha2-256"])
]
every_suite = pytest.mark.parametrize(
    ("cipher", "mac"), SUITES, ids=[f"{c}-{m}" if not CIPHERS[c].aead else c for c, m in SUITES]
)


def offer(cipher: str, mac: str) -> Algorithms:
    """The quick algorithms, with one cipher and one MAC."""
    return attrs.evolve(FAST, ciphers=(cipher,), macs=(mac,))


def options(cipher: str, mac: str) -> TransportOptions:
    return TransportOptions(algorithms=offer(cipher, mac))


class Keyed:
    """A receiver whose keys were set by hand, and what its peer would send."""

    def __init__(self, side: Side, cipher: str, mac: str) -> None:
        self.seen: list[bytes] = []
        self._side: Side = side
        self._agreed = DirectionAgreement(cipher, None if CIPHERS[cipher].aead else mac, "none")
        self._options = options(cipher, mac)

    @property
    def _source(self) -> KeySource:
        return KeySource("sha256", bytearray(b"shared secret"), bytes(32), bytes(32))

    def sealed(self, *payloads: bytes) -> list[bytes]:
        """Seal payloads as the peer would; a packet is one piece."""
        peer: Side = "server" if self._side == "client" else "client"
        outbound = Outbound(bytes, LIMIT)
        outbound.switch(self._source.sealer(peer, self._agreed), reset=True)
        pieces: list[bytes] = []
        for payload in payloads:
            outbound.send((payload,))
            data = outbound.take()
            assert data is not None
            pieces.append(bytes(data))
        return pieces

    def receiver(self) -> Transport:
        """A transport in an open connection that has received nothing under its key."""
        transport: Transport
        if self._side == "client":
            transport = ClientTransport(self._options, random=bytes, now=0.0)
        else:
            keys = (KEY.public_key,)
            transport = ServerTransport(self._options, random=bytes, now=0.0, host_keys=keys)
        peer: Side = "server" if self._side == "client" else "client"
        transport._machine.input.inbound.switch(
            self._source.opener(peer, self._agreed, LIMIT), reset=True
        )
        transport._machine.stage = TransportState.OPEN
        transport._machine.enter(TransportState.OPEN)
        self.seen.clear()
        transport.sink = lambda payload: self.seen.append(bytes(payload))
        return transport


class PacketOutbound(Outbound):
    """Gives one packet a write, the identification line being the first.

    Attributes:
        epochs: each key, and the packets that were sealed with it.
    """

    def __init__(self, random: Callable[[int], bytes], limit: int) -> None:
        super().__init__(random, limit)
        self._packets: deque[Buffer] = deque()
        self.epochs: list[tuple[Sealer, list[bytes]]] = []

    def switch(self, sealer: Sealer, *, reset: bool, **more: Any) -> None:
        super().switch(sealer, reset=reset, **more)
        self.epochs.append((sealer, []))

    def write(self, data: bytes) -> None:
        self._packets.append(data)

    def _send_run(self, payloads: Sequence[tuple[Buffer, ...]], size: int) -> None:
        for parts in payloads:
            super()._send_run((parts,), size)
            packet = super().take()
            assert packet is not None
            self._packets.append(packet)
            if self.epochs:
                self.epochs[-1][1].append(bytes(packet))

    def take(self) -> Buffer | None:
        return self._packets.popleft() if self._packets else None


Edit: TypeAlias = Callable[[Side, int, bytes], Iterable[bytes]]


def unchanged(_side: Side, _number: int, packet: bytes) -> Iterable[bytes]:
    return (packet,)


class Middle:
    """A man in the middle: he knows where packets begin and end, and nothing of the keys.

    Args:
        client: how the client behaves.
        server: how the server behaves.
        edit: given who speaks, the number of its packet (0 is the identification line, 1 is
            KEXINIT) and the packet, returns what arrives instead.
    """

    def __init__(
        self, client: TransportOptions, server: TransportOptions, edit: Edit = unchanged
    ) -> None:
        with mock.patch.object(output, "Outbound", PacketOutbound):
            self.pair = Pair(client, server, key=KEY)
        self.edit = edit
        self.counts: dict[Side, int] = {"client": 0, "server": 0}

    def run(self, turns: int = 12) -> None:
        """Carry what both ends send; a closed end receives nothing."""
        pair = self.pair
        pair.answer()
        for _ in range(turns):
            self._carry("client", pair.client, pair.server)
            self._carry("server", pair.server, pair.client)

    def _carry(self, side: Side, source: Transport, target: Transport) -> None:
        while (packet := source.take_outgoing()) is not None:
            number = self.counts[side]
            self.counts[side] += 1
            for piece in self.edit(side, number, bytes(packet)):
                if not target.closed:
                    target.receive(piece)
                self.pair.answer()


def ends(pair: Pair, side: Side) -> list[Disconnected]:
    """Return the terminal events of a side."""
    events = pair.client_events if side == "client" else pair.server_events
    return [event for event in events if isinstance(event, Disconnected)]
