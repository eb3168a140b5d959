"""The further sessions over which one large upload goes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TypeAlias

from ssh_sftp.aio.client.session import ClientSession
from ssh_sftp.client.flow import Flow
from ssh_sftp.client.scheduler import Scheduler
from ssh_sftp.client.striping import StripedFile, StripeUpload
from ssh_wire import SSHError

__all__ = ["FurtherSessions", "OpenSession"]

OpenSession: TypeAlias = Callable[[], Awaitable[ClientSession]]
"""Opens one more session with the same server."""


class FurtherSessions:
    """The sessions of one upload beside its first.

    Args:
        first: the session that has the upload.
    """

    def __init__(self, first: ClientSession) -> None:
        self._first = first
        self._sessions: list[ClientSession] = []
        self._running: dict[Scheduler, ClientSession] = {}
        self._error: Exception | None = None
        self._file: StripedFile | None = None

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self._sessions)

    async def open(self, count: int, opener: OpenSession) -> Exception | None:
        """Open so many sessions at the same time; return why there are fewer, if there are."""

        async def open_one() -> None:
            session = await opener()
            self._sessions.append(session)
            await session.ready()

        ended = await asyncio.gather(*(open_one() for _ in range(count)), return_exceptions=True)
        refusals = [each for each in ended if isinstance(each, BaseException)]
        for each in refusals:
            if not isinstance(each, SSHError | OSError):
                raise each
        return next((each for each in refusals if isinstance(each, Exception)), None)

    async def close(self) -> None:
        """Close them."""
        await asyncio.gather(*(session.close() for session in self._sessions))

    def begin(self, file: StripedFile, ranges: list[tuple[int, int]]) -> None:
        """Write one range over each session."""
        self._file = file
        options = self._first.options
        for session, (begin, end) in zip(self._sessions, ranges, strict=False):
            ended: list[Scheduler] = []
            flow = Flow(options.first_outstanding, options.max_outstanding)
            scheduler = Scheduler(session.protocol, flow, partial(self._ended, ended))
            ended.append(scheduler)
            self._running[scheduler] = session
            scheduler.add_file(StripeUpload(scheduler, file, begin, end))
        for scheduler, session in [*self._running.items()]:
            session.add(scheduler)

    def stop(self) -> None:
        """Write no more."""
        for scheduler, session in [*self._running.items()]:
            scheduler.cancel()
            session.settle()

    def _ended(self, ended: list[Scheduler], error: Exception | None) -> None:
        session = self._running.pop(ended[0])
        session.drop(ended[0])
        if error is not None and self._error is None:
            self._error = error
            self.stop()
        if not self._running and self._file is not None:
            file, self._file = self._file, None
            file.done(self._error)
            if not self._first.closed:
                self._first.settle()
