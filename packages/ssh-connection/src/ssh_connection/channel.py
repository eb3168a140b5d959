"""One channel: its windows, its order of EOF and CLOSE, its requests (RFC 4254 section 5).

Bytes and messages in, bytes, messages and calls of the handler out; no I/O.  The window
arithmetic is exact in both directions: nothing is sent beyond what the peer granted,
nothing is accepted beyond what we granted.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from struct import Struct
from typing import TYPE_CHECKING, Final, Protocol

from ssh_connection.errors import ChannelClosed, ChannelOpenRefused, ChannelViolation
from ssh_connection.replies import PendingReplies, Reply, ReplyQueue
from ssh_connection.states import ChannelState
from ssh_wire import Message, OpenFailureReason
from ssh_wire.messages import connection as m
from ssh_wire.numbers import EXTENDED_DATA_STDERR
from ssh_wire.primitives import Buffer

if TYPE_CHECKING:
    from ssh_connection.limits import ConnectionLimits
    from ssh_connection.output import Output

__all__ = ["Channel", "ChannelHandler"]

MAX_WINDOW: Final = 2**32 - 1
"""\"The window size MUST NOT be increased above 2^32 - 1 bytes.\""""

# ChannelData and ChannelExtendedData with their data in pieces, which a declaration has not;
# a test holds both against the declarations
_DATA_HEAD = Struct(">BII")
_EXTENDED_HEAD = Struct(">BIII")


class ChannelHandler(Protocol):
    """Who hears what happens on a channel."""

    def opened(self) -> None:
        """The peer confirmed the channel."""

    def open_failed(self, error: Exception) -> None:
        """The peer refused the channel, or the connection was lost before it answered."""

    def data_received(self, data: memoryview) -> None:
        """Data arrived; the view is valid during the call."""

    def stderr_received(self, data: memoryview) -> None:
        """Data of standard error arrived; the view is valid during the call."""

    def eof_received(self) -> None:
        """The peer sends no more data."""

    def request_received(self, request: m.AnyChannelRequest, reply: Reply) -> None:
        """A request arrived, to be answered through `Channel.grant` or `Channel.deny`."""

    def closed(self, error: Exception | None) -> None:
        """The channel is over: cleanly, or with the error that ended the connection."""

    def pause_writing(self) -> None:
        """More is held back than the limit: stop writing for now."""

    def resume_writing(self) -> None:
        """Most of what was held back has left: go on writing."""


_Held = tuple[int | None, memoryview]


class Channel:
    """One end of a channel."""

    def __init__(self, number: int, window: int, output: Output, limits: ConnectionLimits) -> None:
        self.number = number
        self.state = ChannelState.OPENING
        self.handler: ChannelHandler = _Nobody()
        self.credit_at_once = True
        """Whether data counts as consumed when `data_received` returns."""
        self.eof_sent = False
        self.eof_received = False
        self.send_window = 0
        self.receive_window = window
        self._window = window
        self._credit = 0
        self._reading_paused = False
        self._writing_paused = False
        self._remote = 0
        self._max_data = 0
        self._output = output
        self._limits = limits
        self._held: deque[_Held | Callable[[], None]] = deque()
        self._held_size = 0
        self._answers = PendingReplies[bool]()
        self._replies = ReplyQueue(output.send_payload, limits.channel_requests)
        self.on_gone: Callable[[Channel], None] = _nothing
        """Called when the number is free again."""

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
        self.send_window = window
        self._max_data = min(max_packet, self._limits.max_data)

    def confirm(self, handler: ChannelHandler, *, window: int | None = None) -> None:
        """Accept a channel that the peer asked for (RFC 4254 section 5.1)."""
        self._expect(ChannelState.REQUESTED)
        self.handler = handler
        self.state = ChannelState.OPEN
        self._window = self.receive_window = window or self._limits.window
        self._send(
            m.ChannelOpenConfirmation(
                recipient=self._remote,
                sender=self.number,
                window=self._window,
                max_packet=self._limits.max_packet,
            )
        )

    def refuse(self, reason: OpenFailureReason, description: str = "") -> None:
        """Refuse a channel that the peer asked for (RFC 4254 section 5.1)."""
        self._expect(ChannelState.REQUESTED)
        self._gone()
        self._send(
            m.ChannelOpenFailure(recipient=self._remote, reason=reason, description=description)
        )

    def abandon(self) -> None:
        """Want a channel no longer that the peer has not confirmed: it is closed when it is."""
        if self.state is ChannelState.OPENING:
            self.state = ChannelState.ABANDONED
            self.handler = _Nobody()

    # ------------------------------------------------------------- sending

    def write(self, *parts: Buffer) -> None:
        """Send data; what window and transport do not take now is kept and sent later.

        Raises:
            ChannelClosed: the channel is closed, or EOF was sent.
        """
        self._write(None, parts)

    def write_stderr(self, data: Buffer) -> None:
        """Send data of standard error (RFC 4254 section 5.2)."""
        self._write(EXTENDED_DATA_STDERR, (data,))

    def write_eof(self) -> None:
        """Send EOF behind all that was written; nothing may be written after it."""
        if self.state is ChannelState.OPEN and not self.eof_sent:
            self.eof_sent = True
            self._in_order(self._send_eof)

    def close(self) -> None:
        """Send CLOSE behind all that was written."""
        if self.state is ChannelState.OPENING:
            self.abandon()
        elif self.state is ChannelState.OPEN:
            self.eof_sent = True
            self._in_order(self.abort)

    def abort(self) -> None:
        """Send CLOSE now; what was held back is dropped."""
        if self.state is ChannelState.OPENING:
            self.abandon()
        elif self.state is ChannelState.OPEN:
            self.state = ChannelState.CLOSING
            self.eof_sent = True
            self._held.clear()
            self._held_size = 0
            self._send(m.ChannelClose(recipient=self._remote))

    def in_order(self, message: m.ExitStatus | m.ExitSignal) -> None:
        """Send how the command ended, behind all that it wrote."""
        made = message.replace(recipient=self._remote)
        self._in_order(lambda: self._send(made))

    def request(
        self, message: m.AnyChannelRequest, answered: Callable[[bool | None], None] | None = None
    ) -> None:
        """Send a request now, ahead of held data.

        Args:
            message: the request; recipient and want_reply are filled in.
            answered: called with whether it was granted, or None when the channel closed first;
                without it no answer is asked for.

        Raises:
            ChannelClosed: the channel is closed.
        """
        self._require_open()
        if answered is not None:
            self._answers.add(answered)
        want_reply = answered is not None
        self._send(message.replace(recipient=self._remote, want_reply=want_reply))

    def grant(self, reply: Reply) -> None:
        """Answer a request with CHANNEL_SUCCESS, if an answer was asked for."""
        reply.answer(m.ChannelSuccess(recipient=self._remote).encode())

    def deny(self, reply: Reply) -> None:
        """Answer a request with CHANNEL_FAILURE, if an answer was asked for."""
        reply.answer(m.ChannelFailure(recipient=self._remote).encode())

    @property
    def held(self) -> int:
        """Bytes that were written and could not be sent yet."""
        return self._held_size

    def pump(self) -> None:
        """Send what was held back, as far as window and transport allow."""
        while self._held:
            entry = self._held[0]
            if callable(entry):
                self._held.popleft()
                entry()
                continue
            data_type, view = entry
            rest = self._send_now(data_type, [view])
            if rest:
                self._held_size -= len(view) - len(rest[0])
                self._held[0] = (data_type, rest[0])
                break
            self._held_size -= len(view)
            self._held.popleft()
        if self._writing_paused and self._held_size <= self._limits.write_buffer // 2:
            self._writing_paused = False
            self.handler.resume_writing()

    # ------------------------------------------------------------- consuming

    def consumed(self, count: int) -> None:
        """Count data as consumed; grant the peer more window once half of it is."""
        self._credit += count
        if self._credit * 2 >= self._window and not self._reading_paused:
            self._grant_window()

    def pause_reading(self) -> None:
        """Grant the peer no more window; what it may send already still arrives."""
        self._reading_paused = True

    def resume_reading(self) -> None:
        """Grant window again."""
        self._reading_paused = False
        if self._credit * 2 >= self._window:
            self._grant_window()

    def _grant_window(self) -> None:
        if self.state is ChannelState.OPEN and not self.eof_received:
            credit, self._credit = self._credit, 0
            self.receive_window += credit
            self._send(m.WindowAdjust(recipient=self._remote, increment=credit))

    # ------------------------------------------------------------- receiving

    def receive_confirmation(self, payload: Buffer) -> None:
        """The peer agreed; a channel that is no longer wanted is closed at once."""
        message = m.ChannelOpenConfirmation.decode(payload)
        self.set_remote(message.sender, message.window, message.max_packet)
        unwanted = self.state is ChannelState.ABANDONED
        self.state = ChannelState.OPEN
        if unwanted:
            self.abort()
        else:
            self.handler.opened()

    def receive_failure(self, payload: Buffer) -> None:
        """The peer refused."""
        message = m.ChannelOpenFailure.decode(payload)
        handler = self.handler
        self._gone()
        handler.open_failed(ChannelOpenRefused("new", message.reason, message.description))

    def receive_adjust(self, payload: Buffer) -> None:
        """The peer grants more window."""
        self.send_window += m.WindowAdjust.decode(payload).increment
        if self.send_window > MAX_WINDOW:
            problem = "WINDOW_ADJUST raises the window above 2^32 - 1"
            raise ChannelViolation(problem)
        if self._held:
            self.pump()

    def receive_data(self, payload: Buffer) -> None:
        """Data arrived."""
        data = m.ChannelData.decode(payload).data
        size = len(data)
        self._charge(size)
        if not self.eof_received and self.state is ChannelState.OPEN:
            self.handler.data_received(memoryview(data))
            if self.credit_at_once:
                self.consumed(size)

    def receive_extended_data(self, payload: Buffer) -> None:
        """Data of another kind arrived; a kind that is not standard error is dropped."""
        message = m.ChannelExtendedData.decode(payload)
        size = len(message.data)
        self._charge(size)
        if self.eof_received or self.state is not ChannelState.OPEN:
            return
        known = message.data_type == EXTENDED_DATA_STDERR
        if known:
            self.handler.stderr_received(memoryview(message.data))
        if self.credit_at_once or not known:
            self.consumed(size)

    def _charge(self, size: int) -> None:
        if size > self._limits.max_packet:
            problem = f"{size} bytes of data are more than the maximum packet size"
            raise ChannelViolation(problem)
        if size > self.receive_window:
            problem = f"{size} bytes of data exceed the window of {self.receive_window}"
            raise ChannelViolation(problem)
        self.receive_window -= size

    def receive_eof(self, payload: Buffer) -> None:
        """The peer sends no more data."""
        m.ChannelEOF.decode(payload)
        if not self.eof_received:
            self.eof_received = True
            if self.state is ChannelState.OPEN:
                self.handler.eof_received()

    def receive_close(self, payload: Buffer) -> None:
        """The peer is done: answer with our CLOSE unless it has left (RFC 4254 section 5.3)."""
        m.ChannelClose.decode(payload)
        if self.state is ChannelState.OPEN:
            self.abort()
        self.end(None)

    def receive_request(self, payload: Buffer) -> None:
        """A request arrived."""
        request = m.CHANNEL_REQUESTS.decode(payload)
        reply = self._replies.expect(wanted=request.want_reply)
        if self.state is ChannelState.OPEN:
            self.handler.request_received(request, reply)
        else:
            self.deny(reply)

    def receive_success(self, payload: Buffer) -> None:
        """Our oldest request without an answer was granted."""
        m.ChannelSuccess.decode(payload)
        self._answers.resolve(True)

    def receive_refusal(self, payload: Buffer) -> None:
        """Our oldest request without an answer was refused."""
        m.ChannelFailure.decode(payload)
        self._answers.resolve(False)

    def end(self, error: Exception | None) -> None:
        """The channel is over, cleanly or with the connection; tell everybody, once."""
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

    def _write(self, data_type: int | None, parts: Sequence[Buffer]) -> None:
        self._require_open()
        if self.eof_sent:
            problem = "nothing can be written after EOF"
            raise ChannelClosed(problem)
        views = [memoryview(part) for part in parts]
        for view in views if self._held else self._send_now(data_type, views):
            if view:
                # whoever keeps data copies it, except what cannot change
                kept = view if isinstance(view.obj, bytes) else memoryview(bytes(view))
                self._held.append((data_type, kept))
                self._held_size += len(kept)
        if self._held_size > self._limits.write_buffer and not self._writing_paused:
            self._writing_paused = True
            self.handler.pause_writing()

    def _send_now(self, data_type: int | None, rest: list[memoryview]) -> list[memoryview]:
        """Send what window and transport take now, in packets as large as allowed.

        Return what is left.
        """
        output = self._output
        rest.reverse()
        while rest:
            room = min(self._max_data, self.send_window)
            if not room or output.congested:
                break
            pieces: list[memoryview] = []
            size = 0
            while rest and size < room:
                view = rest.pop()
                piece = view[: room - size]
                if len(piece) < len(view):
                    rest.append(view[len(piece) :])
                pieces.append(piece)
                size += len(piece)
            if size:
                self.send_window -= size
                output.send_payload(self._head(data_type, size), *pieces)
        rest.reverse()
        return rest

    def _head(self, data_type: int | None, size: int) -> bytes:
        if data_type is None:
            return _DATA_HEAD.pack(94, self._remote, size)
        return _EXTENDED_HEAD.pack(95, self._remote, data_type, size)

    def _in_order(self, action: Callable[[], None]) -> None:
        if self._held:
            self._held.append(action)
        else:
            action()

    def _send_eof(self) -> None:
        self._send(m.ChannelEOF(recipient=self._remote))

    def _send(self, message: Message) -> None:
        self._output.send_payload(message.encode())

    def _expect(self, state: ChannelState) -> None:
        if self.state is not state:
            problem = f"the channel is {self.state.value}, not {state.value}"
            raise ChannelClosed(problem)

    def _require_open(self) -> None:
        if self.state is not ChannelState.OPEN:
            problem = f"the channel is {self.state.value}"
            raise ChannelClosed(problem)

    def _gone(self) -> None:
        self.state = ChannelState.CLOSED
        self._held.clear()
        self._held_size = 0
        self._replies.clear()
        self.on_gone(self)


def _nothing(_channel: Channel) -> None:
    """Nobody waits for the number."""


class _Nobody:
    """The handler of a channel that has none: listens to nothing."""

    def opened(self) -> None: ...

    def open_failed(self, error: Exception) -> None: ...

    def data_received(self, data: memoryview) -> None: ...

    def stderr_received(self, data: memoryview) -> None: ...

    def eof_received(self) -> None: ...

    def request_received(self, request: m.AnyChannelRequest, reply: Reply) -> None: ...

    def closed(self, error: Exception | None) -> None: ...

    def pause_writing(self) -> None: ...

    def resume_writing(self) -> None: ...
