"""The asyncio driver of a transport.

driver     Driver: an asyncio protocol between a byte stream and a transport
inherited  what a fork of the process has of connections, and may not use
"""

from __future__ import annotations

from ssh_transport.aio.driver import Driver as Driver
from ssh_transport.aio.driver import Handler as Handler
from ssh_transport.aio.inherited import INHERITED as INHERITED
from ssh_transport.aio.inherited import hand_over as hand_over
