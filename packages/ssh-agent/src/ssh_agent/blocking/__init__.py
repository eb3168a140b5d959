"""The agent client over a blocking socket.

    client     AgentClient

One client serves any number of threads.
"""

from __future__ import annotations

from ssh_agent.blocking.client import AgentClient as AgentClient
