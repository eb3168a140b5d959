"""What `serve` is told: one frozen class, and the same as keyword arguments."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, Literal, Required, TypeAlias, TypedDict, cast

from ssh_auth import AuthLimits
from ssh_connection import ConnectionLimits
from ssh_connection.aio import (
    ForwardingRules,
    HostSigner,
    KeepaliveOptions,
    ServerConnection,
    SessionHandler,
    X11Displays,
)
from ssh_keys import PrivateKey
from ssh_sftp import FileSystem
from ssh_stack.arguments import Rule, as_list, check_values, is_number
from ssh_stack.server.admission import MaxStartups
from ssh_stack.server.authorization import Authorization
from ssh_stack.server.penalties import Penalties
from ssh_stack.server.sessions import SettingsFor
from ssh_stack.sources import Path, RevokedSource
from ssh_transport import Algorithms, Limits
from ssh_wire import UsageError, lazy_attrs

if TYPE_CHECKING:
    from ssh_connection.aio import SessionRequest, StreamService
    from ssh_connection.services import Service
    from ssh_keys import Certificate

__all__ = ["HostKeySource", "OptionalServerOptionsKw", "ServerOptions", "ServerOptionsKw"]


HostKeySource: TypeAlias = Path | bytes | PrivateKey | HostSigner
"""A host key: a file, its content, the key, or something that signs with it."""


def _is_list_with(attribute: str, value: object) -> bool:
    """Return whether a value is a list whose things all have an attribute."""
    things = cast("Sequence[object]", value)
    return isinstance(value, Sequence) and all(hasattr(each, attribute) for each in things)


_RULES: Final[Mapping[str, Rule]] = {
    "session": Rule(callable, "an async function of one Session, or LocalShell()"),
    "sftp": Rule(
        lambda v: not isinstance(v, str | os.PathLike | bool),
        'a file system, such as Rooted("/srv")',
    ),
    "forwarding": Rule(
        lambda v: hasattr(v, "may_connect"), "a set of rules, such as AllowForwarding()"
    ),
    "agent_forwarding": Rule(lambda v: isinstance(v, bool), "True or False"),
    "x11_forwarding": Rule(
        lambda v: isinstance(v, bool | X11Displays), "True, False, or an X11Displays(…)"
    ),
    "subsystems": Rule(
        lambda v: isinstance(v, Mapping), 'a dict of async functions, {"name": function}'
    ),
    "services": Rule(
        lambda v: _is_list_with("message", v),
        "a list of channel types and global requests, such as StreamService(…)",
    ),
    "session_requests": Rule(
        lambda v: _is_list_with("take", v),
        "a list of SessionRequest(…)",
    ),
    "env": Rule(
        lambda v: isinstance(v, Collection) and not isinstance(v, str), "a collection of names"
    ),
    "banner": Rule(lambda v: isinstance(v, str), "text"),
    "algorithms": Rule(
        lambda v: v in ("strict", "default", "legacy") or isinstance(v, Algorithms),
        '"strict", "default", "legacy" or an Algorithms',
    ),
    "moduli": Rule(lambda v: isinstance(v, str | os.PathLike), "the path of a file of moduli(5)"),
    "transport_limits": Rule(lambda v: isinstance(v, Limits), "a Limits"),
    "auth_limits": Rule(lambda v: isinstance(v, AuthLimits), "an AuthLimits"),
    "limits": Rule(lambda v: isinstance(v, ConnectionLimits), "a ConnectionLimits"),
    "permit_user_environment": Rule(
        lambda v: isinstance(v, bool) or (isinstance(v, Sequence) and not isinstance(v, str)),
        "True, False, or a list of patterns",
    ),
    "settings_for": Rule(callable, "a function of a User"),
    "penalties": Rule(lambda v: isinstance(v, Penalties), "a Penalties(…), or None"),
    "max_startups": Rule(lambda v: isinstance(v, MaxStartups), "a MaxStartups(start=…, …)"),
    "keepalive": Rule(
        lambda v: isinstance(v, KeepaliveOptions), "a KeepaliveOptions(interval=…), or None"
    ),
    "login_grace": Rule(is_number, "seconds, more than 0"),
    "close_timeout": Rule(is_number, "seconds, more than 0"),
    "rekey_bytes": Rule(is_number, "a number of bytes, more than 0"),
    "rekey_seconds": Rule(is_number, "seconds, more than 0"),
    "on_error": Rule(callable, "a function of a connection and an error"),
}


def _host_keys(
    given: Sequence[HostKeySource] | HostKeySource,
) -> tuple[PrivateKey | HostSigner, ...]:
    """Load the host keys that are files or contents."""
    from ssh_keys import is_key_text, load_private_key  # only where one is needed
    from ssh_keys.files import name_file_in_errors, read_private_key  # only where one is a file

    found: list[PrivateKey | HostSigner] = []
    sources = as_list(given)
    if not isinstance(sources, Iterable):
        problem = "host_keys is a list of private keys: files, contents or keys"
        raise UsageError(problem)
    for each in cast("Iterable[HostKeySource]", sources):
        if isinstance(each, str) and is_key_text(each):
            found.append(load_private_key(each))
        elif isinstance(each, str | os.PathLike):
            with name_file_in_errors(each):
                found.append(read_private_key(each, strict_permissions=True))
        elif isinstance(each, bytes):
            found.append(load_private_key(each))
        else:
            found.append(each)
    return tuple(found)


@lazy_attrs.frozen(kw_only=True)
class ServerOptions:
    """How to serve; what is not switched on is denied.

    Attributes:
        host_keys: The keys that prove who the server is, one of a kind: files, contents, keys, or
            signers.
        host_certificates: What authorities say about these keys.
        auth: Who may log in.
        session: Runs shells and commands: an async function of one `Session`, or `LocalShell()`.
        subsystems: Runs further subsystems, by name, as `session` runs commands.
        sftp: The file system that is served by SFTP: `Rooted("/srv")`, say.
        forwarding: What clients may forward: `AllowForwarding()`, say.
        agent_forwarding: Whether clients may forward their agent to sessions: `LocalShell` sets
            SSH_AUTH_SOCK, and a function has `Session.agent_socket`.
        x11_forwarding: Whether clients may forward X11 to sessions, or where sessions have their
            displays: an `X11Displays`. `LocalShell` sets DISPLAY and has xauth(1) keep the cookie,
            and a function has `Session.x11`.
        services: Channel types and global requests of one's own: `StreamService(…)`, say.
        session_requests: Requests of one's own on the channels of sessions.
        env: Environment variables that clients may set; by default what `LocalShell` accepts.
        permit_user_environment: Variables that the options of a key may set (`environment`), as
            sshd's PermitUserEnvironment: all of them, none, or a list of patterns.
        settings_for: What one user is served in the place of all that: a plain function of the
            `User`, called when it is authenticated, which returns a `SessionOptions`, or None
            for what all users are served.
        revoked_keys: Keys and certificates of users that must not be believed, as sshd's
            RevokedKeys. A KRL or a text with a public key on each line: its path, its content or
            the list. A file is read again at each attempt; while it cannot be read, every key
            counts as revoked.
        auth_limits: How often a client may try, and how much it may ask for, until it is
            authenticated.
        user_algorithms: The signature algorithms that a user's keys may use; see
            `ServerAuthentication`.
        banner: Text that clients show before authentication.
        algorithms: A profile of algorithms, or the algorithms.
        moduli: A file of groups for group exchange, as moduli(5) describes it; None for the
            groups that everybody has.  Primes of more than 3072 bits are passed over.
        transport_limits: What is accepted of a client's transport.
        limits: How much of everything a connection may have.
        login_grace: Seconds from the connection to the authentication.
        max_startups: Bounds on connections that are not authenticated yet.
        penalties: How long sources are refused whose clients do not log in; None for never.
        keepalive: How a dead client is found; None never asks.
        rekey_bytes: Bytes in one direction after which to rekey.
        rekey_seconds: Seconds after which to rekey.
        close_timeout: Seconds that closing a connection may take before it is cut.
        on_error: Told of each connection that did not end because somebody closed it, and why.
    """

    host_keys: Sequence[PrivateKey | HostSigner] = lazy_attrs.field(
        repr=False, converter=_host_keys
    )
    host_certificates: Sequence[Certificate] = ()
    auth: Authorization | Sequence[Authorization] = lazy_attrs.field(repr=False)
    session: SessionHandler | None = None
    subsystems: Mapping[str, SessionHandler] = lazy_attrs.field(factory=dict[str, SessionHandler])
    sftp: FileSystem | None = None
    forwarding: ForwardingRules | None = None
    agent_forwarding: bool = False
    x11_forwarding: bool | X11Displays = False
    services: Sequence[Service | StreamService[Any]] = ()
    session_requests: Sequence[SessionRequest[Any]] = ()
    env: Collection[str] | None = None
    permit_user_environment: bool | Sequence[str] = False
    settings_for: SettingsFor | None = None
    revoked_keys: RevokedSource | Sequence[RevokedSource] | None = None
    auth_limits: AuthLimits = lazy_attrs.field(factory=AuthLimits)
    user_algorithms: Callable[[str], Sequence[str]] | None = None
    banner: str = ""
    algorithms: Literal["strict", "default", "legacy"] | Algorithms = "default"
    moduli: str | os.PathLike[str] | None = None
    transport_limits: Limits = lazy_attrs.field(factory=Limits)
    limits: ConnectionLimits = lazy_attrs.field(factory=ConnectionLimits)
    login_grace: float = 120.0
    max_startups: MaxStartups = lazy_attrs.field(factory=MaxStartups)
    penalties: Penalties | None = lazy_attrs.field(factory=Penalties)
    keepalive: KeepaliveOptions | None = lazy_attrs.field(factory=KeepaliveOptions)
    rekey_bytes: int = 1024**3
    rekey_seconds: float = 3600.0
    close_timeout: float = 5.0
    on_error: Callable[[ServerConnection, Exception], None] | None = None

    def __attrs_post_init__(self) -> None:
        check_values(self, _RULES, (None,))
        if not all(hasattr(key, "public_key") for key in self.host_keys):
            problem = "host_keys is a list of private keys: files, contents or keys"
            raise UsageError(problem)
        kinds = [key.public_key.kind for key in self.host_keys]
        if not kinds or len(kinds) != len(set(kinds)):
            problem = "host_keys has at least one key, and one of a kind"
            raise UsageError(problem)


class OptionalServerOptionsKw(TypedDict, total=False):
    """The fields of `ServerOptions` that have a default."""

    host_certificates: Sequence[Certificate]
    session: SessionHandler | None
    subsystems: Mapping[str, SessionHandler]
    sftp: FileSystem | None
    forwarding: ForwardingRules | None
    agent_forwarding: bool
    x11_forwarding: bool | X11Displays
    services: Sequence[Service | StreamService[Any]]
    session_requests: Sequence[SessionRequest[Any]]
    env: Collection[str] | None
    permit_user_environment: bool | Sequence[str]
    settings_for: SettingsFor | None
    revoked_keys: RevokedSource | Sequence[RevokedSource] | None
    auth_limits: AuthLimits
    user_algorithms: Callable[[str], Sequence[str]] | None
    banner: str
    algorithms: Literal["strict", "default", "legacy"] | Algorithms
    moduli: str | os.PathLike[str] | None
    transport_limits: Limits
    limits: ConnectionLimits
    login_grace: float
    max_startups: MaxStartups
    penalties: Penalties | None
    keepalive: KeepaliveOptions | None
    rekey_bytes: int
    rekey_seconds: float
    close_timeout: float
    on_error: Callable[[ServerConnection, Exception], None] | None


class ServerOptionsKw(OptionalServerOptionsKw, total=False):
    """The fields of `ServerOptions` as keyword arguments."""

    host_keys: Required[Sequence[HostKeySource] | HostKeySource]
    auth: Required[Authorization | Sequence[Authorization]]
