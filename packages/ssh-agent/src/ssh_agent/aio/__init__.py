"""The agent client and the agent over asyncio.

    client     AgentClient
    streams    the streams that it talks over
    server     serve and AgentServer: a keyring on a Unix socket
    forwarding forward_agent: an agent for the other end of a session
    listener   the socket: for its user alone, removed at the end
    peer       which user is at its other end

One client serves any number of tasks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssh_wire import lazy

if TYPE_CHECKING:
    from ssh_agent.aio.client import AgentClient as AgentClient
    from ssh_agent.aio.forwarding import forward_agent as forward_agent
    from ssh_agent.aio.listener import AgentListener as AgentListener
    from ssh_agent.aio.server import AgentServer as AgentServer
    from ssh_agent.aio.server import Confirm as Confirm
    from ssh_agent.aio.server import serve as serve
    from ssh_agent.aio.streams import StreamReader as StreamReader
    from ssh_agent.aio.streams import StreamWriter as StreamWriter
else:
    __getattr__, __dir__, __all__ = lazy.names(
        __name__,
        {
            "ssh_agent.aio.client": "AgentClient",
            "ssh_agent.aio.forwarding": "forward_agent",
            "ssh_agent.aio.listener": "AgentListener",
            "ssh_agent.aio.server": "AgentServer Confirm serve",
            "ssh_agent.aio.streams": "StreamReader StreamWriter",
        },
    )
