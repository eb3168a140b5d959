"""`connect`: everything that `ssh` would do before the first command, in one scope."""

from __future__ import annotations

import logging
import os
from collections.abc import Generator
from contextlib import AsyncExitStack
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self, Unpack

from ssh_connection.aio import ClientConnection, ClientSettings, SessionForwards
from ssh_connection.aio.scope import Openable
from ssh_keys.files import ReadOnce
from ssh_stack.arguments import check_names, check_port, parse_destination
from ssh_stack.client.connection import Connection
from ssh_stack.client.credentials import credentials
from ssh_stack.client.dial import (
    jump_dialer,
    passed_socket_dialer,
    proxy_dialer,
    stream_dialer,
    tcp_dialer,
)
from ssh_stack.client.host_configuration import read_config, refuse_unsupported
from ssh_stack.client.load_trust import load_trust
from ssh_stack.client.options import ClientOptions
from ssh_stack.client.plan import ConnectionPlan, Target, check_name, merge
from ssh_stack.client.tcp import set_traffic_class
from ssh_stack.config import HostConfig
from ssh_stack.keylog import key_log
from ssh_stack.local.threads import run_in_thread
from ssh_stack.local.user import local_user
from ssh_stack.sources import DEFAULT, Default
from ssh_transport import TransportOptions
from ssh_wire import SSHError, UsageError, lazy, lazy_attrs
from ssh_wire.aio import close_after

if TYPE_CHECKING:
    import socket
    from collections.abc import Sequence

    from ssh_agent.aio import StreamReader, StreamWriter
    from ssh_auth import AuthCredential, AuthStrategy
    from ssh_connection.aio import Dialer, SessionProof
    from ssh_stack import errors
    from ssh_stack.client import session_sources
    from ssh_stack.client.local_command import LocalCommand
    from ssh_stack.client.option_arguments import ClientOptionsKw
    from ssh_stack.client.plan import jumps
    from ssh_stack.client.plan.session import SessionPlan
    from ssh_stack.client.plan.transport import TransportPlan
    from ssh_stack.client.trust import Trust
    from ssh_stack.sources import Path
else:
    # rarely used
    errors = lazy.module("ssh_stack.errors")
    jumps = lazy.module("ssh_stack.client.plan.jumps")
    session_sources = lazy.module("ssh_stack.client.session_sources")

__all__ = ["Connect", "connect"]

_log = logging.getLogger("ssh_stack")
_GOOD_KEX: Final = "mlkem768x25519-sha256"


class Connect(Openable, usage="async with ssh_stack.connect(…) as conn"):
    """A connection that is made on entry and closed on exit.

    `await connect(…)` makes it too, and leaves closing to the caller.
    """

    def __init__(self, host: str, port: int | None, options: ClientOptions) -> None:
        self._host = host
        self._port = port
        self._options = options
        self._opening: _Opening | None = None
        self._once = ReadOnce.current()
        self._connection: Connection | None = None

    @property
    def config(self) -> HostConfig:
        """What the configuration says about the host; it is read when this is first asked.

        Raises:
            UsageError: an option or a configuration line cannot be used.
            OSError: a configuration file that was named cannot be read.
        """
        with self._once.scope():
            return self._prepared().config

    @property
    def plan(self) -> ConnectionPlan:
        """What the connection is to do: options and configuration, merged.

        Raises:
            UsageError: an option or a configuration line cannot be used.
            OSError: a configuration file that was named cannot be read.
        """
        with self._once.scope():
            return self._prepared().plan

    def _prepared(self) -> _Opening:
        if self._opening is None:
            self._opening = _Opening(self._host, self._port, self._options)
        return self._opening

    def __await__(self) -> Generator[Any, Any, Connection]:
        return self.open().__await__()

    async def open(self) -> Connection:
        """Make the connection; the caller closes it.

        Raises:
            UsageError: an option or a configuration line cannot be used; no packet was sent.
            ConnectFailed: the server cannot be reached.
            HostKeyError: it is not known to be the right one.
            NegotiationFailed: there is no common algorithm.
            AuthenticationFailed: no credential was enough; `attempts` says what was tried.
            SSHTimeout: a stage took longer than its timeout.
        """
        try:
            with self._once.scope():
                opening = await run_in_thread(lambda: self._prepared().read_trust())
                return await opening.open()
        except (SSHError, OSError) as error:
            _log.debug("cannot connect to %s", self._host, exc_info=True)
            raise errors.without_frames(error) from error.__cause__

    async def __aenter__(self) -> Connection:
        self._connection = await self.open()
        return self._connection

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await close_after(error, connection.close)


def connect(host: str, port: int | None = None, **options: Unpack[ClientOptionsKw]) -> Connect:
    """Connect to an SSH server, as `ssh` would.

    Args:
        host: a name, an address, or an alias of the configuration; also `[user@]host[:port]`.
        port: the port; by default the configuration's, then 22.
        options: the fields of `ClientOptions`.

    Raises:
        UnknownOption: there is no option of that name.
        UsageError: an option has a value that cannot be used.
    """
    check_names(options, [field.name for field in lazy_attrs.fields(ClientOptions)], "connect")
    user, host, number = parse_destination(host)
    if port is None:
        port = number
    elif number not in (None, port):
        problem = f"host names port {number}, and port is {port}"
        raise UsageError(problem)
    if port is not None:
        check_port(port)
    chosen = ClientOptions(**options)
    if user is not None:
        if chosen.username not in (None, user):
            problem = f"host names the user {user}, and username is {chosen.username}"
            raise UsageError(problem)
        chosen = lazy_attrs.evolve(chosen, username=user)
    return Connect(host, port, chosen)


class _Opening:
    """The making of one connection, its jump hosts first: it carries out a plan."""

    def __init__(
        self, host: str, port: int | None, options: ClientOptions, depth: int = 0
    ) -> None:
        check_name("host", host)  # before a command of the configuration has it
        self._options = options
        self._depth = depth
        self.config: Final = read_config(options).resolve(
            host, user=options.username, port=port, command=options.config_command
        )
        """What the configuration says about the host."""
        named = options.username or self.config.user
        target = Target(host=host, port=port, local_user="" if named else local_user())
        self.plan: Final = merge(options, self.config, target)
        """What options and configuration come to."""
        self._trust: Trust  # once it is read
        self._socket: socket.socket | None = None
        self._failures: list[OSError] | None = None  # of each address, where it is connected to
        self._session: SessionProof | None = None

    def read_trust(self) -> Self:
        """Read what is trusted: like the configuration, it may wait for pipes and programs."""
        refuse_unsupported(self.config)
        self._trust = load_trust(self.plan)
        return self

    async def open(self) -> Connection:
        async with AsyncExitStack() as stack:
            if self._options.control_path is not None:
                return await self._open_shared(os.fspath(self._options.control_path), stack)
            settings = self._settings(stack)
            dialer = await self._dialer(stack)
            command = self._local_command()
            client = ClientConnection(settings, os.urandom)
            await self._establish(client, dialer)
            self._warn_of_kex(client)
            if command is not None:
                await self._run(command, client)
            return Connection(client, self.config, stack.pop_all())

    async def _open_shared(self, path: str, stack: AsyncExitStack) -> Connection:
        """Use the connection of a master."""
        from ssh_connection.aio.control import SharedConnection  # only with control_path

        client = SharedConnection(self._settings(stack), os.urandom)
        await client.attach(path)
        return Connection(client, self.config, stack.pop_all())

    async def _establish(self, client: ClientConnection, dialer: Dialer) -> None:
        try:
            await client.establish(dialer)
        except TimeoutError as error:
            plan, failures = self.plan, self._failures
            ours = getattr(error, "name", "") == "connect"
            if not ours or failures is None or isinstance(error, errors.ConnectFailed):
                raise
            seconds = plan.transport.timeouts.connect
            raise errors.ConnectTimedOut(plan.hostname, plan.port, failures, seconds) from error

    def _local_command(self) -> LocalCommand | None:
        session = self.plan.session
        if session.local_command is None:
            return None
        if session.local_command_error is not None:
            raise session.local_command_error
        from ssh_stack.client.local_command import LocalCommand  # rarely used

        return LocalCommand(self.plan)

    async def _run(self, command: LocalCommand, client: ClientConnection) -> None:
        """Run a command; whoever is interrupted meanwhile has no connection."""
        try:
            await command.run()
        except BaseException:
            await client.close()
            raise

    def _warn_of_kex(self, client: ClientConnection) -> None:
        plan = self.plan.transport
        # the usual method needs no module to say that it is good
        if plan.warns_of_kex and client.agreement.kex != _GOOD_KEX:
            from ssh_stack.client.weak_crypto import warn_of_kex  # the same

            warn_of_kex(client, plan.algorithms)

    def _settings(self, stack: AsyncExitStack) -> ClientSettings:
        plan, trust = self.plan, self._trust
        transport, identity = plan.transport, plan.identity
        preferred = () if transport.keeps_host_key_order else trust.preferred_algorithms
        return ClientSettings(
            host=plan.host,
            port=plan.port,
            username=plan.user,
            verify_host_key=trust.verify,
            verify_host_certificate=trust.verify_certificate,
            update_host_keys=trust.update_host_keys if plan.trust.updates else None,
            find_credentials=partial(self._credentials, stack),
            withhold=trust.withhold,
            public_key_algorithms=identity.public_key_algorithms,
            hostbased_algorithms=identity.hostbased_algorithms,
            hostbound=identity.hostbound,
            require_proof=identity.require_proof,
            on_session=None if identity.agent is None else self._note_session,
            auth_limits=identity.limits,
            forbid_forwarding=trust.forbid_forwarding,
            transport=_transport_options(transport),
            host_key_algorithms=preferred,
            timeouts=transport.timeouts,
            keepalive=transport.keepalive,
            limits=transport.connection_limits,
            session_forwards=self._session_forwards(),
            environment=_environment(plan.session),
            on_banner=identity.on_banner,
            on_bulk=self._bulk,
            keystroke_interval=plan.session.keystroke_interval or 0,
        )

    def _session_forwards(self) -> SessionForwards:
        session = self.plan.session
        agent = session.agent
        if isinstance(agent, Default):
            agent = os.environ.get("SSH_AUTH_SOCK") or None
        display = session.x11.display or os.environ.get("DISPLAY")
        # as ssh, which asks for nothing where the configuration does and there is nothing
        return SessionForwards(
            agent=None if agent is None else partial(_open_agent, agent),
            x11=lambda: session_sources.find_display(session.x11),
            every_agent=session.forward_agent and (agent is not None or self._asks("agent")),
            every_x11=session.forward_x11 and (bool(display) or self._asks("x11")),
        )

    def _asks(self, what: str) -> bool:
        """Return whether an option asks for the forwarding of something."""
        return getattr(self._options, f"{what}_forwarding") not in (False, DEFAULT)

    async def _credentials(self, stack: AsyncExitStack) -> Sequence[AuthCredential] | AuthStrategy:
        identity = self.plan.identity
        if identity.auth is None:
            return await credentials(
                identity, stack, self._connected_socket, lambda: self._session
            )
        from ssh_stack.client.auth_option import given_credentials  # rarely given

        return given_credentials(identity.auth, ask_methods_first=identity.ask_methods_first)

    def _note_session(self, session: SessionProof) -> None:
        self._session = session

    def _connected_socket(self) -> socket.socket | None:
        return self._socket

    def _bulk(self) -> None:
        """Have the system treat what is sent as what is not interactive (IPQoS)."""
        sock, self._socket = self._socket, None  # once
        if sock is not None:
            set_traffic_class(sock, self.plan.route.qos[1])

    async def _dialer(self, stack: AsyncExitStack) -> Dialer:
        plan, route = self.plan, self.plan.route
        if route.stream is not None:
            return stream_dialer(route.stream)
        if route.proxy_command is not None:
            if route.proxy_command_error is not None:
                raise route.proxy_command_error
            if route.proxy_passes_socket:
                return passed_socket_dialer(route.proxy_command, plan.proxy_tokens, self._classify)
            return proxy_dialer(route.proxy_command, plan.proxy_tokens, route.on_proxy_stderr)
        through = route.connection
        if route.jumps:
            through = await self._jump(stack)
        if through is not None:
            return jump_dialer(through, plan.hostname, plan.port)
        self._failures = []
        return tcp_dialer(plan.hostname, plan.port, route, self._connected, self._failures)

    def _connected(self, sock: socket.socket) -> None:
        self._trust.peer.value = sock.getpeername()[0]
        self._classify(sock)

    def _classify(self, sock: socket.socket) -> None:
        set_traffic_class(sock, self.plan.route.qos[0])
        self._socket = sock

    async def _jump(self, stack: AsyncExitStack) -> Connection:
        """Connect to the last jump host, through those before it."""
        jump = jumps.last_jump(self._options, self.plan, self._depth)
        hop = partial(_Opening, jump.host, jump.port, jump.options, self._depth + 1)
        connection = await (await run_in_thread(lambda: hop().read_trust())).open()
        stack.push_async_callback(connection.close)
        return connection


def _transport_options(plan: TransportPlan) -> TransportOptions:
    return TransportOptions(
        algorithms=plan.algorithms,
        limits=plan.limits,
        comments=plan.comments,
        rekey_bytes=plan.rekey_bytes,
        rekey_seconds=plan.rekey_seconds,
        trace=plan.trace,
        on_secret=key_log(os.environ),
    )


async def _open_agent(path: Path) -> tuple[StreamReader, StreamWriter]:
    return await session_sources.open_agent(path)


def _environment(plan: SessionPlan) -> dict[str, str]:
    """Return the variables to ask for in each session; by default there are none."""
    if not plan.send_env and not plan.set_env:
        return {}
    from ssh_stack.client.environment import environment

    return environment(plan, os.environ)
