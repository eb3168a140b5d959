"""The master's side of proxy mode: a client's channels among those of one connection.

OpenSSH's channel_proxy_downstream and channel_proxy_upstream do the same (channels.c,
PROTOCOL.mux section 9).  Here each message is checked first: what the server would end the
connection for ends the client alone.
"""

from __future__ import annotations

from collections.abc import Callable
from struct import Struct
from typing import TYPE_CHECKING, Final, Protocol

from ssh_connection.control.errors import ControlViolation
from ssh_connection.control.proxied_channel import (
    MAX_WINDOW,
    ProxiedChannel,
    check,
    renumbered,
)
from ssh_connection.errors import ChannelViolation
from ssh_connection.replies import ReplyQueue
from ssh_connection.states import ACCEPTED, STRAY_IGNORED, TRAFFIC, ChannelState
from ssh_wire import (
    InvalidText,
    MessageSet,
    OpenFailureReason,
    ProtocolError,
    SSHError,
    Truncated,
)
from ssh_wire.length_prefix import LengthPrefixedReader
from ssh_wire.messages import connection as m
from ssh_wire.messages import openssh
from ssh_wire.numbers import MessageNumber
from ssh_wire.text import printable

if TYPE_CHECKING:
    from ssh_connection.channel import ChannelProtocol
    from ssh_connection.multiplexer import GlobalAnswer, Multiplexer
    from ssh_wire.primitives import Buffer

__all__ = ["Listeners", "ProxyServer"]

_MAX_PACKET: Final = 256 * 1024
_SLOW: Final = 256 * 1024
"""Bytes that a client has not taken, at which the server is granted no window for it."""
_BUDGET: Final = 32 * 1024 * 1024
"""Bytes of window that the channels of one client share, where they are many."""
_LEAST: Final = 64 * 1024
_MOST: Final = 160 * 1024 * 1024
"""Bytes that a client has not taken, at which it is given up: over all that windows come to."""

_SHORTEST: Final = 4
"""Bytes of the shortest message that OpenSSH's client takes."""

_RECIPIENT: Final = Struct(">BI")
_FRAME: Final = Struct(">IB")  # the length, and a padding of no bytes
_CLOSE: Final = MessageNumber.CHANNEL_CLOSE.value
_ADJUST: Final = MessageNumber.CHANNEL_WINDOW_ADJUST.value
_CONFIRMATION: Final = MessageNumber.CHANNEL_OPEN_CONFIRMATION.value
_FAILURE: Final = MessageNumber.CHANNEL_OPEN_FAILURE.value
_ANSWERS: Final = frozenset({_CONFIRMATION, _FAILURE})

_REQUESTS: Final[MessageSet[m.GlobalHead]] = MessageSet(
    *(m.TCPIPForward, m.CancelTCPIPForward),
    *(openssh.StreamlocalForward, openssh.CancelStreamlocalForward),
    m.GlobalRequest,
)


class Listeners(Protocol):
    """What the server listens on for clients."""

    def listen(
        self,
        message: m.TCPIPForward | openssh.StreamlocalForward,
        client: ProxyServer,
        answered: Callable[[GlobalAnswer], None],
    ) -> None:
        """Have the server listen; hand the channels that come in to `client.offer`."""
        ...

    def stop(
        self,
        message: m.CancelTCPIPForward | openssh.CancelStreamlocalForward,
        client: ProxyServer,
        answered: Callable[[GlobalAnswer], None],
    ) -> None:
        """Have it listen no more, where this client has asked for it."""
        ...

    def abandon(self, client: ProxyServer) -> None:
        """Have it listen no more on anything that this client has asked for."""
        ...


class ProxyServer:
    """One client in proxy mode, without its socket.

    Args:
        mux: the channels of the connection.
        listeners: what the server listens on.
        refusal: why a channel or a request of this name is refused; empty where it is not.
        wake: called when there is something to send, room to send, or an end.

    Attributes:
        end: what ended the client: the loss of the connection, or that it reads nothing.
    """

    def __init__(
        self,
        mux: Multiplexer,
        listeners: Listeners,
        refusal: Callable[[str], str],
        wake: Callable[[], None],
    ) -> None:
        self.end: Exception | None = None
        self._mux = mux
        self._listeners = listeners
        self._refusal = refusal
        self._wake = wake
        self._gone = False
        self._channels: dict[int, ProxiedChannel] = {}
        self._owed: set[int] = set()  # channels with credit
        self._known = 0  # numbers below it are, or may have been, channels of the client
        self._outgoing = bytearray()
        self._reader = _Packets(self._take_packet, _MAX_PACKET)
        self._replies = ReplyQueue(self._deliver_answer, mux.limits.global_requests)
        mux.join(self)

    @property
    def gone(self) -> bool:
        """Whether the client has left."""
        return self._gone

    @property
    def channels(self) -> tuple[ProxiedChannel, ...]:
        """Its channels, and those that it has left and the server has not closed yet."""
        return tuple(self._channels.values())

    # ------------------------------------------------------------- the client's socket

    @property
    def wants_input(self) -> bool:
        """Whether to read from the client: not while the connection is congested."""
        return not self._reader.paused

    def receive(self, data: Buffer) -> None:
        """Take what the client sent.

        Raises:
            ProtocolError: it broke a rule.
        """
        self._reader.feed(memoryview(data))

    def advance(self) -> None:
        """Go on with what the client has sent, where the congestion is over.

        Raises:
            ProtocolError: it broke a rule.
        """
        if self._reader.paused and not self._mux.congested:
            self._reader.resume()

    @property
    def outgoing(self) -> bytearray:
        """What the client is to be sent."""
        return self._outgoing

    def sent(self, count: int) -> None:
        """Forget what the client has been sent; grant the server what it may send now."""
        del self._outgoing[:count]
        if len(self._outgoing) < _SLOW and self._owed:
            for number in tuple(self._owed):
                self._grant(self._channels[number])

    def leave(self) -> None:
        """Close the client's channels and listeners: it has hung up."""
        if self._gone:
            return
        self._gone = True
        self._outgoing.clear()
        self._replies.clear()
        self._mux.leave(self)
        self._listeners.abandon(self)
        for channel in tuple(self._channels.values()):
            self._abandon(channel)

    def _abandon(self, channel: ProxiedChannel) -> None:
        if channel.state is ChannelState.OPENING:
            channel.state = ChannelState.ABANDONED
        elif channel.state is ChannelState.REQUESTED:
            self._free(channel)
            self._refuse_up(channel.remote)
        elif not channel.closed_up:
            self._close_up(channel)

    def _refuse_up(self, remote: int) -> None:
        reason = OpenFailureReason.CONNECT_FAILED
        refusal = m.ChannelOpenFailure(
            recipient=remote, reason=reason, description="cannot connect"
        )
        self._mux.pass_up(refusal.encode())

    def _close_up(self, channel: ProxiedChannel) -> None:
        self._mux.pass_up(m.ChannelClose(recipient=channel.remote).encode())
        channel.closed_up = True
        if channel.closed_down:
            self._free(channel)

    # ------------------------------------------------------------- from the client

    def _take_packet(self, packet: memoryview) -> None:
        if self._gone:
            return
        payload = packet[1:]
        if packet[0] or not payload:
            problem = "a client sent what is not a packet of the connection protocol"
            raise ControlViolation(problem)
        kind = payload[0]
        if kind == MessageNumber.CHANNEL_OPEN.value:
            self._open(payload)
        elif kind == MessageNumber.GLOBAL_REQUEST.value:
            self._request(payload)
        else:
            self._on_channel(kind, payload)
        # the rest waits: for the stream to the server, or for the end of a key exchange
        self._reader.paused = self._mux.congested

    def _open(self, payload: memoryview) -> None:
        head, end = m.UnreadChannelOpen.read(payload, 1)
        name = head.kind.decode("utf-8", "replace")
        if not head.max_packet:
            problem = "a client opened a channel with the maximum packet size 0"
            raise ControlViolation(problem)
        number = self._reserve(name, head.sender)
        if number is None:
            return
        channel = self._add(number, ChannelState.OPENING)
        most = min(head.max_packet, self._mux.limits.max_packet)
        channel.take_client(head.sender, most, head.window, self._cap)
        self._note_credit(channel)
        asked = m.UnreadChannelOpen(
            kind=head.kind, sender=number, window=channel.down, max_packet=most
        )
        self._mux.pass_up(payload[:1], asked.encode(), payload[end:])

    def _reserve(self, name: str, sender: int) -> int | None:
        """Return a number for a channel; None where the client was told that it is refused."""
        reason, text = OpenFailureReason.ADMINISTRATIVELY_PROHIBITED, self._refusal(name)
        if not text:
            try:
                return self._mux.reserve(self)
            except SSHError as error:
                reason, text = OpenFailureReason.RESOURCE_SHORTAGE, str(error)
        refused = m.ChannelOpenFailure(recipient=sender, reason=reason, description=text)
        self._deliver(refused.encode())
        return None

    def _request(self, payload: memoryview) -> None:
        head, _ = m.UnreadGlobalRequest.read(payload, 1)
        reply = self._replies.expect(wanted=head.want_reply)

        def answered(answer: GlobalAnswer) -> None:
            reply.answer(answer.encode())

        try:
            message = _REQUESTS.decode(payload)
        except InvalidText:
            answered(m.RequestFailure())
            return
        if isinstance(message, m.TCPIPForward | openssh.StreamlocalForward):
            if self._refusal(message.kind):
                answered(m.RequestFailure())
            else:
                self._listeners.listen(message, self, answered)
        elif isinstance(message, m.CancelTCPIPForward | openssh.CancelStreamlocalForward):
            self._listeners.stop(message, self, answered)
        else:  # what concerns the whole connection is the master's
            answered(m.RequestFailure())

    def _on_channel(self, kind: int, payload: memoryview) -> None:
        if len(payload) < _RECIPIENT.size:
            raise Truncated("message", "recipient")
        number: int = _RECIPIENT.unpack_from(payload)[1]
        channel = self._channels.get(number)
        if kind in TRAFFIC and self._is_late(channel, number):
            return
        state = channel.state if channel is not None else ChannelState.CLOSED
        takes = _ANSWERS if state is ChannelState.REQUESTED else ACCEPTED[state]
        if channel is None or state is ChannelState.OPENING or kind not in takes:
            problem = f"a client sent message {kind} on channel {number}, which is {state.value}"
            raise ControlViolation(problem)
        if kind == _CONFIRMATION:
            self._confirm(channel, payload)
        elif kind == _FAILURE:
            refused = m.ChannelOpenFailure.decode(payload)
            self._free(channel)
            self._mux.pass_up(refused.replace(recipient=channel.remote).encode())
        elif kind == _ADJUST:
            self._adjust(channel, m.WindowAdjust.decode(payload).increment)
        elif kind == _CLOSE:
            check(payload)
            self._close_up(channel)
        else:
            self._pass_up(channel, payload)

    def _is_late(self, channel: ProxiedChannel | None, number: int) -> bool:
        """Return whether a message comes behind the client's CLOSE, and is dropped."""
        if channel is None:
            return number < self._known
        return channel.closed_up

    def _confirm(self, channel: ProxiedChannel, payload: memoryview) -> None:
        message = m.ChannelOpenConfirmation.decode(payload)
        if not message.max_packet:
            problem = "a client confirmed a channel with the maximum packet size 0"
            raise ControlViolation(problem)
        channel.state = ChannelState.OPEN
        most = min(message.max_packet, self._mux.limits.max_packet)
        channel.take_client(message.sender, most, message.window, self._cap)
        self._note_credit(channel)
        self._mux.pass_up(
            message.replace(
                recipient=channel.remote,
                sender=channel.number,
                window=channel.down,
                max_packet=most,
            ).encode()
        )

    def _adjust(self, channel: ProxiedChannel, increment: int) -> None:
        channel.credit += increment
        if channel.credit + channel.down > MAX_WINDOW:
            problem = "a client raised a window above 2^32 - 1"
            raise ControlViolation(problem)
        if len(self._outgoing) < _SLOW:
            self._grant(channel)
        else:
            self._note_credit(channel)

    def _pass_up(self, channel: ProxiedChannel, payload: memoryview) -> None:
        size = check(payload)
        if size > min(channel.up, channel.max_up):
            problem = f"a client sent {size} bytes of data, more than the server takes"
            raise ControlViolation(problem)
        channel.up -= size
        self._mux.pass_up(*renumbered(payload, channel.remote))

    # ------------------------------------------------------------- windows

    @property
    def _cap(self) -> int:
        """The most window that one channel may have open."""
        shared = _BUDGET // max(1, len(self._channels))
        return min(self._mux.limits.window, max(_LEAST, shared))

    def _grant(self, channel: ProxiedChannel) -> None:
        self._note_credit(channel)
        if channel.state is not ChannelState.OPEN or channel.closed_up or channel.closed_down:
            return
        increment = channel.grant(self._cap)
        self._note_credit(channel)
        if increment:
            granted = m.WindowAdjust(recipient=channel.remote, increment=increment)
            self._mux.pass_up(granted.encode())

    def _note_credit(self, channel: ProxiedChannel) -> None:
        (self._owed.add if channel.credit else self._owed.discard)(channel.number)

    # ------------------------------------------------------------- from the server

    def offer(self, message: m.OpenHead, core: ChannelProtocol) -> None:
        """Have the client answer a channel that the server asks for, on a port of the client's.

        Raises:
            ChannelClosed: it was answered already, or the connection is lost.
        """
        if self._gone:
            core.refuse(OpenFailureReason.CONNECT_FAILED, "cannot connect")
            return
        self._mux.hand_over(core, self)
        channel = self._add(core.number, ChannelState.REQUESTED)
        most = min(message.max_packet, self._mux.limits.max_data)
        channel.take_server(message.sender, most, message.window)
        self._deliver(message.replace(sender=channel.number, max_packet=most).encode())

    def take(self, number: int, payload: Buffer) -> None:
        """Take a message of the server for one of the client's channels.

        Raises:
            ProtocolError: the server broke a rule.
        """
        channel, kind = self._channels[number], payload[0]
        if channel.closed_down or kind not in ACCEPTED[channel.state]:
            if channel.closed_down or kind in STRAY_IGNORED:
                return
            problem = f"message {kind} on channel {number}, which is {channel.state.value}"
            raise ChannelViolation(problem)
        if kind == _CONFIRMATION:
            self._confirmed(channel, payload)
        elif kind == _FAILURE:
            self._free(channel)
            self._deliver(*renumbered(payload, channel.theirs))
        else:
            self._traffic(channel, payload)

    def _confirmed(self, channel: ProxiedChannel, payload: Buffer) -> None:
        message = m.ChannelOpenConfirmation.decode(payload)
        if not message.max_packet:
            problem = "the peer's maximum packet size is 0"
            raise ChannelViolation(problem)
        most = min(message.max_packet, self._mux.limits.max_data)
        channel.take_server(message.sender, most, message.window)
        channel.state = ChannelState.OPEN
        if self._gone:
            self._close_up(channel)
            return
        confirmed = message.replace(
            recipient=channel.theirs, sender=channel.number, max_packet=most
        )
        self._deliver(confirmed.encode())

    def _traffic(self, channel: ProxiedChannel, payload: Buffer) -> None:
        kind = payload[0]
        if kind == _ADJUST:
            channel.up += m.WindowAdjust.decode(payload).increment
            if channel.up > MAX_WINDOW:
                problem = "WINDOW_ADJUST raises the window above 2^32 - 1"
                raise ChannelViolation(problem)
        size = check(payload)
        if size > min(channel.down, channel.max_down):
            problem = f"{size} bytes of data exceed the window of {channel.down}"
            raise ChannelViolation(problem)
        channel.down -= size
        self._deliver(*renumbered(payload, channel.theirs))
        if kind == _CLOSE:
            channel.closed_down = True
            if channel.closed_up:
                self._free(channel)

    def uncongested(self) -> None:
        """Have the client's messages go on."""
        if self._reader.paused:
            self._wake()

    def connection_lost(self, error: Exception) -> None:
        """End the client with the connection."""
        self._channels.clear()
        self._owed.clear()
        self._stop(error)

    # ------------------------------------------------------------- inside

    def _stop(self, error: Exception) -> None:
        self.end = self.end or error
        self._wake()

    def _add(self, number: int, state: ChannelState) -> ProxiedChannel:
        channel = self._channels[number] = ProxiedChannel(number, state)
        self._known = max(self._known, number + 1)
        return channel

    def _free(self, channel: ProxiedChannel) -> None:
        self._channels.pop(channel.number, None)
        self._owed.discard(channel.number)
        self._mux.release(channel.number)

    def _deliver_answer(self, payload: bytes) -> None:
        # OpenSSH's client ends at a shorter packet (packet.c, ssh_packet_read_poll2_mux)
        self._deliver(payload.ljust(_SHORTEST, b"\0"))

    def _deliver(self, *parts: Buffer) -> None:
        """Send the client a message."""
        if self._gone or self.end is not None:
            return
        size = 1 + sum(map(len, parts))
        if len(self._outgoing) + size > _MOST:
            self._outgoing.clear()
            self._stop(ControlViolation("a client does not read what it is sent"))
            return
        self._outgoing += _FRAME.pack(size, 0)
        for part in parts:
            self._outgoing += part
        self._wake()


class _Packets(LengthPrefixedReader):
    def refused(self, length: int) -> ProtocolError:
        return ControlViolation(printable(f"a packet of a client has the length {length}"))
