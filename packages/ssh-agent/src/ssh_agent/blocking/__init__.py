"""The agent client over a blocking socket, or any stream.

    client     AgentClient
    streams    the streams that it talks over
    windows    Pageant's window

One client serves any number of threads.
"""

from __future__ import annotations

from ssh_agent.blocking.client import AgentClient as AgentClient
from ssh_agent.blocking.streams import AgentStream as AgentStream
