"""What tests of SFTP need: two pipes joined in memory."""

from __future__ import annotations

from ssh_sftp.aio.memory import MemoryPipe, memory_pipes

__all__ = ["MemoryPipe", "memory_pipes"]
