"""What a session asks the server to forward: the agent and X11, before its command starts."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from ssh_connection.errors import ForwardingDisabled
from ssh_wire import SSHError, UsageError, lazy, lazy_attrs

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Coroutine, Mapping
    from typing import Any

    from ssh_agent import ForwardedSession
    from ssh_connection.aio.client import agent_forwarding, x11_forwarding
    from ssh_connection.aio.client.agent_forwarding import ForwardedAgents
    from ssh_connection.aio.client.settings import SessionForwards
    from ssh_connection.aio.client.x11_forwarding import ForwardedX11
    from ssh_connection.aio.process.launch import Launch
    from ssh_wire.messages import connection as m
else:  # each loads where it is asked for
    agent_forwarding = lazy.module("ssh_connection.aio.client.agent_forwarding")
    x11_forwarding = lazy.module("ssh_connection.aio.client.x11_forwarding")

__all__ = ["ForwardingContext", "ForwardingRequest", "SessionForwarding"]

_log = logging.getLogger("ssh_connection")


@lazy_attrs.frozen
class ForwardingRequest:
    """A request that goes before the command.

    Attributes:
        message: the request.
        what: what it asks for, for messages.
        required: whether the command is not to run without it.
    """

    message: m.RequestHead
    what: str
    required: bool


@lazy_attrs.frozen(kw_only=True)
class ForwardingContext:
    """What a connection tells of itself.

    Attributes:
        session: what connections to the agent are bound to.
        extensions: the server's EXT_INFO.
        random: returns so many random bytes.
        spawn: runs a coroutine that ends with the connection at the latest.
        register: serves channel types from then on.
        forbid: why nothing is to be forwarded; an empty string where it may.
    """

    session: ForwardedSession
    extensions: Mapping[str, bytes]
    random: Callable[[int], bytes]
    spawn: Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]]
    register: Callable[..., None]
    forbid: Callable[[], str]


class SessionForwarding:
    """Asks for the agent and for X11 on behalf of sessions, and serves the channels of both.

    Args:
        forwards: what there is to forward.
        context: the connection.
    """

    def __init__(self, forwards: SessionForwards, context: ForwardingContext) -> None:
        self._forwards = forwards
        self._context = context
        self._agents: ForwardedAgents | None = None
        self._x11: ForwardedX11 | None = None
        self._warned: set[str] = set()

    async def prepare(self, launch: Launch) -> Launch:
        """Return what to start, with the requests that go before it.

        Raises:
            ForwardingDisabled: the launch wants something forwarded, and nothing is to be.
            SSHError: there is no agent, or no display, and the launch wants it.
            OSError: the same.
        """
        asked: list[ForwardingRequest] = []
        every = self._forwards
        for wish, usual, what, prepare in (
            (launch.x11_forwarding, every.every_x11, "X11", self._ask_for_x11),
            (launch.agent_forwarding, every.every_agent, "the agent", self._ask_for_agent),
        ):
            if not (usual if wish is None else wish):
                continue
            try:
                self._require_allowed()
                message = await prepare()
            except (SSHError, OSError) as error:
                if wish:
                    raise
                self._warn(what, error)
            else:
                request = ForwardingRequest(message, f"to forward {what}", required=bool(wish))
                asked.append(request)
        return lazy_attrs.evolve(launch, requests=tuple(asked))

    def _require_allowed(self) -> None:
        reason = self._context.forbid()
        if reason:
            raise ForwardingDisabled(reason)

    async def _ask_for_agent(self) -> m.RequestHead:
        if self._forwards.agent is None:
            problem = "there is no agent to forward: SSH_AUTH_SOCK is not set"
            raise UsageError(problem)
        if self._agents is None:
            context = self._context
            self._agents = agent_forwarding.ForwardedAgents(
                self._forwards.agent, context.session, context.spawn
            )
        self._context.register(*self._agents.rows)
        return agent_forwarding.agent_request(self._context.extensions)

    async def _ask_for_x11(self) -> m.RequestHead:
        if self._forwards.x11 is None:
            problem = "there is no display to forward: DISPLAY is not set"
            raise UsageError(problem)
        if self._x11 is None:
            self._x11 = x11_forwarding.ForwardedX11(
                self._forwards.x11, self._context.random, self._context.spawn
            )
        message = await self._x11.prepare()
        self._x11.requested()
        self._context.register(self._x11.row)
        return message

    def _warn(self, what: str, error: Exception) -> None:
        if what not in self._warned:
            self._warned.add(what)
            _log.warning("%s is not forwarded: %s", what, error)
