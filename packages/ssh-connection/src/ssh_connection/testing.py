"""Two multiplexers joined in memory, and handlers that record: for tests.

    pair = Pair()
    channel, theirs = pair.open()
    channel.write(b"hello")
    pair.run()
    assert theirs.handler.data == b"hello"

Payloads are moved only by `run`.  `Wire` is one side's way out with no peer at its end:
what was sent is read as messages, what the peer would send is given to
`Multiplexer.receive`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, cast

from ssh_connection.limits import ConnectionLimits
from ssh_connection.multiplexer import Multiplexer
from ssh_connection.services import ChannelType, GlobalRequestType, refusal_reason
from ssh_wire import Message, MessageSet
from ssh_wire.messages import connection as m

if TYPE_CHECKING:
    from ssh_connection.channel import ChannelProtocol
    from ssh_connection.replies import PendingReply
    from ssh_connection.services import Service
    from ssh_wire.primitives import Buffer

__all__ = ["CONNECTION_MESSAGES", "Pair", "Recorder", "Side", "Wire"]

CONNECTION_MESSAGES: MessageSet[Message] = MessageSet(
    *m.GLOBAL_REQUESTS,
    m.RequestSuccess,
    m.RequestFailure,
    *m.CHANNEL_OPENS,
    m.ChannelOpenConfirmation,
    m.ChannelOpenFailure,
    m.WindowAdjust,
    m.ChannelData,
    m.ChannelExtendedData,
    m.ChannelEOF,
    m.ChannelClose,
    *m.CHANNEL_REQUESTS,
    m.ChannelSuccess,
    m.ChannelFailure,
)
"""Every message of the connection protocol."""


class Wire:
    """An output that keeps what is sent.

    Attributes:
        congested: whether bulk data has to wait.
        payloads: what was sent and not taken, in order.
    """

    def __init__(self) -> None:
        self.congested: bool = False
        self.payloads: deque[bytes] = deque()

    def send_payload(self, *parts: Buffer) -> None:
        """Keep a message."""
        self.payloads.append(b"".join(parts))

    def send_payloads(self, payloads: Sequence[tuple[Buffer, ...]]) -> None:
        """Keep several messages."""
        for parts in payloads:
            self.send_payload(*parts)

    def sent(self) -> list[Message]:
        """Return what was sent since the last time, as messages."""
        messages = [CONNECTION_MESSAGES.decode(payload) for payload in self.payloads]
        self.payloads.clear()
        return messages


class Recorder:
    """A channel handler that records what it is told.

    Attributes:
        events: everything but data and requests, in order, as the names of the calls.
        requests: the requests that arrived, each with the place of its answer.
        error: what `open_failed` or `closed` was told.
        answer: whether requests are granted at once; None leaves them unanswered.
        channel: the end that it listens to.
    """

    def __init__(self) -> None:
        self._data = bytearray()
        self._stderr = bytearray()
        self.events: list[str] = []
        self.requests: list[tuple[m.RequestHead, PendingReply]] = []
        self.error: Exception | None = None
        self.answer: bool | None = None
        self.channel: ChannelProtocol | None = None

    @property
    def data(self) -> bytes:
        """The data that arrived."""
        return bytes(self._data)

    @property
    def stderr(self) -> bytes:
        """The data of standard error that arrived."""
        return bytes(self._stderr)

    def opened(self) -> None:
        """Record the confirmation."""
        self.events.append("opened")

    def open_failed(self, error: Exception) -> None:
        """Record the refusal."""
        self.events.append("open_failed")
        self.error = error

    def data_received(self, data: memoryview) -> None:
        """Record data."""
        self._data += data

    def stderr_received(self, data: memoryview) -> None:
        """Record data of standard error."""
        self._stderr += data

    def eof_received(self) -> None:
        """Record EOF."""
        self.events.append("eof_received")

    def request_received(self, request: m.RequestHead, reply: PendingReply) -> None:
        """Record a request."""
        self.requests.append((request, reply))
        if self.answer is not None and self.channel is not None:
            (self.channel.grant if self.answer else self.channel.deny)(reply)

    def closed(self, error: Exception | None) -> None:
        """Record the end."""
        self.events.append("closed")
        self.error = error

    def pause_writing(self) -> None:
        """Record that more is held back than the limit."""
        self.events.append("pause_writing")

    def resume_writing(self) -> None:
        """Record that there is room again."""
        self.events.append("resume_writing")


class Side:
    """One side: a multiplexer, its output, and what its handler was asked.

    Attributes:
        wire: where it sends.
        mux: the multiplexer.
        opens: the channels that the peer asked for and that are not answered.
        requests: the global requests that are not answered.
        unknown: the unknown message numbers that arrived.
        failures: what handlers raised where no caller was left.
        accept: confirms channels at once, each with a new `Recorder`.
    """

    def __init__(self, limits: ConnectionLimits | None = None, *, accept: bool = True) -> None:
        self.wire: Wire = Wire()
        self.mux: Multiplexer = Multiplexer(self.wire, self, limits)
        self.mux.services.register(*self._services())
        self.opens: list[tuple[m.OpenHead, ChannelProtocol]] = []
        self.requests: list[tuple[m.GlobalHead, PendingReply]] = []
        self.unknown: list[int] = []
        self.failures: list[Exception] = []
        self.accept: bool = accept

    def _services(self) -> Iterator[Service]:
        """Yield rows for every channel type and global request of RFC 4254."""
        opens = (m.SessionOpen, m.DirectTCPIPOpen, m.ForwardedTCPIPOpen, m.X11Open)
        for opening in opens:
            yield ChannelType[m.OpenHead](message=opening, opened=self.channel_requested)
        for asked in (m.TCPIPForward, m.CancelTCPIPForward):
            yield GlobalRequestType[m.GlobalHead](message=asked, received=self.global_request)

    def channel_not_served(self, channel: ChannelProtocol) -> None:
        """Refuse a channel of another type."""
        channel.refuse(refusal_reason(channel.kind))

    def request_not_served(self, name: str, reply: PendingReply) -> None:
        """Record a global request of another name."""
        self.global_request(m.GlobalRequest(kind=name, want_reply=reply.wanted), reply)

    def channel_requested(self, message: m.OpenHead, channel: ChannelProtocol) -> None:
        """Confirm a channel, or record its opening."""
        if self.accept:
            recorder = Recorder()
            recorder.channel = channel
            channel.confirm(recorder)
        else:
            self.opens.append((message, channel))

    def global_request(self, message: m.GlobalHead, reply: PendingReply) -> None:
        """Record a global request."""
        self.requests.append((message, reply))

    def unknown_message(self, number: int) -> None:
        """Record the number of an unknown message."""
        self.unknown.append(number)

    def handler_failed(self, error: Exception) -> None:
        """Record what a handler raised."""
        self.failures.append(error)

    def open(self, window: int | None = None) -> tuple[ChannelProtocol, Recorder]:
        """Ask for a session; return the channel and its handler."""
        recorder = Recorder()
        size = window or self.mux.limits.window
        message = m.SessionOpen(sender=0, window=size, max_packet=0)
        recorder.channel = self.mux.open(message, recorder)
        return recorder.channel, recorder

    def receive(self, *messages: Message) -> None:
        """Give the multiplexer messages of the peer."""
        for message in messages:
            self.mux.receive(message.encode())
        if self.mux.window_opened:
            self.mux.pump()


class Pair:
    """Two sides, joined.

    Attributes:
        left: the side that `open` asks from.
        right: the other one.
    """

    def __init__(
        self, left: ConnectionLimits | None = None, right: ConnectionLimits | None = None
    ) -> None:
        self.left: Side = Side(left)
        self.right: Side = Side(right)

    def run(self, watch: Callable[[Side, bytes], None] | None = None) -> None:
        """Move payloads until none is left.

        Args:
            watch: is shown each payload before it is received, with the side that sent it.
        """
        sides = ((self.left, self.right), (self.right, self.left))
        while True:
            for source, target in sides:
                while source.wire.payloads:
                    payload = source.wire.payloads.popleft()
                    if watch is not None:
                        watch(source, payload)
                    target.mux.receive(memoryview(payload))
                if target.mux.window_opened:
                    target.mux.pump()
            if not self.left.wire.payloads and not self.right.wire.payloads:
                break

    def open(self, window: int | None = None) -> tuple[Recorder, Recorder]:
        """Open a session from left to right; return the handlers of both ends.

        Their `channel` is the end that they listen to.
        """
        known = set(self.right.mux.channels.values())
        _, ours = self.left.open(window)
        self.run()
        (theirs,) = set(self.right.mux.channels.values()) - known
        return ours, cast("Recorder", theirs.handler)
