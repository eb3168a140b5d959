"""One channel: its order of EOF and CLOSE, its requests (RFC 4254 section 5).

Bytes and messages in, bytes, messages and calls of the handler out; no I/O.  The windows
are `receive_window` and `send_window`, which messages may arrive in which state is in `states`.
"""

from __future__ import annotations

from collections.abc import Callable
from struct import Struct
from typing import TYPE_CHECKING

from ssh_connection.errors import ChannelClosed, ChannelOpenRefused, ChannelViolation
from ssh_connection.handler import ChannelHandler, NullHandler
from ssh_connection.receive_window import ReceiveWindow
from ssh_connection.replies import Granted, PendingReplies, PendingReply, ReplyQueue
from ssh_connection.send_window import SendWindow
from ssh_connection.states import ChannelState
from ssh_wire import InvalidText, Message, OpenFailureReason
from ssh_wire.messages import connection as m
from ssh_wire.numbers import EXTENDED_DATA_STDERR
from ssh_wire.primitives import Buffer

if TYPE_CHECKING:
    from ssh_connection.limits import ConnectionLimits
    from ssh_connection.output import Output
    from ssh_wire import MessageSet

__all__ = ["ChannelProtocol"]

# WindowAdjust without its declaration: a server grants window some twenty times per MiB
_ADJUST = Struct(">BII")


class ChannelProtocol:
    """One end of a channel.

    Attributes:
        number: our number of it.
        kind: its type, as CHANNEL_OPEN names it.
        label: what it is, for ChannelTimeout; empty for its type.
        handler: what is told of what happens on it.
        auto_adjust: whether data counts as consumed when the handler returns.
        eof_sent: whether nothing may be written any more.
        requests: the requests that are decoded; others stay generic.
    """

    def __init__(
        self,
        number: int,
        kind: str,
        window: int,
        output: Output,
        limits: ConnectionLimits,
        on_gone: Callable[[ChannelProtocol], None],
    ) -> None:
        self.number: int = number
        self.kind: str = kind
        self.label: str = ""
        self.state: ChannelState = ChannelState.OPENING
        self.handler: ChannelHandler = NullHandler()
        self.auto_adjust: bool = True
        self.eof_sent: bool = False
        self.eof_received: bool = False
        self.requests: MessageSet[m.RequestHead] = m.CHANNEL_REQUESTS
        self._on_gone = on_gone
        self._remote = 0
        self._output = output
        self._limits = limits
        self._receive_window = ReceiveWindow(window, limits.max_packet, self._grant_window)
        self._send_window = SendWindow(output, limits.write_buffer, self._pause, self._resume)
        self._answers = PendingReplies[bool]()
        self._replies = ReplyQueue(output.send_payload, limits.channel_requests)

    # ------------------------------------------------------------- opening

    def set_remote(self, remote: int, window: int, max_packet: int) -> None:
        """Take over the peer's side of the agreement.

        Raises:
            ChannelViolation: the peer takes packets of no size.
        """
        if not max_packet:
            problem = "the peer's maximum packet size is 0"
            raise ChannelViolation(problem)
        self._remote = remote
        self._send_window.begin(remote, window, min(max_packet, self._limits.max_data))

    def confirm(self, handler: ChannelHandler, *, window: int | None = None) -> None:
        """Accept a channel that the peer asked for (RFC 4254 section 5.1).

        Raises:
            ChannelClosed: it was answered already, or the connection is lost.
        """
        self._expect(ChannelState.REQUESTED)
        self.handler = handler
        self.state = ChannelState.OPEN
        size = window or self._limits.window
        self._receive_window = ReceiveWindow(size, self._limits.max_packet, self._grant_window)
        self._send(
            m.ChannelOpenConfirmation(
                recipient=self._remote,
                sender=self.number,
                window=size,
                max_packet=self._limits.max_packet,
            )
        )

    def refuse(self, reason: OpenFailureReason, description: str = "") -> None:
        """Refuse a channel that the peer asked for (RFC 4254 section 5.1).

        Raises:
            ChannelClosed: it was answered already, or the connection is lost.
        """
        self._expect(ChannelState.REQUESTED)
        self._gone()
        to = self._remote
        self._send(m.ChannelOpenFailure(recipient=to, reason=reason, description=description))

    def detach(self) -> None:
        """Forget a channel that the peer asked for: something else answers it.

        Raises:
            ChannelClosed: it was answered already, or the connection is lost.
        """
        self._expect(ChannelState.REQUESTED)
        self._gone()

    # ------------------------------------------------------------- sending

    def write(self, *parts: Buffer) -> None:
        """Send data; what window and transport do not take now is kept and sent later.

        Raises:
            ChannelClosed: the channel is closed, or EOF was sent.
        """
        self._require_writable()
        self._send_window.write(None, parts)

    def write_stderr(self, data: Buffer) -> None:
        """Send data of standard error (RFC 4254 section 5.2).

        Raises:
            ChannelClosed: the channel is closed, or EOF was sent.
        """
        self._require_writable()
        self._send_window.write(EXTENDED_DATA_STDERR, (data,))

    def write_eof(self) -> None:
        """Send EOF behind all that was written; nothing may be written after it."""
        if self.state is ChannelState.OPEN and not self.eof_sent:
            self.eof_sent = True
            self._send_window.in_order(lambda: self._send(m.ChannelEOF(recipient=self._remote)))

    def close(self) -> None:
        """Send CLOSE behind all that was written."""
        if self.state is ChannelState.OPEN:
            self.eof_sent = True
            self._send_window.in_order(self.abort)
        else:
            self.abort()

    def abort(self) -> None:
        """Send CLOSE now; what was held back is dropped.

        A channel that the peer has not confirmed yet is closed as soon as it is.
        """
        if self.state is ChannelState.OPENING:
            self.state = ChannelState.ABANDONED
            self.handler = NullHandler()
        elif self.state is ChannelState.OPEN:
            self.state = ChannelState.CLOSING
            self.eof_sent = self._receive_window.ended = True
            self._send_window.drop()
            self._replies.clear()  # nothing may follow our CLOSE
            self._answers.fail()
            self._send(m.ChannelClose(recipient=self._remote))

    def fail(self, error: Exception) -> None:
        """Close the channel because its handler raised; tell the handler."""
        handler, self.handler = self.handler, NullHandler()
        self.abort()
        handler.closed(error)

    def in_order(self, message: m.ExitStatus | m.ExitSignal) -> None:
        """Send how the command ended, behind all that it wrote."""
        self._send_window.in_order(lambda: self._send(message.replace(recipient=self._remote)))

    def request(
        self, message: m.RequestHead, answered: Callable[[Granted], None] | None = None
    ) -> None:
        """Send a request now, ahead of held data.

        Args:
            message: the request; recipient and want_reply are filled in.
            answered: called with whether it was granted, or None when the channel closed first;
                without it no answer is asked for.

        Raises:
            ChannelClosed: the channel is closed.
        """
        self._expect(ChannelState.OPEN)
        self._send(message.replace(recipient=self._remote, want_reply=answered is not None))
        if answered is not None:
            self._answers.add(answered)

    def grant(self, reply: PendingReply) -> None:
        """Answer a request with CHANNEL_SUCCESS, if an answer was asked for."""
        reply.answer(m.ChannelSuccess(recipient=self._remote).encode())

    def deny(self, reply: PendingReply) -> None:
        """Answer a request with CHANNEL_FAILURE, if an answer was asked for."""
        reply.answer(m.ChannelFailure(recipient=self._remote).encode())

    @property
    def transferred(self) -> int:
        """Bytes of data that have passed in both directions together."""
        return self._receive_window.received + self._send_window.sent

    @property
    def held(self) -> int:
        """Bytes that were written and could not be sent yet."""
        return self._send_window.held

    @property
    def send_window(self) -> int:
        """Bytes that the peer takes now."""
        return self._send_window.window

    def pump(self) -> None:
        """Send what was held back, as far as window and transport allow."""
        self._send_window.pump()

    # ------------------------------------------------------------- consuming

    def consumed(self, count: int) -> None:
        """Count data as consumed; grant the peer more window once half of it is."""
        self._receive_window.consumed(count)

    def pause_reading(self) -> None:
        """Grant the peer no more window; what it may send already still arrives."""
        self._receive_window.pause()

    def resume_reading(self) -> None:
        """Grant window again."""
        self._receive_window.resume()

    @property
    def receive_window(self) -> int:
        """Bytes that the peer may send now."""
        return self._receive_window.window

    # ------------------------------------------------------------- receiving

    def receive_open_confirmation(self, payload: Buffer) -> None:
        """Take the peer's confirmation; close a channel that is no longer wanted."""
        message = m.ChannelOpenConfirmation.decode(payload)
        self.set_remote(message.sender, message.window, message.max_packet)
        unwanted = self.state is ChannelState.ABANDONED
        self.state = ChannelState.OPEN
        if unwanted:
            self.abort()
        else:
            self.handler.opened()

    def receive_open_failure(self, payload: Buffer) -> None:
        """Take the peer's refusal."""
        message = m.ChannelOpenFailure.decode(payload)
        error = ChannelOpenRefused(self.kind, message.reason, message.description)
        self._gone()
        self.handler.open_failed(error)

    def receive_window_adjust(self, payload: Buffer) -> bool:
        """Take more window; return whether data waits for it."""
        if len(payload) != _ADJUST.size:
            m.WindowAdjust.decode(payload)  # it says what is wrong
        return self._send_window.adjust(_ADJUST.unpack(payload)[2])

    def receive_data(self, payload: Buffer) -> None:
        """Take data."""
        data = m.ChannelData.decode(payload).data
        size = len(data)
        self._receive_window.charge(size)
        if not self._receive_window.ended:
            view = data if isinstance(data, memoryview) else memoryview(data)
            self.handler.data_received(view)
            if self.auto_adjust:
                self._receive_window.consumed(size)

    def receive_extended_data(self, payload: Buffer) -> None:
        """Take data of standard error; drop data of another type."""
        message = m.ChannelExtendedData.decode(payload)
        size = len(message.data)
        self._receive_window.charge(size)
        if self._receive_window.ended:
            return
        known = message.data_type == EXTENDED_DATA_STDERR
        if known:
            self.handler.stderr_received(memoryview(message.data))
        if self.auto_adjust or not known:
            self._receive_window.consumed(size)

    def receive_eof(self, payload: Buffer) -> None:
        """Handle EOF: the peer sends no more data."""
        m.ChannelEOF.decode(payload)
        if not self.eof_received:
            self.eof_received = self._receive_window.ended = True
            if self.state is ChannelState.OPEN:
                self.handler.eof_received()

    def receive_close(self, payload: Buffer) -> None:
        """Answer CLOSE with our own unless it has left (RFC 4254 section 5.3)."""
        m.ChannelClose.decode(payload)
        self.abort()
        self.end(None)

    def receive_request(self, payload: Buffer) -> None:
        """Take a request; after our CLOSE it is not answered."""
        try:
            request = self.requests.decode(payload)
        except InvalidText:  # OpenSSH refuses that request alone
            self._refuse_request(m.UnreadChannelRequest.read(payload, 1)[0])
            return
        if self.state is ChannelState.OPEN:
            self.handler.request_received(request, self._replies.expect(wanted=request.want_reply))

    def receive_channel_success(self, payload: Buffer) -> None:
        """Take the success of our oldest request without an answer."""
        m.ChannelSuccess.decode(payload)
        self._answers.resolve(True)

    def receive_channel_failure(self, payload: Buffer) -> None:
        """Take the failure of our oldest request without an answer."""
        m.ChannelFailure.decode(payload)
        self._answers.resolve(False)

    def end(self, error: Exception | None) -> None:
        """End the channel, cleanly or with the connection; tell every waiter, once."""
        state, handler = self.state, self.handler
        if state is ChannelState.CLOSED:
            return
        self._gone()
        self._answers.fail()
        if state is ChannelState.OPENING:
            handler.open_failed(error or ChannelClosed("the connection is closed"))
        elif state in {ChannelState.OPEN, ChannelState.CLOSING}:
            handler.closed(error)

    # ------------------------------------------------------------- inside

    def _refuse_request(self, request: m.UnreadChannelRequest) -> None:
        if self.state is ChannelState.OPEN:
            self.deny(self._replies.expect(wanted=request.want_reply))

    def _grant_window(self, increment: int) -> None:
        self._send(m.WindowAdjust(recipient=self._remote, increment=increment))

    def _send(self, message: Message) -> None:
        self._output.send_payload(message.encode())

    def _pause(self) -> None:
        self.handler.pause_writing()

    def _resume(self) -> None:
        self.handler.resume_writing()

    def _expect(self, state: ChannelState) -> None:
        if self.state is not state:
            problem = f"the channel is {self.state.value}, not {state.value}"
            raise ChannelClosed(problem)

    def _require_writable(self) -> None:
        self._expect(ChannelState.OPEN)
        if self.eof_sent:
            problem = "nothing can be written after EOF"
            raise ChannelClosed(problem)

    def _gone(self) -> None:
        self.state = ChannelState.CLOSED
        self._receive_window.ended = True
        self._send_window.drop()
        self._replies.clear()
        self._on_gone(self)
