"""The sessions of one client: how many there are, and what runs in them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, Final

from ssh_connection.aio import callbacks
from ssh_connection.aio.channel import Channel
from ssh_connection.aio.server.session import Session, SessionHandler, SessionPolicy, User
from ssh_connection.results import ExitSignal
from ssh_wire import OpenFailureReason, ProtocolError, SSHError

if TYPE_CHECKING:
    from ssh_auth import AuthContext
    from ssh_connection.aio.server.settings import SessionSettings
    from ssh_connection.channel import ChannelProtocol

__all__ = ["ServerSessions"]

_FAILED: Final = 255
"""The exit status of a handler that failed, or returned none."""

_log = logging.getLogger("ssh_connection.server")


class ServerSessions:
    """Opens the sessions that a client asks for, and runs their handlers.

    Args:
        user: the user that is authenticated.
        settings: which handlers there are, and how many sessions.
        context: what a session tells of the connection.
        spawn: runs a coroutine that ends with the connection at the latest.
    """

    def __init__(
        self,
        user: User,
        settings: SessionSettings,
        context: AuthContext,
        spawn: Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]],
    ) -> None:
        self._user = user
        self._limits = settings.limits
        self._spawn = spawn
        self._policy = SessionPolicy(
            shell=settings.shell,
            subsystems=settings.subsystems,
            env=settings.env,
            permit_user_environment=settings.permit_user_environment,
            pty=user.permissions.pty,
            peer=context.peer,
            local=context.local,
            client_version=context.client_version,
            limits=settings.limits,
            spawn=self._run,
        )
        self._open = 0
        self._no_more = False

    def forbid_more(self) -> None:
        """Open no further session (no-more-sessions@openssh.com)."""
        self._no_more = True

    def open(self, core: ChannelProtocol) -> None:
        """Open a session on a channel that the client asks for.

        Raises:
            ProtocolError: the client has sent no-more-sessions@openssh.com before.
        """
        if self._no_more:
            problem = "a session after no-more-sessions@openssh.com"
            raise ProtocolError(problem)
        if self._open >= self._limits.sessions:
            core.refuse(OpenFailureReason.RESOURCE_SHORTAGE, "too many sessions")
            return
        self._open += 1
        channel = Channel(core)
        channel.on_closed(self._closed)
        Session(channel, self._user, self._policy)
        core.confirm(channel)

    def _closed(self) -> None:
        self._open -= 1

    def _run(self, session: Session, handler: SessionHandler) -> None:
        task = self._spawn(_handle(session, handler))
        # whoever has closed the session does not wait for what runs in it
        session.channel.on_closed(task.cancel)


async def _handle(session: Session, handler: SessionHandler) -> None:
    """Run a handler; whatever becomes of it, the client gets an exit status."""
    status: int | ExitSignal = _FAILED
    try:
        status = _status_of(await callbacks.awaited(handler, session), session)
    except (SSHError, ConnectionError):
        # the client went away, or the stream ended under the handler
        _log.debug("a session handler was ended by its session", exc_info=True)
    except BaseException as error:
        task = asyncio.current_task()
        if isinstance(error, asyncio.CancelledError) and task is not None and task.cancelling():
            raise  # the session is over
        _log.exception("a session handler failed")
        if not isinstance(error, Exception | asyncio.CancelledError):
            session.exit(_FAILED)  # the client is told, whatever becomes of the server
            raise
    session.exit(status)
    await session.channel.wait_closed()


def _status_of(returned: object, session: Session) -> int | ExitSignal:
    """Return the exit status that a handler has returned; without one it has failed."""
    if isinstance(returned, ExitSignal):
        return returned
    if isinstance(returned, int) and not isinstance(returned, bool):
        if not returned or returned & 0xFF:
            return returned
        # clients keep the last byte, which would be that of success
        text = "a session handler returned exit status %d, which is told as %d"
        _log.error(text, returned, _FAILED)
    elif returned is not None:
        _log.error("a session handler returned a %s as exit status", type(returned).__name__)
    elif not session.has_ended:
        _log.error("a session handler returned no exit status, which is told as %d", _FAILED)
    return _FAILED
