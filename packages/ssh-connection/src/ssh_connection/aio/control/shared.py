"""A client's connection that is a master's: opened by its socket, in proxy mode."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, NoReturn, cast

from ssh_agent.aio import is_allowed, peer_uid
from ssh_connection.aio.client.connection import ClientConnection
from ssh_connection.control import messages as m
from ssh_connection.control.client import ControlClient, require_granted
from ssh_connection.control.errors import MasterLost
from ssh_connection.control.proxy import ProxyTransport
from ssh_connection.errors import ChannelOpenRefused, SSHTimeout
from ssh_wire import SSHError, UsageError
from ssh_wire.aio import timeout
from ssh_wire.messages import connection as cm
from ssh_wire.text import printable

if TYPE_CHECKING:
    from ssh_connection.addresses import Address
    from ssh_connection.aio.client.settings import ClientSettings
    from ssh_connection.aio.forward.remote import RemoteForward
    from ssh_connection.aio.forward.requested import Destination
    from ssh_connection.multiplexer import GlobalAnswer
    from ssh_transport import ClientTransport

__all__ = ["SharedConnection"]

_READ: Final = 4096


class SharedConnection(ClientConnection):
    """A connection to a server that a master has.

    Sessions, streams and forwards from here are its own; the master's other clients are not
    touched when it is closed.  What belongs to the master (keys, rekeying) is refused.

    Args:
        settings: what there is to know; how to log in is not used.
        random: returns random bytes.
    """

    def __init__(self, settings: ClientSettings, random: Callable[[int], bytes]) -> None:
        self._proxy = ProxyTransport()
        # in the place of the transport that a connection of its own would have
        super().__init__(settings, random, cast("ClientTransport", self._proxy))
        self._path = ""
        self._takes_forwards = False

    async def attach(self, path: str) -> None:
        """Connect to a master.

        Args:
            path: its socket.

        Raises:
            OSError: the socket cannot be connected to.
            ControlRefused: the master has no proxy mode, or somebody refused it.
            SSHError: it is another user's, or breaks the protocol.
            SSHTimeout: it does not answer.
        """
        loop = asyncio.get_running_loop()
        connected = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connected.setblocking(False)
        seconds = self._settings.timeouts.connect
        clock = timeout(seconds)
        try:
            async with clock:
                await loop.sock_connect(connected, path)
                client, answer = await _ask(connected, m.ProxyRequest())
            require_granted("the proxy mode", answer)
            self._path, self._takes_forwards = path, client.offers(m.FORWARDS)
            self._proxy.sink = self._receive
            self._established = True
            await loop.create_unix_connection(lambda: self._driver, sock=connected)
        except BaseException as error:
            connected.close()
            if isinstance(error, TimeoutError) and clock.expired():
                stage = "connect"
                doing = f"waiting for the master at {printable(path)}"
                raise SSHTimeout(stage, seconds, doing=doing) from error
            raise
        if rest := client.rest():
            self._driver.feed(rest)

    async def ping(self) -> float:
        """Ask the server for a sign of life; return the round trip in seconds.

        Masters of OpenSSH pass no global request on: it is a session that is opened, or refused,
        and closed again.

        Raises:
            ConnectionLost: the connection is lost.
            SSHTimeout: the server did not answer.
        """
        began = asyncio.get_running_loop().time()
        try:
            channel = await self._open(cm.SessionOpen(sender=0, window=0, max_packet=0))
        except ChannelOpenRefused:
            return asyncio.get_running_loop().time() - began
        seconds = asyncio.get_running_loop().time() - began
        channel.abort()
        return seconds

    def no_more_sessions(self) -> None:
        """Refuse: the master's other clients may open sessions.

        Raises:
            UsageError: always.
        """
        _refuse("a promise to open no further session")

    async def _listen_at_server(self, address: Address, answer: Destination) -> RemoteForward:
        """Have the server listen for this program, or for the master, which carries it here."""
        if self._takes_forwards:
            return await super()._listen_at_server(address, answer)
        from ssh_connection.aio.control.forwards import listen_by_master  # with OpenSSH's alone

        seconds = self._settings.timeouts.close
        opening = listen_by_master(address, answer, self._ask_master, seconds)
        forward = await self._in_time(opening)
        forward.closed = self._children.disown
        self._children.own(forward)
        return forward

    async def _ask_master(self, request: m.Request) -> m.ControlMessage:
        """Ask the master over a connection of its own: this one is in proxy mode."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connected:
            connected.setblocking(False)
            await asyncio.get_running_loop().sock_connect(connected, self._path)
            return (await _ask(connected, request))[1]

    async def _global_request(self, message: cm.GlobalHead) -> GlobalAnswer:
        del message
        _refuse("a global request")


def _refuse(what: str) -> NoReturn:
    problem = f"the connection is a master's: {what} cannot be had through its socket"
    raise UsageError(problem)


def _require_own_master(connected: socket.socket) -> None:
    if not is_allowed(peer_uid(connected)):
        problem = "the master belongs to another user, and is not used"
        raise SSHError(problem)


async def _ask(
    connected: socket.socket, request: m.Request
) -> tuple[ControlClient, m.ControlMessage]:
    """Exchange hellos with a master of this user, and ask for something."""
    _require_own_master(connected)
    loop = asyncio.get_running_loop()
    client = ControlClient()
    await loop.sock_sendall(connected, client.hello + client.request(request))
    answers: list[m.ControlMessage] = []
    while not answers:
        data = await loop.sock_recv(connected, _READ)
        if not data:
            problem = "the master ended before it answered"
            raise MasterLost(problem)
        answers = client.receive(data)
    return client, answers[0]
