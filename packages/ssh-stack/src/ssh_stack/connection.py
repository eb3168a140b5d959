"""`connect`: everything that `ssh` would do before the first command, in one scope."""

from __future__ import annotations

import getpass
import logging
import os
from collections.abc import Generator
from contextlib import AsyncExitStack
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, Unpack

import attrs

from ssh_connection.aio import (
    ClientConnection,
    ClientSettings,
    KeepaliveOptions,
    Launch,
    Process,
    Scope,
    Timeouts,
)
from ssh_connection.aio.scope import Openable
from ssh_stack.arguments import check_names, check_port, parse_destination
from ssh_stack.config import Config, HostConfig, load_config
from ssh_stack.dial import (
    jump_dialer,
    proxy_dialer,
    split_command,
    stream_dialer,
    tcp_dialer,
    token_values,
)
from ssh_stack.environment import environment
from ssh_stack.errors import shortened
from ssh_stack.identities import credentials
from ssh_stack.keylog import key_log
from ssh_stack.options import DEFAULT, ClientOptions, ClientOptionsKw, Default, HostKeyPolicy, Path
from ssh_stack.plan import AuthenticationPlan
from ssh_stack.trust import Trust, load_known_hosts
from ssh_stack.trust_files import SYSTEM_FILES, load_revoked_keys
from ssh_transport import (
    Algorithms,
    BannerLineReceived,
    ConnectionLost,
    IdentificationError,
    IdentificationReceived,
    TransportOptions,
    profiles,
)
from ssh_wire import SSHError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ssh_connection.aio import Dialer
    from ssh_sftp.aio import SFTPClient
    from ssh_transport import Event

__all__ = ["Connect", "Connection", "connect"]

_log = logging.getLogger("ssh_stack")

_MAX_JUMPS = 16
_USUAL_RSA_BITS = 2048


class Connection(ClientConnection):
    """An authenticated connection, with SFTP beside what `ClientConnection` has."""

    def __init__(self, settings: ClientSettings, config: HostConfig) -> None:
        super().__init__(settings, os.urandom)
        self._stack = AsyncExitStack()
        self._config = config
        self._environment = environment(config, os.environ)
        self._identified = False
        self._said = ""

    async def establish(self, dial: Dialer) -> None:
        """Connect and log in, as `ClientConnection.establish`; tell what is no SSH server."""
        try:
            await super().establish(dial)
        except ConnectionLost as error:
            if self._identified:
                raise
            said = f"; it said {self._said!r}" if self._said else ""
            problem = f"the server closed the connection before it identified itself{said}"
            raise IdentificationError(problem) from error

    def transport_event(self, event: Event) -> None:
        """Take an event of the transport."""
        if isinstance(event, BannerLineReceived):
            self._said = self._said or event.line
        elif isinstance(event, IdentificationReceived):
            self._identified = True
        super().transport_event(event)

    @property
    def host(self) -> str:
        """The server's name, as it was asked for."""
        return self._settings.host

    @property
    def port(self) -> int:
        """The server's port."""
        return self._settings.port

    @property
    def config(self) -> HostConfig:
        """What the configuration says about the host, and what of it is not honoured."""
        return self._config

    @property
    def end(self) -> Exception | None:
        """What ended the connection; None while it stands."""
        return self._lost.result() if self._lost.done() else None

    def _launch(self, launch: Launch) -> Scope[Process]:
        return super()._launch(self._furnished(launch))

    async def _open_drained(self, launch: Launch) -> Process:
        return await super()._open_drained(self._furnished(launch))

    def _furnished(self, launch: Launch) -> Launch:
        """Put the configuration's SendEnv and SetEnv before what the caller asks for."""
        return attrs.evolve(launch, env={**self._environment, **launch.env})

    def sftp(self) -> Scope[SFTPClient]:
        """Open an SFTP session."""
        from ssh_sftp.aio import SFTPClient  # noqa: PLC0415 (loads when it is used)

        async def opener() -> SFTPClient:
            client = SFTPClient.from_pipe(await self.open_subsystem("sftp"))
            try:
                await client.start()
            except BaseException:
                await client.close()
                raise
            return client

        return Scope(opener)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Disconnect and clean up, jump hosts and agent included, in bounded time."""
        try:
            await super().close()
        finally:
            await self._stack.aclose()

    def own(self, stack: AsyncExitStack) -> None:
        """Close `stack` together with this connection."""
        self._stack = stack


class Connect(Openable):
    """A connection that is made on entry and closed on exit.

    `await connect(…)` makes it too, and leaves closing to the caller.
    """

    _usage = "async with ssh_stack.connect(…) as conn"

    def __init__(self, host: str, port: int | None, options: ClientOptions) -> None:
        self._host = host
        self._port = port
        self._options = options
        self._opening: _Opening | None = None
        self._connection: Connection | None = None

    @property
    def config(self) -> HostConfig:
        """What the configuration says about the host; it is read when this is first asked.

        Raises:
            UsageError: an option or a configuration line cannot be used.
            OSError: a configuration file that was named cannot be read.
        """
        return self._prepared().config

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
            return await self._prepared().open()
        except (SSHError, OSError) as error:
            _log.debug("cannot connect to %s", self._host, exc_info=True)
            raise shortened(error) from error.__cause__

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
            await connection.close()


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
    check_names(options, [field.name for field in attrs.fields(ClientOptions)], "connect")
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
        chosen = attrs.evolve(chosen, username=user)
    return Connect(host, port, chosen)


class _Opening:
    """The making of one connection, its jump hosts first."""

    def __init__(
        self, host: str, port: int | None, options: ClientOptions, depth: int = 0
    ) -> None:
        _check_name("host", host)
        self._options = options
        self._depth = depth
        self._original = host
        self._config = _read_config(options)
        self._resolved = self._config.resolve(host, user=options.username, port=port)
        self._host = self._resolved.hostname or host
        self._port = port or self._resolved.port or 22
        self._user = options.username or self._resolved.user or getpass.getuser()
        _check_name("host", self._host)
        _check_name("user", self._user)

    @property
    def config(self) -> HostConfig:
        return self._resolved

    async def open(self) -> Connection:
        async with AsyncExitStack() as stack:
            settings = await self._settings(stack)
            dialer = await self._dialer(stack)
            connection = Connection(settings, self._resolved)
            await connection.establish(dialer)
            connection.own(stack.pop_all())
            return connection

    async def _settings(self, stack: AsyncExitStack) -> ClientSettings:
        options, resolved = self._options, self._resolved
        trust = self._trust()
        return ClientSettings(
            host=self._original,
            port=self._port,
            username=self._user,
            verify_host_key=trust.verify,
            verify_host_certificate=trust.verify_certificate,
            learn_host_keys=trust.learn if _updates_host_keys(options, resolved) else None,
            credentials=await credentials(options, self._authentication(), stack),
            withhold=trust.withhold,
            forbid_forwarding=trust.forbid_forwarding,
            transport=TransportOptions(
                algorithms=_algorithms(options),
                limits=options.transport_limits,
                rekey_bytes=options.rekey_bytes,
                rekey_seconds=options.rekey_seconds,
                trace=options.trace,
                on_secret=key_log(os.environ),
            ),
            host_key_algorithms=trust.preferred_algorithms,
            timeouts=_timeouts(options, resolved),
            keepalive=_keepalive(options, resolved),
            limits=options.limits,
            on_banner=options.on_banner,
        )

    def _authentication(self) -> AuthenticationPlan:
        options, resolved = self._options, self._resolved
        return AuthenticationPlan(
            user=self._user,
            host=self._original,
            identity_files=resolved.identity_files,
            identities_only=resolved.identities_only,
            agent=options.agent,
        )

    def _trust(self) -> Trust:
        options, resolved = self._options, self._resolved
        source = options.known_hosts
        system: Sequence[Path] = ()
        if isinstance(source, Default):
            source, system = resolved.known_hosts_files, SYSTEM_FILES
        legacy = _algorithms(options).rsa_bits < _USUAL_RSA_BITS
        known, file = load_known_hosts(source, system=system, legacy=legacy)
        listed = options.revoked_host_keys
        revoked = load_revoked_keys(() if isinstance(listed, Default) else listed)
        policy: HostKeyPolicy
        if not isinstance(options.host_key_policy, Default):
            policy = options.host_key_policy
        elif resolved.strict_host_key_checking == "ask" and options.person is not None:
            policy = options.person.trusts
        else:
            policy = resolved.host_key_policy
        hashed = resolved.hash_known_hosts
        asks = options.update_host_keys
        confirm = asks if callable(asks) else None
        return Trust(
            self._host,
            self._port,
            known,
            policy,
            file,
            hashed=hashed,
            confirm=confirm,
            revoked=revoked,
            legacy=legacy,
        )

    async def _dialer(self, stack: AsyncExitStack) -> Dialer:
        options, resolved = self._options, self._resolved
        if options.stream is not None:
            return stream_dialer(options.stream)
        command = options.proxy_command
        if isinstance(command, Default):
            command = resolved.proxy_command if options.jump is DEFAULT else None
        if command is not None:
            tokens = token_values(self._host, self._original, self._port, self._user)
            return proxy_dialer(split_command(command, tokens))
        jump = options.jump
        if isinstance(jump, Default):
            jump = resolved.proxy_jump
        if isinstance(jump, str):
            jump = [part.strip() for part in jump.split(",")]
        if isinstance(jump, ClientConnection):
            return jump_dialer(jump, self._host, self._port)
        if jump:
            return jump_dialer(await self._jump(list(jump), stack), self._host, self._port)
        return tcp_dialer(self._host, self._port)

    async def _jump(self, hosts: list[str], stack: AsyncExitStack) -> ClientConnection:
        """Connect to the last jump host, through those before it."""
        if self._depth >= _MAX_JUMPS:
            problem = f"more than {_MAX_JUMPS} jump hosts"
            raise UsageError(problem)
        *before, last = hosts
        user, host, port = parse_destination(last)
        options = attrs.evolve(
            self._options,
            username=user,
            jump=before or (None if len(hosts) > 1 else DEFAULT),
            proxy_command=DEFAULT,
            stream=None,
            config_options=(),  # for the host alone, as those of `ssh -o` are
            password=None,  # a jump host must not learn it
            interactive=None,
        )
        connection = await _Opening(host, port, options, self._depth + 1).open()
        stack.push_async_callback(connection.close)
        return connection


def _check_name(what: str, name: str) -> None:
    """Refuse names that could be taken for an option or for shell syntax somewhere."""
    bad = set("'\"`$\\;&|<>(){}\n\r\t \0")
    if not name or name.startswith("-") or not bad.isdisjoint(name) or not name.isprintable():
        problem = f"{name!r} cannot be the name of a {what}"
        raise UsageError(problem)


def _read_config(options: ClientOptions) -> Config:
    source = options.config
    if source is None:
        return Config.parse(options.config_options)
    if isinstance(source, Default):
        return load_config(None, options.config_options)
    paths = [source] if isinstance(source, str | os.PathLike) else list(source)
    return load_config(paths, options.config_options)


def _updates_host_keys(options: ClientOptions, config: HostConfig) -> bool:
    """UpdateHostKeys "is enabled by default if the user has not overridden" known_hosts."""
    if not isinstance(options.update_host_keys, Default):
        return bool(options.update_host_keys)
    if config.update_host_keys is not None:
        return config.update_host_keys == "yes"  # there is nobody whom "ask" could ask
    return options.known_hosts is DEFAULT


def _timeouts(options: ClientOptions, config: HostConfig) -> Timeouts:
    """ConnectTimeout bounds "the connection to the server", each of its two stages here."""
    if not isinstance(options.timeouts, Default):
        return options.timeouts
    if not config.connect_timeout:
        return Timeouts()
    return Timeouts(connect=config.connect_timeout, handshake=config.connect_timeout)


def _keepalive(options: ClientOptions, config: HostConfig) -> KeepaliveOptions | None:
    if not isinstance(options.keepalive, Default):
        return options.keepalive
    usual = KeepaliveOptions()
    interval = usual.interval if config.alive_interval is None else config.alive_interval
    count_max = usual.count_max if config.alive_count_max is None else config.alive_count_max
    return KeepaliveOptions(interval=interval, count_max=count_max) if interval else None


def _algorithms(options: ClientOptions) -> Algorithms:
    if isinstance(options.algorithms, Algorithms):
        return options.algorithms
    return profiles(options.algorithms, "client")
