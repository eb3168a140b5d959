"""Proxy mode: the connection protocol over a control socket (PROTOCOL.mux section 9).

The packets are neither padded nor encrypted: a uint32 length, a byte 0, the payload.  The core
has the interface of a transport, so that the same driver and endpoint serve a connection of
one's own and one that is a master's.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final, NoReturn

from ssh_connection.control.errors import ControlViolation
from ssh_transport import ConnectionLost
from ssh_transport.events import Disconnected, Event
from ssh_wire import DisconnectReason, Message, UsageError
from ssh_wire.length_prefix import LengthPrefixedReader
from ssh_wire.numbers import MessageNumber

if TYPE_CHECKING:
    from ssh_wire.primitives import Buffer

__all__ = ["ProxyTransport"]

_MAX_PACKET: Final = 256 * 1024
_READ: Final = 128 * 1024
_CONNECTION: Final = range(80, 128)
"""The numbers of the connection protocol; a master sends no others."""


class ProxyTransport:
    """A transport whose keys, and whose user, are the master's.

    Attributes:
        now: the time of the present wake-up, in seconds.
        sink: takes each payload that arrives; it is valid during the call.
    """

    writable: Final = True
    paused: Final = False
    unprocessed: Final = 0
    is_authenticated: Final = True
    takes_pings: Final = False
    offers_legacy: Final = False
    peer_software: Final = ""

    def __init__(self) -> None:
        self.now: float = 0.0
        self.closed: bool = False
        self.received_sequence: int = 0
        self.sink: Callable[[Buffer], None] = self._refuse
        self._events: deque[Event] = deque()
        self._outgoing: list[bytes] = []
        self.outgoing_size: int = 0
        self._buffer = memoryview(bytearray(_READ))
        self._reader = _Packets(self._take, _MAX_PACKET)

    # ------------------------------------------------------------- what arrives

    def get_buffer(self) -> memoryview:
        """Return where to read to."""
        return self._buffer

    def buffer_updated(self, count: int) -> None:
        """Take what was read to the buffer."""
        self.receive(self._buffer[:count])

    def receive(self, data: Buffer) -> None:
        """Take more of the stream."""
        try:
            self._reader.feed(memoryview(data))
        except ControlViolation as error:
            self._end(error, by_peer=False)

    def _take(self, packet: memoryview) -> None:
        if len(packet) <= 1 or packet[0] or packet[1] not in _CONNECTION:
            problem = "the master sent what is not a packet of the connection protocol"
            raise ControlViolation(problem)
        self.received_sequence += 1
        if packet[1] == MessageNumber.REQUEST_FAILURE:
            packet = packet[:2]  # masters pad it, since OpenSSH's client ends at a shorter packet
        self.sink(packet[1:])

    def _refuse(self, _payload: Buffer) -> None:
        problem = "the master sent a packet before it was asked for anything"
        raise ControlViolation(problem)

    def connection_lost(self) -> None:
        """Take the end of the stream."""
        self._end(ConnectionLost("the master of the connection ended"), by_peer=True)

    def next_event(self) -> Event | None:
        """Return what happened; None when there is no more."""
        return self._events.popleft() if self._events else None

    # ------------------------------------------------------------- what leaves

    def send_payload(self, *parts: Buffer) -> None:
        """Send one message of the connection protocol, given in parts."""
        size = 1 + sum(map(len, parts))
        data = b"".join((size.to_bytes(4, "big"), b"\0", *parts))
        self._outgoing.append(data)
        self.outgoing_size += len(data)

    def send_payloads(self, payloads: Sequence[tuple[Buffer, ...]]) -> None:
        """Send several."""
        for parts in payloads:
            self.send_payload(*parts)

    def send(self, message: Message) -> None:
        """Drop a message of the transport, which a master would not take."""

    def take_outgoing(self) -> bytes | None:
        """Return what is to be written; None for nothing."""
        if not self._outgoing:
            return None
        data = b"".join(self._outgoing)
        self._outgoing.clear()
        self.outgoing_size = 0
        return data

    def give_back(self, data: Buffer) -> None:
        """Forget a buffer that was written: none is used again."""

    def disconnect(self, reason: DisconnectReason, description: str) -> None:
        """End this use of the connection; the master's other clients go on."""
        self._end(None, by_peer=False, reason=reason, description=description)

    def _end(
        self,
        error: ControlViolation | ConnectionLost | None,
        *,
        by_peer: bool,
        reason: DisconnectReason = DisconnectReason.CONNECTION_LOST,
        description: str = "",
    ) -> None:
        if self.closed:
            return
        self.closed = True
        text = description or str(error)
        self._events.append(
            Disconnected(reason=reason, description=text, by_peer=by_peer, error=error)
        )

    # ------------------------------------------------------------- time

    def next_deadline(self) -> None:
        """Return when there is something to do: never."""

    def tick(self, now: float) -> None:
        """Take the time."""
        self.now = now

    def offload_computation(self) -> None:
        """Have computations asked for: there are none."""

    def computation_done(self) -> None:
        """Take the end of one."""

    # ------------------------------------------------------------- what is the master's

    def start_rekey(self) -> NoReturn:
        """Refuse: the keys are the master's.

        Raises:
            UsageError: always.
        """
        self._masters("new keys")

    @property
    def session_id(self) -> bytes:
        """Not known here."""
        self._masters("the session identifier")

    @property
    def agreement(self) -> NoReturn:
        """Not known here."""
        self._masters("the algorithms")

    @property
    def host_key(self) -> NoReturn:
        """Not known here."""
        self._masters("the host key")

    def _masters(self, what: str) -> NoReturn:
        problem = f"the connection is a master's: {what} cannot be had through its socket"
        raise UsageError(problem)


class _Packets(LengthPrefixedReader):
    def refused(self, length: int) -> ControlViolation:
        return ControlViolation(f"a packet of a master has the length {length}")
