"""What sessions of one client may be, and what runs in them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Generic, TypeAlias, TypeVar

from ssh_connection.results import ExitSignal
from ssh_keys.patterns import matches_list
from ssh_wire import lazy_attrs
from ssh_wire.messages import connection as m
from ssh_wire.text import raw

if TYPE_CHECKING:
    from ssh_auth import Permissions
    from ssh_connection.aio.server.session import Session
    from ssh_connection.limits import ConnectionLimits

__all__ = ["SessionHandler", "SessionPolicy", "SessionRequest"]

R = TypeVar("R", bound=m.RequestHead)

SessionHandler: TypeAlias = "Callable[[Session], Awaitable[int | ExitSignal | None]]"
"""What runs a session, and returns its exit status; cancelled when the client closes it.

A handler that returns None has called `Session.exit`; without a status the session has failed.
"""


@lazy_attrs.frozen(kw_only=True)
class SessionRequest(Generic[R]):
    """A request that a client may send on the channel of a session.

    Attributes:
        message: the class of the request; it names the request.
        take: called with the session and the request; the request is granted where it returns
            True, and denied otherwise.
    """

    message: type[R]
    take: Callable[[Session, R], bool]


@lazy_attrs.frozen(kw_only=True)
class SessionPolicy:
    """What sessions may be, for one client."""

    shell: SessionHandler | None = None
    """Runs shells and commands."""
    subsystems: Mapping[str, SessionHandler] = lazy_attrs.field(factory=dict[str, SessionHandler])
    """Runs subsystems, by name."""
    env: frozenset[str] = frozenset()
    """The environment variables that a client may set."""
    permit_user_environment: Sequence[str] = ()
    """Patterns of the variables that a user's permissions may set."""
    pty: bool = True
    """Whether a client may ask for a terminal."""
    peer: tuple[str, int] | None = None
    """The address and port that the client connected from."""
    local: tuple[str, int] | None = None
    """The address and port that it connected to."""
    client_version: str = ""
    """The softwareversion that the client identified itself with."""
    limits: ConnectionLimits
    """How many environment variables a client may set."""
    spawn: Callable[[Session, SessionHandler], None]
    """Runs a handler for a session."""
    takers: Mapping[type[m.RequestHead], Callable[..., bool]]
    """What takes a request, by its class."""

    def user_environment(self, permissions: Permissions) -> dict[str, str]:
        """Return the variables of a user's permissions that are allowed."""
        patterns = tuple(raw(each) for each in self.permit_user_environment)
        return {
            name: value
            for name, value in permissions.environment
            if matches_list(patterns, raw(name))
        }

    def handler_for(self, subsystem: str | None) -> SessionHandler | None:
        """Return what runs a subsystem, or commands and shells; None if nothing does."""
        return self.shell if subsystem is None else self.subsystems.get(subsystem)
