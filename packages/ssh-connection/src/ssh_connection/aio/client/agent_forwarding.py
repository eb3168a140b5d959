"""The agent that is forwarded: channels to it, which a server opens for its programs.

A server may open them only where the forwarding was requested (RFC 4251 section 4.3).  Each
channel gets a connection to the agent of its own, which is bound to the session first, so that the
agent applies the destination constraints of its keys (PROTOCOL.agent section 1).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from ssh_agent import ForwardedSession
from ssh_agent.aio import forward_agent
from ssh_connection.aio.channel import Channel
from ssh_connection.errors import ChannelClosed
from ssh_connection.services import ChannelType
from ssh_wire import SSHError
from ssh_wire.aio import timeout
from ssh_wire.messages.openssh import (
    AgentConnectOpen,
    AgentConnectRequest,
    AgentForwardingRequest,
    AgentOpen,
)
from ssh_wire.numbers import OpenFailureReason

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ssh_agent.aio import StreamReader, StreamWriter
    from ssh_connection.aio.streams import ByteWriter
    from ssh_connection.channel import ChannelProtocol

__all__ = ["MAX_AGENT_CHANNELS", "AgentOpener", "ForwardedAgents", "agent_request"]

AgentOpener: TypeAlias = "Callable[[], Awaitable[tuple[StreamReader, StreamWriter]]]"
"""Connects to the agent; raises AgentError or OSError where there is none."""

MAX_AGENT_CHANNELS: Final = 32
"""Channels to the agent that a server may have open at once."""

_EXTENSION: Final = "agent-forward"  # RFC 9987 section 6
_CLOSE: Final = 5.0  # seconds for what was written to leave
_log = logging.getLogger("ssh_connection")


def agent_request(extensions: Mapping[str, bytes]) -> AgentForwardingRequest | AgentConnectRequest:
    """Return the request to forward the agent, under the name that the server has announced.

    Args:
        extensions: the server's EXT_INFO; `agent-forward` announces the names of RFC 9987.
    """
    if extensions.get(_EXTENSION) == b"0":
        return AgentConnectRequest(recipient=0)
    return AgentForwardingRequest(recipient=0)


class ForwardedAgents:
    """Serves the channels to the agent of one connection.

    Args:
        open_agent: connects to the agent.
        session: what each connection to the agent is bound to.
        spawn: runs a coroutine that ends with the connection at the latest.
    """

    def __init__(
        self,
        open_agent: AgentOpener,
        session: ForwardedSession,
        spawn: Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]],
    ) -> None:
        self._open_agent = open_agent
        self._session = session
        self._spawn = spawn
        self._open = 0
        self._warned = False

    @property
    def rows(self) -> tuple[ChannelType[AgentOpen], ChannelType[AgentConnectOpen]]:
        """The rows of the registry, from the moment in which a session asks for the agent."""
        return (
            ChannelType(message=AgentOpen, opened=self.accept),
            ChannelType(message=AgentConnectOpen, opened=self.accept),
        )

    def accept(self, message: AgentOpen | AgentConnectOpen, core: ChannelProtocol) -> None:
        """Serve a channel that the server opens."""
        del message
        if self._open >= MAX_AGENT_CHANNELS:
            reason = OpenFailureReason.RESOURCE_SHORTAGE
            core.refuse(reason, "too many connections to the agent")
            return
        self._open += 1
        self._spawn(self._serve(core)).add_done_callback(self._closed)

    def _closed(self, _task: asyncio.Task[None]) -> None:
        self._open -= 1

    async def _serve(self, core: ChannelProtocol) -> None:
        try:
            reader, writer = await self._open_agent()
        except (SSHError, OSError) as error:
            if not self._warned:
                self._warned = True
                _log.warning("the agent cannot be forwarded: %s", error)
            with suppress(ChannelClosed):
                core.refuse(OpenFailureReason.CONNECT_FAILED, "the agent does not answer")
            return
        try:
            await self._carry(core, reader, writer)
        except (SSHError, OSError) as error:
            _log.debug("a connection to the forwarded agent has ended: %s", error)
        finally:
            writer.close()
            with suppress(OSError, TimeoutError):
                async with timeout(_CLOSE):
                    await writer.wait_closed()

    async def _carry(
        self, core: ChannelProtocol, reader: StreamReader, writer: StreamWriter
    ) -> None:
        channel = Channel(core)
        core.confirm(channel)
        stream = channel.stream()
        client = stream.reader, _ChannelWriter(stream.writer)
        try:
            await forward_agent(client, (reader, writer), self._session)
        finally:
            await stream.close()


class _ChannelWriter:
    """The channel to the server's program, as `ssh_agent` writes to it."""

    def __init__(self, writer: ByteWriter) -> None:
        self.write = writer.put
        self.drain = writer.wait_for_room

    def close(self) -> None:
        """Leave the end to whoever has the channel."""

    async def wait_closed(self) -> None:
        """Return at once."""
