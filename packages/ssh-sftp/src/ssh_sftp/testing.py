"""What tests of SFTP need: two pipes joined in memory, and a client of a local directory."""

from __future__ import annotations

from ssh_sftp.aio.memory import MemoryPipe as MemoryPipe
from ssh_sftp.aio.memory import memory_pipes as memory_pipes

__all__ = ["MemoryPipe", "memory_pipes"]
