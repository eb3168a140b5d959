"""The sessions of a client at a server: how many there are, and what runs in them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterator
from typing import TYPE_CHECKING, Any, Final

from ssh_connection.aio import callbacks
from ssh_connection.aio.channel import Channel, knows_openssh
from ssh_connection.aio.server.session import Session, User
from ssh_connection.aio.server.session_policy import SessionHandler, SessionPolicy, SessionRequest
from ssh_connection.results import ExitSignal
from ssh_connection.services import ChannelType, GlobalRequestType
from ssh_wire import MessageSet, OpenFailureReason, ProtocolError, SSHError, lazy
from ssh_wire.messages import connection as m
from ssh_wire.messages.openssh import NoMoreSessions

if TYPE_CHECKING:
    from ssh_auth import AuthContext
    from ssh_connection.aio.server.settings import SessionSettings
    from ssh_connection.aio.services import agent, x11
    from ssh_connection.channel import ChannelProtocol
    from ssh_connection.multiplexer import Multiplexer
    from ssh_connection.replies import PendingReply
    from ssh_connection.services import Service
else:  # each loads where it is switched on
    agent = lazy.module("ssh_connection.aio.services.agent")
    x11 = lazy.module("ssh_connection.aio.services.x11")

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
        mux: carries the answers.
        spawn: runs a coroutine that ends with the connection at the latest.
    """

    def __init__(
        self,
        user: User,
        settings: SessionSettings,
        context: AuthContext,
        mux: Multiplexer,
        spawn: Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]],
    ) -> None:
        self._user = user
        self._limits = settings.limits
        self._mux = mux
        self._spawn = spawn
        requests = (*_forwarding_requests(user, settings, mux, spawn), *settings.requests)
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
            takers={**Session.TAKEN, **{each.message: each.take for each in requests}},
        )
        self._open = 0
        self._no_more = False

    @property
    def rows(self) -> tuple[Service, ...]:
        """The rows of the registry."""
        decoded = MessageSet[m.RequestHead](*self._policy.takers, m.ChannelRequest)
        return (
            ChannelType(message=m.SessionOpen, opened=self.open, requests=decoded),
            GlobalRequestType(message=NoMoreSessions, received=self.forbid_more),
        )

    def forbid_more(self, message: NoMoreSessions, reply: PendingReply) -> None:
        """Open no further session (no-more-sessions@openssh.com)."""
        del message
        self._no_more = True
        self._mux.grant(reply)

    def open(self, message: m.SessionOpen, core: ChannelProtocol) -> None:
        """Open a session on a channel that the client asks for.

        Raises:
            ProtocolError: the client has sent no-more-sessions@openssh.com before.
        """
        del message
        if self._no_more:
            problem = "a session after no-more-sessions@openssh.com"
            raise ProtocolError(problem)
        if self._open >= self._limits.sessions:
            core.refuse(OpenFailureReason.RESOURCE_SHORTAGE, "too many sessions")
            return
        self._open += 1
        channel = Channel(core)
        channel.takes_eow = knows_openssh(self._policy.client_version)
        channel.on_closed(self._closed)
        Session(channel, self._user, self._policy)
        core.confirm(channel)

    def _closed(self) -> None:
        self._open -= 1

    def _run(self, session: Session, handler: SessionHandler) -> None:
        task = self._spawn(_handle(session, handler))
        # whoever has closed the session does not wait for what runs in it
        session.channel.on_closed(task.cancel)


def _forwarding_requests(
    user: User,
    settings: SessionSettings,
    mux: Multiplexer,
    spawn: Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]],
) -> Iterator[SessionRequest[Any]]:
    """Yield the requests to forward the agent and X11, where user and settings allow them."""
    if settings.agent_forwarding and user.permissions.agent:
        yield from agent.agent_requests(mux, spawn)
    if settings.x11 is not None and user.permissions.x11:
        yield from x11.x11_requests(settings.x11, mux, spawn)


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
