"""X11 that is forwarded: connections of a server's programs to the display here.

The server gets a cookie that is good for this connection alone (RFC 4254 section 6.3.1).  A client
that has it is joined to the display with the real cookie; any other one is not.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from ssh_connection.aio.channel import Channel
from ssh_connection.aio.forward.bridge import Bridge
from ssh_connection.errors import ChannelClosed
from ssh_connection.services import ChannelType
from ssh_connection.x11 import CookieReplacement, Display, WrongCookie, X11Credential
from ssh_wire import lazy_attrs
from ssh_wire.messages import connection as m
from ssh_wire.numbers import OpenFailureReason

if TYPE_CHECKING:
    from ssh_connection.channel import ChannelProtocol

__all__ = ["MAX_X11_CHANNELS", "ForwardedX11", "LocalDisplay", "X11Source"]

MAX_X11_CHANNELS: Final = 256
"""Connections to the display that a server may have open at once, as many as X servers take."""

_log = logging.getLogger("ssh_connection")


@lazy_attrs.frozen(kw_only=True)
class LocalDisplay:
    """The display that X11 is forwarded to.

    Attributes:
        display: where it is.
        credential: what admits a client to it.
        deadline: the time of the event loop after which no connection is taken; None for never.
        single_connection: whether a session gets one connection alone.
    """

    display: Display
    credential: X11Credential
    deadline: float | None = None
    single_connection: bool = False


X11Source: TypeAlias = Callable[[], Awaitable[LocalDisplay]]
"""Finds the display and its cookie; called once, when the first session asks for X11.

Raises SSHError or OSError where there is no display.
"""


class ForwardedX11:
    """Serves the X11 channels of one connection, once a session has asked for them.

    Args:
        source: finds the display.
        random: returns so many random bytes.
        spawn: runs a coroutine that ends with the connection at the latest.
    """

    def __init__(
        self,
        source: X11Source,
        random: Callable[[int], bytes],
        spawn: Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]],
    ) -> None:
        self._source = source
        self._random = random
        self._spawn = spawn
        self._finding = asyncio.Lock()
        self._local: LocalDisplay | None = None
        self._given: X11Credential | None = None
        self._left = 0  # connections that sessions may still make, where each gets a single one
        self._open = 0

    async def prepare(self) -> m.X11Request:
        """Find the display; return the request to forward it.

        Raises:
            SSHError: there is none.
            OSError: the same.
        """
        async with self._finding:
            local, given = await self._find()
        return m.X11Request(
            recipient=0,
            single_connection=local.single_connection,
            protocol=given.protocol,
            cookie=given.cookie.hex(),
            screen=local.display.screen,
        )

    async def _find(self) -> tuple[LocalDisplay, X11Credential]:
        """Return the display and the credential that servers get, found once."""
        if self._local is None or self._given is None:
            local = await self._source()
            self._given = X11Credential.generate(self._random, local.credential)
            self._local = local
        return self._local, self._given

    def requested(self) -> None:
        """Note that a session asks the server for it."""
        self._left += 1

    @property
    def row(self) -> ChannelType[m.X11Open]:
        """The row of the registry, from the moment in which a session asks for X11."""
        return ChannelType(message=m.X11Open, opened=self.accept)

    def accept(self, message: m.X11Open, core: ChannelProtocol) -> None:
        """Serve a channel that the server opens."""
        del message
        local, given = self._local, self._given
        if local is None or given is None or (local.single_connection and not self._left):
            reason = OpenFailureReason.ADMINISTRATIVELY_PROHIBITED
            core.refuse(reason, "no session has asked for it")
        elif _is_over(local):
            _log.info("an X11 connection was refused: the time for X11 forwarding is over")
            reason = OpenFailureReason.ADMINISTRATIVELY_PROHIBITED
            core.refuse(reason, "the time for X11 forwarding is over")
        elif self._open >= MAX_X11_CHANNELS:
            core.refuse(OpenFailureReason.RESOURCE_SHORTAGE, "too many connections to the display")
        else:
            self._left -= 1
            self._open += 1
            work = _serve(core, local, CookieReplacement(given, local.credential))
            self._spawn(work).add_done_callback(self._closed)

    def _closed(self, _task: asyncio.Task[None]) -> None:
        self._open -= 1


def _is_over(local: LocalDisplay) -> bool:
    return local.deadline is not None and asyncio.get_running_loop().time() >= local.deadline


async def _serve(core: ChannelProtocol, local: LocalDisplay, cookies: CookieReplacement) -> None:
    bridge = Bridge()
    try:
        await _connect(local.display, bridge)
    except (OSError, UnicodeError) as error:
        _log.warning("the display %s cannot be reached: %s", local.display.name, error)
        with suppress(ChannelClosed):
            core.refuse(OpenFailureReason.CONNECT_FAILED, "the display cannot be reached")
        return
    try:
        channel = Channel(core)
        core.confirm(channel)
        channel.connect(_Setup(bridge, channel, local, cookies))
        await bridge.wait_done()
    except ChannelClosed:
        pass  # the connection was lost meanwhile
    finally:
        bridge.abort()


async def _connect(display: Display, bridge: Bridge) -> None:
    loop = asyncio.get_running_loop()
    if display.host is not None:
        await loop.create_connection(lambda: bridge, display.host, display.port)
        return
    *others, last = display.sockets
    for path in others:
        with suppress(OSError):
            await loop.create_unix_connection(lambda: bridge, path)
            return
    await loop.create_unix_connection(lambda: bridge, last)


class _Setup:
    """What arrives on a channel until the cookie has been checked."""

    def __init__(
        self, bridge: Bridge, channel: Channel, local: LocalDisplay, cookies: CookieReplacement
    ) -> None:
        self._bridge = bridge
        self._channel = channel
        self._local = local
        self._cookies = cookies

    def data_received(self, data: memoryview) -> None:
        try:
            setup = self._cookies.receive(data)
        except WrongCookie as error:
            _log.warning("an X11 connection was refused: %s", error)
            self._abort()
            return
        if setup is None:
            return
        socket = self._bridge.socket
        if socket is None or _is_over(self._local):
            self._abort()
            return
        socket.write(setup)
        self._bridge.join(self._channel)

    def eof_received(self) -> None:
        self._abort()

    def pipe_closed(self, error: Exception | None) -> None:
        del error
        self._bridge.abort()

    def pause_writing(self) -> None:
        """Do nothing: nothing is written yet."""

    def resume_writing(self) -> None:
        """Do nothing: nothing is written yet."""

    def _abort(self) -> None:
        self._channel.abort()
        self._bridge.abort()
