"""The transport of one connection: bytes in; bytes, payloads and events out.

`Transport` finds packets, does with each what the state's row says, and keeps what the two
roles share; `roles` adds their answers and services.  Events and payloads come in order:
while an event waits to be read no further packet is processed, and `next_event` goes on
with what has arrived.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ssh_transport.errors import ConnectionLost, RekeyTimeout
from ssh_transport.states import TransportState
from ssh_wire import DisconnectReason, ProtocolError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ssh_keys import PublicKey
    from ssh_transport.algorithms import Role
    from ssh_transport.events import Event
    from ssh_transport.keyexchange.negotiation import Agreement
    from ssh_transport.machine import Machine
    from ssh_transport.options import Guess
    from ssh_transport.packets.compression import CompressionCounts
    from ssh_wire import Message
    from ssh_wire.primitives import Buffer

__all__ = ["Transport"]

_NEVER: Final = float("inf")


class Transport:
    """One side of the transport protocol (RFC 4253); use one of its two subclasses."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        # what every packet that leaves goes through
        self._kex = machine.kex
        self._outbound = machine.output.outbound
        self._rekey = machine.rekey

    @property
    def role(self) -> Role:
        """The side of the connection."""
        return self._machine.role

    @property
    def now(self) -> float:
        """The time of what happens next, in seconds of a monotonic clock."""
        return self._machine.now

    @now.setter
    def now(self, value: float) -> None:
        self._machine.now = value

    @property
    def sink(self) -> Callable[[memoryview], None] | None:
        """Takes every payload numbered 50 to 127 that may arrive.

        The view is valid only during the call.  Without a sink such a payload is a
        `PayloadReceived` event.
        """
        return self._machine.sink

    @sink.setter
    def sink(self, value: Callable[[memoryview], None] | None) -> None:
        self._machine.sink = value

    def use_userauth_numbers(self, numbers: frozenset[int]) -> None:
        """Deliver the messages of authentication methods that have these numbers.

        Without it SSH_MSG_UNIMPLEMENTED answers each of 60 to 79, as it answers what is in no
        set.

        Args:
            numbers: those of 60 to 79 that the methods of the layer above use, of both sides.

        Raises:
            UsageError: a number is not one of 60 to 79.
        """
        self._machine.use_userauth_numbers(numbers)

    @property
    def hold_connection_messages(self) -> bool:
        """Server: whether a message above 79 that arrives before `authenticated` waits.

        It then stops the processing of input instead of ending the connection.
        """
        return self._machine.input.hold_connection_messages

    @hold_connection_messages.setter
    def hold_connection_messages(self, value: bool) -> None:
        self._machine.input.hold_connection_messages = value

    # ------------------------------------------------------------------ input

    def receive(self, data: Buffer) -> None:
        """Copy bytes of the peer into the receive buffer and process them.

        Raises:
            ConnectionClosed: the connection has ended.
        """
        self._machine.check_open()
        self._machine.input.inbound.append(data)
        self._machine.received(len(data))

    def get_buffer(self) -> memoryview:
        """Return the free tail of the receive buffer, to be filled from its start.

        It is empty while `paused` keeps a full buffer from being read.

        Raises:
            ConnectionClosed: the connection has ended.
        """
        self._machine.check_open()
        return self._machine.input.inbound.get_buffer()

    def buffer_updated(self, count: int) -> None:
        """Process `count` bytes that were written into `get_buffer()`.

        Raises:
            ConnectionClosed: the connection has ended.
        """
        self._machine.check_open()
        self._machine.input.inbound.written(count)
        self._machine.received(count)

    def connection_lost(self) -> None:
        """Note that nothing more will arrive; what has arrived is still processed."""
        self._machine.input.lost = True

    def next_event(self) -> Event | None:
        """Return the next event, or None when nothing happens before more input.

        Call it until it gives None, after input and after every answer.
        """
        machine = self._machine
        events = machine.events
        if not events and machine.state is not TransportState.CLOSED and machine.input.may_go_on:
            machine.process()
            if machine.input.lost and not events and not machine.report_unfinished_line():
                error = ConnectionLost("the connection was lost")
                machine.end(DisconnectReason.CONNECTION_LOST, str(error), error)
        if not events:
            return None
        event = events.popleft()
        trace = self._machine.context.options.trace
        if trace is not None:
            trace(event)
        return event

    @property
    def paused(self) -> bool:
        """Whether input waits: for an answer, or for output to be taken."""
        machine = self._machine
        return machine.input.paused or machine.output_full

    @property
    def unprocessed(self) -> int:
        """How many bytes have arrived and are not processed."""
        return self._machine.input.inbound.pending

    # ------------------------------------------------------------------ output

    def send(self, message: Message) -> None:
        """Send a message; see `send_payload`."""
        self.send_payload(message.encode())

    def send_payload(self, *parts: Buffer) -> None:
        """Send a payload that comes in parts, message number first.

        It is sealed at once, or copied into a queue while a key exchange is under way.

        Raises:
            ConnectionClosed: the connection has ended.
            HeldQueueFull: the queue is full.
        """
        # "until it sends SSH_MSG_NEWKEYS ... it MUST NOT send any messages other than"
        # those of the transport and of the key exchange (RFC 4253 section 7.1)
        if self._kex.holding:
            self._machine.hold(parts)
            return
        self._outbound.send(parts)
        if self._rekey.sending_due:
            self._machine.rekey_if_due()

    def send_ping(self, data: bytes) -> None:
        """Send a PING, which `events.PongReceived` answers (OpenSSH PROTOCOL section 1.8).

        Only a peer that `takes_pings` answers it, once the user is authenticated.
        """
        from ssh_wire.messages.transport import Ping  # rarely sent

        self.send(Ping(data=data))
        self._machine.pings += 1

    @property
    def takes_pings(self) -> bool:
        """Whether the peer has announced that it answers a PING."""
        return "ping@openssh.com" in self.peer_extensions

    def send_payloads(self, payloads: Sequence[tuple[Buffer, ...]]) -> None:
        """Send payloads of one size, but for the last, each in parts: `send_payload`, cheaper.

        The last may have any size.  There is at least one.

        Raises:
            ConnectionClosed: the connection has ended.
            HeldQueueFull: the queue is full.
            ValueError: another has a size of its own; none of that size is sent, and the
                connection cannot go on.
        """
        if not self._kex.holding and self._rekey.has_room(len(payloads)):
            self._outbound.send_all(payloads)
            return
        for parts in payloads:  # the keys change somewhere among them
            self.send_payload(*parts)

    def take_outgoing(self) -> Buffer | None:
        """Return the bytes of one write, or None; see `give_back`."""
        return self._outbound.take()

    def give_back(self, taken: Buffer) -> None:
        """Take back what `take_outgoing` returned, which nothing keeps; its memory is used again.

        A buffer that is not given back is never used again.
        """
        self._outbound.give_back(taken)

    @property
    def writable(self) -> bool:
        """Whether bulk data may be sent; False while a key exchange holds messages back."""
        return not self._kex.holding

    @property
    def congested(self) -> bool:
        """Whether bulk data has to wait: what a multiplexer asks its output."""
        return self._kex.holding

    @property
    def outgoing_size(self) -> int:
        """How many bytes wait to be taken."""
        return self._outbound.waiting

    # ------------------------------------------------------------------ time, keys, end

    def offload_computation(self) -> None:
        """Make a computation that takes more than a millisecond an event, `ComputationRequested`.

        Otherwise it is done at once, in the call that brings the packet which asks for it.
        """
        self._kex.offloads = True

    def computation_done(self) -> None:
        """Answer `ComputationRequested`: its `run` has returned.

        Raises:
            ConnectionClosed: the connection has ended.
        """
        self._machine.check_open()
        try:
            self._machine.go_on(self._kex.computation_done())
        except ProtocolError as error:
            self._machine.fail(error)

    def next_deadline(self) -> float | None:
        """Return when `tick` is to be called, or None."""
        deadline = self._rekey.complete_by
        if self._machine.stage is TransportState.OPEN and self._kex.idle:
            deadline = min(deadline, self._rekey.due_at)
        over = deadline == _NEVER or self._machine.state is TransportState.CLOSED
        return None if over else deadline

    def tick(self, now: float) -> None:
        """Act on the time that has come."""
        self._machine.now = now
        if self.closed:
            return
        if now >= self._rekey.complete_by:
            self._machine.fail(RekeyTimeout("the key re-exchange takes too long"))
        else:
            self._machine.rekey_if_due()

    def start_rekey(self) -> None:
        """Begin a key exchange; do nothing while one is under way."""
        if not self.closed and self._kex.idle:
            self._machine.begin_rekey()

    def disconnect(self, reason: DisconnectReason, description: str) -> None:
        """End the connection with SSH_MSG_DISCONNECT (RFC 4253 section 11.1)."""
        if not self.closed:
            self._machine.send_disconnect(reason, description)
            self._machine.end(reason, description, None)

    def authenticated(self) -> None:
        """Allow the messages above 79: the user is authenticated.

        A server calls it when it has sent SSH_MSG_USERAUTH_SUCCESS, and a client when that
        has arrived and nothing behind it is processed: compression begins there.
        """
        self._machine.check_open()
        self._machine.set_stage(TransportState.OPEN)
        # a success that waits for the end of a key exchange leaves uncompressed
        self._machine.output.begin_compression(behind_held=self.role == "server")

    @property
    def is_authenticated(self) -> bool:
        """Whether `authenticated` was called."""
        return self._machine.stage is TransportState.OPEN

    @property
    def closed(self) -> bool:
        """Whether the connection has ended."""
        return self._machine.state is TransportState.CLOSED

    # ------------------------------------------------------------------ facts

    @property
    def session_id(self) -> bytes:
        """The session identifier (RFC 4253 section 7.2); empty before the first exchange."""
        return self._machine.context.session.session_id

    @property
    def agreement(self) -> Agreement:
        """What the present keys were negotiated as."""
        if self._machine.context.session.agreement is None:
            problem = "no key exchange is complete"
            raise UsageError(problem)
        return self._machine.context.session.agreement

    @property
    def compression_counts(self) -> tuple[CompressionCounts | None, CompressionCounts | None]:
        """What was expanded, and compressed, with the present keys; None where nothing is."""
        return self._machine.input.inbound.compression_counts, self._outbound.compression_counts

    @property
    def host_key(self) -> PublicKey:
        """The server's host key."""
        if self._machine.context.session.host_key is None:
            problem = "no host key was accepted"
            raise UsageError(problem)
        return self._machine.context.session.host_key

    @property
    def offers_legacy(self) -> tuple[str, ...]:
        """The legacy algorithms that are offered; see `Algorithms.legacy`."""
        return self._machine.context.options.algorithms.legacy

    @property
    def peer_first_choices(self) -> Guess | None:
        """What the peer wants first, to be remembered as `TransportOptions.guess`."""
        return self._machine.context.session.peer_first

    @property
    def peer_software(self) -> str:
        """The peer's softwareversion, escaped; empty before it identified itself."""
        return self._machine.context.session.peer_software

    @property
    def server_sig_algs(self) -> tuple[str, ...] | None:
        """Client: the signature algorithms that the server accepts of users, if announced."""
        return self._machine.extensions.server_sig_algs

    @property
    def peer_extensions(self) -> Mapping[str, bytes]:
        """What the peer announced, by name: empty before its SSH_MSG_EXT_INFO."""
        return self._machine.extensions.names

    @property
    def received_sequence(self) -> int:
        """The sequence number of the packet received last, for SSH_MSG_UNIMPLEMENTED."""
        return (self._machine.input.inbound.sequence - 1) % 2**32
