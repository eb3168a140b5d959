"""The client's end of a connection: from the byte stream to commands, streams and forwards."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Literal, TypeAlias, TypeVar, overload

from ssh_connection.addresses import parse_address
from ssh_connection.aio.channel import Channel
from ssh_connection.aio.command import RunOptions, run_command
from ssh_connection.aio.endpoint import Endpoint
from ssh_connection.aio.forward import LocalForward, RemoteForward
from ssh_connection.aio.login import Login
from ssh_connection.aio.process import Launch, Process, Pty, command_line
from ssh_connection.aio.scope import Scope
from ssh_connection.aio.streams import ByteStream
from ssh_connection.errors import RequestRefused, SSHTimeout
from ssh_connection.results import Completed, decode_output
from ssh_transport import ClientTransport, ConnectionLost, HostKeyRefused
from ssh_transport import events as ev
from ssh_wire import OpenFailureReason, SSHError, WireError
from ssh_wire.messages import connection as m

if TYPE_CHECKING:
    from ssh_auth import AuthAttempt
    from ssh_connection.aio.settings import ClientSettings
    from ssh_connection.channel import Channel as ChannelCore
    from ssh_keys import PublicKey
    from ssh_transport.aio import Driver
    from ssh_wire.primitives import Buffer

__all__ = ["ClientConnection", "Dialer"]

Dialer: TypeAlias = "Callable[[Driver], Awaitable[None]]"
"""Connects a driver to a byte stream: a socket, a pipe, a channel of another connection."""

_T = TypeVar("_T")

Sink: TypeAlias = Callable[[memoryview], None]


class ClientConnection(Endpoint):
    """An authenticated connection to a server."""

    def __init__(self, settings: ClientSettings, random: Callable[[int], bytes]) -> None:
        loop = asyncio.get_running_loop()
        core = ClientTransport(
            settings.transport,
            random=random,
            now=loop.time(),
            host_key_algorithms=settings.host_key_algorithms or None,
        )
        super().__init__(core, settings.limits, settings.timeouts.close)
        self._client_core = core
        self._settings = settings
        self._events: deque[ev.Event] = deque()
        self._event_arrived = asyncio.Event()
        self._clock = asyncio.timeout(None)
        self._login: Login | None = None
        self._remote_forwards: dict[tuple[str, int], RemoteForward] = {}

    # ------------------------------------------------------------- establishing

    async def establish(self, dial: Dialer) -> None:
        """Connect, exchange keys, check the host key, authenticate.

        Args:
            dial: connects the driver to a byte stream.

        Raises:
            OSError: the stream cannot be connected.
            HostKeyRefused: the host key was not accepted.
            NegotiationFailed: there is no common algorithm.
            AuthenticationFailed: no credential was enough.
            SSHTimeout: a stage took longer than its timeout.
            ConnectionLost: the server went away.
        """
        try:
            await self._stage("connect", self._settings.timeouts.connect, dial(self._driver))
            await self._stage("handshake", self._settings.timeouts.handshake, self._handshake())
            await self._stage("auth", self._settings.timeouts.auth, self._authenticate())
        except BaseException:
            self._driver.abort()
            self._end(ConnectionLost("the connection was not established"))
            await self._end_tasks()
            raise
        self._start_keepalive(self._settings.keepalive)

    async def _stage(self, name: str, seconds: float, work: Awaitable[None]) -> None:
        clock = asyncio.timeout(seconds)
        self._clock = clock
        try:
            async with clock:
                await work
        except TimeoutError as error:
            if not clock.expired():
                raise
            raise SSHTimeout(name, seconds) from error

    async def _without_clock(self, work: Awaitable[_T]) -> _T:
        """Do work whose time is a person's, not the server's."""
        due = self._clock.when()
        started = self._loop.time()
        self._clock.reschedule(None)
        try:
            return await work
        finally:
            if due is not None:
                self._clock.reschedule(due + self._loop.time() - started)

    async def _handshake(self) -> None:
        self._client_core.request_service("ssh-userauth")
        self._driver.flush()
        while True:
            match await self._next_event():
                case ev.HostKeyReceived(key=key):
                    await self._judge_host_key(key)
                    self._start_login()
                case ev.ServiceAccepted():
                    return
                case _:
                    pass

    async def _judge_host_key(self, key: PublicKey) -> None:
        try:
            trusted = await self._without_clock(self._settings.verify_host_key(key))
        except BaseException:
            self._client_core.reject_host_key("the host key could not be checked")
            self._driver.flush()
            raise
        if trusted is not True:
            self._client_core.reject_host_key("the host key is not trusted")
            self._driver.flush()
            problem = f"the host key {key.fingerprint()} of {self._settings.host} is not trusted"
            raise HostKeyRefused(problem)
        self._client_core.accept_host_key()

    def _start_login(self) -> None:
        """Send the first request right behind NEWKEYS and SERVICE_REQUEST, in the same write."""
        settings = self._settings
        self._login = Login(settings, self._client_core, self._driver, self._logged_in)
        self._client_core.sink = self._login.receive
        self._login.start()
        self._driver.flush()

    def _logged_in(self) -> None:
        # called while the packet is processed: what follows it belongs to the connection
        self._client_core.authenticated()
        self._client_core.sink = self._mux.receive

    async def _authenticate(self) -> None:
        if self._login is None:
            problem = "the server granted authentication before the key exchange"
            raise SSHError(problem)
        await self._login.conduct(self._without_clock)

    async def _next_event(self) -> ev.Event:
        while not self._events:
            if self._lost.done():
                lost = self._lost.result()
                # what the handshake failed of says more than that the connection is gone
                raise lost.__cause__ if isinstance(lost.__cause__, SSHError) else lost
            self._event_arrived.clear()
            await self._event_arrived.wait()
        return self._events.popleft()

    def transport_event(self, event: ev.Event) -> None:
        """Take an event of the transport."""
        super().transport_event(event)
        if isinstance(event, ev.ExtInfoReceived) and self._login is not None:
            self._login.set_algorithms(self._core.server_sig_algs)
        self._events.append(event)
        self._event_arrived.set()
        if self._keepalive is not None:
            self._events.clear()  # nobody waits for events once the connection stands

    def _end(self, error: Exception) -> None:
        super()._end(error)
        self._event_arrived.set()
        if self._login is not None:
            self._login.end(self._lost.result())

    # ------------------------------------------------------------- about the connection

    @property
    def username(self) -> str:
        """The user that is logged in."""
        return self._settings.username

    @property
    def host_key(self) -> PublicKey:
        """The server's host key."""
        return self._core.host_key

    @property
    def server_software(self) -> str:
        """How the server calls itself, made safe to show."""
        return self._core.peer_software

    @property
    def auth_attempts(self) -> tuple[AuthAttempt, ...]:
        """What was tried to log in, the one that succeeded last."""
        return self._login.attempts if self._login is not None else ()

    # ------------------------------------------------------------- commands

    @overload
    async def run(
        self,
        command: str | Sequence[str],
        *,
        text: Literal[False] = False,
        input: Buffer | str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109
        check: bool = False,
        env: Mapping[str, str] | None = None,
        pty: Pty | None = None,
        stdout: Sink | None = None,
        stderr: Sink | None = None,
        max_output: int | None = None,
        on_cancel: Literal["terminate", "detach"] = "terminate",
    ) -> Completed[bytes]: ...

    @overload
    async def run(
        self,
        command: str | Sequence[str],
        *,
        text: Literal[True],
        input: Buffer | str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109
        check: bool = False,
        env: Mapping[str, str] | None = None,
        pty: Pty | None = None,
        stdout: Sink | None = None,
        stderr: Sink | None = None,
        max_output: int | None = None,
        on_cancel: Literal["terminate", "detach"] = "terminate",
    ) -> Completed[str]: ...

    async def run(  # noqa: PLR0913 (subprocess.run's manners)
        self,
        command: str | Sequence[str],
        *,
        text: bool = False,
        input: Buffer | str | None = None,  # noqa: A002 (subprocess.run's name)
        timeout: float | None = None,  # noqa: ASYNC109 (covers the opening, keeps the output)
        check: bool = False,
        env: Mapping[str, str] | None = None,
        pty: Pty | None = None,
        stdout: Sink | None = None,
        stderr: Sink | None = None,
        max_output: int | None = None,
        on_cancel: Literal["terminate", "detach"] = "terminate",
    ) -> Completed[bytes] | Completed[str]:
        """Run a command to its end; both its output streams are always drained.

        Args:
            command: a string goes to the remote shell as it is, a list is quoted for it.
            text: give the output as text (UTF-8, what is not becomes U+FFFD).
            input: what the command reads; without it, nothing.
            timeout: seconds for all of it.
            check: raise unless the exit status is 0.
            env: environment variables to ask for; servers accept few.
            pty: the terminal to ask for.
            stdout: takes standard output as it arrives, in views valid during the call.
            stderr: the same for standard error.
            max_output: the most bytes to collect.
            on_cancel: "terminate" ends the remote process when the call is cancelled.

        Raises:
            CommandFailed: `check` was asked for and it failed.
            ConnectionLost: with what had arrived as `completed`.
            NoExitStatus: the server closed the channel without a status.
            SSHTimeout: with what had arrived as `completed`.
            ChannelOpenRefused: the server refused the session.
        """
        options = RunOptions(
            input=input.encode() if isinstance(input, str) else input,
            timeout=timeout,
            check=check,
            env=env or {},
            pty=pty,
            stdout=stdout,
            stderr=stderr,
            max_output=max_output,
            on_cancel=on_cancel,
        )
        completed = await run_command(command_line(command), options, self._open_drained)
        return decode_output(completed) if text else completed

    def start(
        self,
        command: str | Sequence[str] | None = None,
        *,
        pty: Pty | None = None,
        env: Mapping[str, str] | None = None,
    ) -> Scope[Process]:
        """Start a command and give its streams; leaving the scope ends the remote side.

        Args:
            command: as for `run`; None starts the user's shell.
            pty: the terminal to ask for.
            env: environment variables to ask for.
        """
        line = command_line(command) if command is not None else None
        return self._launch(Launch(command=line, pty=pty, env=env or {}))

    def subsystem(self, name: str) -> Scope[Process]:
        """Start a subsystem (RFC 4254 section 6.5) and give its streams."""
        return self._launch(Launch(subsystem=name))

    def _launch(self, launch: Launch) -> Scope[Process]:
        async def opener() -> Process:
            channel = await self._open_session(self._mux.limits.window)
            process = Process(channel, launch)
            try:
                await process.start()
            except BaseException:
                channel.abort()
                raise
            return process

        return Scope(opener)

    async def _open_drained(self, launch: Launch) -> Process:
        return Process(await self._open_session(self._mux.limits.bulk_window), launch)

    async def open_subsystem(self, name: str) -> Channel:
        """Start a subsystem and give its channel, to connect a receiver to.

        Raises:
            ChannelOpenRefused: the server refused the session.
            RequestRefused: the server has no such subsystem.
        """
        channel = await self._open_session(self._mux.limits.bulk_window)
        try:
            granted = await channel.request(m.SubsystemRequest(recipient=0, name=name))
        except BaseException:
            channel.abort()
            raise
        if not granted:
            channel.abort()
            what = f"subsystem {name}"
            raise RequestRefused(what)
        return channel

    # ------------------------------------------------------------- streams and forwards

    async def open_tcp(self, host: str, port: int) -> ByteStream:
        """Have the server connect to `host:port`; return the stream.

        Raises:
            ChannelOpenRefused: the server may not, or cannot reach it.
        """
        return ByteStream(await self.open_tcp_channel(host, port))

    async def open_tcp_channel(
        self, host: str, port: int, origin: tuple[str, int] = ("127.0.0.1", 0)
    ) -> Channel:
        """Have the server connect to `host:port`; return the channel (RFC 4254 section 7.2)."""
        return await self._open(
            m.DirectTCPIPOpen(
                sender=0,
                window=self._mux.limits.window,
                max_packet=0,
                host=host,
                port=port,
                origin_host=origin[0],
                origin_port=origin[1],
            )
        )

    def forward_local(
        self, listen: str | tuple[str, int], target: str | tuple[str, int]
    ) -> Scope[LocalForward]:
        """Listen here; carry each connection to `target`, as seen from the server.

        Args:
            listen: "address:port"; port 0 takes a free one.
            target: "host:port".
        """
        target_host, target_port = parse_address(target)
        host, port = parse_address(listen)

        async def channel(origin: tuple[str, int]) -> Channel:
            return await self.open_tcp_channel(target_host, target_port, origin)

        async def opener() -> LocalForward:
            forward = LocalForward(channel)
            await forward.listen(host, port)
            self._spawn(self._close_with_connection(forward))
            return forward

        return Scope(opener)

    def forward_remote(
        self, listen: str | tuple[str, int], target: str | tuple[str, int]
    ) -> Scope[RemoteForward]:
        """Have the server listen; carry each connection to `target`, as seen from here.

        Args:
            listen: "address:port" at the server; port 0 lets it choose.
            target: "host:port".
        """
        host, port = parse_address(listen)
        to = parse_address(target)

        async def opener() -> RemoteForward:
            chosen = await self._request_forward(host, port)
            forward = RemoteForward((host, chosen), to, self._cancel_forward)
            self._remote_forwards[host, chosen] = forward
            return forward

        return Scope(opener)

    async def _request_forward(self, host: str, port: int) -> int:
        answer = await self._global_request(
            m.TCPIPForward(want_reply=True, address=host, port=port)
        )
        if not isinstance(answer, m.RequestSuccess):
            what = f"to listen on {host}:{port}"
            raise RequestRefused(what)
        try:
            return port or m.ForwardedPort.decode(answer.details).port
        except WireError:
            problem = "the server did not say which port it listens on"
            raise RequestRefused(problem) from None

    async def _cancel_forward(self, forward: RemoteForward) -> None:
        self._remote_forwards.pop((forward.host, forward.port), None)
        if not self.is_closed:
            await self._global_request(
                m.CancelTCPIPForward(want_reply=True, address=forward.host, port=forward.port)
            )

    async def _close_with_connection(self, forward: LocalForward) -> None:
        try:
            await asyncio.shield(self._lost)
        finally:
            await forward.close()

    # ------------------------------------------------------------- channels

    async def _open_session(self, window: int) -> Channel:
        return await self._open(m.SessionOpen(sender=0, window=window, max_packet=0))

    async def _open(self, message: m.AnyChannelOpen) -> Channel:
        channel = Channel()
        channel.adopt(self._mux.open(message, channel))
        timeout = self._settings.timeouts.open
        try:
            async with asyncio.timeout(timeout):
                await channel.wait_opened()
        except TimeoutError:
            name = "open"
            raise SSHTimeout(name, timeout) from None
        return channel

    def channel_requested(self, message: m.AnyChannelOpen, channel: ChannelCore) -> None:
        """The server wants a channel: only connections to ports we asked for are taken.

        "Implementations MUST reject these messages unless they have previously requested a
        remote TCP/IP port forwarding with the given port number" (RFC 4254 section 7.2).
        """
        if isinstance(message, m.ForwardedTCPIPOpen):
            forward = self._find_forward(message.address, message.port)
            if forward is not None:
                self._spawn(self._accept_forwarded(forward, channel))
                return
        super().channel_requested(message, channel)

    def _find_forward(self, address: str, port: int) -> RemoteForward | None:
        exact = self._remote_forwards.get((address, port))
        if exact is not None:
            return exact
        # servers name the address in words of their own ("localhost" for "127.0.0.1")
        same_port = [f for f in self._remote_forwards.values() if f.port == port]
        return same_port[0] if len(same_port) == 1 else None

    async def _accept_forwarded(self, forward: RemoteForward, core: ChannelCore) -> None:
        try:
            bridge = await forward.dial()
        except OSError as error:
            core.refuse(OpenFailureReason.CONNECT_FAILED, error.strerror or "cannot connect")
            return
        channel = Channel(core)
        core.confirm(channel)
        forward.carry(bridge, channel)
