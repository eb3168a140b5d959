"""The client's core on an asyncio pipe: bytes in, flushes out, one timer, futures.

Every call from outside (the pipe, the timer) goes through `_guarded`: an exception in it ends the
session, and every pending request fails with it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from ssh_sftp.client.limits import ServerLimits, SFTPOptions
from ssh_sftp.client.protocol import Failure, Outcome, SFTPClientProtocol, internal_error
from ssh_sftp.client.scheduler import Scheduler
from ssh_sftp.errors import (
    SFTPConnectionLost,
    SFTPError,
    SFTPProtocolError,
    SFTPUnsupported,
    outcome_error,
)
from ssh_sftp.messages import ExtendedReply, LimitsReply, LimitsRequest, Name, Request, Status
from ssh_sftp.numbers import StatusCode
from ssh_sftp.pipe import Pipe
from ssh_wire import Message, ProtocolError, WireError
from ssh_wire.guarded import guarded_fully

__all__ = ["ClientSession", "unsupported"]

R = TypeVar("R", bound=Message)


class ClientSession:
    """A client session over a pipe; the pipe's receiver.

    Attributes:
        protocol: the core.
        options: the options of the session.
        peer_software: the server's identification string, where it is known.
        open_another: opens one more session with the same server, where that can be done.
    """

    def __init__(self, pipe: Pipe, options: SFTPOptions) -> None:
        self._loop = asyncio.get_running_loop()
        self._pipe = pipe
        self._time = self._loop.time
        self._timer: asyncio.TimerHandle | None = None
        self._started: asyncio.Future[None] = self._loop.create_future()
        self._limited: asyncio.Future[None] = self._loop.create_future()
        self._schedulers: set[Scheduler] = set()
        self._closed = False
        self.options = options
        self.peer_software = ""
        self.open_another: Callable[[], Awaitable[ClientSession]] | None = None
        self.protocol: SFTPClientProtocol = SFTPClientProtocol(
            pipe.write, now=self._time(), timeout=options.timeout, options=options
        )

    @property
    def closed(self) -> bool:
        """Return whether the session has ended."""
        return self._closed or self.protocol.error is not None

    async def start(self) -> None:
        """Exchange versions; request the server's limits, without waiting for them.

        Raises:
            SFTPProtocolError: the server speaks another version, or not SFTP; text that it printed
                is quoted.
            SFTPConnectionLost: the stream ended.
        """
        self._pipe.connect(self)
        self.protocol.start()
        self._arm()
        await self._started
        if self.protocol.supports("limits@openssh.com"):
            request = LimitsRequest(id=self.protocol.next_id())
            self.protocol.submit(request, ExtendedReply, self._on_limits)
            self.protocol.flush()
        else:
            self._limited.set_result(None)

    async def ready(self) -> None:
        """Wait until the server's limits are known."""
        await asyncio.shield(self._limited)

    async def call(self, request: Request, expected: type[R], path: str | None = None) -> R:
        """Send a request and wait for its reply.

        Raises:
            SFTPError: the server refused, or the session has ended; `path` is its filename.
        """
        reply = await self.send(request, expected)
        if isinstance(reply, expected) and not (
            isinstance(reply, Status) and reply.code != StatusCode.OK
        ):
            return reply
        raise outcome_error(reply, path)

    async def one_name(self, request: Request, path: str) -> str:
        """Send a request that a NAME with one entry answers; return that name.

        Raises:
            SFTPError: the server refused, or the session has ended.
            SFTPProtocolError: the answer has no name, an empty one, or several.
        """
        reply = await self.call(request, Name, path)
        if len(reply.entries) != 1 or not reply.entries[0].filename:
            problem = f"{len(reply.entries)} names in a reply to a request for one"
            raise SFTPProtocolError(problem)
        return reply.entries[0].filename

    def send(self, request: Request, expected: type[Message]) -> asyncio.Future[Outcome]:
        """Send a request; the future has its outcome."""
        future: asyncio.Future[Outcome] = self._loop.create_future()

        def on_reply(outcome: Outcome) -> None:
            if not future.done():
                future.set_result(outcome)

        self.protocol.now = self._time()
        self.protocol.submit(request, expected, on_reply)
        self.protocol.flush()
        self._arm()
        return future

    def add(self, scheduler: Scheduler) -> None:
        """Start a transfer."""
        self._schedulers.add(scheduler)
        scheduler.touch()
        if self.protocol.error is not None:
            scheduler.lost(self.protocol.error)
        self.settle()
        self._arm()

    def drop(self, scheduler: Scheduler) -> None:
        """Remove a transfer that has ended."""
        self._schedulers.discard(scheduler)

    def settle(self) -> None:
        """Run what is due, send what is queued, and watch for a server that stays silent."""
        self.protocol.now = self._time()
        self.protocol.settle()
        self._arm()

    async def close(self) -> None:
        """End the session and wait until the stream is closed."""
        if not self._closed:
            self._closed = True
            self.protocol.fail(SFTPConnectionLost("the session was closed"))
            self._stop()
            self._pipe.close()
        await self._pipe.wait_closed()

    # ------------------------------------------------------------------ pipe receiver

    def data_received(self, data: memoryview) -> None:
        """Receive bytes of the server, then send what follows from them, in one write."""
        self.protocol.now = self._time()
        try:  # without `guarded_fully`: there is one for each packet
            self.protocol.receive(data)
            if not self._started.done() and self.protocol.started:
                self._started.set_result(None)
            self.protocol.flush()
        except BaseException as error:  # noqa: BLE001 (every request is told of it)
            self._fail(error)

    def eof_received(self) -> None:
        """End the session: no reply can follow."""
        self._guarded(self.protocol.eof)
        self._end()

    def pipe_closed(self, error: Exception | None) -> None:
        """End the session: the stream is closed."""
        if isinstance(error, SFTPError | ProtocolError):
            reason: Failure = error
        else:
            reason = SFTPConnectionLost("the stream was lost" + (f": {error}" if error else ""))
            reason.__cause__ = error
        self._guarded(lambda: self.protocol.fail(reason))
        self._stop()

    def pause_writing(self) -> None:
        """Send no bulk data for now."""
        self.protocol.writable = False

    def resume_writing(self) -> None:
        """Send bulk data again."""
        self.protocol.writable = True
        for scheduler in self._schedulers:
            scheduler.touch()
        self._guarded(self.settle)

    # ------------------------------------------------------------------ inside

    def _guarded(self, step: Callable[[], object]) -> None:
        with guarded_fully(self._fail):
            step()

    def _fail(self, error: BaseException) -> None:
        """End the session; every pending request fails with `error`."""
        try:
            self.protocol.fail(internal_error(error))
        finally:
            self._end()
            if not isinstance(error, Exception):
                raise error

    def _on_limits(self, outcome: Outcome) -> None:
        if isinstance(outcome, ExtendedReply):
            try:
                reply, _ = LimitsReply.read(outcome.details, 0)  # later versions may append fields
            except WireError:
                reply = LimitsReply(max_packet=0, max_read=0, max_write=0, max_handles=0)
            self.protocol.limits = ServerLimits.from_reply(reply)
            self._settle_limits(None)
        elif isinstance(outcome, Status):
            self._settle_limits(None)  # it announced the extension and refuses it
        else:
            self._settle_limits(outcome_error(outcome, ""))

    def _settle_limits(self, error: Exception | None) -> None:
        if self._limited.done():
            return
        if error is None:
            self._limited.set_result(None)
        else:
            self._limited.set_exception(error)
            self._limited.exception()  # mark as retrieved: there may be no waiter

    def _end(self) -> None:
        self._stop()
        self._pipe.close()

    def _stop(self) -> None:
        error = self.protocol.error
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if error is not None and not self._started.done():
            self._started.set_exception(error)
            self._started.exception()
        if error is not None:
            self._settle_limits(error)
            for scheduler in [*self._schedulers]:
                scheduler.lost(error)

    def _arm(self) -> None:
        if self._timer is None:
            deadline = self.protocol.next_deadline()
            if deadline is not None:
                self._timer = self._loop.call_at(deadline, self._tick)

    def _tick(self) -> None:
        self._timer = None
        self._guarded(lambda: self.protocol.tick(self._time()))
        if self.protocol.error is not None:
            self._end()
        else:
            self._arm()


def unsupported(extension: str, path: str | None = None) -> SFTPError:
    """Return the error for an extension that the server does not have."""
    return SFTPUnsupported(f"the server has no {extension}", path)
