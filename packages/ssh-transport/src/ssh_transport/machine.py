"""The machine inside a transport: finds packets, and does with each what its row names.

Nothing here is public.  `transport` is the interface around it; `handlers` has what is done
with each message.  The machine is made of parts: `input` and `output`, the key exchange of
its role, the policy of rekeying, and the extensions and services of the connection.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from ssh_transport.errors import ConnectionClosed, HeldQueueFull
from ssh_transport.events import BannerLineReceived, Disconnected, Event, IdentificationReceived
from ssh_transport.extinfo import Extensions
from ssh_transport.handlers import EXT_INFO, HANDLERS
from ssh_transport.input import Input, InputFlow
from ssh_transport.rekey import RekeyPolicy
from ssh_transport.states import Action, Row, TransportState, row_of, userauth_row
from ssh_transport.version import IdentificationReader
from ssh_wire import DisconnectReason, ProtocolError, lazy_attrs
from ssh_wire.messages.transport import Disconnect
from ssh_wire.text import printable

if TYPE_CHECKING:
    from collections.abc import Callable

    from ssh_transport.algorithms import Role
    from ssh_transport.keyexchange.base import KeyExchange
    from ssh_transport.keyexchange.context import KexContext
    from ssh_transport.output import Output
    from ssh_wire import Message, SSHError
    from ssh_wire.primitives import Buffer

__all__ = ["Machine", "ServiceState"]


@lazy_attrs.define
class ServiceState:
    """Which services were asked for and granted (RFC 4253 section 10)."""

    asked: str | None = None
    """Client: the service that was requested."""

    requested: str | None = None
    """Server: the service that the client requested, and that is not granted yet."""

    granted: str | None = None
    """Server: the service that was granted."""


class Machine:
    """One side of a connection: its parts, and how it processes input.

    Attributes:
        role: the side.
        context: what key exchanges act on, the options among them.
        input: what has arrived.
        output: what leaves.
        kex: the key exchanges.
        rekey: when to rekey.
        extensions: what the peer announced.
        services: what was requested and granted.
        events: what happened and was not read yet.
        now: the time of what happens next, in seconds of a monotonic clock.
        sink: takes every payload numbered 50 to 127 that may arrive.
        userauth_numbers: the numbers of 60 to 79 that authentication methods use.
        stage: the state outside of key exchanges.
        state: the state.
        row: what is done with each message number in it.
    """

    __slots__ = (
        "_identification",
        "context",
        "events",
        "extensions",
        "input",
        "kex",
        "now",
        "output",
        "pings",
        "rekey",
        "role",
        "row",
        "services",
        "sink",
        "stage",
        "state",
        "userauth_numbers",
    )

    def __init__(
        self,
        context: KexContext,
        kex: KeyExchange,
        output: Output,
        events: deque[Event],
        *,
        now: float,
    ) -> None:
        limits = context.options.limits
        self.role: Role = kex.role
        self.context: KexContext = context
        self.input: Input = Input(context.inbound)
        self.output: Output = output
        self.kex: KeyExchange = kex
        self.rekey: RekeyPolicy = RekeyPolicy(context.options, context.inbound, context.outbound)
        self.extensions: Extensions = Extensions(self.role, limits.extensions)
        self.pings: int = 0  # that have no PONG yet
        self.services: ServiceState = ServiceState()
        self.events: deque[Event] = events
        self.now: float = now
        self.sink: Callable[[memoryview], None] | None = None
        self.userauth_numbers: frozenset[int] = frozenset()
        self.stage: TransportState = TransportState.SERVICE
        self.state: TransportState = TransportState.IDENTIFICATION
        self.row: Row = row_of(self.role, self.state)
        self._identification = IdentificationReader(limits, banner=self.role == "client")
        # the identification string and KEXINIT leave in one write
        context.outbound.write(context.options.identification + b"\r\n")
        kex.begin()

    # ------------------------------------------------------------------ input

    def received(self, count: int) -> None:
        """Process what the receive buffer has got."""
        self.input.arrived()
        if self.stage is not TransportState.OPEN:
            try:
                self.rekey.early(count)
            except ProtocolError as error:
                self.fail(error)
                return
        self.process()

    def process(self) -> None:
        """Process packets until one asks for an answer, makes an event, or is missing."""
        if self.input.processing or self.events:
            return
        self.input.processing = True
        try:
            if self.state is TransportState.IDENTIFICATION:
                self._identify()
            else:
                self._process_packets()
        except HeldQueueFull as error:
            # the peer asks for more than can be answered while it delays the key exchange
            self.fail(ProtocolError(str(error)))
        except ProtocolError as error:
            self.fail(error)
        finally:
            self.input.processing = False

    def _process_packets(self) -> None:
        source = self.input
        inbound = source.inbound
        events = self.events
        outbound = self.output.outbound
        deliver = Action.DELIVER
        reading = InputFlow.READING
        full = float("inf") if source.lost else self.context.options.limits.outgoing_bytes
        held = source.release()
        if held is not None:
            self._dispatch(memoryview(held))
        while not events and source.state is reading and outbound.waiting <= full:
            payload = inbound.next()
            if payload is None:
                source.state = InputFlow.DRAINED
                break
            if self.row[payload[0]] is deliver and (sink := self.sink) is not None:
                sink(payload)
            else:
                self._dispatch(payload)
        if self.state is not TransportState.CLOSED:
            self.rekey.check()
            self.rekey_if_due()

    def _dispatch(self, payload: memoryview) -> None:
        action = self.row[payload[0]]
        if action is Action.IGNORE:
            return
        if action is Action.DELIVER and self.sink is not None:
            self.sink(payload)
            return
        handler = HANDLERS[self.role].get(action)
        if handler is None:
            problem = f"message {payload[0]} may not arrive in state {self.state.name}"
            raise ProtocolError(problem)
        handler(self, bytes(payload))

    def _identify(self) -> None:
        inbound = self.input.inbound
        view, start, end = inbound.unread
        found, start = self._identification.read(view, start, end)
        inbound.skip_to(start)
        if isinstance(found, str):
            self.events.append(BannerLineReceived(found))
        elif found is not None:
            session = self.context.session
            own = self.context.options.identification
            lines = (own, found.line) if self.role == "client" else (found.line, own)
            session.client_version, session.server_version = lines
            session.peer_software = found.software
            self.events.append(IdentificationReceived(printable(found.line)))
            self.enter(TransportState.FIRST_KEXINIT)

    def report_unfinished_line(self) -> bool:
        """Report what the server sent in place of a whole line; return whether there was any."""
        view, start, end = self.input.inbound.unread
        identifying = self.state is TransportState.IDENTIFICATION
        if not identifying or self.role != "client" or start == end:
            return False
        self.input.inbound.skip_to(end)
        text = printable(bytes(view[start:end]), self.context.options.limits.banner_line)
        self.events.append(BannerLineReceived(text))
        return True

    @property
    def output_full(self) -> bool:
        """Whether so much output waits that no input is processed."""
        return self.output.outbound.waiting > self.context.options.limits.outgoing_bytes

    # ------------------------------------------------------------------ states

    def enter(self, state: TransportState) -> None:
        """Change the state."""
        self.state = state
        if state is TransportState.AUTH and self.userauth_numbers:
            self.row = userauth_row(self.role, self.userauth_numbers)
        else:
            self.row = row_of(self.role, state)

    def use_userauth_numbers(self, numbers: frozenset[int]) -> None:
        """Deliver messages of authentication methods that have these numbers."""
        userauth_row(self.role, numbers)  # refuses others before anything changes
        self.userauth_numbers = numbers
        self.enter(self.state)

    def set_stage(self, stage: TransportState) -> None:
        """Change the state outside of key exchanges; enter it when none is under way."""
        if self.state is self.stage:
            self.enter(stage)
        self.stage = stage

    def go_on(self, state: TransportState | None) -> None:
        """Enter what a step of a key exchange leads to; None means that an answer is awaited."""
        if state is None:
            self.input.wait()
            return
        self.input.resume()
        if self.kex.holding:
            self.enter(state)
        else:
            self.own_keys_in_use(state)

    def own_keys_in_use(self, state: TransportState) -> None:
        """Send what waited for our NEWKEYS."""
        self.input.resume()
        self.enter(state)
        if self.kex.extensions_due:
            # RFC 8308 section 2.4: "as the next packet following ... first SSH_MSG_NEWKEYS"
            payload = EXT_INFO[self.role](self.context.options).encode()
            self.output.outbound.send((payload,))
        self.output.release()

    # ------------------------------------------------------------------ output

    def hold(self, parts: tuple[Buffer, ...]) -> None:
        """Keep a message until our NEWKEYS is sent.

        Raises:
            ConnectionClosed: the connection has ended.
            HeldQueueFull: the queue is full.
        """
        self.check_open()
        self.output.hold(parts)

    def reply(self, message: Message) -> None:
        """Answer the peer, unless too many answers wait already."""
        payload = message.encode()
        if not self.kex.holding:
            self.output.outbound.send((payload,))
        elif not self.output.held.full:
            self.output.held.push((payload,))

    def rekey_if_due(self) -> None:
        """Begin a key exchange where the policy asks for one."""
        if self.stage is TransportState.OPEN and self.kex.idle and self.rekey.due(self.now):
            self.begin_rekey()

    def begin_rekey(self) -> None:
        """Begin a key exchange."""
        self.rekey.began(self.now)
        self.kex.begin()

    # ------------------------------------------------------------------ end

    def check_open(self) -> None:
        """Raise `ConnectionClosed` if the connection has ended."""
        if self.state is TransportState.CLOSED:
            problem = "the connection has ended"
            raise ConnectionClosed(problem)

    def fail(self, error: ProtocolError) -> None:
        """End the connection because the peer broke a rule."""
        description = printable(str(error))
        self.send_disconnect(error.reason, description)
        self.end(error.reason, description, error)

    def send_disconnect(self, reason: DisconnectReason, description: str) -> None:
        """Send SSH_MSG_DISCONNECT, to a peer that has identified itself."""
        if self.state is not TransportState.IDENTIFICATION:
            payload = Disconnect(code=reason, description=description).encode()
            self.output.outbound.send((payload,))

    def end(
        self, reason: int, description: str, error: SSHError | None, *, by_peer: bool = False
    ) -> None:
        """End: drop keys and what waits, and make the last event."""
        self.enter(TransportState.CLOSED)
        self.stage = TransportState.CLOSED
        self.input.wait()
        self.kex.abandon()
        self.output.held.clear()
        self.input.inbound.close()
        self.sink = None
        self.events.append(Disconnected(reason, description, by_peer, error))
