"""What `serve` is told: one frozen class, and the same as keyword arguments."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING, Literal, Required, TypedDict

import attrs

from ssh_connection import ConnectionLimits
from ssh_connection.aio import (
    ForwardingRules,
    HostSigner,
    KeepaliveOptions,
    ServerConnection,
    SessionHandler,
)
from ssh_keys import PrivateKey
from ssh_sftp.filesystem import FileSystem
from ssh_stack.admission import MaxStartups
from ssh_stack.authorization import Authorization
from ssh_transport import Algorithms, Limits
from ssh_wire import UsageError

if TYPE_CHECKING:
    from ssh_keys import Certificate  # noqa: TC004 (loads when the first one is met)

__all__ = ["ServerOptions", "ServerOptionsKw"]


@attrs.frozen(kw_only=True)
class ServerOptions:
    """How to serve; what is not switched on is denied."""

    host_keys: Sequence[PrivateKey | HostSigner] = attrs.field(repr=False)
    """The keys that prove who the server is, one of a kind, or what signs with them."""
    host_certificates: Sequence[Certificate] = ()
    """What authorities say about these keys."""
    auth: Authorization | Sequence[Authorization] = attrs.field(repr=False)
    """Who may log in."""
    session: SessionHandler | None = None
    """Runs shells and commands: an async function of one `Session`, or `LocalShell()`."""
    sftp: FileSystem | None = None
    """The file system that is served by SFTP: `Rooted("/srv")`, say."""
    forwarding: ForwardingRules | None = None
    """What clients may forward: `AllowForwarding()`, say."""
    env: Collection[str] | None = None
    """Environment variables that clients may set; by default what `LocalShell` accepts."""
    user_algorithms: Callable[[str], Sequence[str]] | None = None
    """The signature algorithms that a user's keys may use; see `ServerAuthentication`."""
    banner: str = ""
    """Text that clients show before authentication."""
    algorithms: Literal["strict", "default", "legacy"] | Algorithms = "default"
    """A profile of algorithms, or the algorithms."""
    transport_limits: Limits = attrs.field(factory=Limits)
    """What is accepted of a client's transport."""
    limits: ConnectionLimits = attrs.field(factory=ConnectionLimits)
    """How much of everything a connection may have."""
    login_grace: float = 120.0
    """Seconds from the connection to the authentication."""
    max_startups: MaxStartups = attrs.field(factory=MaxStartups)
    """Bounds on connections that are not authenticated yet."""
    keepalive: KeepaliveOptions | None = attrs.field(factory=KeepaliveOptions)
    """How a dead client is found; None never asks."""
    rekey_bytes: int = 1024**3
    """Bytes in one direction after which keys are exchanged anew."""
    rekey_seconds: float = 3600.0
    """Seconds after which keys are exchanged anew."""
    close_timeout: float = 5.0
    """Seconds that closing a connection may take before it is cut."""
    on_error: Callable[[ServerConnection, Exception], None] | None = None
    """Told of each connection that did not end because somebody closed it, and why."""

    def __attrs_post_init__(self) -> None:
        kinds = [key.public_key.kind for key in self.host_keys]
        problem = ""
        if not kinds or len(kinds) != len(set(kinds)):
            problem = "host_keys has at least one key, and one of a kind"
        elif not self.login_grace > 0 or not self.close_timeout > 0:
            problem = "login_grace and close_timeout are more than 0 seconds"
        elif self.session is not None and not callable(self.session):
            problem = "session is an async function of one Session"
        elif isinstance(self.env, str):
            problem = "env is a collection of names"
        if problem:
            raise UsageError(problem)


class ServerOptionsKw(TypedDict, total=False):
    """The fields of `ServerOptions` as keyword arguments."""

    host_keys: Required[Sequence[PrivateKey | HostSigner]]
    host_certificates: Sequence[Certificate]
    auth: Required[Authorization | Sequence[Authorization]]
    session: SessionHandler | None
    sftp: FileSystem | None
    forwarding: ForwardingRules | None
    env: Collection[str] | None
    user_algorithms: Callable[[str], Sequence[str]] | None
    banner: str
    algorithms: Literal["strict", "default", "legacy"] | Algorithms
    transport_limits: Limits
    limits: ConnectionLimits
    login_grace: float
    max_startups: MaxStartups
    keepalive: KeepaliveOptions | None
    rekey_bytes: int
    rekey_seconds: float
    close_timeout: float
    on_error: Callable[[ServerConnection, Exception], None] | None
