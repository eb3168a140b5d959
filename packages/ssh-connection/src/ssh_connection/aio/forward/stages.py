"""The stage before a channel: what a connection that came in is to reach.

A fixed forward knows it; a dynamic one has a short conversation, SOCKS, before anything is
opened.  `ChannelTalk` has it over a channel, for a listener at the other side; a `Bridge` over
the socket of a listener here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias

from ssh_connection.errors import ChannelClosed
from ssh_connection.socks import SOCKSError, SOCKSServer, failure_of
from ssh_wire import lazy_attrs
from ssh_wire.aio import timeout

if TYPE_CHECKING:
    from ssh_connection.addresses import Address
    from ssh_connection.aio.channel import Channel

__all__ = ["ChannelTalk", "Negotiate", "Talk", "Wanted", "fixed", "socks"]


_ASKING: Final = 120.0
"""Seconds for a client to ask by SOCKS: no longer than for one of SSH to log in."""


class Talk(Protocol):
    """A connection before it is joined with what it reaches."""

    async def read(self) -> bytes:
        """Return what arrives next; empty at the end."""
        ...

    def write(self, data: bytes) -> None:
        """Send a reply."""

    def unread(self, data: bytes) -> None:
        """Give back what is for the other end; nothing is read behind that."""


def _no_reply(_error: Exception) -> bytes:
    return b""


@lazy_attrs.frozen
class Wanted:
    """What a connection is to reach.

    Attributes:
        address: where it leads.
        granted: the reply when it is reached.
        refused: gives the reply when it is not, for the error.
    """

    address: Address
    granted: bytes = b""
    refused: Callable[[Exception], bytes] = _no_reply


Negotiate: TypeAlias = Callable[[Talk], Awaitable[Wanted]]
"""Finds out what a connection is to reach.

Raises an SSHError or an OSError where that does not succeed: the connection is closed.
"""


def fixed(address: Address) -> Negotiate:
    """Return the stage of a forward that reaches one address: no byte is exchanged."""
    wanted = Wanted(address)

    async def known(_talk: Talk) -> Wanted:
        return wanted

    return known


async def socks(talk: Talk) -> Wanted:
    """Have the client ask by SOCKS 4, 4a or 5.

    Raises:
        SOCKSError: it does not, or not for a connection.
        ConnectionError: it has ended before it asked.
        TimeoutError: it has not asked in two minutes.
    """
    async with timeout(_ASKING):
        return await _asked(talk)


async def _asked(talk: Talk) -> Wanted:
    server = SOCKSServer()
    while server.request is None:
        data = await talk.read()
        if not data:
            problem = "a connection to a dynamic forward ended before its request"
            raise ConnectionError(problem)
        try:
            reply = server.receive(data)
        except SOCKSError as error:
            talk.write(error.reply)
            raise
        talk.write(reply)
    talk.unread(server.rest)
    return Wanted(
        server.request.address,
        server.granted(),
        lambda error: server.refused(failure_of(error)),
    )


class ChannelTalk:
    """A conversation over a channel that is open, before it is joined with a socket.

    What is read grants the peer no window: a request is far smaller than that.
    """

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._data = bytearray()
        self._read = 0
        self._ended = False
        self._arrived = asyncio.Event()
        channel.connect(self, auto_adjust=False)

    async def read(self) -> bytes:
        """Return what arrives next; empty at the end."""
        while not self._data and not self._ended:
            self._arrived.clear()
            await self._arrived.wait()
        data = bytes(self._data)
        self._data.clear()
        self._read += len(data)
        return data

    def write(self, data: bytes) -> None:
        """Send a reply."""
        with suppress(ChannelClosed):  # whoever reads is told so
            self._channel.write(data)

    def unread(self, data: bytes) -> None:
        """Have the channel keep what is for the other end, and what arrives from now on."""
        behind = data + bytes(self._data)
        self._channel.disconnect(behind)
        self._channel.consumed(self._read - len(data))

    # ------------------------------------------------------------- what the channel says

    def data_received(self, data: memoryview) -> None:
        """Keep data until it is read."""
        self._data += data
        self._arrived.set()

    def eof_received(self) -> None:
        """Note that no more data arrives."""
        self._ended = True
        self._arrived.set()

    def pipe_closed(self, error: Exception | None) -> None:
        """Note that the channel has ended."""
        del error
        self.eof_received()

    def pause_writing(self) -> None:
        """Go on: a reply has a few bytes."""

    def resume_writing(self) -> None:
        """Go on: a reply has a few bytes."""
