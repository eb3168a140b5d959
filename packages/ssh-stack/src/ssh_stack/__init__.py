"""SSH for Python: client, server and SFTP, asyncio and blocking."""

from __future__ import annotations

from ssh_stack.connection import Connect as Connect
from ssh_stack.connection import Connection as Connection
from ssh_stack.connection import connect as connect
