"""Many channels over one connection (RFC 4254): numbers, dispatch, global requests.

`Multiplexer.receive` takes one payload numbered 80–127; `states.ACCEPTED` says what a
channel takes, `channel.Channel` does the rest.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from struct import Struct
from typing import Final, Protocol

from ssh_connection.channel import Channel, ChannelHandler
from ssh_connection.errors import ChannelClosed, ChannelViolation
from ssh_connection.limits import ConnectionLimits
from ssh_connection.output import Output
from ssh_connection.replies import PendingReplies, Reply, ReplyQueue
from ssh_connection.states import ACCEPTED, STRAY_IGNORED, ChannelState
from ssh_wire import Message, OpenFailureReason, SSHError, Truncated, UnknownMessage
from ssh_wire.messages import connection as m
from ssh_wire.primitives import Buffer

__all__ = [
    "GlobalAnswer",
    "Multiplexer",
    "MultiplexerHandler",
]

GlobalAnswer = m.RequestSuccess | m.RequestFailure
"""What answers a GLOBAL_REQUEST."""

_RECIPIENT = Struct(">xI")  # every channel message has its recipient behind the number

_ON_CHANNEL: Final[dict[int, Callable[[Channel, Buffer], None]]] = {
    91: Channel.receive_confirmation,
    92: Channel.receive_failure,
    93: Channel.receive_adjust,
    94: Channel.receive_data,
    95: Channel.receive_extended_data,
    96: Channel.receive_eof,
    97: Channel.receive_close,
    98: Channel.receive_request,
    99: Channel.receive_success,
    100: Channel.receive_refusal,
}


class MultiplexerHandler(Protocol):
    """Who decides what the peer may open and ask for."""

    def channel_requested(self, message: m.AnyChannelOpen, channel: Channel) -> None:
        """The peer wants a channel: answer with `confirm` or `refuse`, now or later."""

    def global_request(self, message: m.AnyGlobalRequest, reply: Reply) -> None:
        """The peer asks for something: answer through `Multiplexer.grant` or `deny`."""


class Multiplexer:
    """The channels and global requests of one connection."""

    def __init__(
        self,
        output: Output,
        handler: MultiplexerHandler,
        limits: ConnectionLimits | None = None,
    ) -> None:
        self.limits = limits or ConnectionLimits()
        self.channels: dict[int, Channel] = {}
        self._output = output
        self._handler = handler
        self._answers = PendingReplies[GlobalAnswer]()
        self._replies = ReplyQueue(output.send_payload, self.limits.global_requests)
        self._lost: Exception | None = None
        self._on_connection: dict[int, Callable[[Buffer], None]] = {
            80: self._receive_global,
            81: self._receive_success,
            82: self._receive_failure,
            90: self._receive_open,
        }

    # ------------------------------------------------------------- receiving

    def receive(self, payload: Buffer) -> None:
        """Take one message of the connection protocol; the payload is valid during the call.

        Raises:
            UnknownMessage: its number means nothing here; the peer is to be told so.
            ProtocolError: the peer broke a rule.
        """
        receive = _ON_CHANNEL.get(payload[0])
        if receive is None:
            for_all = self._on_connection.get(payload[0])
            if for_all is None:
                raise UnknownMessage(payload[0])
            for_all(payload)
            return
        if len(payload) < _RECIPIENT.size:
            raise Truncated("message", "recipient")
        (number,) = _RECIPIENT.unpack_from(payload)
        channel = self.channels.get(number)
        if channel is not None and payload[0] in ACCEPTED[channel.state]:
            receive(channel, payload)
        elif channel is not None or payload[0] not in STRAY_IGNORED:
            state = channel.state.value if channel is not None else "not open"
            problem = f"message {payload[0]} on channel {number}, which is {state}"
            raise ChannelViolation(problem)

    def _receive_open(self, payload: Buffer) -> None:
        message = m.CHANNEL_OPENS.decode(payload)
        channel = self._new(self.limits.window)
        channel.state = ChannelState.REQUESTED
        try:
            channel.set_remote(message.sender, message.window, message.max_packet)
        except ChannelViolation:
            self._free(channel)
            self._send(
                m.ChannelOpenFailure(
                    recipient=message.sender,
                    reason=OpenFailureReason.CONNECT_FAILED,
                    description="the maximum packet size is 0",
                )
            )
            return
        if len(self.channels) > self.limits.channels:
            channel.refuse(OpenFailureReason.RESOURCE_SHORTAGE, "too many channels")
            return
        self._handler.channel_requested(message, channel)

    def _receive_global(self, payload: Buffer) -> None:
        message = m.GLOBAL_REQUESTS.decode(payload)
        reply = self._replies.expect(wanted=message.want_reply)
        self._handler.global_request(message, reply)

    def _receive_success(self, payload: Buffer) -> None:
        self._answers.resolve(m.RequestSuccess.decode(payload))

    def _receive_failure(self, payload: Buffer) -> None:
        self._answers.resolve(m.RequestFailure.decode(payload))

    # ------------------------------------------------------------- sending

    def open(self, message: m.AnyChannelOpen, handler: ChannelHandler) -> Channel:
        """Ask the peer for a channel; the handler hears the answer.

        Args:
            message: the open; its window is ours to grant, its sender is filled in.
            handler: who hears what happens on the channel.

        Raises:
            ChannelClosed: the connection is lost.
            SSHError: as many channels are open as the limit allows.
        """
        if self._lost is not None:
            problem = "the connection is closed"
            raise ChannelClosed(problem) from self._lost
        if len(self.channels) >= self.limits.channels:
            problem = f"{self.limits.channels} channels are open, which is the limit"
            raise SSHError(problem)
        channel = self._new(message.window)
        channel.handler = handler
        self._send(message.replace(sender=channel.number, max_packet=self.limits.max_packet))
        return channel

    def request(
        self,
        message: m.AnyGlobalRequest,
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
        if self._lost is not None:
            problem = "the connection is closed"
            raise ChannelClosed(problem) from self._lost
        if answered is not None:
            self._answers.add(answered)
        self._send(message.replace(want_reply=answered is not None))

    def grant(self, reply: Reply, details: bytes = b"") -> None:
        """Answer a global request with REQUEST_SUCCESS, if an answer was asked for."""
        reply.answer(m.RequestSuccess(details=details).encode())

    def deny(self, reply: Reply) -> None:
        """Answer a global request with REQUEST_FAILURE, if an answer was asked for."""
        reply.answer(m.RequestFailure().encode())

    def pump(self) -> None:
        """The congestion is over: let every channel send what it held back, in turn."""
        for channel in list(self.channels.values()):
            if self._output.congested:
                break
            if channel.held:
                # a channel that had its turn goes to the end, so none starves
                self.channels[channel.number] = self.channels.pop(channel.number)
                channel.pump()

    def connection_lost(self, error: Exception) -> None:
        """The connection is over: end every channel and every request with `error`."""
        if self._lost is None:
            self._lost = error
            self._answers.fail()
            self._replies.clear()
            for channel in list(self.channels.values()):
                channel.end(error)

    # ------------------------------------------------------------- inside

    def _new(self, window: int) -> Channel:
        number = next(n for n in count() if n not in self.channels)
        channel = Channel(number, window, self._output, self.limits)
        channel.on_gone = self._free
        self.channels[number] = channel
        return channel

    def _free(self, channel: Channel) -> None:
        self.channels.pop(channel.number, None)

    def _send(self, message: Message) -> None:
        self._output.send_payload(message.encode())
