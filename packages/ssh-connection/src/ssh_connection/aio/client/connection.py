"""The client's end of a connection: from the byte stream to commands, streams and forwards."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import cached_property
from typing import TYPE_CHECKING, Final, TypeVar

from ssh_connection.aio.client.commands import Commands
from ssh_connection.aio.client.establish import ClientEndpoint
from ssh_connection.aio.client.forwards import Forwarding, Forwards
from ssh_connection.aio.client.sessions import Sessions
from ssh_wire import UsageError, lazy
from ssh_wire.aio import timeout

if TYPE_CHECKING:
    from ssh_connection import errors
    from ssh_connection.addresses import Address
    from ssh_connection.aio import channel as aio_channel
    from ssh_connection.aio.channel import Channel
    from ssh_connection.aio.client import session_forwarding, unrequested
    from ssh_connection.aio.client.settings import ClientSettings
    from ssh_connection.aio.forward import requested
    from ssh_connection.aio.forward.remote import RemoteForward
    from ssh_connection.aio.forward.requested import Destination
    from ssh_connection.aio.process.launch import Launch
    from ssh_connection.aio.services import forwarded_tcpip, streamlocal
    from ssh_connection.aio.streams import ByteWriter
    from ssh_connection.channel import ChannelProtocol
    from ssh_connection.control.proxy_server import ProxyServer
    from ssh_connection.pty import Pty
    from ssh_transport import ClientTransport
    from ssh_wire.messages import connection as m
    from ssh_wire.messages import openssh
else:
    # what is opened, loads when it is opened
    aio_channel = lazy.module("ssh_connection.aio.channel")
    errors = lazy.module("ssh_connection.errors")
    m = lazy.module("ssh_wire.messages.connection")
    openssh = lazy.module("ssh_wire.messages.openssh")
    session_forwarding = lazy.module("ssh_connection.aio.client.session_forwarding")
    unrequested = lazy.module("ssh_connection.aio.client.unrequested")
    forwarded_tcpip = lazy.module("ssh_connection.aio.services.forwarded_tcpip")
    requested = lazy.module("ssh_connection.aio.forward.requested")
    streamlocal = lazy.module("ssh_connection.aio.services.streamlocal")

__all__ = ["ClientConnection"]

_T = TypeVar("_T")
_UNREQUESTED: Final = {
    "auth-agent@openssh.com": "the agent",
    "agent-connect": "the agent",
    "x11": "X11",
}
"""Channels that reach what belongs to the user, and what that is."""


class ClientConnection(ClientEndpoint, Commands, Forwards):
    """An authenticated connection to a server.

    Args:
        settings: what there is to know.
        random: returns random bytes.
        core: the transport; None makes the one that the settings ask for.
    """

    def __init__(
        self,
        settings: ClientSettings,
        random: Callable[[int], bytes],
        core: ClientTransport | None = None,
    ) -> None:
        ClientEndpoint.__init__(self, settings, random, core)
        Commands.__init__(
            self,
            Sessions(
                self._open,
                settings.limits,
                settings.environment,
                settings.on_bulk,
                self._prepare,
                self._typing,
            ),
        )
        Forwards.__init__(
            self,
            Forwarding(
                settings, self._children, self._require_open, self._open, self._listen_at_server
            ),
        )
        self._random = random
        self._warned: set[str] = set()
        self._no_more_sessions = False

    def _typing(self, channel: Channel, pty: Pty) -> ByteWriter | None:
        """Return what sends what is typed at intervals, where that is wanted and possible."""
        asked = pty.keystroke_interval
        interval = self._settings.keystroke_interval if asked is None else asked
        if not interval or not self._core.takes_pings:
            return None
        from ssh_connection.aio.process.typing import TypedWriter  # only with a terminal

        return TypedWriter(channel, interval / 1000, self, self._random)

    @property
    def is_rekeying(self) -> bool:
        """Whether a key exchange is under way."""
        return not self._core.writable

    def send_chaff(self) -> None:
        """Send a packet of the size of a typed key, which the server answers."""
        self._core.send_ping(b"PING!")
        self._driver.schedule_flush()

    @cached_property
    def _remote_forwards(self) -> requested.RemoteForwards:
        """The ports that the server listens on for us; made when the first is asked for."""
        found = requested.RemoteForwards(
            self._mux, lambda: self.end, self._settings.timeouts.close, self._bulk
        )
        self._children.own(found)
        rows = *forwarded_tcpip.client_rows(found), *streamlocal.client_rows(found)
        self._mux.services.register(*rows)
        return found

    @cached_property
    def _session_forwarding(self) -> session_forwarding.SessionForwarding:
        """What sessions have forwarded; made when the first asks for it."""
        from ssh_agent import ForwardedSession

        proof = self._proof
        context = session_forwarding.ForwardingContext(
            session=ForwardedSession(
                host_key=proof.host_key, session_id=proof.session_id, signature=proof.signature
            ),
            extensions=self._core.peer_extensions,
            random=self._random,
            spawn=self._children.spawn,
            register=self._mux.services.register,
            forbid=self._settings.forbid_forwarding or str,
        )
        return session_forwarding.SessionForwarding(self._settings.session_forwards, context)

    async def _prepare(self, launch: Launch) -> Launch:
        """Add the requests for what the session has forwarded."""
        if not self._settings.session_forwards.wanted_by(launch):
            return launch
        self._require_open()
        return await self._session_forwarding.prepare(launch)

    @property
    def channels(self) -> tuple[str, ...]:
        """What is open, a line for each channel: its number, type and state."""
        ours = tuple(
            f"#{each.number} {each.kind}, {each.state.value}"
            for each in self._mux.channels.values()
        )
        return ours + tuple(f"#{number}, of a client" for number in self._mux.passed)

    @property
    def sessions(self) -> Sessions:
        """What opens sessions and starts processes in them."""
        return self._sessions

    @property
    def forwarding(self) -> Forwarding:
        """What opens streams through the server, and listens for forwards."""
        return self._forwarding

    async def _listen_at_server(self, address: Address, answer: Destination) -> RemoteForward:
        return await self._in_time(self._remote_forwards.listen(address, answer))

    # ------------------------------------------------------------- channels

    def no_more_sessions(self) -> None:
        """Promise to open no further session; those that are open go on.

        Servers of OpenSSH, and those of this package, are told by no-more-sessions@openssh.com
        (OpenSSH's PROTOCOL section 2.2): they end a connection that opens one all the same.
        """
        self._require_open()
        if not self._no_more_sessions and aio_channel.knows_openssh(self.server_software):
            self._mux.request(openssh.NoMoreSessions(want_reply=False))
        self._no_more_sessions = True

    def pass_through(self, wake: Callable[[], None]) -> ProxyServer:
        """Let a client of a master in proxy mode use this connection (PROTOCOL.mux section 9).

        Args:
            wake: called when there is something to send it, room for what it sends, or an end.

        Raises:
            ConnectionLost: the connection is lost.
        """
        from ssh_connection.aio.forward.passed import PassedForwards  # only in a master
        from ssh_connection.control.proxy_server import ProxyServer

        self._require_open()
        listeners = PassedForwards(self._mux, lambda: self._remote_forwards)
        return ProxyServer(self._mux, listeners, self._refusal, wake)

    def _refusal(self, name: str) -> str:
        """Return why a channel of this type, or a forward, is refused; empty where it is not."""
        if name == "session":
            return "no further session can be opened" if self._no_more_sessions else ""
        forbid = self._settings.forbid_forwarding
        return forbid() if forbid is not None else ""

    async def _open(self, message: m.OpenHead) -> Channel:
        if self._no_more_sessions and isinstance(message, m.SessionOpen):
            problem = "no further session can be opened: no_more_sessions() has promised that"
            raise UsageError(problem)
        return await self._in_time(super()._open(message))

    async def _in_time(self, answer: Awaitable[_T]) -> _T:
        """Wait for the server's answer, as long as it may take to open something."""
        seconds = self._settings.timeouts.open
        clock = timeout(seconds)
        try:
            async with clock:
                return await answer
        except TimeoutError as error:
            if not clock.expired():
                raise
            name = "open"
            doing = "waiting for the server's answer"
            raise errors.SSHTimeout(name, seconds, doing=doing) from error

    def channel_not_served(self, channel: ChannelProtocol) -> None:
        """Refuse a channel that nothing here has asked for; warn of one to what is the user's."""
        what = _UNREQUESTED.get(channel.kind)
        if what is not None:
            unrequested.refuse(what, channel, self.host, self._warned)
        else:
            super().channel_not_served(channel)

    def _bulk(self) -> None:
        if self._settings.on_bulk is not None:
            self._settings.on_bulk()
