"""What both roles share: a transport, a multiplexer, keepalive, tasks, one certain end.

The endpoint owns everything that runs on its connection.  When the connection ends, for
whatever reason, every waiter gets the same error once, every task is cancelled, and
nothing is left.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, Generic, TypeVar

from ssh_connection.aio.children import Children
from ssh_connection.aio.keepalive import KeepaliveTimer
from ssh_transport import ConnectionLost, HeldQueueFull, PeerDisconnected
from ssh_transport import events as ev
from ssh_transport.aio import INHERITED, Driver
from ssh_wire import DisconnectReason, UsageError, lazy
from ssh_wire.aio import timeout
from ssh_wire.messages.transport import Unimplemented
from ssh_wire.text import printable

if TYPE_CHECKING:
    from typing import Any

    from ssh_connection.aio.channel import Channel
    from ssh_connection.aio.inactivity import InactivityTimer
    from ssh_connection.aio.pings import Pings
    from ssh_connection.aio.services.stream import StreamService
    from ssh_connection.aio.settings import KeepaliveOptions
    from ssh_connection.aio.streams import ByteStream
    from ssh_connection.channel import ChannelProtocol
    from ssh_connection.errors import ChannelViolation
    from ssh_connection.limits import ConnectionLimits
    from ssh_connection.multiplexer import GlobalAnswer, Multiplexer
    from ssh_connection.replies import PendingReply
    from ssh_connection.services import Service
    from ssh_transport import Agreement, Transport
    from ssh_wire.messages import connection as m
    from ssh_wire.primitives import Buffer
else:
    m = lazy.module("ssh_wire.messages.connection")  # loads with the multiplexer

__all__ = ["Endpoint"]

_Core = TypeVar("_Core", bound="Transport")

_log = logging.getLogger("ssh_connection")


class _TransportOutput:
    """The multiplexer's way out: seals at once, writes once per wake-up."""

    def __init__(self, core: Transport, driver: Driver) -> None:
        self._core = core
        self._driver = driver

    @property
    def congested(self) -> bool:
        return self._driver.congested

    def send_payload(self, *parts: Buffer) -> None:
        try:
            self._core.send_payload(*parts)
        except HeldQueueFull as error:
            raise _too_many_answers(error) from error
        self._driver.schedule_flush()

    def send_payloads(self, payloads: Sequence[tuple[Buffer, ...]]) -> None:
        try:
            self._core.send_payloads(payloads)
        except HeldQueueFull as error:
            raise _too_many_answers(error) from error
        self._driver.schedule_flush()


def _are_you_there() -> m.GlobalRequest:
    return m.GlobalRequest(kind="keepalive@openssh.com", want_reply=True)


def _too_many_answers(error: HeldQueueFull) -> ChannelViolation:
    from ssh_connection.errors import ChannelViolation

    # data waits by itself, so these are answers: more than anybody means to ask for
    return ChannelViolation(str(error))


class Endpoint(Generic[_Core]):
    """One end of an SSH connection."""

    def __init__(self, core: _Core, limits: ConnectionLimits, close_timeout: float) -> None:
        self._core = core
        self._driver = Driver(core, self, close_timeout=close_timeout)
        self._limits = limits
        self._children = Children(self.handler_failed, close_timeout)
        self._lost: asyncio.Future[Exception] = asyncio.get_running_loop().create_future()
        self._keepalive: KeepaliveTimer | None = None
        self._inactivity: InactivityTimer | None = None

    @cached_property
    def _mux(self) -> Multiplexer:
        """The channels and global requests; made when the first is asked for, or arrives."""
        from ssh_connection.multiplexer import Multiplexer  # half of what a connection loads

        mux = Multiplexer(_TransportOutput(self._core, self._driver), self, self._limits)
        mux.services.register(*self._services(mux))
        if self._lost.done():
            mux.connection_lost(self._lost.result())
        return mux

    @cached_property
    def _pings(self) -> Pings:
        from ssh_connection.aio.pings import Pings  # rarely used

        return Pings()

    def _services(self, mux: Multiplexer) -> Iterable[Service]:
        """Return what is served from the beginning."""
        del mux
        return ()

    def _made_mux(self) -> Multiplexer | None:
        found: Multiplexer | None = vars(self).get("_mux")
        return found

    def _receive(self, payload: Buffer) -> None:
        """Take the first message of the connection protocol."""
        self._core.sink = self._mux.receive
        self._mux.receive(payload)

    # ------------------------------------------------------------- the user's side

    @property
    def driver(self) -> Driver:
        """The protocol to connect a byte stream to."""
        return self._driver

    @property
    def is_closed(self) -> bool:
        """Whether the connection has ended."""
        return self._lost.done()

    @property
    def session_id(self) -> bytes:
        """The session identifier: the exchange hash of the first key exchange."""
        return self._core.session_id

    @property
    def agreement(self) -> Agreement:
        """The algorithms in use."""
        return self._core.agreement

    async def wait_closed(self) -> None:
        """Wait until the connection has ended and everything on it is cleaned up."""
        await asyncio.shield(self._lost)
        await self._clean_up()

    async def close(self) -> None:
        """Disconnect and clean up, in bounded time; nothing in a fork of the process."""
        if self._driver.inherited:
            return
        self._require_own_loop()
        if not self._lost.done():
            self._driver.close()
            self._end(ConnectionLost("the connection was closed"))
        await self._clean_up()

    async def _clean_up(self) -> None:
        """Wait for the end of the stream and of all that ran on it, each in bounded time."""
        for _ in range(2):
            with suppress(TimeoutError):
                async with timeout(self._children.close_timeout):
                    await self._driver.wait_closed()
                break
            self._driver.abort()
        await self._children.close()

    async def ping(self) -> float:
        """Ask the peer for a sign of life; return the round trip in seconds.

        It is asked by `ping@openssh.com` where it announced that, else by a global request.

        Raises:
            ConnectionLost: the connection is lost.
        """
        self._require_open()
        loop = asyncio.get_running_loop()
        started = loop.time()
        if self._core.takes_pings and self._core.is_authenticated:
            answer = self._pings.ask(self._core.send_ping)
            self._driver.schedule_flush()
            await answer
        else:
            await self._global_request(_are_you_there())
        return loop.time() - started

    def flush_after(self, work: Callable[[], object]) -> None:
        """Do something that writes to channels, and send it at once, not a turn of the loop later.

        It spares a short message one turn; what follows in the same turn is sent apart.
        """
        self._driver.flush_after(work)

    def register(self, *services: Service | StreamService[Any]) -> None:
        """Serve channel types and global requests of one's own to the peer.

        Args:
            services: a row each; one replaces an earlier one of the same name.

        Raises:
            UsageError: a class of messages names no type.
        """
        from ssh_connection.aio.services.stream import rows  # rarely used

        self._mux.services.register(*rows(services, self._children.spawn))

    async def open_channel(self, message: m.OpenHead) -> ByteStream:
        """Open a channel of any type; return its stream (RFC 4254 section 5.1).

        Args:
            message: the CHANNEL_OPEN; its sender, window and maximum packet size are filled in.

        Raises:
            ChannelOpenRefused: the peer refused it.
            ChannelClosed: the connection is closed.
            SSHTimeout: the server did not answer a client.
        """
        from ssh_connection.aio.streams import ByteStream  # loads with the first stream

        return ByteStream(await self._open(message.replace(window=self._limits.window)))

    def rekey(self) -> None:
        """Begin a key exchange now; data goes on when it is done."""
        self._core.start_rekey()
        self._driver.schedule_flush()

    # ------------------------------------------------------------- for both roles

    async def _open(self, message: m.OpenHead) -> Channel:
        from ssh_connection.aio.channel import open_channel  # loads with the first channel

        self._require_open()
        return await open_channel(self._mux, message, self._core.peer_software)

    async def _global_request(self, message: m.GlobalHead) -> GlobalAnswer:
        self._require_open()
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[GlobalAnswer | None] = loop.create_future()

        def answered(reply: GlobalAnswer | None) -> None:
            if not answer.done():
                answer.set_result(reply)

        self._mux.request(message, answered)
        reply = await answer
        if reply is None:
            raise self._lost.result()
        return reply

    def _require_open(self) -> None:
        """Raise what ended the connection, or UsageError in a fork and in another event loop."""
        if self._driver.inherited:
            raise UsageError(INHERITED)
        self._require_own_loop()
        if self._lost.done():
            # whoever was told before does not lengthen what the next one sees
            raise self._lost.result().with_traceback(None)

    def _require_own_loop(self) -> None:
        """Raise UsageError in another event loop, which another thread runs."""
        if asyncio.get_running_loop() is not self._lost.get_loop():
            problem = (
                "the connection belongs to another event loop: call it there, by "
                "asyncio.run_coroutine_threadsafe, or use ssh_stack.sync, which any thread may"
            )
            raise UsageError(problem)

    def _start_keepalive(self, options: KeepaliveOptions | None) -> None:
        if options is not None:
            self._keepalive = KeepaliveTimer(options, self._ask_for_life, self._give_up)

    def _start_inactivity(self) -> None:
        """Close what carries nothing, where that is wanted."""
        limits = self._limits
        if limits.channel_timeouts or limits.unused_timeout:
            from ssh_connection.aio.inactivity import InactivityTimer  # rarely wanted

            self._inactivity = InactivityTimer(limits, self._open_channels, self._unused)

    def _open_channels(self) -> Iterable[ChannelProtocol]:
        mux = self._made_mux()
        return tuple(mux.channels.values()) if mux is not None else ()

    def _unused(self) -> None:
        text = f"no channel was open for {self._limits.unused_timeout:g} s"
        self._core.disconnect(DisconnectReason.BY_APPLICATION, text)
        self._driver.close()
        self._end(ConnectionLost(f"the connection was closed: {text}"))

    def _ask_for_life(self) -> None:
        # any answer is a sign of life, and counts as one when it arrives
        self._mux.request(_are_you_there(), lambda _: None)

    def _give_up(self, error: TimeoutError) -> None:
        self._end(ConnectionLost(str(error)))
        self._driver.abort()

    def _end(self, error: Exception) -> None:
        """End the connection: tell every waiter, once."""
        if self._lost.done():
            return
        self._lost.set_result(error)
        if self._keepalive is not None:
            self._keepalive.cancel()
        if self._inactivity is not None:
            self._inactivity.cancel()
        if "_pings" in vars(self):
            self._pings.fail(error)
        mux = self._made_mux()
        if mux is not None:
            mux.connection_lost(error)
        self._children.abort()

    # ------------------------------------------------------------- the driver's side

    def transport_event(self, event: ev.Event) -> None:
        """Take an event of the transport."""
        if isinstance(event, ev.Disconnected):
            self._end(_loss(event))
        elif isinstance(event, ev.PongReceived):
            self._pings.answered(event.data)
        elif isinstance(event, ev.KexCompleted):
            if event.agreement.truncatable:
                _warn_of_truncation(self._core.peer_software)
            if event.initial and self._core.offers_legacy:
                _warn_of_legacy(self._core.peer_software, event.agreement)

    def uncongested(self) -> None:
        """Send what was held back: there is room for bulk data again."""
        mux = self._made_mux()
        if mux is not None:
            mux.pump()

    def batch_done(self) -> None:
        """Everything that arrived in this wake-up is processed."""
        mux = self._made_mux()
        if mux is not None and mux.window_opened:
            mux.pump()
        # a wake-up may be our own: only what the peer sent is a sign of its life
        timer = self._keepalive
        if timer is not None and self._core.received_sequence != timer.sequence:
            timer.sequence = self._core.received_sequence
            timer.keepalive.received(self._core.now)

    def connection_lost(self, exc: Exception | None) -> None:
        """Handle the end of the byte stream."""
        if not self._lost.done():
            self._end(ConnectionLost("the connection was lost"))
        lost = self._lost.result()
        if lost.__cause__ is None:
            lost.__cause__ = exc  # before anybody who waits has seen it

    # ------------------------------------------------------------- the multiplexer's side

    def channel_not_served(self, channel: ChannelProtocol) -> None:
        """Refuse a channel of a type that is not registered (RFC 4254 section 5.1)."""
        from ssh_connection.services import refusal_reason  # loads with the multiplexer

        channel.refuse(refusal_reason(channel.kind), f"{printable(channel.kind)} is not offered")

    def request_not_served(self, name: str, reply: PendingReply) -> None:
        """Deny a global request that is not registered (RFC 4254 section 4)."""
        del name
        self._mux.deny(reply)

    def unknown_message(self, number: int) -> None:
        """NullHandler knows the message: say so, in its turn (RFC 4253 section 11.4)."""
        del number
        self._core.send(Unimplemented(sequence=self._core.received_sequence))

    def handler_failed(self, error: Exception) -> None:
        """Report what a handler raised to the event loop, where no caller is left."""
        asyncio.get_running_loop().call_exception_handler(
            {"message": "a handler of an SSH connection failed", "exception": error}
        )


def _warn_of_truncation(peer: str) -> None:
    _log.warning(
        "the first packets of the connection to %s could be deleted by an attacker "
        "(CVE-2023-48795): it has no strict key exchange",
        peer,
    )


def _warn_of_legacy(peer: str, agreed: Agreement) -> None:
    sides = (agreed.client_to_server, agreed.server_to_client)
    ciphers = sorted({name for side in sides for name in (side.cipher, side.mac) if name})
    _log.warning(
        "the connection to %s may use algorithms that are not safe any more; it uses %s",
        peer,
        ", ".join((agreed.kex, agreed.host_key, *ciphers)),
    )


def _loss(event: ev.Disconnected) -> Exception:
    """Return the error that every waiter gets when the transport has ended."""
    if isinstance(event.error, ConnectionLost | PeerDisconnected):
        return event.error
    text = printable(event.description)
    error = ConnectionLost(f"this side ended the connection: {text}")
    error.__cause__ = event.error
    return error
