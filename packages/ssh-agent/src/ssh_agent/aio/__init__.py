"""The agent client and the agent over asyncio.

    client     AgentClient
    streams    the streams that it talks over
    server     serve and AgentServer: a keyring on a Unix socket
    forwarding forward_agent: an agent for the other end of a session
    listener   the socket: for its user alone, removed at the end
    peer       which user is at its other end
    unix_sockets  sockets that replace nothing, and remove only themselves

One client serves any number of tasks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssh_wire import lazy

if TYPE_CHECKING:
    from ssh_agent.aio.client import AgentClient as AgentClient
    from ssh_agent.aio.forwarding import forward_agent as forward_agent
    from ssh_agent.aio.listener import AgentListener as AgentListener
    from ssh_agent.aio.peer import is_allowed as is_allowed
    from ssh_agent.aio.peer import peer_uid as peer_uid
    from ssh_agent.aio.server import AgentServer as AgentServer
    from ssh_agent.aio.server import Confirm as Confirm
    from ssh_agent.aio.server import serve as serve
    from ssh_agent.aio.streams import StreamReader as StreamReader
    from ssh_agent.aio.streams import StreamWriter as StreamWriter
    from ssh_agent.aio.streams import open_agent as open_agent
    from ssh_agent.aio.unix_sockets import SOCKET_MASK as SOCKET_MASK
    from ssh_agent.aio.unix_sockets import SocketFile as SocketFile
    from ssh_agent.aio.unix_sockets import bind_unix as bind_unix
    from ssh_agent.aio.unix_sockets import unsafe_folder as unsafe_folder
else:
    __getattr__, __dir__, __all__ = lazy.names(
        __name__,
        {
            "ssh_agent.aio.client": "AgentClient",
            "ssh_agent.aio.forwarding": "forward_agent",
            "ssh_agent.aio.listener": "AgentListener",
            "ssh_agent.aio.peer": "is_allowed peer_uid",
            "ssh_agent.aio.server": "AgentServer Confirm serve",
            "ssh_agent.aio.streams": "StreamReader StreamWriter open_agent",
            "ssh_agent.aio.unix_sockets": "SOCKET_MASK SocketFile bind_unix unsafe_folder",
        },
    )
