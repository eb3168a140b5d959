"""A channel for asyncio: a two-way byte stream with callbacks, as fast as it gets.

`Channel` hands data to a receiver as it arrives, in asyncio's manners (`data_received`,
`pause_writing`, …).  Streams, processes, forwards and SFTP are receivers.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from ssh_connection.aio.streams import ByteStream
from ssh_connection.channel import ChannelProtocol
from ssh_connection.errors import ChannelClosed
from ssh_connection.replies import Granted, PendingReply
from ssh_connection.states import ChannelState
from ssh_wire.aio import timeout
from ssh_wire.messages import connection as m
from ssh_wire.primitives import Buffer

if TYPE_CHECKING:
    from ssh_connection.multiplexer import Multiplexer

__all__ = ["Channel", "Receiver", "knows_openssh", "open_channel"]


def knows_openssh(software: str) -> bool:
    """Return whether a peer of this softwareversion knows OpenSSH's unannounced extensions.

    They are eow@openssh.com and no-more-sessions@openssh.com: "only sent to OpenSSH peers
    (identified by banner)" (PROTOCOL sections 2.1 and 2.2), and to ours.
    """
    return software.startswith(("OpenSSH_", "ssh_stack"))


class Receiver(Protocol):
    """Who takes what arrives on a channel."""

    def data_received(self, data: memoryview) -> None:
        """Take data; the view is valid during the call."""

    def eof_received(self) -> None:
        """Handle EOF: the peer sends no more data."""

    def pipe_closed(self, error: Exception | None) -> None:
        """Handle the end of the channel: clean, or with the error that ended the connection."""

    def pause_writing(self) -> None:
        """Stop writing for now: more is held back than the limit."""

    def resume_writing(self) -> None:
        """Go on writing: most of what was held back has left."""


class Channel:
    """One channel; until a receiver is connected, what arrives is kept."""

    on_request: Callable[[m.RequestHead, PendingReply], None] | None
    """Called with each request of the peer; without it requests are refused."""
    takes_eow: bool = False
    """Whether the peer knows eow@openssh.com (PROTOCOL section 2.1)."""

    def __init__(self, core: ChannelProtocol | None = None) -> None:
        self._core = core
        self._receiver: Receiver | None = None
        self._early: list[bytes] = []
        loop = asyncio.get_running_loop()
        self._opened: asyncio.Future[None] = loop.create_future()
        self._closed: asyncio.Future[Exception | None] = loop.create_future()
        self._on_closed: list[Callable[[], object]] = []
        self.data_received: Callable[[memoryview], None] = self._keep
        self.stderr_received: Callable[[memoryview], None] = self._drop
        self.on_request = None
        if core is not None:
            self.adopt(core)
            self._opened.set_result(None)

    # ------------------------------------------------------------- the user's side

    @property
    def core(self) -> ChannelProtocol:
        """The state machine behind it."""
        if self._core is None:
            problem = "the channel is not open yet"
            raise ChannelClosed(problem)
        return self._core

    def connect(self, receiver: Receiver, *, auto_adjust: bool = True) -> None:
        """Hand what arrives to `receiver` from now on, first what arrived already.

        Args:
            receiver: who takes it.
            auto_adjust: grant the peer new window as soon as the receiver returns; without
                it the receiver calls `consumed` when it is done with the data.
        """
        self._receiver = receiver
        self.data_received = receiver.data_received
        core = self.core
        core.auto_adjust = auto_adjust
        for data in self._early:
            receiver.data_received(memoryview(data))
            if auto_adjust:
                core.consumed(len(data))
        self._early.clear()
        if core.eof_received:
            receiver.eof_received()
        if self._closed.done():
            receiver.pipe_closed(self._closed.result())

    def disconnect(self, unread: bytes = b"") -> None:
        """Keep what arrives from now on, as before `connect`.

        Args:
            unread: what has arrived, was not `consumed`, and is for the next receiver.
        """
        self._receiver = None
        self.data_received = self._keep
        self.core.auto_adjust = False
        if unread:
            self._early.insert(0, unread)

    def stream(self) -> ByteStream:
        """Return a byte stream over the channel, which is its receiver from now on."""
        return ByteStream(self)

    def write(self, *parts: Buffer) -> None:
        """Send data; what cannot leave now is kept.

        Raises:
            ChannelClosed: the channel is closed, or EOF was sent.
        """
        self.core.write(*parts)

    def write_eof(self) -> None:
        """Send EOF behind all that was written."""
        self.core.write_eof()

    def consumed(self, count: int) -> None:
        """Grant the peer window for data that the receiver is done with."""
        self.core.consumed(count)

    def pause_reading(self) -> None:
        """Grant the peer no more window for now."""
        self.core.pause_reading()

    def resume_reading(self) -> None:
        """Grant the peer window again."""
        self.core.resume_reading()

    def close(self) -> None:
        """Close behind all that was written."""
        if self._core is not None:
            self._core.close()

    def abort(self) -> None:
        """Close now; what was held back is dropped."""
        if self._core is not None:
            self._core.abort()

    async def wait_closed(self) -> None:
        """Wait until both sides have closed, or the connection is lost."""
        await asyncio.shield(self._closed)

    async def finish(self, seconds: float) -> None:
        """Close behind all that was written, and cut what has not left in `seconds`."""
        self.close()
        try:
            async with timeout(seconds):
                await self.wait_closed()
        except TimeoutError:
            pass
        finally:
            self.abort()

    def on_closed(self, callback: Callable[[], object]) -> None:
        """Call `callback` as soon as both sides have closed, or the connection is lost."""
        self._on_closed.append(callback)

    @property
    def is_connected(self) -> bool:
        """Whether there is a receiver."""
        return self._receiver is not None

    @property
    def is_closing(self) -> bool:
        """Whether nothing can be written any more."""
        return self._core is None or self._core.state is not ChannelState.OPEN

    @property
    def is_closed(self) -> bool:
        """Whether both sides have closed, or the connection is lost."""
        return self._closed.done()

    @property
    def error(self) -> Exception | None:
        """What ended the connection or the channel; None while it lasts, or after a clean end."""
        return self._closed.result() if self._closed.done() else None

    def ask(self, message: m.RequestHead) -> asyncio.Future[bool]:
        """Send a request now; return whether the peer grants it, once it has answered.

        Raises:
            ChannelClosed: the channel is closed, or (of the future) closes before the answer.
            ConnectionLost: (of the future) the connection is lost before the answer.
        """
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[bool] = loop.create_future()

        def answered(granted: Granted) -> None:
            if granted is None:
                loop.call_soon(no_answer)  # the channel is told a little later why
            elif not answer.done():
                answer.set_result(granted)

        def no_answer() -> None:
            if not answer.done():
                closed = ChannelClosed("the channel closed before the request was answered")
                answer.set_exception(self.error or closed)

        self.core.request(message, answered)
        return answer

    async def request(self, message: m.RequestHead) -> bool:
        """Send a request and return whether the peer granted it.

        Raises:
            ChannelClosed: the channel closed before the answer came.
            ConnectionLost: the connection was lost before the answer came.
        """
        return await self.ask(message)

    def notify(self, message: m.RequestHead) -> None:
        """Send a request that wants no answer.

        Raises:
            ChannelClosed: the channel is closed.
        """
        self.core.request(message)

    # ------------------------------------------------------------- the core's side

    def adopt(self, core: ChannelProtocol) -> None:
        """Take the core that was opened with this channel as its handler."""
        self._core = core
        core.auto_adjust = False

    async def wait_opened(self) -> None:
        """Wait for the peer's answer.

        Raises:
            ChannelOpenRefused: the peer refused.
            ChannelClosed: the connection was lost first.
        """
        try:
            await self._opened
        except asyncio.CancelledError:
            self.core.abort()
            raise

    def opened(self) -> None:
        """Handle the peer's confirmation."""
        if not self._opened.done():
            self._opened.set_result(None)

    def open_failed(self, error: Exception) -> None:
        """Handle the peer's refusal, or the loss of the connection."""
        if not self._opened.done():
            self._opened.set_exception(error)

    def eof_received(self) -> None:
        """Handle EOF: the peer sends no more data."""
        if self._receiver is not None:
            self._receiver.eof_received()

    def request_received(self, request: m.RequestHead, reply: PendingReply) -> None:
        """Handle a request of the peer."""
        if self.on_request is not None:
            self.on_request(request, reply)
        else:
            self.core.deny(reply)

    def closed(self, error: Exception | None) -> None:
        """Handle the end: both sides have closed, or the connection is lost."""
        if not self._closed.done():
            self._closed.set_result(error)
            for callback in self._on_closed:
                callback()
            if self._receiver is not None:
                self._receiver.pipe_closed(error)

    def pause_writing(self) -> None:
        """Pass on that more is held back than the limit."""
        if self._receiver is not None:
            self._receiver.pause_writing()

    def resume_writing(self) -> None:
        """Pass on that most of what was held back has left."""
        if self._receiver is not None:
            self._receiver.resume_writing()

    def _keep(self, data: memoryview) -> None:
        self._early.append(bytes(data))

    def _drop(self, data: memoryview) -> None:
        """Drop standard error, which has no receiver, and grant its window again."""
        if not self.core.auto_adjust:
            self.core.consumed(len(data))


async def open_channel(mux: Multiplexer, message: m.OpenHead, peer_software: str = "") -> Channel:
    """Ask the peer for a channel; return it when it is open.

    Args:
        mux: what numbers the connection's channels.
        message: the CHANNEL_OPEN; its sender is filled in.
        peer_software: the peer's softwareversion, where the channel carries a session.

    Raises:
        ChannelOpenRefused: the peer refuses it.
        ChannelClosed: the connection is lost.
    """
    channel = Channel()
    channel.takes_eow = knows_openssh(peer_software)
    channel.adopt(mux.open(message, channel))
    await channel.wait_opened()
    return channel
