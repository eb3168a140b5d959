"""`connect`: everything that `ssh` would do before the first command, in one scope."""

from __future__ import annotations

import logging
import os
from collections.abc import Generator
from contextlib import AsyncExitStack
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, Unpack

import attrs

from ssh_connection.aio import ClientConnection, ClientSettings
from ssh_connection.aio.scope import Openable
from ssh_keys import KeyPolicy
from ssh_keys.files import ReadOnce
from ssh_stack.arguments import check_names, check_port, parse_destination
from ssh_stack.client import merge_options
from ssh_stack.client.connection import Connection
from ssh_stack.client.credentials import credentials
from ssh_stack.client.dial import (
    jump_dialer,
    proxy_dialer,
    stream_dialer,
    tcp_dialer,
    token_values,
)
from ssh_stack.client.environment import environment
from ssh_stack.client.options import ClientOptions, ClientOptionsKw
from ssh_stack.client.trust import Trust, load_known_hosts
from ssh_stack.config import HostConfig
from ssh_stack.errors import without_frames
from ssh_stack.keylog import key_log
from ssh_stack.local.threads import run_in_thread
from ssh_stack.local.user import local_user
from ssh_stack.sources import DEFAULT, Default, Path
from ssh_stack.trust_files import load_revoked_keys
from ssh_transport import TransportOptions
from ssh_wire import SSHError, UsageError
from ssh_wire.aio import close_after

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ssh_connection.aio import Dialer

__all__ = ["Connect", "connect"]

_log = logging.getLogger("ssh_stack")

_MAX_JUMPS = 16


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
            raise without_frames(error) from error.__cause__

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
        merge_options.check_name("host", host)
        self._depth = depth
        self._original = host
        config = merge_options.read_config(options)
        self._resolved = config.resolve(host, user=options.username, port=port)
        self._options = merge_options.without_prompts(options, self._resolved)
        self._host = self._resolved.hostname or host
        self._port = port or self._resolved.port or 22
        self._user = options.username or self._resolved.user or local_user()
        merge_options.check_name("host", self._host)
        merge_options.check_name("user", self._user)
        self._trusted: Trust  # once it is read

    @property
    def config(self) -> HostConfig:
        return self._resolved

    def read_trust(self) -> Self:
        """Read what is trusted: like the configuration, it may wait for pipes and programs."""
        merge_options.refuse_unsupported(self._resolved)
        self._trusted = self._trust()
        return self

    async def open(self) -> Connection:
        async with AsyncExitStack() as stack:
            settings = await self._settings(stack)
            dialer = await self._dialer(stack)
            client = ClientConnection(settings, os.urandom)
            await client.establish(dialer)
            return Connection(client, self._resolved, stack.pop_all())

    async def _settings(self, stack: AsyncExitStack) -> ClientSettings:
        options, resolved = self._options, self._resolved
        trust = self._trusted
        judge = merge_options.with_ca_signature_algorithms(
            trust.verify_certificate, resolved.ca_signature_algorithms
        )
        plan = merge_options.authentication_plan(options, resolved, self._user, self._original)
        ordered = merge_options.keeps_host_key_order(resolved)
        learns = merge_options.updates_known_hosts(options, resolved)
        return ClientSettings(
            host=self._original,
            port=self._port,
            username=self._user,
            verify_host_key=trust.verify,
            verify_host_certificate=judge,
            update_host_keys=trust.update_host_keys if learns else None,
            credentials=await credentials(options, plan, stack),
            withhold=trust.withhold,
            public_key_algorithms=plan.public_key_algorithms,
            auth_limits=options.auth_limits,
            forbid_forwarding=trust.forbid_forwarding,
            transport=self._transport(),
            host_key_algorithms=() if ordered else trust.preferred_algorithms,
            timeouts=merge_options.timeouts(options, resolved),
            keepalive=merge_options.keepalive_options(options, resolved),
            limits=options.limits,
            environment=environment(resolved, os.environ),
            on_banner=options.on_banner,
        )

    def _transport(self) -> TransportOptions:
        options = self._options
        rekey_bytes, rekey_seconds = merge_options.rekey_limits(options, self._resolved)
        return TransportOptions(
            algorithms=merge_options.offered_algorithms(options, self._resolved),
            limits=options.transport_limits,
            rekey_bytes=rekey_bytes,
            rekey_seconds=rekey_seconds,
            trace=options.trace,
            on_secret=key_log(os.environ),
        )

    def _trust(self) -> Trust:
        options, resolved = self._options, self._resolved
        source = options.known_hosts
        system: Sequence[Path] = ()
        if isinstance(source, Default):
            source, system = resolved.known_hosts_files, resolved.global_known_hosts_files
        offered = merge_options.offered_algorithms(options, resolved)
        key_policy = KeyPolicy.for_rsa(offered.rsa_bits)
        known, file = load_known_hosts(source, system=system, policy=key_policy)
        listed = options.revoked_host_keys
        if isinstance(listed, Default):
            listed = resolved.revoked_host_keys
        asks = options.update_host_keys
        return Trust(
            self._host,
            self._port,
            known,
            merge_options.host_key_policy(options, resolved),
            file,
            remembers=options.host_key_policy != "off",
            hashed=resolved.hash_known_hosts,
            confirm=asks if callable(asks) else None,
            alias=resolved.host_key_alias or "",
            revoked=load_revoked_keys(listed),
            required_rsa_size=resolved.required_rsa_size or 0,
            key_policy=key_policy,
            algorithms=offered.host_keys,
        )

    async def _dialer(self, stack: AsyncExitStack) -> Dialer:
        options, resolved = self._options, self._resolved
        if options.stream is not None:
            return stream_dialer(options.stream)
        command = options.proxy_command
        if isinstance(command, Default):
            command = resolved.proxy_command if options.jump is DEFAULT else None
            if command is not None and resolved.proxy_command_error is not None:
                raise resolved.proxy_command_error
        if command is not None:
            alias = resolved.host_key_alias or self._original
            tokens = token_values(self._host, self._original, self._port, self._user, alias)
            return proxy_dialer(command, tokens)
        jump = options.jump
        if isinstance(jump, Default):
            jump = resolved.proxy_jump
        if isinstance(jump, str):
            jump = [part.strip() for part in jump.split(",")]
        if isinstance(jump, Connection | ClientConnection):
            return jump_dialer(jump, self._host, self._port)
        if jump:
            return jump_dialer(await self._jump(list(jump), stack), self._host, self._port)
        return tcp_dialer(
            self._host,
            self._port,
            family=resolved.address_family,
            bind=resolved.bind_address,
            keepalive=resolved.tcp_keepalive,
        )

    async def _jump(self, hosts: list[str], stack: AsyncExitStack) -> Connection:
        """Connect to the last jump host, through those before it."""
        if self._depth >= _MAX_JUMPS:
            problem = f"more than {_MAX_JUMPS} jump hosts"
            raise UsageError(problem)
        *before, last = hosts
        user, host, port = parse_destination(last)
        here = (self._host, self._port, self._user)
        there = (host, port or 22, user or self._user)
        if self._depth and self._options.jump is DEFAULT and there == here:
            problem = f"the way to {host} goes through {host} itself (ProxyJump)"
            raise UsageError(problem)
        options = attrs.evolve(
            self._options,
            username=user,
            jump=before or (None if len(hosts) > 1 else DEFAULT),
            proxy_command=DEFAULT,
            stream=None,
            host_key_alias=None,
            # those of `ssh -o` are for the host alone; batch mode is for the jump hosts too
            config_options=("BatchMode yes",) if self._resolved.batch else (),
            password=None,  # a jump host must not learn it
            interactive=None,
        )
        hop = partial(_Opening, host, port, options, self._depth + 1)
        connection = await (await run_in_thread(lambda: hop().read_trust())).open()
        stack.push_async_callback(connection.close)
        return connection
