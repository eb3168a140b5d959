"""The sessions of a client: each is a channel with a command, a shell or a subsystem."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from ssh_connection.aio.scope import Scope
from ssh_wire import lazy, lazy_attrs

if TYPE_CHECKING:
    from ssh_connection.aio.channel import Channel
    from ssh_connection.aio.process import process as processes
    from ssh_connection.aio.process.launch import Launch
    from ssh_connection.aio.process.process import Process
    from ssh_connection.aio.process.redirect import Redirects
    from ssh_connection.aio.streams import ByteWriter
    from ssh_connection.limits import ConnectionLimits
    from ssh_connection.pty import Pty
    from ssh_wire.messages import connection as m
else:
    # loads with the first session
    m = lazy.module("ssh_wire.messages.connection")
    processes = lazy.module("ssh_connection.aio.process.process")

__all__ = ["Sessions"]


class Sessions:
    """Opens sessions and starts what is to run in them.

    Args:
        open_channel: opens a channel.
        limits: gives the windows of the channels.
        environment: variables to ask for in each session, before those of its command.
        on_bulk: called before a session without a terminal is opened.
        prepare: adds what goes before the command, such as the forwarding of the agent.
        typing: returns what sends the keys that are typed at a terminal; None for the usual.
    """

    def __init__(
        self,
        open_channel: Callable[[m.OpenHead], Awaitable[Channel]],
        limits: ConnectionLimits,
        environment: Mapping[str, str],
        on_bulk: Callable[[], None] | None = None,
        prepare: Callable[[Launch], Awaitable[Launch]] | None = None,
        typing: Callable[[Channel, Pty], ByteWriter | None] | None = None,
    ) -> None:
        self._open_channel = open_channel
        self._limits = limits
        self._environment = environment
        self._on_bulk = on_bulk
        self._prepare = prepare
        self._typing = typing

    async def open(self, window: int) -> Channel:
        """Open a session in which nothing is started yet (RFC 4254 section 6.1).

        Args:
            window: how many bytes the server may send before more is granted.

        Raises:
            ChannelOpenRefused: the server refused the session.
        """
        return await self._open_channel(m.SessionOpen(sender=0, window=window, max_packet=0))

    def start(self, launch: Launch, redirects: Redirects | None = None) -> Scope[Process]:
        """Return a scope that opens a session and starts a process in it."""

        async def opener() -> Process:
            prepared = await self._prepared(launch)
            self._classify(prepared)
            async with AsyncExitStack() as stack:
                streams = await redirects.open(stack) if redirects else None
                channel = await self.open(self._limits.window)
                process = processes.Process(channel, prepared)
                if prepared.pty is not None and self._typing is not None:
                    process.stdin = self._typing(channel, prepared.pty) or process.stdin
                try:
                    if streams is None:
                        await process.start()
                    else:
                        out, err = streams.sinks
                        await process.start(stdout=out, stderr=err, merged=streams.merged)
                        process.redirect(streams, stack.pop_all())
                except asyncio.CancelledError:
                    # it may run by now, and runs on where its channel alone is closed
                    await process.close()
                    raise
                except BaseException:
                    channel.abort()
                    raise
                return process

        return Scope(opener)

    async def open_drained(self, launch: Launch) -> Process:
        """Open a session for a process whose output is always taken at once; do not start it.

        Raises:
            ChannelOpenRefused: the server refused the session.
        """
        launch = await self._prepared(launch)
        self._classify(launch)
        channel = await self.open(self._limits.bulk_window)
        return processes.Process(channel, launch)

    async def open_subsystem(self, name: str) -> Channel:
        """Start a subsystem and give its channel, to connect a receiver to.

        Raises:
            ChannelOpenRefused: the server refused the session.
            RequestRefused: the server has no such subsystem.
        """
        self._classify(None)
        channel = await self.open(self._limits.bulk_window)
        try:
            granted = await channel.request(m.SubsystemRequest(recipient=0, name=name))
        except BaseException:
            channel.abort()
            raise
        if not granted:
            channel.abort()
            from ssh_connection.errors import RequestRefused

            what = f"subsystem {name}"
            raise RequestRefused(what)
        return channel

    def _classify(self, launch: Launch | None) -> None:
        if self._on_bulk is not None and (launch is None or launch.pty is None):
            self._on_bulk()

    async def _prepared(self, launch: Launch) -> Launch:
        if self._environment:
            launch = lazy_attrs.evolve(launch, env={**self._environment, **launch.env})
        return launch if self._prepare is None else await self._prepare(launch)
