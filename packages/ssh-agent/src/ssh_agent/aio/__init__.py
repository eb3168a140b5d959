"""The agent client over asyncio streams.

    client     AgentClient

One client serves any number of tasks.
"""

from __future__ import annotations

from ssh_agent.aio.client import AgentClient as AgentClient
from ssh_agent.aio.client import StreamReader as StreamReader
from ssh_agent.aio.client import StreamWriter as StreamWriter
