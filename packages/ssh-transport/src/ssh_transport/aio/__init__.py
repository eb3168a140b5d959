"""The asyncio driver of a transport.

driver    Driver: an asyncio protocol between a byte stream and a transport
"""

from __future__ import annotations

from ssh_transport.aio.driver import Driver as Driver
from ssh_transport.aio.driver import Handler as Handler
