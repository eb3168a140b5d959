"""Connections that are a master's (PROTOCOL.mux), over asyncio.

shared      a client's connection that runs over one, in proxy mode
"""

from __future__ import annotations

from ssh_connection.aio.control.shared import SharedConnection

__all__ = ["SharedConnection"]
