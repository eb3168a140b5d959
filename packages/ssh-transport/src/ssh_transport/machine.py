"""The machine inside a transport: packets are found, and done with as their row says.

Nothing here is public.  `transport` is the interface around it, `roles` adds the answers
and services in which client and server differ.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar, Protocol

from ssh_transport.errors import (
    ConnectionClosed,
    HeldQueueFull,
    PeerDisconnected,
)
from ssh_transport.events import (
    BannerLineReceived,
    DebugReceived,
    Disconnected,
    Event,
    ExtInfoReceived,
    IdentificationReceived,
    PayloadReceived,
    UnimplementedReceived,
)
from ssh_transport.extinfo import Extensions
from ssh_transport.keyexchange.base import KeyExchange
from ssh_transport.keyexchange.context import KexContext, SessionState
from ssh_transport.packets.inbound import Inbound
from ssh_transport.packets.outbound import HeldQueue, Outbound
from ssh_transport.rekey import RekeyPolicy
from ssh_transport.states import Action, Row, TransportState, row_of
from ssh_transport.version import IdentificationReader
from ssh_wire import DisconnectReason, ProtocolError
from ssh_wire.messages.transport import Debug, Disconnect, ExtInfo, Ping, Pong, Unimplemented
from ssh_wire.text import printable

if TYPE_CHECKING:
    from ssh_transport.algorithms import Role
    from ssh_transport.kex.base import Random
    from ssh_transport.options import TransportOptions
    from ssh_transport.packets.compression import DeflatingOutbound, InflatingInbound
    from ssh_wire import Message, SSHError
    from ssh_wire.primitives import Buffer

__all__ = ["Machine"]


class BeginCompression(Protocol):
    """Begins compression in both directions, where it was negotiated."""

    def __call__(self, *, with_next_key: bool) -> None:
        """Begin now, or expect the peer's compressed packets under its next key only."""
        ...


class Machine(ABC):
    """What one side of a connection is, and how it processes input.

    Attributes:
        now: the time of what happens next, in seconds of a monotonic clock.
        sink: takes every payload numbered 50 to 127 that may arrive; the view is valid only
            during the call.  Without one such a payload is a `PayloadReceived` event.
        hold_connection_messages: server: while set, a message above 79 that arrives before
            `authenticated` stops the processing of input instead of ending the connection.
    """

    role: ClassVar[Role]

    def __init__(self, options: TransportOptions, *, random: Random, now: float) -> None:
        options.check()
        limits = options.limits
        self.now = now
        self.sink: Callable[[memoryview], None] | None = None
        self.hold_connection_messages = False
        self._events: deque[Event] = deque()
        self._inbound, self._outbound, self._begin_compression = _directions(options, random)
        self._uncompressed = 0  # messages that wait, and leave before compression begins
        self._context = KexContext(
            options, random, self._inbound, self._outbound, SessionState(), self._events.append
        )
        self._held = HeldQueue(limits.held_packets, limits.held_bytes)
        self._rekey = RekeyPolicy(options, self._inbound, self._outbound)
        self._extensions = Extensions(self.role, limits.extensions)
        self._peer_software = ""
        self._kept: bytes | None = None  # a payload that waits for an authentication decision
        self._busy = False
        self._halted = False  # an answer is awaited, or the connection has ended
        self._lost = False
        self._drained = False  # whether nothing more can be processed before more arrives
        self._stage = TransportState.SERVICE  # the phase outside of key exchanges
        self._phase = TransportState.IDENTIFICATION
        self._row: Row = row_of(self.role, TransportState.IDENTIFICATION)
        self._identification = IdentificationReader(limits, banner=self.role == "client")
        self._kex: KeyExchange = self._key_exchange()
        # identification and KEXINIT leave in one write
        self._outbound.write(options.identification + b"\r\n")
        self._kex.begin()

    # ------------------------------------------------------------------ processing

    @abstractmethod
    def _key_exchange(self) -> KeyExchange:
        """Make this role's part of key exchanges."""

    @abstractmethod
    def _ext_info(self) -> ExtInfo:
        """Return what this role announces."""

    @property
    def _output_full(self) -> bool:
        return self._outbound.waiting > self._context.options.limits.outgoing_bytes

    @property
    def _may_go_on(self) -> bool:
        """Whether there may be something to process that came before."""
        return not self._drained or self._lost or self._kept is not None

    def _received(self, count: int) -> None:
        self._drained = False
        if self._stage is not TransportState.OPEN:
            try:
                self._rekey.early(count)
            except ProtocolError as error:
                self._fail(error)
                return
        self._process()

    def _process(self) -> None:
        """Process packets until one asks for an answer, makes an event, or is missing."""
        if self._busy or self._events:
            return
        self._busy = True
        try:
            if self._phase is TransportState.IDENTIFICATION:
                self._identify()
            else:
                self._process_packets()
        except HeldQueueFull as error:
            # the peer asks for more than can be answered while it delays the key exchange
            self._fail(ProtocolError(str(error)))
        except ProtocolError as error:
            self._fail(error)
        finally:
            self._busy = False

    def _process_packets(self) -> None:
        inbound = self._inbound
        events = self._events
        outbound = self._outbound
        deliver = Action.DELIVER
        full = float("inf") if self._lost else self._context.options.limits.outgoing_bytes
        if self._kept is not None and not self.hold_connection_messages:
            kept, self._kept = self._kept, None
            self._halted = False
            self._dispatch(memoryview(kept))
        while not events and not self._halted and outbound.waiting <= full:
            payload = inbound.next()
            if payload is None:
                self._drained = True
                break
            if self._row[payload[0]] is deliver and (sink := self.sink) is not None:
                sink(payload)
            else:
                self._dispatch(payload)
        if self._phase is not TransportState.CLOSED:
            self._rekey.check()
            self._rekey_if_due()

    def _dispatch(self, payload: memoryview) -> None:
        action = self._row[payload[0]]
        if action is Action.IGNORE:
            return
        if action is Action.DELIVER and self.sink is not None:
            self.sink(payload)
        else:
            self._act(action, bytes(payload))

    def _identify(self) -> None:
        view, start, end = self._inbound.unread
        found, start = self._identification.read(view, start, end)
        self._inbound.skip_to(start)
        if isinstance(found, str):
            self._events.append(BannerLineReceived(found))
        elif found is not None:
            session = self._context.session
            own = self._context.options.identification
            lines = (own, found.line) if self.role == "client" else (found.line, own)
            session.client_version, session.server_version = lines
            self._peer_software = found.software
            self._events.append(IdentificationReceived(printable(found.line)))
            self._enter(TransportState.FIRST_KEXINIT)

    # ------------------------------------------------------------------ actions

    def _act(self, action: Action, payload: bytes) -> None:
        """Do what the row says, but for what the loop has done already."""
        handler = self._HANDLERS.get(action)
        if handler is None:
            problem = f"message {payload[0]} may not arrive in phase {self._phase.name}"
            raise ProtocolError(problem)
        handler(self, payload)

    def _on_unknown(self, payload: bytes) -> None:  # noqa: ARG002 (a handler)
        # "An implementation MUST respond to all unrecognized messages with an
        # SSH_MSG_UNIMPLEMENTED message in the order in which the messages were received."
        self._reply(Unimplemented(sequence=(self._inbound.sequence - 1) % 2**32))

    def _on_deliver(self, payload: bytes) -> None:
        self._events.append(PayloadReceived(payload))

    def _on_hold(self, payload: bytes) -> None:
        if not self.hold_connection_messages:
            problem = f"message {payload[0]} before authentication"
            raise ProtocolError(problem)
        self._kept = payload
        self._halted = True

    def _on_disconnect(self, payload: bytes) -> None:
        message = Disconnect.decode(payload)
        description = printable(message.description)
        error = PeerDisconnected(message.code, description)
        self._end(message.code, description, error, by_peer=True)

    def _on_not_known(self, payload: bytes) -> None:
        self._events.append(UnimplementedReceived(Unimplemented.decode(payload).sequence))

    def _on_debug(self, payload: bytes) -> None:
        message = Debug.decode(payload)
        self._events.append(DebugReceived(printable(message.message), message.always_display))

    def _on_ext_info(self, payload: bytes) -> None:
        self._events.append(ExtInfoReceived(self._extensions.receive(payload)))

    def _on_ping(self, payload: bytes) -> None:
        self._reply(Pong(data=Ping.decode(payload).data))

    def _on_kexinit(self, payload: bytes) -> None:
        if self._phase is not TransportState.FIRST_KEXINIT:
            self._rekey.began(self.now)
        self._go_on(self._kex.kexinit(payload))

    def _on_skip_guess(self, payload: bytes) -> None:  # noqa: ARG002 (a handler)
        self._enter(self._kex.guess_skipped())

    def _on_kex(self, payload: bytes) -> None:
        self._go_on(self._kex.message(payload))

    def _on_newkeys(self, payload: bytes) -> None:
        self._kex.newkeys(payload)
        self._rekey.completed(self.now)
        self._enter(self._stage)

    _HANDLERS: ClassVar[dict[Action, Callable[[Machine, bytes], None]]] = {
        Action.UNIMPLEMENTED: _on_unknown,
        Action.DELIVER: _on_deliver,
        Action.HOLD: _on_hold,
        Action.DISCONNECT: _on_disconnect,
        Action.NOT_KNOWN: _on_not_known,
        Action.DEBUG: _on_debug,
        Action.EXT_INFO: _on_ext_info,
        Action.PING: _on_ping,
        Action.KEXINIT: _on_kexinit,
        Action.SKIP_GUESS: _on_skip_guess,
        Action.KEX: _on_kex,
        Action.NEWKEYS: _on_newkeys,
    }

    # ------------------------------------------------------------------ steps

    def _enter(self, phase: TransportState) -> None:
        self._phase = phase
        self._row = row_of(self.role, phase)

    def _go_on(self, phase: TransportState | None) -> None:
        """Enter what a step of a key exchange leads to; None says that an answer is awaited."""
        self._halted = phase is None
        if phase is None:
            return
        if self._kex.holding:
            self._enter(phase)
        else:
            self._own_keys_in_use(phase)

    def _set_stage(self, stage: TransportState) -> None:
        if self._phase is self._stage:  # else a key exchange is under way
            self._enter(stage)
        self._stage = stage

    def _own_keys_in_use(self, phase: TransportState) -> None:
        """Send what waited for our NEWKEYS."""
        self._halted = False
        self._enter(phase)
        if self._kex.extensions_due:
            # RFC 8308 section 2.4: "as the next packet following ... first SSH_MSG_NEWKEYS"
            payload = self._ext_info().encode()
            self._outbound.send((payload,))
        self._release()

    def _release(self) -> None:
        while self._held:
            message = self._held.pop()
            self._outbound.send((message,))
            if self._uncompressed:
                self._uncompressed -= 1
                if not self._uncompressed:
                    # the client knows of it when it has sent its NEWKEYS
                    self._begin_compression(with_next_key=True)

    def _hold(self, parts: tuple[Buffer, ...]) -> None:
        self._check_open()
        if self._held.full:
            problem = "too many messages wait for the end of the key exchange"
            raise HeldQueueFull(problem)
        self._held.push(parts)

    def _reply(self, message: Message) -> None:
        """Answer the peer, unless so many answers wait that it cannot mean well."""
        payload = message.encode()
        if not self._kex.holding:
            self._outbound.send((payload,))
        elif not self._held.full:
            self._held.push((payload,))

    def _rekey_if_due(self) -> None:
        if self._stage is TransportState.OPEN and self._kex.idle and self._rekey.due(self.now):
            self._rekey.began(self.now)
            self._kex.begin()

    # ------------------------------------------------------------------ end

    def _check_open(self) -> None:
        if self._phase is TransportState.CLOSED:
            problem = "the connection has ended"
            raise ConnectionClosed(problem)

    def _fail(self, error: ProtocolError) -> None:
        description = printable(str(error))
        self._say_disconnect(error.reason, description)
        self._end(error.reason, description, error)

    def _say_disconnect(self, reason: DisconnectReason, description: str) -> None:
        # before the identification the peer may not even speak SSH
        if self._phase is not TransportState.IDENTIFICATION:
            payload = Disconnect(code=reason, description=description).encode()
            self._outbound.send((payload,))

    def _end(
        self, reason: int, description: str, error: SSHError | None, *, by_peer: bool = False
    ) -> None:
        self._enter(TransportState.CLOSED)
        self._stage = TransportState.CLOSED
        self._halted = True
        self._kex.abandon()
        self._held.clear()
        self._inbound.close()
        self._kept = None
        self.sink = None
        self._events.append(Disconnected(reason, description, by_peer, error))


def _directions(
    options: TransportOptions, random: Random
) -> tuple[Inbound, Outbound, BeginCompression]:
    """Make the two directions, as much of them as is asked for, and what begins compression."""
    limits = options.limits
    inbound: InflatingInbound
    outbound: DeflatingOutbound
    if options.trace is not None:
        from ssh_transport import trace  # noqa: PLC0415 (loaded where it is asked for)

        inbound = trace.TracedInbound(limits, options.trace)
        outbound = trace.TracedOutbound(random, limits, options.trace)
    elif options.algorithms.compression != ("none",):
        from ssh_transport.packets import compression  # noqa: PLC0415 (loaded where it is offered)

        inbound = compression.InflatingInbound(limits)
        outbound = compression.DeflatingOutbound(random, limits)
    else:
        plain = limits.packet_length
        return Inbound(plain), Outbound(random, plain), _begin_none

    def begin(*, with_next_key: bool) -> None:
        inbound.begin(with_next_key=with_next_key)
        outbound.begin()

    return inbound, outbound, begin


def _begin_none(*, with_next_key: bool) -> None:
    """Begin no compression: none is offered."""
