"""The other side of a conversation, taken apart: every packet it sends can be held back.

A `Peer` is a transport of our own with a tap on both of its directions.  What it wants to
send waits in `queue`, one packet an entry, each with the state of the cipher from before it,
so that anything can be sent in its place: that is what an adversary with the keys can do.
"""

from __future__ import annotations

import copy
from collections import deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeAlias
from unittest import mock

import attrs

from ssh_auth import ClientAuth
from ssh_transport import (
    ClientTransport,
    Event,
    HostKeyReceived,
    PayloadReceived,
    ServerTransport,
    ServiceRequested,
    SignatureRequested,
    TransportOptions,
    output,
)
from ssh_transport.ciphers.base import Opener, Sealer
from ssh_transport.keyexchange import base as keyexchange
from ssh_transport.packets.inbound import Inbound
from ssh_transport.packets.outbound import Outbound
from ssh_wire.numbers import MAX_PACKET_LENGTH

if TYPE_CHECKING:
    from ssh_keys import PrivateKey
    from ssh_wire.primitives import Buffer

__all__ = ["Packet", "PacketReader", "PacketWriter", "Peer", "Role", "constant"]

_NOT_STRICT = {"STRICT_CLIENT": "other@test", "STRICT_SERVER": "other@test"}

Role: TypeAlias = Literal["client", "server"]


def constant(seed: int) -> Callable[[int], bytes]:
    """Return randomness that does not depend on what was drawn before."""
    pattern = bytes((seed + 7 * at) % 256 for at in range(4096))
    return lambda size: pattern[:size]


@attrs.frozen
class PacketWriter:
    """Seals what one side could say next."""

    sealer: Sealer
    sequence: int

    def seal(self, *payloads: bytes) -> bytes:
        """Seal payloads; saying something else next time starts from the same state."""
        return b"".join(self.packets(*payloads))

    def packets(self, *payloads: bytes) -> list[bytes]:
        """Do the same, one packet a payload."""
        outbound = Outbound(bytes, MAX_PACKET_LENGTH)
        outbound.switch(copy.copy(self.sealer), reset=False)
        outbound.sequence = self.sequence
        sealed: list[bytes] = []
        for payload in payloads:
            outbound.send((payload,))
            data = outbound.take()
            assert data is not None
            sealed.append(bytes(data))
        return sealed


@attrs.frozen
class PacketReader:
    """Opens what is sent to one side; a NEWKEYS in it brings the next of the known keys."""

    opener: Opener
    later: tuple[tuple[Opener, bool], ...]
    sequence: int

    def receive(self, stream: bytes) -> list[bytes]:
        """Return the payloads of whole packets, from the state in which the reader are."""
        return self.reading()(stream)

    def reading(self, *, whole: bool = True) -> Callable[[bytes], list[bytes]]:
        """Return a function that reads piece by piece, each of which has whole packets."""
        inbound = Inbound(MAX_PACKET_LENGTH)
        inbound.switch(copy.copy(self.opener), reset=False)
        inbound.sequence = self.sequence
        later = list(self.later)

        def receive(piece: bytes) -> list[bytes]:
            inbound.append(piece.removeprefix(b"SSH-2.0-ssh_stack_0.1\r\n"))
            received: list[bytes] = []
            while (payload := inbound.next()) is not None:
                received.append(bytes(payload))
                if received[-1] == b"\x15" and not (later or whole):
                    break  # nothing is known of the next key
                if received[-1] == b"\x15" and later:
                    opener, reset = later.pop(0)
                    inbound.switch(copy.copy(opener), reset=reset)
            assert not whole or inbound.pending == 0, "bytes behind the last packet"
            return received

        return receive


@attrs.frozen
class Packet:
    """One packet, or the identification line, whose payload is empty."""

    payload: bytes
    sealed: bytes
    writer: PacketWriter
    """What could have been sent instead."""


class _TappedOutbound(Outbound):
    def __init__(self, random: Callable[[int], bytes], limit: int) -> None:
        super().__init__(random, limit)
        self.queue: deque[Packet] = deque()

    def writer(self) -> PacketWriter:
        return PacketWriter(copy.copy(self._sealer), self.sequence)

    def write(self, data: bytes) -> None:
        self.queue.append(Packet(b"", data, self.writer()))

    def _send_run(self, payloads: Sequence[tuple[Buffer, ...]], size: int) -> None:
        for parts in payloads:
            writer = self.writer()
            super()._send_run((parts,), size)
            sealed = self.take()
            assert sealed is not None
            self.queue.append(Packet(b"".join(parts), bytes(sealed), writer))


class _TappedInbound(Inbound):
    def __init__(self, limit: int) -> None:
        super().__init__(limit)
        self.switches: list[tuple[Opener, bool]] = []

    def switch(self, opener: Opener, *, reset: bool, **more: Any) -> None:
        self.switches.append((copy.copy(opener), reset))
        super().switch(opener, reset=reset, **more)

    def opener(self) -> Opener:
        return copy.copy(self._opener)


class Peer:
    """The side that is not under test.

    Args:
        role: which side it is.
        options: how it behaves.
        key: the server's host key.
        strict: whether it announces strict key exchange.
        guess: server: whether its KEXINIT announces a packet on a guess.
    """

    def __init__(
        self,
        role: Role,
        options: TransportOptions,
        key: PrivateKey,
        *,
        strict: bool = True,
        guess: bool = False,
    ) -> None:
        self.key = key
        self.events: list[Event] = []
        self.core: ClientTransport | ServerTransport
        with (
            mock.patch.object(output, "Outbound", _TappedOutbound),
            mock.patch.object(output, "Inbound", _TappedInbound),
            mock.patch.dict(vars(keyexchange), {} if strict else _NOT_STRICT),
            mock.patch.object(keyexchange.KeyExchange, "_guess", return_value=guess),
        ):
            if role == "client":
                self.core = ClientTransport(options, random=constant(99), now=0.0)
            else:
                keys = (key.public_key,)
                self.core = ServerTransport(options, random=constant(99), now=0.0, host_keys=keys)
        self.core.use_userauth_numbers(ClientAuth.NUMBERS)
        if isinstance(self.core, ClientTransport):
            self.core.request_service("ssh-userauth")

    @property
    def _outbound(self) -> _TappedOutbound:
        outbound = self.core._outbound
        assert isinstance(outbound, _TappedOutbound)
        return outbound

    @property
    def _inbound(self) -> _TappedInbound:
        inbound = self.core._machine.input.inbound
        assert isinstance(inbound, _TappedInbound)
        return inbound

    @property
    def queue(self) -> deque[Packet]:
        """What it wants to send."""
        return self._outbound.queue

    def writer(self) -> PacketWriter:
        """What it could say instead of what it wants to send next."""
        return self.queue[0].writer if self.queue else self._outbound.writer()

    def switches(self) -> int:
        """How many times the other side's key has changed."""
        return len(self._inbound.switches)

    def opener(self) -> tuple[Opener, int]:
        """What opens the other side's next packet, and that packet's number."""
        return self._inbound.opener(), self._inbound.sequence

    def later(self, since: int) -> tuple[tuple[Opener, bool], ...]:
        """Return the keys of the other side since so many changes."""
        return tuple(self._inbound.switches[since:])

    def receive(self, data: bytes) -> None:
        """Take what the other side sent, and answer as a friendly user would."""
        if data:
            self.core.receive(data)
        while (event := self.core.next_event()) is not None:
            self.events.append(event)
            match event, self.core:
                case HostKeyReceived(), ClientTransport() as core:
                    core.accept_host_key()
                case SignatureRequested(), ServerTransport() as core:
                    core.provide_signature(self.key.sign(event.data, event.algorithm))
                case ServiceRequested(), ServerTransport() as core:
                    core.accept_service(event.name)
                case PayloadReceived(payload=b"\x34"), ClientTransport() as core:
                    core.authenticated()  # what follows success belongs to the connection
                case _:
                    pass
