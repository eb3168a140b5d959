"""The agent client over asyncio streams.

    client     AgentClient
    streams    the streams that it talks over

One client serves any number of tasks.
"""

from __future__ import annotations

from ssh_agent.aio.client import AgentClient as AgentClient
from ssh_agent.aio.streams import StreamReader as StreamReader
from ssh_agent.aio.streams import StreamWriter as StreamWriter
