"""Many channels over one connection (RFC 4254): numbers, dispatch, global requests.

`Multiplexer.receive` takes one payload numbered 80–127, `Multiplexer.pump` sends what they
made room for; `states.ACCEPTED` says what a channel takes, `ChannelProtocol` does the rest.
What the peer may open and ask for is registered in `Multiplexer.services`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import count
from struct import Struct
from typing import TYPE_CHECKING, Final, Protocol

from ssh_connection.channel import ChannelProtocol
from ssh_connection.errors import ChannelClosed, ChannelViolation
from ssh_connection.handler import ChannelHandler
from ssh_connection.limits import ConnectionLimits
from ssh_connection.refusals import Refusals
from ssh_connection.replies import PendingReplies, PendingReply, ReplyQueue
from ssh_connection.services import Services
from ssh_connection.states import ACCEPTED, STRAY_IGNORED, TRAFFIC, ChannelState
from ssh_wire import InvalidText, Message, OpenFailureReason, ProtocolError, SSHError, Truncated
from ssh_wire.guarded import guarded
from ssh_wire.messages import connection as m
from ssh_wire.numbers import MessageNumber
from ssh_wire.primitives import Buffer

if TYPE_CHECKING:
    from ssh_connection.downstream import Downstream
    from ssh_connection.output import Output

__all__ = [
    "GlobalAnswer",
    "Multiplexer",
    "MultiplexerHandler",
]

GlobalAnswer = m.RequestSuccess | m.RequestFailure
"""What answers a GLOBAL_REQUEST."""

_UINT32: Final = 2**32 - 1
_RECIPIENT = Struct(">BI")  # every channel message has its recipient behind the number

# the one that grants window returns whether data waits for it
_ON_CHANNEL: Final[dict[int, Callable[[ChannelProtocol, Buffer], bool | None]]] = {
    MessageNumber.CHANNEL_OPEN_CONFIRMATION.value: ChannelProtocol.receive_open_confirmation,
    MessageNumber.CHANNEL_OPEN_FAILURE.value: ChannelProtocol.receive_open_failure,
    MessageNumber.CHANNEL_WINDOW_ADJUST.value: ChannelProtocol.receive_window_adjust,
    MessageNumber.CHANNEL_DATA.value: ChannelProtocol.receive_data,
    MessageNumber.CHANNEL_EXTENDED_DATA.value: ChannelProtocol.receive_extended_data,
    MessageNumber.CHANNEL_EOF.value: ChannelProtocol.receive_eof,
    MessageNumber.CHANNEL_CLOSE.value: ChannelProtocol.receive_close,
    MessageNumber.CHANNEL_REQUEST.value: ChannelProtocol.receive_request,
    MessageNumber.CHANNEL_SUCCESS.value: ChannelProtocol.receive_channel_success,
    MessageNumber.CHANNEL_FAILURE.value: ChannelProtocol.receive_channel_failure,
}


class MultiplexerHandler(Protocol):
    """What is told of what is not registered, and of what goes wrong.

    What is asked of a handler that raises is refused.
    """

    def channel_not_served(self, channel: ChannelProtocol) -> None:
        """Refuse a channel of a type that is not registered."""

    def request_not_served(self, name: str, reply: PendingReply) -> None:
        """Deny a global request that is not registered, through `Multiplexer.deny`."""

    def unknown_message(self, number: int) -> None:
        """Answer a message of an unknown number with SSH_MSG_UNIMPLEMENTED."""

    def handler_failed(self, error: Exception) -> None:
        """Report what a handler raised where no caller is left."""


class Multiplexer:
    """The channels and global requests of one connection.

    Args:
        output: where messages go.
        handler: told of what is not registered; without one it is refused, and what a handler
            raises where no caller is left is raised by `receive`.
        limits: how much the peer may use.

    Attributes:
        services: what the peer may open and ask for.
        channels: the channels by our number of them.
        passed: who drives the other channels, whose messages pass undecoded, by our number.
        window_opened: whether a channel that holds data back was granted window: `pump` sends it.
    """

    def __init__(
        self,
        output: Output,
        handler: MultiplexerHandler | None = None,
        limits: ConnectionLimits | None = None,
    ) -> None:
        self.limits: ConnectionLimits = limits or ConnectionLimits()
        self.services: Services = Services()
        self.channels: dict[int, ChannelProtocol] = {}
        self.passed: dict[int, Downstream] = {}
        self.window_opened: bool = False
        self._output = output
        self._downstreams: list[Downstream] = []
        self._handler: MultiplexerHandler = handler or Refusals(self.deny)
        self._answers = PendingReplies[GlobalAnswer]()
        self._replies = ReplyQueue(output.send_payload, self.limits.global_requests)
        self._lost: Exception | None = None
        self._assigned = 0  # how many numbers were: those below it are, or were, channels
        self._on_connection: dict[int, Callable[[Buffer], None]] = {
            MessageNumber.GLOBAL_REQUEST.value: self._receive_global_request,
            MessageNumber.REQUEST_SUCCESS.value: self._receive_request_success,
            MessageNumber.REQUEST_FAILURE.value: self._receive_request_failure,
            MessageNumber.CHANNEL_OPEN.value: self._receive_open,
        }

    # ------------------------------------------------------------- receiving

    def receive(self, payload: Buffer) -> None:
        """Take one message of the connection protocol; the payload is valid during the call.

        Raises:
            ProtocolError: the peer broke a rule.
        """
        if len(payload) < _RECIPIENT.size:
            self._receive_short(payload)
            return
        kind, number = _RECIPIENT.unpack_from(payload)
        receive = _ON_CHANNEL.get(kind)
        if receive is None:
            self._on_connection.get(kind, self._receive_unknown)(payload)
            return
        channel = self.channels.get(number)
        if channel is not None and kind in ACCEPTED[channel.state]:
            try:
                if receive(channel, payload):
                    self.window_opened = True
            except Exception as error:
                if isinstance(error, ProtocolError):
                    raise
                self._failed(channel, error)  # a handler's fault ends its channel alone
        elif channel is None and (downstream := self.passed.get(number)) is not None:
            downstream.take(number, payload)
        elif channel is not None or not self._is_stray(kind, number):
            state = channel.state.value if channel is not None else "not open"
            problem = f"message {kind} on channel {number}, which is {state}"
            raise ChannelViolation(problem)

    def _is_stray(self, kind: int, number: int) -> bool:
        """Return whether a message for a channel that does not exist is ignored.

        Some servers send exit-status behind their CLOSE: what comes for a channel that both
        sides have closed concerns that channel alone, as in OpenSSH's client.
        """
        return kind in STRAY_IGNORED or (kind in TRAFFIC and number < self._assigned)

    def _receive_short(self, payload: Buffer) -> None:
        if not payload or payload[0] in _ON_CHANNEL:
            raise Truncated("message", "recipient")
        self._on_connection.get(payload[0], self._receive_unknown)(payload)

    def _receive_unknown(self, payload: Buffer) -> None:
        self._handler.unknown_message(payload[0])

    def _receive_open(self, payload: Buffer) -> None:
        head, _ = m.UnreadChannelOpen.read(payload, 1)
        row = self.services.channel_type(head.kind)
        try:
            message = row.message.decode(payload) if row is not None else None
        except InvalidText:  # OpenSSH refuses that channel alone
            self._refuse_open(head.sender, "a text is not UTF-8")
            return
        channel = self._new(head.kind.decode("utf-8", "replace"), self.limits.window)
        channel.state = ChannelState.REQUESTED
        try:
            channel.set_remote(head.sender, head.window, head.max_packet)
        except ChannelViolation:
            self._free(channel)
            self._refuse_open(head.sender, "the maximum packet size is 0")
            return
        if len(self.channels) + len(self.passed) > self.limits.channels:
            channel.refuse(OpenFailureReason.RESOURCE_SHORTAGE, "too many channels")
            return
        try:
            if row is None:
                self._handler.channel_not_served(channel)
            else:
                row.open(message, channel)
        except Exception as error:
            if isinstance(error, ProtocolError):
                raise
            self._handler.handler_failed(error)
            if channel.state is ChannelState.REQUESTED:
                channel.refuse(OpenFailureReason.CONNECT_FAILED, "it could not be decided")

    def _refuse_open(self, sender: int, problem: str) -> None:
        reason = OpenFailureReason.CONNECT_FAILED
        self._send(m.ChannelOpenFailure(recipient=sender, reason=reason, description=problem))

    def _receive_global_request(self, payload: Buffer) -> None:
        head, _ = m.UnreadGlobalRequest.read(payload, 1)
        row = self.services.global_request(head.kind)
        try:
            message = row.message.decode(payload) if row is not None else None
        except InvalidText:  # OpenSSH refuses that request alone
            self.deny(self._replies.expect(wanted=head.want_reply))
            return
        reply = self._replies.expect(wanted=head.want_reply)
        try:
            if row is None:
                self._handler.request_not_served(head.kind.decode("utf-8", "replace"), reply)
            elif not row.take(message, reply):
                self.deny(reply)
        except Exception as error:
            if isinstance(error, ProtocolError):
                raise
            self._handler.handler_failed(error)
            self.deny(reply)

    def _receive_request_success(self, payload: Buffer) -> None:
        self._answers.resolve(m.RequestSuccess.decode(payload))

    def _receive_request_failure(self, payload: Buffer) -> None:
        self._answers.resolve(m.RequestFailure.decode(payload))

    # ------------------------------------------------------------- sending

    def open(self, message: m.OpenHead, handler: ChannelHandler) -> ChannelProtocol:
        """Ask the peer for a channel; the handler is told the answer.

        Args:
            message: the open; its window is ours to grant, its sender is filled in.
            handler: what is told of what happens on the channel.

        Raises:
            ChannelClosed: the connection is lost.
            SSHError: as many channels are open as the limit allows.
        """
        self._require_room()
        channel = self._new(message.kind, message.window)
        channel.handler = handler
        asked = message.replace(sender=channel.number, max_packet=self.limits.max_packet)
        try:
            self._send(asked)
        except BaseException:  # a name that the wire cannot carry
            self._free(channel)
            raise
        return channel

    def request(
        self,
        message: m.GlobalHead,
        answered: Callable[[GlobalAnswer | None], None] | None = None,
    ) -> None:
        """Send a global request.

        Args:
            message: the request; want_reply is filled in.
            answered: called with the answer, or None when the connection was lost first;
                without it no answer is asked for.

        Raises:
            ChannelClosed: the connection is lost.
        """
        self._require_open()
        self._send(message.replace(want_reply=answered is not None))
        if answered is not None:
            self._answers.add(answered)

    def grant(self, reply: PendingReply, details: bytes = b"") -> None:
        """Answer a global request with REQUEST_SUCCESS, if an answer was asked for."""
        reply.answer(m.RequestSuccess(details=details).encode())

    def deny(self, reply: PendingReply) -> None:
        """Answer a global request with REQUEST_FAILURE, if an answer was asked for."""
        reply.answer(m.RequestFailure().encode())

    def pump(self) -> None:
        """Let every channel send what it held back, in turn.

        Call it when all that a wake-up brought is received, and when the congestion is over.
        """
        self.window_opened = False
        for channel in list(self.channels.values()):
            if self._output.congested:
                break
            if channel.held:
                # a channel that had its turn goes to the end, so none starves
                self.channels[channel.number] = self.channels.pop(channel.number)
                with guarded(partial(self._failed, channel)):
                    channel.pump()
        if not self._output.congested:
            for downstream in self._downstreams:
                downstream.uncongested()

    def connection_lost(self, error: Exception) -> None:
        """End every channel and every request with `error`: the connection is lost."""
        if self._lost is None:
            self._lost = error
            self._answers.fail()
            self._replies.clear()
            for channel in list(self.channels.values()):
                with guarded(self._handler.handler_failed):
                    channel.end(error)
            self.passed.clear()
            for downstream in tuple(self._downstreams):
                with guarded(self._handler.handler_failed):
                    downstream.connection_lost(error)

    # ------------------------------------------------------------- what others drive

    @property
    def congested(self) -> bool:
        """Whether a downstream is to send nothing now: it is told when that is over."""
        return self._output.congested

    def join(self, downstream: Downstream) -> None:
        """Tell a downstream of congestion and of the end, until it leaves.

        Raises:
            ChannelClosed: the connection is lost.
        """
        self._require_open()
        self._downstreams.append(downstream)

    def leave(self, downstream: Downstream) -> None:
        """Tell it no more; channels of it that are not released are its own still."""
        if downstream in self._downstreams:
            self._downstreams.remove(downstream)

    def reserve(self, downstream: Downstream) -> int:
        """Return the number of a channel that a downstream is about to open.

        Raises:
            ChannelClosed: the connection is lost.
            SSHError: as many channels are open as the limit allows.
        """
        self._require_room()
        number = self._number()
        self.passed[number] = downstream
        return number

    def hand_over(self, channel: ChannelProtocol, downstream: Downstream) -> None:
        """Let a downstream answer a channel that the peer has asked for.

        Raises:
            ChannelClosed: it was answered already, or the connection is lost.
        """
        channel.detach()
        self.passed[channel.number] = downstream

    def release(self, number: int) -> None:
        """Forget a channel that a downstream drove: it was refused, or closed by both sides."""
        self.passed.pop(number, None)

    def pass_up(self, *parts: Buffer) -> None:
        """Send a message of a downstream; nothing once the connection is lost."""
        if self._lost is None:
            self._output.send_payload(*parts)

    # ------------------------------------------------------------- inside

    def _failed(self, channel: ChannelProtocol, error: Exception) -> None:
        """End a channel whose handler raised."""
        with guarded(self._handler.handler_failed):  # it may raise at this, too
            channel.fail(error)

    def _require_open(self) -> None:
        if self._lost is not None:
            problem = "the connection is closed"
            raise ChannelClosed(problem) from self._lost

    def _require_room(self) -> None:
        self._require_open()
        if len(self.channels) + len(self.passed) >= self.limits.channels:
            problem = f"{self.limits.channels} channels are open, which is the limit"
            raise SSHError(problem)

    def _number(self) -> int:
        # a number is not used again soon, lest a late message is taken for the new channel's
        number = next(n for n in count(self._assigned) if not self._is_used(n & _UINT32))
        self._assigned = number + 1
        return number & _UINT32

    def _is_used(self, number: int) -> bool:
        return number in self.channels or number in self.passed

    def _new(self, kind: str, window: int) -> ChannelProtocol:
        number = self._number()
        channel = ChannelProtocol(number, kind, window, self._output, self.limits, self._free)
        self.channels[number] = channel
        return channel

    def _free(self, channel: ChannelProtocol) -> None:
        self.channels.pop(channel.number, None)

    def _send(self, message: Message) -> None:
        self._output.send_payload(message.encode())
