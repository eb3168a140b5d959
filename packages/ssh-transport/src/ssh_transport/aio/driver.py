"""The asyncio driver: it owns time and the byte stream, and decides nothing.

One wake-up is: the loop reads into the transport's own buffer, every complete packet is
processed, the events are handed to the handler, and everything that this produced leaves
in one write.  The driver needs no task: only the loop's callbacks and one timer.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol, cast

from ssh_transport.aio.inherited import INHERITED, cut_off, disown_after_fork
from ssh_transport.aio.timer import DeadlineTimer
from ssh_transport.events import ComputationRequested
from ssh_wire import DisconnectReason, UsageError

if TYPE_CHECKING:
    from ssh_transport.events import Event
    from ssh_transport.transport import Transport
    from ssh_wire.primitives import Buffer

__all__ = ["ByteTransport", "Driver", "Handler"]

_HIGH_WATER = 1024 * 1024
_WRITE = 256 * 1024  # as much as one write should have
_WRITES = 4  # of that size before others on the loop get their turn
_BACKLOG = 256 * 1024  # unread input at which reading stops while the core is paused
_DROPPED = 4096  # the buffer for what a peer sends after the end
_QUICKACK: int | None = getattr(socket, "TCP_QUICKACK", None)


class ByteTransport(Protocol):
    """What the driver needs of a byte stream; every `asyncio.Transport` has it."""

    def write(self, data: Buffer) -> None:
        """Send bytes; keep what cannot leave yet."""
        ...

    def close(self) -> None:
        """Close when everything has left."""
        ...

    def abort(self) -> None:
        """Close at once."""
        ...

    def pause_reading(self) -> None:
        """Deliver no more for now."""
        ...

    def resume_reading(self) -> None:
        """Deliver again."""
        ...

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Say when `pause_writing` and `resume_writing` are called."""
        ...

    def get_write_buffer_size(self) -> int:
        """Return how many bytes could not leave yet; with none, no buffer is kept."""
        ...

    def get_extra_info(self, name: str, default: object = None) -> object:
        """Return a fact about the stream, such as its socket."""
        ...


class Handler(Protocol):
    """What the layer above a driver is told."""

    def transport_event(self, event: Event) -> None:
        """Take an event of the transport."""
        ...

    def uncongested(self) -> None:
        """Go on sending: `Driver.congested` has become False."""
        ...

    def batch_done(self) -> None:
        """Add what one wake-up's packets ask for; it leaves in the same write."""
        ...

    def connection_lost(self, exc: Exception | None) -> None:
        """Take the end of the byte stream; `Disconnected` came before it."""
        ...


class Driver(asyncio.BufferedProtocol):
    """Joins a `Transport` to an asyncio transport, or to any other source of bytes.

    Args:
        core: the transport protocol.
        handler: the layer above.
        clock: gives the time that the core was made with; the loop's own by default.
        close_timeout: seconds that `close` waits for the last bytes to leave.
    """

    def __init__(
        self,
        core: Transport,
        handler: Handler,
        *,
        clock: Callable[[], float] | None = None,
        close_timeout: float = 5.0,
    ) -> None:
        self.core = core
        core.offload_computation()
        self._handler = handler
        self._loop = asyncio.get_running_loop()
        self._clock = clock or self._loop.time
        self._close_timeout = close_timeout
        self._stream: ByteTransport | None = None
        self._socket: socket.socket | None = None
        self._soon: asyncio.Handle | None = None
        self._timer = DeadlineTimer(self._loop, self._clock, self._time_has_come)
        self._closed: asyncio.Future[None] = self._loop.create_future()
        self._busy = False
        self._stuck = False  # the stream takes no more for now
        self._was_congested = False
        self._reading = True
        self._ending = False
        self._inherited = False
        disown_after_fork(self)

    # ------------------------------------------------------------------ for the layer above

    @property
    def congested(self) -> bool:
        """Whether bulk data has to wait: for the stream, a key exchange, or the next write."""
        core = self.core
        return self._stuck or not core.writable or core.outgoing_size >= _WRITE

    @property
    def inherited(self) -> bool:
        """Whether this process is a fork of the one that made the connection."""
        return self._inherited

    def disown(self) -> None:
        """Use the connection no more: this process is a fork of the one that made it."""
        self._inherited = True
        if self._socket is not None:
            cut_off(self._socket.fileno())
        self._stream = None

    def flush(self) -> None:
        """Hand over the events and write what is to be sent, now."""
        if self._busy:
            self._write()  # the wake-up that is under way does the rest
            return
        if self._soon is not None:  # what it was to do is done now
            self._soon.cancel()
            self._soon = None
        self._batch()

    def flush_after(self, work: Callable[[], object]) -> None:
        """Do something that sends, and write at once what it sent.

        It spares a turn of the loop: what is sent meanwhile does not ask for one.
        """
        if self._busy:
            work()  # the wake-up that is under way does the rest
            return
        self._busy = True
        try:
            work()
        finally:
            self._busy = False
            self._write()
            self._settle()

    def schedule_flush(self) -> None:
        """Flush once, when the present callback of the loop is done.

        Raises:
            UsageError: this process is a fork of the one that made the connection.
        """
        if self._inherited:
            raise UsageError(INHERITED)
        if not self._busy and self._soon is None:
            self._soon = self._loop.call_soon(self._flush_soon)

    def feed(self, data: Buffer) -> None:
        """Take bytes of a source that is not an asyncio transport."""
        if not self.core.closed:
            self.core.now = self._clock()
            self._batch(data=data)

    def feed_eof(self) -> None:
        """Take the end of such a source."""
        self.core.connection_lost()
        self._batch()

    def close(self) -> None:
        """Say goodbye, write everything that waits, and close; abort if that takes long."""
        self.core.disconnect(DisconnectReason.BY_APPLICATION, "closed by the application")
        self.flush()

    def abort(self) -> None:
        """Close at once; what waits is lost."""
        if self._stream is not None:
            self._stream.abort()

    async def wait_closed(self) -> None:
        """Wait until the byte stream is closed; there may be none."""
        if self._stream is not None:
            await asyncio.shield(self._closed)

    # ------------------------------------------------------------------ for asyncio

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin: our identification and KEXINIT leave."""
        stream = self._stream = cast("ByteTransport", transport)
        stream.set_write_buffer_limits(high=_HIGH_WATER)
        found = stream.get_extra_info("socket")
        family = getattr(found, "family", None)
        if family in {socket.AF_INET, socket.AF_INET6}:
            sock = self._socket = cast("socket.socket", found)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            _quick_ack(sock)
        self.core.now = self._clock()
        self._batch()

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 (asyncio's form)
        """Give the transport's own receive buffer to the loop."""
        core = self.core
        return memoryview(bytearray(_DROPPED)) if core.closed else core.get_buffer()

    def buffer_updated(self, nbytes: int) -> None:
        """Process what the loop has read."""
        core = self.core
        if core.closed:
            return
        if self._socket is not None and not core.is_authenticated:
            _quick_ack(self._socket)
        core.now = self._clock()
        self._batch(nbytes)

    def eof_received(self) -> bool:
        """Take the end of the stream; it is closed in both directions."""
        self.feed_eof()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """Take the end of the connection."""
        self._stream = None
        self._socket = None
        self._ending = True
        self.core.connection_lost()
        try:
            self._batch()
            self._handler.connection_lost(exc)
        finally:
            self._timer.cancel()
            if self._soon is not None:
                self._soon.cancel()
                self._soon = None
            if not self._closed.done():
                self._closed.set_result(None)

    def pause_writing(self) -> None:
        """Note that the stream takes no more for now."""
        self._stuck = True
        self._was_congested = True

    def resume_writing(self) -> None:
        """Note that it takes more again."""
        self._stuck = False
        self._batch()

    # ------------------------------------------------------------------ one wake-up

    def _batch(self, count: int = 0, data: Buffer | None = None) -> None:
        """Process input, hand over events, let the layer above add to them, and write."""
        core = self.core
        if self._busy:  # the batch that is under way does the rest
            if data is not None:
                core.receive(data)
            return
        self._busy = True
        try:
            if count:
                core.buffer_updated(count)
            elif data is not None:
                core.receive(data)
            self._finish_batch()
        except BaseException:
            self.abort()  # a layer that has failed leaves no connection open
            raise
        finally:
            self._busy = False
        self._settle()

    def _finish_batch(self) -> None:
        core = self.core
        handler = self._handler
        writes = 0
        while True:
            if self._was_congested and not self.congested:
                self._was_congested = False
                handler.uncongested()
            while (event := core.next_event()) is not None:
                if isinstance(event, ComputationRequested):
                    self._compute(event)
                else:
                    handler.transport_event(event)
            paused = core.paused
            handler.batch_done()
            self._write()
            writes += 1
            more = self._was_congested and writes < _WRITES and not self.congested
            if not more and (not paused or core.paused):
                break  # else an answer, or room for more output, lets input go on

    def _compute(self, event: ComputationRequested) -> None:
        """Let a thread do it, and the loop go on."""
        self._loop.run_in_executor(None, event.run).add_done_callback(self._computed)

    def _computed(self, _: asyncio.Future[None]) -> None:
        core = self.core
        if core.closed:
            return
        core.now = self._clock()
        try:
            core.computation_done()
        except BaseException:
            self.abort()
            raise
        self._batch()

    def _write(self) -> None:
        core = self.core
        stream = self._stream
        if stream is None or self._ending:
            return
        if self._stuck or not core.writable or core.outgoing_size >= _WRITE:  # congested
            self._was_congested = True
        while core.outgoing_size and (not self._stuck or core.closed):
            data = core.take_outgoing()
            if data is None:
                break
            stream.write(data)
            if not stream.get_write_buffer_size():
                core.give_back(data)
        if core.closed:
            self._end(stream)

    def _end(self, stream: ByteTransport) -> None:
        self._ending = True
        stream.close()
        # a peer that does not read does not keep the connection
        self._timer.replace(self._close_timeout, stream.abort)

    def _settle(self) -> None:
        """Set what follows from the core's state: reading, the timer, congestion."""
        if self._ending or self._stream is None:
            return
        core = self.core
        reading = not core.paused or core.unprocessed < _BACKLOG
        if reading is not self._reading:
            self._reading = reading
            (self._stream.resume_reading if reading else self._stream.pause_reading)()
        if self._was_congested and self._soon is None and not self.congested:
            # not at once: others get their turn between two writes
            self._soon = self._loop.call_soon(self._flush_soon)
        self._timer.set(core.next_deadline())

    def _time_has_come(self) -> None:
        self.core.tick(self._clock())
        self._batch()

    def _flush_soon(self) -> None:
        self._soon = None
        self._batch()


def _quick_ack(sock: socket.socket) -> None:
    # sshd acknowledges late what arrives in pieces: it costs a handshake 40 ms
    if _QUICKACK is not None:
        sock.setsockopt(socket.IPPROTO_TCP, _QUICKACK, 1)
