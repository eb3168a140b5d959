"""What a user is served: commands, subsystems, files and forwards, for all users or for one."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from ssh_connection import ConnectionLimits
from ssh_connection.aio import (
    Channel,
    ForwardingRules,
    Session,
    SessionHandler,
    SessionSettings,
    X11Displays,
)
from ssh_connection.aio.callbacks import check_async
from ssh_sftp import FileSystem, check_filesystem
from ssh_sftp.aio import SFTPServer
from ssh_stack.server.shell import LocalShell
from ssh_wire import UsageError, lazy_attrs

if TYPE_CHECKING:
    from ssh_connection.aio import SessionRequest, StreamService, User
    from ssh_connection.services import Service

__all__ = ["SessionOptions", "SettingsFor", "session_settings", "settings_for_users"]


@lazy_attrs.frozen(kw_only=True)
class SessionOptions:
    """What one user is served, in the place of what `serve` was told for all; see `ServerOptions`.

    Attributes:
        session: Runs shells and commands: an async function of one `Session`, or `LocalShell()`.
        subsystems: Runs further subsystems, by name, as `session` runs commands.
        sftp: The file system that is served by SFTP: `Rooted("/srv")`, say.
        forwarding: What the user may forward: `AllowForwarding()`, say.
        agent_forwarding: Whether the user may forward an agent to sessions.
        x11_forwarding: Whether the user may forward X11 to sessions; or where they have displays.
        services: Channel types and global requests of one's own: `StreamService(…)`, say.
        session_requests: Requests of one's own on the channels of sessions.
        env: Environment variables that the client may set; by default what `LocalShell` accepts.
        permit_user_environment: Variables that the options of a key may set; see `ServerOptions`.
    """

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


SettingsFor = Callable[["User"], SessionOptions | None]
"""Returns what a user is served; None for what all users are (sshd's `Match User`)."""


class _Options(Protocol):
    """What `SessionOptions` and `ServerOptions` both have."""

    @property
    def session(self) -> SessionHandler | None: ...
    @property
    def subsystems(self) -> Mapping[str, SessionHandler]: ...
    @property
    def sftp(self) -> FileSystem | None: ...
    @property
    def forwarding(self) -> ForwardingRules | None: ...
    @property
    def agent_forwarding(self) -> bool: ...
    @property
    def x11_forwarding(self) -> bool | X11Displays: ...
    @property
    def services(self) -> Sequence[Service | StreamService[Any]]: ...
    @property
    def session_requests(self) -> Sequence[SessionRequest[Any]]: ...
    @property
    def env(self) -> Collection[str] | None: ...
    @property
    def permit_user_environment(self) -> bool | Sequence[str]: ...


def session_settings(options: _Options, limits: ConnectionLimits) -> SessionSettings:
    """Return the same for a connection.

    Raises:
        UsageError: a function of it is not async, or two of them exclude each other.
    """
    session, env, permitted = options.session, options.env, options.permit_user_environment
    if session is not None:
        check_async("session", session, 1)
    if env is None:
        env = session.accepts if isinstance(session, LocalShell) else frozenset[str]()
    if isinstance(permitted, bool):
        permitted = ("*",) if permitted else ()
    return SessionSettings(
        shell=session,
        subsystems=_subsystems(options),
        env=frozenset(env),
        permit_user_environment=tuple(permitted),
        forwarding=options.forwarding,
        agent_forwarding=options.agent_forwarding is True,
        x11=_displays(options.x11_forwarding),
        services=tuple(options.services),
        requests=tuple(options.session_requests),
        limits=limits,
    )


def _displays(given: bool | X11Displays) -> X11Displays | None:  # noqa: FBT001 (an option)
    if isinstance(given, bool):
        return X11Displays() if given else None
    return given


def settings_for_users(
    function: SettingsFor | None, limits: ConnectionLimits
) -> Callable[[User], SessionSettings | None] | None:
    """Return a function that gives a connection what its user is served."""
    if function is None:
        return None

    def settings_for(user: User) -> SessionSettings | None:
        found = function(user)
        if found is None:
            return None
        if type(found) is not SessionOptions:
            problem = f"settings_for returned a {type(found).__name__}, not a SessionOptions"
            raise TypeError(problem)
        return session_settings(found, limits)

    return settings_for


def _subsystems(options: _Options) -> dict[str, SessionHandler]:
    found = dict(options.subsystems)
    for name, handler in found.items():
        check_async(f"subsystems[{name!r}]", handler, 1)
    if options.sftp is not None:
        if "sftp" in found:
            problem = 'sftp and subsystems["sftp"] exclude each other'
            raise UsageError(problem)
        found["sftp"] = _SFTPSession(options.sftp)
    return found


class _SFTPSession:
    """Serves the subsystem "sftp"."""

    def __init__(self, filesystem: FileSystem) -> None:
        check_filesystem(filesystem)
        self._filesystem = filesystem

    async def __call__(self, session: Session) -> int:
        pipe = _SessionPipe(session.channel)
        server = SFTPServer(pipe, self._filesystem, peer_software=session.client_version)
        await server.serve()
        return 0


class _SessionPipe:
    """A session's channel, without its end: that comes with an exit status, from the session."""

    def __init__(self, channel: Channel) -> None:
        self.connect = channel.connect
        self.write = channel.write
        self.write_eof = channel.write_eof
        self.pause_reading = channel.pause_reading
        self.resume_reading = channel.resume_reading

    def close(self) -> None:
        """Leave the end to the session."""

    async def wait_closed(self) -> None:
        """Wait for nothing."""
