"""What both roles share: a transport, a multiplexer, keepalive, tasks, one certain end.

The endpoint owns everything that runs on its connection.  When the connection ends, for
whatever reason, every waiter gets the same error once, every task is cancelled, and
nothing is left.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from ssh_connection.errors import ChannelViolation
from ssh_connection.keepalive import Keepalive
from ssh_connection.multiplexer import GlobalAnswer, Multiplexer
from ssh_transport import ConnectionLost, HeldQueueFull, PeerDisconnected
from ssh_transport import events as ev
from ssh_transport.aio import Driver
from ssh_wire import OpenFailureReason
from ssh_wire.aio import timeout
from ssh_wire.messages import connection as m
from ssh_wire.messages.transport import Unimplemented
from ssh_wire.text import printable

if TYPE_CHECKING:
    from ssh_connection.aio.scope import Owned
    from ssh_connection.aio.settings import KeepaliveOptions
    from ssh_connection.channel import Channel as ChannelCore
    from ssh_connection.limits import ConnectionLimits
    from ssh_connection.replies import Reply
    from ssh_transport import Agreement, Transport
    from ssh_wire.primitives import Buffer

__all__ = ["Endpoint"]


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
            raise _too_much(error) from error
        self._driver.schedule_flush()

    def send_payloads(self, payloads: Sequence[tuple[Buffer, ...]]) -> None:
        try:
            self._core.send_payloads(payloads)
        except HeldQueueFull as error:
            raise _too_much(error) from error
        self._driver.schedule_flush()


def _too_much(error: HeldQueueFull) -> ChannelViolation:
    # data waits by itself, so these are answers: more than anybody means to ask for
    return ChannelViolation(str(error))


class Endpoint:
    """One end of an SSH connection."""

    def __init__(self, core: Transport, limits: ConnectionLimits, close_timeout: float) -> None:
        loop = asyncio.get_running_loop()
        self._loop = loop
        self._core = core
        self._driver = Driver(core, self, close_timeout=close_timeout)
        self._mux = Multiplexer(_TransportOutput(core, self._driver), self, limits)
        self._close_timeout = close_timeout
        self._tasks: set[asyncio.Task[Any]] = set()
        self._owned: set[Owned] = set()
        self._lost: asyncio.Future[Exception] = loop.create_future()
        self._keepalive: Keepalive | None = None
        self._keepalive_timer: asyncio.TimerHandle | None = None
        self._heard = 0  # the last packet of the peer that was taken for a sign of life

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
        """Disconnect and clean up, in bounded time."""
        if not self._lost.done():
            self._driver.close()
            self._end(ConnectionLost("the connection was closed"))
        await self._clean_up()

    async def _clean_up(self) -> None:
        """Wait for the end of the stream and of all that ran on it, each in bounded time."""
        for _ in range(2):
            with suppress(TimeoutError):
                async with timeout(self._close_timeout):
                    await self._driver.wait_closed()
                break
            self._driver.abort()
        await self._end_tasks()
        for owned in tuple(self._owned):
            await owned.close()

    async def ping(self) -> float:
        """Ask the peer for a sign of life; return the round trip in seconds.

        Raises:
            ConnectionLost: the connection is lost.
        """
        started = self._loop.time()
        await self._global_request(m.GlobalRequest(kind="keepalive@openssh.com", want_reply=True))
        return self._loop.time() - started

    def rekey(self) -> None:
        """Begin a key exchange now; data goes on when it is done."""
        self._core.start_rekey()
        self._driver.schedule_flush()

    # ------------------------------------------------------------- for both roles

    def _spawn(self, coroutine: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run a coroutine that ends with the connection at the latest."""
        task = self._loop.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._task_done)
        return task

    def _task_done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and isinstance(error := task.exception(), Exception):
            self.handler_failed(error)

    async def _end_tasks(self) -> None:
        current = asyncio.current_task()
        tasks = [task for task in self._tasks if task is not current]
        for task in tasks:
            task.cancel()
        if tasks:
            # a handler that does not let itself be cancelled does not keep its connection
            await asyncio.wait(tasks, timeout=self._close_timeout)

    def _own(self, thing: Owned) -> None:
        """Close a thing with the connection at the latest."""
        self._owned.add(thing)

    def _disown(self, thing: Owned) -> None:
        """It is closed."""
        self._owned.discard(thing)

    async def _global_request(self, message: m.AnyGlobalRequest) -> GlobalAnswer:
        self._require_open()
        answer: asyncio.Future[GlobalAnswer | None] = self._loop.create_future()

        def answered(reply: GlobalAnswer | None) -> None:
            if not answer.done():
                answer.set_result(reply)

        self._mux.request(message, answered)
        reply = await answer
        if reply is None:
            raise self._lost.result()
        return reply

    def _require_open(self) -> None:
        """Raise what ended the connection, if it has ended."""
        if self._lost.done():
            # whoever was told before does not lengthen what the next one sees
            raise self._lost.result().with_traceback(None)

    def _start_keepalive(self, options: KeepaliveOptions | None) -> None:
        if options is not None:
            now = self._loop.time()
            self._keepalive = Keepalive(options.interval, options.count_max, now)
            self._keepalive_timer = self._loop.call_at(
                self._keepalive.deadline, self._tick_keepalive, self._keepalive
            )

    def _tick_keepalive(self, keepalive: Keepalive) -> None:
        try:
            ask = keepalive.tick(self._loop.time())
        except TimeoutError as error:
            self._end(ConnectionLost(str(error)))
            self._driver.abort()
            return
        if ask:
            self._mux.request(
                m.GlobalRequest(kind="keepalive@openssh.com", want_reply=True), _ignore
            )
        self._keepalive_timer = self._loop.call_at(
            keepalive.deadline, self._tick_keepalive, keepalive
        )

    def _end(self, error: Exception) -> None:
        """The connection is over: tell everybody, once."""
        if self._lost.done():
            return
        self._lost.set_result(error)
        if self._keepalive_timer is not None:
            self._keepalive_timer.cancel()
        self._mux.connection_lost(error)
        for task in tuple(self._tasks):
            task.cancel()
        for owned in tuple(self._owned):
            owned.abort()

    # ------------------------------------------------------------- the driver's side

    def transport_event(self, event: ev.Event) -> None:
        """Take an event of the transport."""
        if isinstance(event, ev.Disconnected):
            self._end(_loss(event))
        elif isinstance(event, ev.KexCompleted):
            if event.agreement.truncatable:
                _warn_of_truncation(self._core.peer_software)
            if event.initial and self._core.offers_legacy:
                _warn_of_old(self._core.peer_software, event.agreement)

    def uncongested(self) -> None:
        """There is room for bulk data again."""
        self._mux.pump()

    def batch_done(self) -> None:
        """Everything that arrived in this wake-up is processed."""
        if self._mux.widened:
            self._mux.pump()
        # a wake-up may be our own: only what the peer sent is a sign of its life
        if self._keepalive is not None and self._core.received_sequence != self._heard:
            self._heard = self._core.received_sequence
            self._keepalive.heard(self._core.now)

    def connection_lost(self, exc: Exception | None) -> None:
        """The byte stream is gone."""
        if not self._lost.done():
            self._end(ConnectionLost("the connection was lost"))
        lost = self._lost.result()
        if lost.__cause__ is None:
            lost.__cause__ = exc  # before anybody who waits has seen it

    # ------------------------------------------------------------- the multiplexer's side

    def channel_requested(self, message: m.AnyChannelOpen, channel: ChannelCore) -> None:
        """The peer wants a channel; what nobody offers is refused (RFC 4254 section 5.1)."""
        known = not isinstance(message, m.ChannelOpen)
        reason = (
            OpenFailureReason.ADMINISTRATIVELY_PROHIBITED
            if known
            else OpenFailureReason.UNKNOWN_CHANNEL_TYPE
        )
        channel.refuse(reason, f"{printable(message.kind)} is not offered")

    def global_request(self, message: m.AnyGlobalRequest, reply: Reply) -> None:
        """The peer asks for something; what nobody offers is refused."""
        del message
        self._mux.deny(reply)

    def unknown_message(self, number: int) -> None:
        """Nobody knows the message: say so, in its turn (RFC 4253 section 11.4)."""
        del number
        self._core.send(Unimplemented(sequence=self._core.received_sequence))

    def handler_failed(self, error: Exception) -> None:
        """A handler raised where nobody is left to be told: tell the event loop."""
        self._loop.call_exception_handler(
            {"message": "a handler of an SSH connection failed", "exception": error}
        )


def _ignore(_answer: GlobalAnswer | None) -> None:
    """Any answer is a sign of life, and was counted as one when it arrived."""


def _warn_of_truncation(peer: str) -> None:
    import logging  # noqa: PLC0415 (costs import time, and such peers are rare)

    logging.getLogger("ssh_connection").warning(
        "the first packets of the connection to %s could be deleted by an attacker "
        "(CVE-2023-48795): it has no strict key exchange",
        peer,
    )


def _warn_of_old(peer: str, agreed: Agreement) -> None:
    import logging  # noqa: PLC0415 (costs import time, and few ask for old algorithms)

    sides = (agreed.client_to_server, agreed.server_to_client)
    ciphers = sorted({name for side in sides for name in (side.cipher, side.mac) if name})
    logging.getLogger("ssh_connection").warning(
        "the connection to %s may use algorithms that are not safe any more; it uses %s",
        peer,
        ", ".join((agreed.kex, agreed.host_key, *ciphers)),
    )


def _loss(event: ev.Disconnected) -> Exception:
    """The error that every waiter gets when the transport has ended."""
    if isinstance(event.error, ConnectionLost | PeerDisconnected):
        return event.error
    text = printable(event.description)
    error = ConnectionLost(f"this side ended the connection: {text}")
    error.__cause__ = event.error
    return error
